"""Runs a Pulumi program in a process of its own, as `pulumi-language-python-exec` does.

The engine starts this file by its path with the project's interpreter, which need not have the engine's own
requirements: it imports `pulumi` and the standard library only. Configuration comes in `PULUMI_CONFIG`; the
address of the engine's services is the one line on the standard input, so that both sides can start at the
same time.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and sys.path and not getattr(sys.flags, "safe_path", False):
    # This file's folder must not offer its modules (`values`, `events`) to the program.
    del sys.path[0]

import argparse
import asyncio
import gc
import logging
import os
import runpy
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

SHOWN = 32
"""The exit status that says: the error has been shown already."""


def main() -> int:
    """Runs the program named in the arguments: 0, `SHOWN`, or 1 for a `pulumi.RunError`."""
    arguments = _arguments()
    # A program makes objects that stay, in a process that soon ends: to look for cycles among them at
    # Python's usual pace took a tenth of its time.
    gc.set_threshold(100_000, 20, 20)
    try:
        import pulumi
        import pulumi.runtime
    except ImportError as error:
        print(
            f"the program's interpreter ({sys.executable}) cannot import pulumi: {error}. "
            "Install the project's requirements into its virtual environment",
            file=sys.stderr,
        )
        return 1
    address = _address()
    if not address:
        # The engine has gone before it was ready.
        return SHOWN
    pulumi.runtime.set_all_config(
        pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env()
    )
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=address,
            engine=address,
            project=arguments.project,
            stack=arguments.stack,
            parallel=arguments.parallel,
            dry_run=arguments.dry_run,
            organization=arguments.organization,
            root_directory=arguments.root_directory,
        )
    )
    os.chdir(arguments.pwd)
    sys.argv = [arguments.program]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=max(arguments.parallel, 1) * 4)
    loop.set_default_executor(executor)
    # A program that ends early leaves futures behind that nobody asked for; that is no news to its author.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    root = os.path.abspath(arguments.root_directory)  # noqa: PTH100 - not resolved: links stay as written
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _run(arguments.program)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return 1
    except Exception:  # noqa: BLE001 - whatever the program raised is told to the engine, and ends it
        pulumi.log.error(f"Program failed with an unhandled exception:\n{_own_traceback(root)}")
        return SHOWN
    finally:
        executor.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _address() -> str:
    """The address of the engine's services; from now on this process ends when the engine does.

    The engine keeps its end of the standard input open as long as it lives. The program gets an empty one.
    """
    engine = os.fdopen(os.dup(0), "rb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    address = engine.readline().decode().strip()

    def die_with_engine() -> None:
        engine.read()
        os._exit(SHOWN)

    threading.Thread(target=die_with_engine, name="engine", daemon=True).start()
    return address


def _run(program: str) -> None:
    """Runs the program as Python runs a folder, but always from its source.

    Python takes a compiled file for current when the source has the same size and second: an edit of one
    digit, run again at once, would not count.
    """
    folder = os.path.abspath(program)  # noqa: PTH100 - not resolved: links stay as written
    main = os.path.join(folder, "__main__.py")  # noqa: PTH118
    if not os.path.isfile(main):  # noqa: PTH113
        runpy.run_path(program, run_name="__main__")
        return
    sys.path.insert(0, folder)
    runpy.run_path(main, run_name="__main__")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Runs a Pulumi program")
    for name in ("project", "stack", "organization", "root-directory", "pwd"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--parallel", type=int, required=True)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("program")
    return parser.parse_args()


def _own_traceback(root: str) -> str:
    """The traceback of the exception being handled, with the frames of the program's own files only.

    What happened below them, in Pulumi's SDK or a library, is in the error's text; where no frame is the
    program's own, all are shown.
    """
    failure = traceback.TracebackException(*sys.exc_info())
    shown: traceback.TracebackException | None = failure
    while shown is not None:
        own = [frame for frame in shown.stack if _is_own(frame.filename, root)]
        if own:
            shown.stack = traceback.StackSummary.from_list(own)
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)
    return "".join(failure.format())


def _is_own(path: str, root: str) -> bool:
    inside = os.path.abspath(path).startswith(os.path.join(root, ""))  # noqa: PTH100, PTH118
    return inside and "site-packages" not in path


if __name__ == "__main__":
    sys.exit(main())
