"""Runs a stack with an engine that is killed (SIGKILL) before or after every call to its provider, in turn.

    python killed_engine.py FOLDER STACK up|destroy before|after [--share 0.1] [--seed 1] [--only create]

`--only` kills at calls of that kind alone, with one under way at a time, so that each of them is killed at.

Each kill is followed by the same run again, in a process of its own, which is killed at the next call that no
run has been killed at yet, and so on until one gets through. `--share` picks that part of the calls. Prints
one line of JSON: how many kills at which calls, and how the last run ended.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ops.workspace import Workspace
from sandbox.aws.provider import AwsProvider
from sandbox.engine import monitor  # noqa: F401 - loaded here once, for all the processes forked below
from sandbox.engine.engine import Engine
from sandbox.runtime import daemon

CALLS = (
    "check_config",
    "configure",
    "check",
    "create",
    "read",
    "update",
    "delete",
    "invoke",
    "recover",
)
"""Those of a first run and of a recovery; `diff_config`, `diff` and `close` reach no cloud."""


class Chain:
    """The calls that a run has been killed at, kept in a file that outlives the runs."""

    def __init__(self, path: Path, when: str, share: float, seed: int, only: str = "") -> None:
        self.path = path
        self.only = only
        self.when = when
        self._share = share
        self._seed = seed
        self._lock = threading.Lock()
        path.touch()

    def points(self) -> list[str]:
        return self.path.read_text().splitlines()

    def pass_or_die(self, point: str) -> None:
        """Kills this process at a call that none has been killed at."""
        if self.only and not point.startswith(f"{self.only} "):
            return
        chosen = random.Random(f"{self._seed} {self.when} {point}").random()  # noqa: S311 - no secret
        with self._lock:
            if chosen < self._share and point not in self.points():
                with self.path.open("a") as stream:
                    stream.write(f"{point}\n")
                os.kill(os.getpid(), signal.SIGKILL)


class MortalProvider:
    """The AWS provider; whoever calls it may not live to see the answer."""

    def __init__(self, provider: AwsProvider, chain: Chain) -> None:
        self._provider = provider
        self._chain = chain

    def diff_config(self, *arguments: Any) -> Any:
        return self._provider.diff_config(*arguments)

    def diff(self, *arguments: Any) -> Any:
        return self._provider.diff(*arguments)

    def cancel(self) -> None:
        self._provider.cancel()

    def close(self) -> None:
        self._provider.close()


def _mortal(call: str) -> Callable[..., Any]:
    def method(self: Any, *arguments: Any) -> Any:
        subject = arguments[0] if isinstance(arguments[0], str) else ""
        point = f"{call} {subject}"
        if self._chain.when == "before":
            self._chain.pass_or_die(point)
        try:
            return getattr(self._provider, call)(*arguments)
        finally:
            if self._chain.when == "after":
                self._chain.pass_or_die(point)

    return method


for _call in CALLS:
    setattr(MortalProvider, _call, _mortal(_call))


def run_once(workspace: Workspace, stack: str, action: str, chain: Chain) -> dict[str, Any]:
    """One run, which this process may not survive."""
    address = daemon.find(workspace.sandbox_root)
    if address is None:
        raise SystemExit("the sandbox does not run")
    keys = daemon.environment(address)

    def provider() -> Any:
        aws = AwsProvider(
            address.endpoint_url,
            access_key=keys["AWS_ACCESS_KEY_ID"],
            secret_key=keys["AWS_SECRET_ACCESS_KEY"],
        )
        return MortalProvider(aws, chain)

    engine = Engine(
        workspace.project,
        workspace.backend,
        {"aws": provider},
        {**os.environ, **keys},
        parallel=1 if chain.only else 16,
    )
    summary = getattr(engine, action)(stack, workspace.released_config(stack), lambda event: None)
    return {"result": summary.result, "errors": list(summary.errors), "changes": dict(summary.changes)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("stack")
    parser.add_argument("action", choices=["up", "destroy"])
    parser.add_argument("when", choices=["before", "after"])
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=CALLS, default="")
    given = parser.parse_args()
    workspace = Workspace.find(given.folder)
    chain = Chain(
        workspace.kept / f"kills-{given.action}-{given.when}-{given.only}.txt",
        given.when,
        given.share,
        given.seed,
        given.only,
    )
    # The key of the state's secrets takes a third of a second: derived here, for all the runs.
    workspace.backend.crypter(workspace.project.name, given.stack).encrypt("")
    began = time.monotonic()
    while True:
        status, ended = _forked(lambda: run_once(workspace, given.stack, given.action, chain))
        if status == 0:
            break
        if status != -signal.SIGKILL:
            raise SystemExit(f"a run ended with status {status} after {len(chain.points())} kills")
    points = chain.points()
    print(
        json.dumps(
            {
                "kills": len(points),
                "calls": dict(Counter(point.split()[0] for point in points)),
                "seconds": round(time.monotonic() - began, 1),
                **json.loads(ended),
            }
        )
    )


def _forked(work: Callable[[], dict[str, Any]]) -> tuple[int, str]:
    """Does the work in a child of this process: its status (negative for a signal), and its JSON."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            with os.fdopen(writing, "w") as stream:
                stream.write(json.dumps(work()))
            status = 0
        except BaseException:  # noqa: BLE001 - shown, and told by the status
            traceback.print_exc()
        finally:
            # The parent's own exit handlers are not the child's to run.
            sys.stderr.flush()
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as stream:
        text = stream.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


if __name__ == "__main__":
    main()
