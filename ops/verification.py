"""Verification: is what is live what the program intends? Field by field, from the cloud."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ops.errors import OK, DiffersError
from ops.live import Live, LiveVariant, look, package_of
from ops.outputs import Intended, IntendedBatch, IntendedVariant, StackOutputs
from ops.progress import Progress, Step
from ops.screen import counted
from ops.session import Session

_WEIGHT_SLACK = 1e-6
"""Of a weight, which the service keeps in single precision."""


def verify(session: Session) -> int:
    """`groundplan verify`."""
    session.announce()
    outputs = session.outputs()
    progress = Progress(session.screen)
    with progress.step("verify", "compare the live endpoint with what the program intends") as step:
        live = check_outputs(session, outputs, step)
    session.screen.document(
        {
            "command": "verify",
            "stack": session.stack,
            "endpoint": outputs.endpoint,
            "asIntended": True,
            "live": live,
        }
    )
    return OK


def check_outputs(session: Session, outputs: StackOutputs, step: Step) -> dict[str, Any]:
    """Whichever way the stack serves: what is live, where it is as intended. Raises as `check`."""
    intended = outputs.intended
    if intended is not None and intended.batch is not None:
        return check_batch(session, intended, intended.batch, step)
    endpoint, intended = outputs.released
    return asdict(check(session, endpoint, intended, step))


def check(session: Session, endpoint: str, intended: Intended, step: Step) -> Live:
    """The live endpoint where it is as intended.

    Raises `DiffersError` with every difference, `ParkedError` for an endpoint that is parked.
    """
    live = look(session, endpoint)
    found = differences(intended, live)
    if found:
        raise DiffersError(endpoint, found, session.stack)
    step.note(f"endpoint {endpoint}: {live.status}, configuration {live.endpoint_config}")
    for one in live.variants if len(live.variants) > 1 else ():
        step.note(f"{one.name}: {_share(one)} on {_version(one.model_package_arn)}")
    step.note(f"serves {_version(live.model_package_arn)} {_where(live)}")
    if live.mode == "serverless":
        step.done("serverless, all as intended")
    elif not live.serving:
        step.done("no instance while no request waits: all as intended")
    else:
        step.done(f"{counted(live.serving, 'instance')} in {_zones(live)}: all as intended")
    return live


def check_batch(session: Session, intended: Intended, batch: IntendedBatch, step: Step) -> dict[str, Any]:
    """What serves by batch, where it is as intended. Raises `DiffersError`."""
    model = session.client("sagemaker").describe_model(ModelName=batch.model)
    schedule = session.client("scheduler").get_schedule(Name=batch.schedule)
    pairs = (
        ("modelPackageArn", package_of(model), intended.model_package_arn),
        ("schedule", schedule.get("State", "ENABLED"), "ENABLED"),
    )
    found = [f"{name}: live {is_!r}, intended {should!r}" for name, is_, should in pairs if is_ != should]
    if found:
        raise DiffersError(batch.schedule, found, session.stack)
    step.note(f"serves {_version(intended.model_package_arn)} by batch on {intended.instance_type}")
    step.note(f"reads {batch.requests}/, writes {batch.answers}/")
    step.done(f"schedule {batch.schedule}, {schedule['ScheduleExpression']}: all as intended")
    return {"mode": "batch", **asdict(batch), "modelPackageArn": intended.model_package_arn}


def differences(intended: Intended, live: Live) -> list[str]:
    """What is not as intended, one line a field: its name, what is live and what is intended."""
    pairs = (
        ("status", live.status, "InService"),
        ("mode", live.mode, intended.mode),
        ("endpointConfig", live.endpoint_config, intended.endpoint_config),
        ("modelPackageArn", live.model_package_arn, intended.model_package_arn),
        ("variant", live.variant, intended.variant),
        ("instanceType", live.instance_type, intended.instance_type),
        ("instanceCount", live.instance_count, intended.instance_count),
    )
    found = [f"{name}: live {is_!r}, intended {should!r}" for name, is_, should in pairs if is_ != should]
    by_name = {one.name: one for one in live.variants}
    for one in intended.variants:
        there = by_name.pop(one.name, None)
        if there is None:
            found.append(f"{one.name}: live none, intended a variant")
        else:
            found += _of_variant(one, there, told=one.name == intended.variant)
    if intended.variants:
        found += [f"{name}: live a variant, intended none" for name in by_name]
    for name, serving, least, most in _served(live):
        if not least <= serving <= most:
            span = f"{least}" if least == most else f"{least} to {most}"
            found.append(f"{name}instances in service: live {serving}, intended {span}")
    if intended.instance_count > 1 and len(live.zones) < 2:
        where = ", ".join(live.zones) or "no zone of its own"
        found.append(f"zones: live {where}, intended at least two for {intended.instance_count} instances")
    return found


def _of_variant(intended: IntendedVariant, live: LiveVariant, *, told: bool) -> Iterator[str]:
    """The differences of one variant; of the first, whose other fields are `told`, those that are left."""
    if abs(live.weight - intended.weight) > _WEIGHT_SLACK:
        yield f"{intended.name}.weight: live {live.weight:g}, intended {intended.weight:g}"
    pairs: list[tuple[str, object, object]] = [
        ("shadow", live.shadow, intended.shadow),
        ("serverless", live.serverless and dict(live.serverless), _plain(intended)),
    ]
    if not told:
        pairs += [
            ("modelPackageArn", live.model_package_arn, intended.model_package_arn),
            ("instanceType", live.instance_type, intended.instance_type),
            ("instanceCount", live.instance_count, intended.instance_count),
        ]
    for name, is_, should in pairs:
        if is_ != should:
            yield f"{intended.name}.{name}: live {is_!r}, intended {should!r}"


def _plain(intended: IntendedVariant) -> dict[str, Any] | None:
    """Whole numbers come from the state as they were written, and from JSON as they are read."""
    if intended.serverless is None:
        return None
    return {name: None if value is None else int(value) for name, value in intended.serverless.items()}


def _served(live: Live) -> Sequence[tuple[str, int, int, int]]:
    """Variants with the bounds of what may serve; a single one without its name."""
    if len(live.variants) < 2:
        return [("", live.serving, live.least, live.most)]
    return [(f"{one.name}: ", one.serving, one.least, one.most) for one in live.variants]


def _version(model_package_arn: str) -> str:
    return model_package_arn.split(":model-package/", 1)[-1]


def _share(one: LiveVariant) -> str:
    return f"{one.weight:.0%} of the requests{' copied' if one.shadow else ''}"


def _where(live: Live) -> str:
    if live.mode == "serverless":
        memory = (live.variants[0].serverless or {}).get("memoryMb")
        return f"without instances, {memory} MB each"
    return f"on {live.instance_type}{' asynchronously' if live.mode == 'asynchronous' else ''}"


def _zones(live: Live) -> str:
    used = live.zones[: live.serving]
    return f"{counted(len(used), 'zone')} ({', '.join(used)})" if used else "the service's own network"
