"""A small process between the sandbox and a job: who ends the job's process group when the sandbox dies?

It reads its standard input: `T` asks the group to terminate, `K` kills it, the end of the input means that
the sandbox is gone. It imports only the standard library: it is started with `python -I -S` for each
job.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

_LAST_WORDS_SECONDS = 5


def _signal_group(leader: int, number: int) -> None:
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return


def _obey(job: "subprocess.Popen[bytes]") -> None:
    while order := os.read(0, 1):
        _signal_group(job.pid, signal.SIGTERM if order == b"T" else signal.SIGKILL)
    _signal_group(job.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        job.wait(_LAST_WORDS_SECONDS)
    _signal_group(job.pid, signal.SIGKILL)


def main(arguments: list[str]) -> int:
    """Runs the command; answers its exit code, or 128 plus the signal that ended it."""
    # The sandbox's terminal may send Ctrl-C to everybody; the sandbox alone decides what ends a job.
    # Handlers that do nothing, not SIG_IGN: a job would inherit that, and no signal would reach it.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        job = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"cannot start {arguments[0]!r}: {error.strerror}", file=sys.stderr, flush=True)
        return 127
    threading.Thread(target=_obey, args=(job,), daemon=True).start()
    code = job.wait()
    _signal_group(job.pid, signal.SIGKILL)
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    # The reading thread may hold standard input; leave without waiting for it.
    os._exit(code)
