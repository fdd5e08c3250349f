"""The main job, `groundplan start`: from nothing to a prediction. What is done already is left as it is."""

from __future__ import annotations

from pathlib import Path

from ops.approval import decide
from ops.deployment import release
from ops.errors import OK, UsageError
from ops.prediction import ask
from ops.progress import Progress
from ops.registry import APPROVED
from ops.runs import RunOptions
from ops.screen import counted
from ops.session import Session, succeed
from ops.training import put_sources, train_model
from ops.verification import check_outputs
from ops.webhook import connect_channel

_STEPS = 9


def start(session: Session, options: RunOptions, folder: Path | None = None) -> int:
    """`groundplan start`. Raises what its steps raise; run again, it goes on where it ended."""
    if session.target_kind != "sandbox":
        stack = session.stack
        raise UsageError(
            "start approves the model by itself, which only the sandbox may",
            f"on AWS go step by step, with --target aws: groundplan up {stack}, train, approve, deploy",
        )
    screen = session.screen
    progress = Progress(screen, _STEPS)
    with progress.step("sandbox", "start the emulated cloud of this folder") as step:
        target = session.target
        step.done(f"runs at {target.endpoint_url}")
    with progress.step("platform", f"bring the stack {session.stack} up") as step:
        outcome = succeed(session.run("up", options), session.stack)
        changed = sum(number for name, number in outcome.changes.items() if name != "same")
        step.done(
            counted(changed, "resource changed", "resources changed") if changed else "nothing has changed",
            idle=not changed,
        )
    outputs = session.outputs()
    with progress.step("channel", "connect the alerts to a chat channel") as step:
        connect_channel(session, outputs, step)
    with progress.step("data", "put the use case's sources into the raw zone") as step:
        sources, prefix = put_sources(session, outputs, step, folder)
    with progress.step("train", "run the training pipeline, where anything has changed") as step:
        trained = train_model(session, outputs, sources, prefix, {}, step)
    with progress.step("approve", "let the model into service") as step:
        reason = "its metrics passed the pipeline's condition; the main job approves in the sandbox"
        approved = decide(session, trained.package, APPROVED, reason, step)
    with progress.step("deploy", "release the approved model to the endpoint") as step:
        deployed = release(session, approved, options, step)
    outputs = session.outputs()
    with progress.step("verify", "compare the live endpoint with what the program intends") as step:
        check_outputs(session, outputs, step)
    batch = outputs.intended.batch if outputs.intended else None
    with progress.step("predict", "ask the endpoint about one real example") as step:
        answer = None if batch else ask(session, outputs, step)
        if batch:
            step.done(f"the model serves by batch: groundplan sandbox fire {batch.schedule}", idle=True)
    screen.document(
        {
            "command": "start",
            "stack": session.stack,
            "changes": dict(outcome.changes),
            "trained": bool(trained.execution),
            "execution": trained.execution or None,
            "modelPackage": approved.arn,
            "deployed": deployed,
            "endpoint": outputs.endpoint,
            "prediction": answer and answer.document(),
            "steps": progress.finished,
        }
    )
    return OK
