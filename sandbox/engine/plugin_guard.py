"""Runs a plugin and ends it when the engine ends, however that comes about.

The engine starts this file by its path, with the plugin's command as arguments, in a session of its own. It
keeps its side of the standard input open as long as it wants the plugin; the end of that input, which the
engine's death brings too, ends the plugin and all that it has started. It imports the standard library alone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

PATIENCE = 2.0
"""Seconds that a plugin gets to end by itself once it has been asked to."""
CANNOT_START = 127
"""The exit status of a command that is not there, as shells give it."""


def main() -> int:
    """Runs the command: its own exit status, 128 and the signal's number where one ended it."""
    command = sys.argv[1:]
    try:
        plugin = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        print(f"{command[0]} cannot be started: {error.strerror}", file=sys.stderr)
        return CANNOT_START

    def end_with_engine() -> None:
        while os.read(0, 4096):
            pass
        plugin.terminate()
        try:
            plugin.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            plugin.kill()

    threading.Thread(target=end_with_engine, daemon=True).start()
    status = plugin.wait()
    if os.name == "posix":
        # What the plugin has started and left behind goes with it; this process is of that group too.
        sys.stdout.flush()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
