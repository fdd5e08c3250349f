"""How a run ends: what it leaves on the disk, its summary, and its place in the history."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from sandbox.engine.backend import Backend, HistoryEntry
from sandbox.engine.errors import EngineError
from sandbox.engine.events import Summary
from sandbox.engine.provider import ProviderError
from sandbox.engine.run import Stopped
from sandbox.engine.session import Session

_NO_CHANGES: Final = frozenset({"same", "read", "read-replacement", "discard"})
"""What `--expect-no-changes` lets pass (`engine.HasChanges`)."""
_HISTORY_KINDS: Final = {"update", "refresh", "destroy", "resource-import"}


def finish(
    session: Session, backend: Backend, work: Callable[[Session], None], expect_no_changes: bool
) -> Summary:
    """Does a run's work, and says how it ended; an up, a refresh and a destroy are noted in the history."""
    run = session.run
    try:
        work(session)
    except Stopped:
        pass
    except (EngineError, ProviderError) as error:
        if not session.is_open:
            # Nothing has begun: it is the caller's to tell.
            raise
        run.fail(str(error))
    if session.is_open:
        if session.journal.has_unwritten():
            session.journal.flush()
        session.journal.close()
    if run.fault is not None:
        raise run.fault
    if expect_no_changes and not run.errors:
        wrong = {name: count for name, count in run.changes.items() if count and name not in _NO_CHANGES}
        if wrong:
            counted = ", ".join(f"{count} {name}" for name, count in sorted(wrong.items()))
            run.fail(f"no changes were expected, but there were: {counted}")
    summary = Summary(
        result="failed" if run.errors else "cancelled" if run.cancelled else "succeeded",
        changes=dict(run.changes),
        seconds=time.time() - run.started,
        outputs=session.outputs(),
        old_outputs=session.old_outputs,
        errors=tuple(run.errors),
    )
    if not run.preview and session.kind in _HISTORY_KINDS:
        _record(session, backend, summary)
    run.emit(summary)
    return summary


def _record(session: Session, backend: Backend, summary: Summary) -> None:
    run = session.run
    plain = {
        key: value for key, value in session.config.values.items() if key not in session.config.secret_keys
    }
    backend.record(
        run.project,
        run.stack,
        HistoryEntry(
            kind=session.kind,
            start=int(run.started),
            end=int(time.time()),
            result="succeeded" if summary.result == "succeeded" else "failed",
            changes={str(name): count for name, count in summary.changes.items()},
            message=session.message,
            config=plain,
        ),
    )
