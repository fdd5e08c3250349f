"""Step Functions: state machines and activities."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sandbox.aws.documents import json_failures
from sandbox.aws.rows import answered, reading
from sandbox.aws.table import AutoName, Call, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_NAMES = {"loggingConfiguration.logDestination": "", "type": "type"}
_KINDS = frozenset({"Choice", "Fail", "Map", "Parallel", "Pass", "Succeed", "Task", "Wait"})
"""Of the Amazon States Language."""


def _logs(subject: Subject) -> dict[str, object]:
    destination = (subject.inputs.get("loggingConfiguration") or {}).get("logDestination")
    if not destination:
        return {}
    destinations = [{"cloudWatchLogsLogGroup": {"logGroupArn": destination}}]
    return {"loggingConfiguration": {"destinations": destinations}}


def _tags() -> Tags:
    return Tags(
        style="lower",
        at_create="tags",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"resourceArn": s.id},
        member="tags",
        keys="tagKeys",
        list="ListTagsForResource",
        listed="tags",
    )


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    failures = list(json_failures(inputs, "definition"))
    yield from failures
    text = inputs.get("definition")
    if isinstance(text, str) and not failures:
        yield from machine_failures(json.loads(text), "definition")
    logging = inputs.get("loggingConfiguration")
    if (
        isinstance(logging, dict)
        and logging.get("level", "OFF") != "OFF"
        and not logging.get("logDestination")
    ):
        yield CheckFailure("loggingConfiguration.logDestination", "is required unless the level is OFF")
    destination = logging.get("logDestination") if isinstance(logging, dict) else None
    if isinstance(destination, str) and not destination.endswith(":*"):
        yield CheckFailure("loggingConfiguration.logDestination", f"{destination!r} does not end in :*")


def machine_failures(machine: object, path: str) -> Iterable[CheckFailure]:
    """What the Amazon States Language refuses of a machine: unknown and unreachable names, unknown types."""
    if not isinstance(machine, dict):
        yield CheckFailure(path, "must be a JSON object with StartAt and States")
        return
    states = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield CheckFailure(f"{path}.States", "is required and was not given")
        return
    if machine.get("StartAt") not in states:
        yield CheckFailure(f"{path}.StartAt", f"{machine.get('StartAt')!r} is not one of the states")
    for name, state in states.items():
        place = f"{path}.States.{name}"
        kind = state.get("Type") if isinstance(state, dict) else None
        if kind not in _KINDS:
            yield CheckFailure(f"{place}.Type", f"{kind!r} is not one of {', '.join(sorted(_KINDS))}")
            continue
        followers = [state.get("Next"), state.get("Default")]
        followers += [rule.get("Next") for key in ("Choices", "Catch") for rule in state.get(key) or ()]
        for follower in followers:
            if follower is not None and follower not in states:
                yield CheckFailure(f"{place}.Next", f"{follower!r} is not one of the states")
        if (
            kind in ("Pass", "Task", "Wait", "Map", "Parallel")
            and not state.get("Next")
            and not state.get("End")
        ):
            yield CheckFailure(place, "needs Next or End")
        if kind == "Task" and not state.get("Resource"):
            yield CheckFailure(f"{place}.Resource", "is required for a Task and was not given")


_CHANGED = (
    "definition",
    "encryptionConfiguration",
    "loggingConfiguration",
    "publish",
    "roleArn",
    "tracingConfiguration",
)


STATE_MACHINE = ResourceType(
    type="aws:sfn/stateMachine:StateMachine",
    service="stepfunctions",
    tier="native",
    create=Call(operation="CreateStateMachine", names=_NAMES, adds=_logs),
    id=answered("stateMachineArn"),
    read=reading("stepfunctions", "DescribeStateMachine", lambda s: {"stateMachineArn": s.id}),
    delete=Call(operation="DeleteStateMachine", sends=(), adds=lambda s: {"stateMachineArn": s.id}),
    steps=(
        Step(
            on=_CHANGED,
            do=Call(
                operation="UpdateStateMachine",
                sends=_CHANGED,
                names=_NAMES,
                adds=lambda s: {"stateMachineArn": s.id, **_logs(s)},
            ),
            at_create=False,
        ),
    ),
    outputs={
        "arn": lambda s: s.id,
        "creationDate": lambda s: s.at("creationDate").isoformat(),
        "revisionId": lambda s: s.at("revisionId") or "",
        "stateMachineVersionArn": lambda s: s.at("stateMachineVersionArn") or s.id,
        "status": "status",
    },
    echoes={"name": "name", "definition": "definition", "roleArn": "roleArn"},
    known_id=lambda s: s.cloud.arn("states", f"stateMachine:{s.inputs['name']}"),
    exclusive=True,
    auto_name=AutoName(limit=80),
    documents=("definition",),
    volatile=("revisionId",),
    tags=_tags(),
    checks=_check,
)

ACTIVITY = ResourceType(
    type="aws:sfn/activity:Activity",
    service="stepfunctions",
    tier="native",
    create=Call(operation="CreateActivity"),
    id=answered("activityArn"),
    read=reading("stepfunctions", "DescribeActivity", lambda s: {"activityArn": s.id}),
    delete=Call(operation="DeleteActivity", sends=(), adds=lambda s: {"activityArn": s.id}),
    outputs={"arn": lambda s: s.id, "creationDate": lambda s: s.at("creationDate").isoformat()},
    echoes={"name": "name"},
    known_id=lambda s: s.cloud.arn("states", f"activity:{s.inputs['name']}"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None, limit=80),
    tags=_tags(),
)

TYPES = (STATE_MACHINE, ACTIVITY)
