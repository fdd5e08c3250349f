"""ECS: task definitions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sandbox.aws.documents import json_failures
from sandbox.aws.rows import answered, kept, reading
from sandbox.aws.table import Call, Params, ResourceType, Subject
from sandbox.aws.types.ecs import alive_only, ecs_tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue


def _containers(subject: Subject) -> Params:
    """The containers as the API has them; the document's own spelling is the API's."""
    containers = json.loads(subject.inputs["containerDefinitions"])
    shape = subject.cloud.operation("ecs", "RegisterTaskDefinition").input_shape
    assert shape is not None  # noqa: S101 - an operation of the service; narrows the type
    listed: Any = shape.members["containerDefinitions"]
    known = listed.member.members
    params: Params = {
        "containerDefinitions": [
            {
                _spelt(name, known): _typed(value, _spelt(name, known))
                for name, value in item.items()
                if value is not None
            }
            for item in containers
        ]
    }
    if subject.inputs.get("proxyConfiguration"):
        proxy = subject.inputs["proxyConfiguration"]
        pairs = [{"name": key, "value": value} for key, value in (proxy.get("properties") or {}).items()]
        params["proxyConfiguration"] = {
            "type": proxy.get("type") or "APPMESH",
            "containerName": proxy["containerName"],
            "properties": pairs,
        }
    return params


def _spelt(name: str, known: Iterable[str]) -> str:
    """Terraform's users write Name as often as name; the API has one of them."""
    return next((member for member in known if member.lower() == name.lower()), name)


_NUMBERS = frozenset({"cpu", "memory", "memoryReservation", "startTimeout", "stopTimeout"})


def _typed(value: object, name: str) -> object:
    if name in _NUMBERS and isinstance(value, str):
        return int(value)
    if name == "environment" and isinstance(value, list):
        return [
            {key.lower() if key in ("Name", "Value") else key: str(part) for key, part in item.items()}
            for item in value
        ]
    return value


def _check_task(inputs: PropertyMap) -> Iterable[CheckFailure]:
    failures = list(json_failures(inputs, "containerDefinitions"))
    yield from failures
    text = inputs.get("containerDefinitions")
    if isinstance(text, str) and not failures:
        containers = json.loads(text)
        if not isinstance(containers, list) or not all(isinstance(item, dict) for item in containers):
            yield CheckFailure("containerDefinitions", "must be a JSON list of containers")
            return
        for index, container in enumerate(containers):
            for name in ("name", "image"):
                if not container.get(name) and not container.get(name.capitalize()):
                    path = f"containerDefinitions[{index}].{name}"
                    yield CheckFailure(path, "is required and was not given")
    kinds = inputs.get("requiresCompatibilities")
    if isinstance(kinds, list) and "FARGATE" in kinds:
        for name in ("cpu", "memory"):
            if inputs.get(name) is None:
                yield CheckFailure(name, "is required for FARGATE and was not given")
        if isinstance(inputs.get("networkMode", ""), str) and inputs.get("networkMode") != "awsvpc":
            yield CheckFailure("networkMode", "must be awsvpc for FARGATE")
        yield from _fargate_size(inputs.get("cpu"), inputs.get("memory"))


_FARGATE_MIB = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
}
"""CPU units -> MiB of memory (ECS Developer Guide, "Fargate task definition parameters", task size)."""


def _fargate_size(cpu: PropertyValue, memory: PropertyValue) -> Iterable[CheckFailure]:
    if not (isinstance(cpu, str) and isinstance(memory, str) and cpu.isdigit() and memory.isdigit()):
        return
    allowed = _FARGATE_MIB.get(int(cpu))
    if allowed is None:
        yield CheckFailure("cpu", f"{cpu} is not one of {', '.join(map(str, _FARGATE_MIB))} for FARGATE")
    elif int(memory) not in allowed:
        sizes = ", ".join(map(str, allowed))
        yield CheckFailure("memory", f"{memory} is not one of {sizes} for FARGATE with {cpu} CPU units")


def _find_task(subject: Subject, taken: frozenset[str]) -> str | None:
    found = reading(
        "ecs", "DescribeTaskDefinition", lambda s: {"taskDefinition": s.inputs["family"]}, "taskDefinition"
    )(subject)
    if found is None or found.get("status") == "INACTIVE" or found["family"] in taken:
        return None
    return str(found["family"])


def _revision(subject: Subject) -> str:
    """The revision that the stack knows; the newest of the family where it knows none (an import)."""
    return str(subject.outputs.get("arn") or subject.at("taskDefinition.taskDefinitionArn") or subject.id)


TASK_DEFINITION = ResourceType(
    type="aws:ecs/taskDefinition:TaskDefinition",
    service="ecs",
    tier="native",
    create=Call(
        operation="RegisterTaskDefinition",
        names={
            "containerDefinitions": "",
            "proxyConfiguration": "",
            "volumes.configureAtLaunch": "configuredAtLaunch",
            "volumes.hostPath": "host.sourcePath",
            "volumes.efsVolumeConfiguration.transitEncryptionPort": "transitEncryptionPort",
        },
        adds=_containers,
    ),
    id=answered("taskDefinition.family"),
    read=alive_only(
        reading("ecs", "DescribeTaskDefinition", lambda s: {"taskDefinition": _revision(s)}, "taskDefinition")
    ),
    delete=Call(
        operation="DeregisterTaskDefinition", sends=(), adds=lambda s: {"taskDefinition": _revision(s)}
    ),
    local=("skipDestroy", "trackLatest"),
    outputs={
        "arn": "taskDefinitionArn",
        "arnWithoutRevision": lambda s: str(s.at("taskDefinitionArn")).rsplit(":", 1)[0],
        "networkMode": kept("networkMode", "networkMode"),
        "revision": "revision",
    },
    echoes={"family": "family"},
    find=_find_task,
    documents=("containerDefinitions",),
    unordered=("requiresCompatibilities", "volumes", "placementConstraints"),
    tags=ecs_tags(),
    checks=_check_task,
)

TYPES = (TASK_DEFINITION,)
