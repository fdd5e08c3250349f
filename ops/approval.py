"""Approval: a person (or the main job, in the sandbox) lets a model package into service, and says why."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import replace

from ops.errors import OK
from ops.progress import Progress, Step
from ops.registry import APPROVED, PENDING, REJECTED, ModelPackage, choose, metrics
from ops.session import Session

_LONGEST = 1024
"""Characters of an ApprovalDescription (SageMaker's API reference, UpdateModelPackage)."""


def approve(session: Session, version: int | None, *, reason: str, reject: bool) -> int:
    """`groundplan approve`."""
    session.announce()
    outputs = session.outputs()
    progress = Progress(session.screen)
    decision = REJECTED if reject else APPROVED
    what = "reject a model package" if reject else "let a model package into service"
    with progress.step("approve", what) as step:
        chosen = choose(session, outputs.model_package_group, version, PENDING)
        decided = decide(session, chosen, decision, reason, step)
    session.screen.document(
        {
            "command": "approve",
            "stack": session.stack,
            "modelPackage": decided.arn,
            "approval": decided.approval,
        }
    )
    if not reject:
        session.screen.line(f"next: groundplan deploy {session.stack}")
    return OK


def decide(session: Session, one: ModelPackage, decision: str, reason: str, step: Step) -> ModelPackage:
    """Notes the decision on the package, with who took it, why, and the metrics it rests on."""
    if one.approval == decision:
        step.done(f"{one.name} is {decision.lower()} already", idle=True)
        return one
    figures = metrics(session, one)
    if figures:
        step.note(worded(figures))
    by = f"{decision} by {getpass.getuser()} with the groundplan command"
    description = "; ".join(part for part in (by, reason, worded(figures)) if part)
    session.client("sagemaker").update_model_package(
        ModelPackageArn=one.arn,
        ModelApprovalStatus=decision,
        ApprovalDescription=description[:_LONGEST],
    )
    step.done(f"{one.name} {decision.lower()}")
    return replace(one, approval=decision)


def worded(figures: Mapping[str, float]) -> str:
    """Metrics on one line: `pr_auc 0.338, auc 0.834`."""
    return ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
