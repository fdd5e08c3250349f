"""How does one instance of an endpoint run? A process of its own with the model's archive, on loopback."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.runtime.images.building import Image
from sandbox.runtime.sagemaker.container import read_reason
from sandbox.runtime.sagemaker.folders import JobFolder
from sandbox.runtime.sagemaker.images import command_of
from sandbox.runtime.sagemaker.logs import LogStream
from sandbox.runtime.sagemaker.transfer import Transfers, unpack

_SERVE = Path(__file__).with_name("serve.py")
_ATTEND = Path(__file__).with_name("attend.py")
_PORTS = range(18000, 32000)
"""Below what Linux and macOS give to outgoing connections, which would take a port between look and start."""
_TERMINATION_SECONDS = 30
"""Between SIGTERM and SIGKILL, the service's own interval."""
_PING_SECONDS = 2
"""How long `/ping` may take, as the service has it."""


@dataclass(frozen=True)
class Container:
    """What an instance serves: the image, the model's archive and its environment."""

    image: str
    archive: str | None
    """S3 URI of `model.tar.gz`."""
    environment: Mapping[str, str]


class Instance:
    """One process. Made stopped; `launch` starts it, `ready` says when it answers."""

    def __init__(self, identity: str, variant: str, zone: str, folder: JobFolder, logs: LogStream) -> None:
        self.id = identity
        self.variant = variant
        self.zone = zone
        self.port = 0
        self.inflight = 0
        """Requests under way; written by the router on the event loop, read by whoever drains."""
        self._folder = folder
        self._logs = logs
        self._process: subprocess.Popen[bytes] | None = None
        self._last: deque[str] = deque(maxlen=12)

    def launch(
        self,
        container: Container,
        environment: Mapping[str, str],
        transfers: Transfers,
        image: Image | None = None,
    ) -> None:
        """Fetches the model and starts the server: the image's own, or the stand-in for a framework's.

        Raises TransferError, UnknownImageError or OSError.
        """
        self._folder.make("model")
        model = self._folder.root / "model"
        if container.archive:
            archive = self._folder.root / "model.tar.gz"
            transfers.fetch(container.archive, archive)
            unpack(archive, model)
            archive.unlink()
        if image is not None:
            self._folder.place(image)
        own = {
            # On several threads of a shared machine a small model waits more than it computes.
            "OMP_NUM_THREADS": "1",
            "SM_MODEL_DIR": str(model),
            **self._folder.rewrite_values(container.environment),
        }
        if image is None:
            self._process = self._framework({**environment, **own})
        else:
            self._process = self._own(image, {**self._folder.surroundings(environment), **own})
        self._logs.write(
            f"instance {self.id} in {self.zone} starts on 127.0.0.1:{self.port} as process {self.pid}"
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()

    def _framework(self, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
            self.port = listener.getsockname()[1]
            return subprocess.Popen(
                # -P: the folder of this file must not be where the model's code looks for its modules.
                [sys.executable, "-P", str(_SERVE), str(listener.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=self._folder.root,
                env={**environment, "SAGEMAKER_BIND_TO_PORT": str(self.port)},
                pass_fds=(listener.fileno(),),
                start_new_session=True,
            )

    def _own(self, image: Image, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        arguments = self._folder.rewrite_all(command_of(image, "serve"))
        self.port = _TAKEN.take()
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_ATTEND), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self._folder.working(),
            # A container's port is its own; here it is this machine's, which others may reach.
            env={**environment, "SAGEMAKER_BIND_TO_PORT": str(self.port), "HOST": "127.0.0.1"},
            start_new_session=True,
        )

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ready(self) -> bool:
        """Whether `/ping` answers 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PING_SECONDS)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def last_words(self) -> str:
        """The last line that a process which died left in its log."""
        words = [line for line in self._last if line.strip()]
        return words[-1] if words else read_reason(self._folder.root / "output" / "failure")

    def kill(self) -> None:
        """SIGKILL, as if the machine were gone; what it left is cleared away by `terminate`."""
        if self._process is not None:
            _kill_group(self._process)
            self._process.wait()

    def terminate(self) -> None:
        """SIGTERM, then SIGKILL after the grace; waits for the end and removes the folder."""
        process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(_TERMINATION_SECONDS)
            except subprocess.TimeoutExpired:
                _kill_group(process)
                process.wait()
            if process.stdin is not None:
                process.stdin.close()
        _TAKEN.give_back(self.port)
        self._folder.remove()
        self._logs.close()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            return
        with process.stdout:
            for raw in process.stdout:
                line = raw.decode("utf-8", "replace").rstrip()
                self._last.append(line)
                self._logs.write(line)


class _Ports:
    """Ports that servers were told to listen on: none is told to two that live."""

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._lock = threading.Lock()

    def take(self) -> int:
        """A port that is free now. Raises OSError where there is none."""
        with self._lock:
            for port in random.sample(_PORTS, 200):
                if port not in self._taken and _is_free(port):
                    self._taken.add(port)
                    return port
        raise OSError(f"no free port among {_PORTS.start} to {_PORTS.stop}")

    def give_back(self, port: int) -> None:
        with self._lock:
            self._taken.discard(port)


_TAKEN = _Ports()


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to a server and its workers."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
