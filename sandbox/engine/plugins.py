"""Plugins: processes that serve gRPC to the engine. How one is started, what it prints, how it ends.

A plugin gets the address of the engine's own services as its last argument, prints the port that it serves on
127.0.0.1 as the first line of its standard output, and whatever it likes after that (`plugin.go`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from sandbox.engine.errors import EngineError

_GUARD: Final = Path(__file__).with_name("plugin_guard.py")
_START_PATIENCE: Final = 60.0
"""Seconds until a plugin must have printed its port. Large ones take several; the official engine waits."""
_STOP_PATIENCE: Final = 4.0
"""Seconds until the guard itself is killed: it gives the plugin two."""
_REMEMBERED_LINES: Final = 20


class PluginFailed(EngineError):
    """A plugin that does not start, prints no port, or has ended. The text names it and its last lines."""

    def __init__(self, name: str, reason: str, last_lines: str = "") -> None:
        super().__init__(f"the plugin {name} {reason}" + (f":\n{last_lines}" if last_lines else ""))
        self.name = name
        self.reason = reason


class PluginProcess:
    """A running plugin. It is ended by `stop`, or with this process, however that ends.

    `name` stands in messages; `on_line` gets every line that it prints on either stream, except its port,
    from threads of their own. The constructor does not wait: `address` does.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        name: str,
        on_line: Callable[[str], None],
        patience: float = _START_PATIENCE,
    ) -> None:
        self.name = name
        self._on_line = on_line
        self._patience = patience
        self._last: deque[str] = deque(maxlen=_REMEMBERED_LINES)
        self._first_line: str | None = None
        self._told = threading.Event()
        self._stopped = False
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_GUARD), *command],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                # Ctrl-C is the engine's to handle: what is under way in a provider must end well.
                start_new_session=os.name == "posix",
            )
        except OSError as error:
            raise PluginFailed(name, f"cannot be started in {folder}: {error.strerror}") from error
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        assert self._process.stderr is not None  # noqa: S101
        self._readers = [
            threading.Thread(target=self._read_output, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read, args=(self._process.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def address(self) -> str:
        """Where it serves, `127.0.0.1:<port>`. Waits for its first line.

        Raises `PluginFailed` where it ends first, prints something else, or keeps silent; it is ended then.
        """
        if not self._told.wait(self._patience):
            self.stop()
            raise PluginFailed(
                self.name, f"has printed no port within {self._patience:g} seconds", self.last_lines
            )
        line = self._first_line
        if line is None:
            raise self.ended()
        port = int(line) if line.strip().isascii() and line.strip().isdigit() else 0
        if not 0 < port < 65536:
            self.stop()
            raise PluginFailed(self.name, f"printed {line.strip()!r} where its port was expected", "")
        return f"127.0.0.1:{port}"

    @property
    def status(self) -> int | None:
        """The exit status, 128 and the signal's number where a signal ended it; None while it runs."""
        return self._process.poll()

    @property
    def last_lines(self) -> str:
        """The end of what it printed."""
        return "\n".join(list(self._last))

    def ended(self) -> PluginFailed:
        """The error that tells how it ended. Waits a moment for a process that is just ending."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_PATIENCE)
        for reader in self._readers:
            reader.join(1.0)
        status = self._process.poll()
        if status is None:
            self.stop()
            return PluginFailed(self.name, "closed its output and serves nothing", self.last_lines)
        how = f"was ended by {signal_name(status)}" if status > 128 else f"ended with status {status}"
        when = " before it printed its port" if self._first_line is None else ""
        return PluginFailed(self.name, f"{how}{when}", self.last_lines)

    def stop(self) -> None:
        """Ends the process and all that it started: asked first, then killed. May be called twice."""
        if self._stopped:
            return
        self._stopped = True
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(_STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        for reader in self._readers:
            reader.join(1.0)

    def _kill(self) -> None:
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()

    def _read_output(self, stream: IO[str]) -> None:
        try:
            self._first_line = stream.readline() or None
        finally:
            self._told.set()
        self._read(stream)

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                text = line.rstrip("\n")
                self._last.append(text)
                self._on_line(text)


def signal_name(status: int) -> str:
    """The signal of an exit status above 128, such as `SIGSEGV`."""
    try:
        return signal.Signals(status - 128).name
    except ValueError:
        return f"signal {status - 128}"
