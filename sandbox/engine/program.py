"""The program's process: how it is started, what it prints, how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Final

from sandbox.engine.project import ProgramConfig, Project

_HOST: Final = Path(__file__).with_name("language_host.py")
_REMEMBERED_LINES: Final = 20


class ProgramProcess:
    """A running program. `on_line` gets what it prints; `on_end` is called once, from another thread."""

    def __init__(
        self,
        project: Project,
        stack: str,
        config: ProgramConfig,
        *,
        interpreter: Path,
        environment: Mapping[str, str],
        parallel: int,
        preview: bool,
        on_line: Callable[[str], None],
        on_end: Callable[[], None],
    ) -> None:
        folder = project.program_folder
        command = [str(interpreter), "-u", str(_HOST)]
        for name, value in (
            ("project", project.name),
            ("stack", stack),
            ("organization", "organization"),
            ("root-directory", str(project.folder)),
            ("pwd", str(folder)),
            ("parallel", str(parallel)),
        ):
            command += [f"--{name}", value]
        if preview:
            command.append("--dry-run")
        command.append(project.program)
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={
                **environment,
                "PULUMI_CONFIG": json.dumps(dict(config.values)),
                "PULUMI_CONFIG_SECRET_KEYS": json.dumps(sorted(config.secret_keys)),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C is the engine's to handle: the program must live until what is under way has ended.
            start_new_session=os.name == "posix",
        )
        self._on_line = on_line
        self._last: deque[str] = deque(maxlen=_REMEMBERED_LINES)
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout, on_end), name="program-output", daemon=True
        )
        self._reader.start()

    def connect(self, address: str) -> None:
        """Tells the program where its monitor is, for which it waits before its own code runs.

        The pipe stays open: its end tells the program that the engine has gone, however that came about.
        """
        stream = self._process.stdin
        assert stream is not None  # noqa: S101 - asked for above
        # A program that has ended already, for want of pulumi, is reported by its status.
        with contextlib.suppress(BrokenPipeError):
            stream.write(f"{address}\n")
            stream.flush()

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.poll()

    @property
    def last_lines(self) -> str:
        """The end of what it printed."""
        return "\n".join(self._last)

    def wait(self, seconds: float) -> bool:
        """Waits for the end of the process and its output; whether it came in time."""
        self._reader.join(seconds)
        return not self._reader.is_alive()

    def stop(self, patience: float = 2.0) -> None:
        """Ends the process: asked first, then killed."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._reader.join(patience)

    def _read(self, stream: IO[str], on_end: Callable[[], None]) -> None:
        try:
            for line in stream:
                self._last.append(line.rstrip("\n"))
                self._on_line(line.rstrip("\n"))
        finally:
            stream.close()
            self._process.wait()
            on_end()
