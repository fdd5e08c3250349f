"""A small program that becomes a server of an image: who ends the server when the sandbox dies?

It leaves a watcher behind, and then is the command itself, by exec, so that its process is the server's. The
watcher reads the standard input that both began with: its end means that the sandbox is gone, or is done with
the server; it ends what is left of the server's process group. It imports only the standard library: it is
started with `python -I -S` for each instance.
"""

import os
import signal
import sys
import time

_LAST_WORDS_SECONDS = 5.0


def main(arguments: list[str]) -> int:
    """Becomes the command; answers only where it cannot be started."""
    leader = os.getpid()
    first = os.fork()
    if first == 0:
        os.setsid()
        if os.fork() == 0:
            _watch(leader)
        os._exit(0)
    os.waitpid(first, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.close(nothing)
    try:
        os.execvp(arguments[0], arguments)  # noqa: S606 - what an image starts is a list of words
    except OSError as error:
        print(f"cannot start {arguments[0]!r}: {error.strerror}", file=sys.stderr, flush=True)
    return 127


def _watch(leader: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    # The sandbox reads the server's output to its end: the watcher must not hold it open.
    for stream in (1, 2):
        os.dup2(nothing, stream)
    while os.read(0, 1):
        continue
    if _signal_group(leader, signal.SIGTERM):
        deadline = time.monotonic() + _LAST_WORDS_SECONDS
        while _signal_group(leader, 0) and time.monotonic() < deadline:
            time.sleep(0.05)
        _signal_group(leader, signal.SIGKILL)
    os._exit(0)


def _signal_group(leader: int, number: int) -> bool:
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
