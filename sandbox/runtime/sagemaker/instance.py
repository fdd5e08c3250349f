"""How does one instance of an endpoint run? A process of its own with the model's archive, on loopback."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.runtime.sagemaker.container import read_reason
from sandbox.runtime.sagemaker.folders import JobFolder
from sandbox.runtime.sagemaker.logs import LogStream
from sandbox.runtime.sagemaker.transfer import Transfers, unpack

_SERVE = Path(__file__).with_name("serve.py")
_TERMINATION_SECONDS = 30
"""Between SIGTERM and SIGKILL, the service's own interval."""
_PING_SECONDS = 2
"""How long `/ping` may take, as the service has it."""


@dataclass(frozen=True)
class Container:
    """What an instance serves: the framework image, the model's archive and its environment."""

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

    def launch(self, container: Container, environment: Mapping[str, str], transfers: Transfers) -> None:
        """Fetches the model and starts the server. Raises TransferError or OSError."""
        self._folder.make("model")
        model = self._folder.root / "model"
        if container.archive:
            archive = self._folder.root / "model.tar.gz"
            transfers.fetch(container.archive, archive)
            unpack(archive, model)
            archive.unlink()
        own = {
            # On several threads of a shared machine a small model waits more than it computes.
            "OMP_NUM_THREADS": "1",
            "SM_MODEL_DIR": str(model),
            **self._folder.rewrite_values(container.environment),
        }
        with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
            self.port = listener.getsockname()[1]
            own["SAGEMAKER_BIND_TO_PORT"] = str(self.port)
            self._process = subprocess.Popen(
                # -P: the folder of this file must not be where the model's code looks for its modules.
                [sys.executable, "-P", str(_SERVE), str(listener.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=self._folder.root,
                env={**environment, **own},
                pass_fds=(listener.fileno(),),
                start_new_session=True,
            )
        self._logs.write(
            f"instance {self.id} in {self.zone} starts on 127.0.0.1:{self.port} as process {self.pid}"
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()

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
            self._process.kill()
            self._process.wait()

    def terminate(self) -> None:
        """SIGTERM, then SIGKILL after the grace; waits for the end and removes the folder."""
        process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(_TERMINATION_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()
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
