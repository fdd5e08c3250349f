"""What does a pipeline's definition say, and is it sound? The JSON of version 2020-12-01, as typed values.

Source: "Amazon SageMaker AI Pipelines pipeline definition JSON schema" (version 2020-12-01).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.runtime.overlay import ServiceError

STEP_TYPES = (
    "Processing",
    "Training",
    "Tuning",
    "Transform",
    "Condition",
    "RegisterModel",
    "Model",
    "Lambda",
    "Callback",
    "Fail",
)
"""Types of steps that the sandbox runs."""
_PARAMETER_TYPES = ("String", "Integer", "Float", "Boolean")
_STEP_NAME = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9_]){0,63}")


class DefinitionError(ServiceError):
    """A definition that no execution could follow; the text names the step and what is allowed."""

    def __init__(self, problem: str) -> None:
        super().__init__("ValidationException", f"Unable to parse pipeline definition. {problem}")


@dataclass(frozen=True)
class Parameter:
    """A pipeline parameter: its type, and its default where it has one."""

    name: str
    type: str
    default: Any = None
    has_default: bool = False
    allowed: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step. `branch` names the condition and outcome under which it runs; none runs always."""

    name: str
    type: str
    body: Mapping[str, Any]
    branch: tuple[str, bool] | None = None
    depends_on: frozenset[str] = frozenset()

    @property
    def arguments(self) -> Mapping[str, Any]:
        arguments: Mapping[str, Any] = self.body.get("Arguments") or {}
        return arguments


@dataclass(frozen=True)
class Definition:
    """A pipeline, read and checked. Steps of branches are listed with the others."""

    parameters: Mapping[str, Parameter]
    steps: Mapping[str, Step] = field(default_factory=dict)


def parse(text: str) -> Definition:
    """Reads a definition. Raises DefinitionError for the first thing that is wrong in it."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise DefinitionError(f"It is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise DefinitionError("It must be a JSON object.")
    if document.get("Version") != "2020-12-01":
        raise DefinitionError(f"Version must be '2020-12-01'; it is {document.get('Version')!r}.")
    parameters = {p.name: p for p in map(_parameter, document.get("Parameters") or [])}
    raw: dict[str, Step] = {}
    for step in _walk(document.get("Steps") or [], None):
        if step.name in raw:
            raise DefinitionError(f"Step names must be unique; {step.name!r} is there twice.")
        raw[step.name] = step
    if not raw:
        raise DefinitionError("A pipeline needs at least one step.")
    steps = {name: _linked(step, raw, parameters) for name, step in raw.items()}
    _refuse_cycles(steps)
    return Definition(parameters, steps)


def bind(definition: Definition, given: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Values of an execution's parameters. Raises ServiceError for one unknown, missing or ill-typed."""
    values: dict[str, Any] = {}
    for entry in given:
        parameter = definition.parameters.get(entry["Name"])
        if parameter is None:
            known = ", ".join(sorted(definition.parameters)) or "none"
            raise ServiceError(
                "ValidationException",
                f"Pipeline has no parameter {entry['Name']!r}; its parameters are: {known}.",
            )
        values[parameter.name] = _typed(parameter, entry["Value"])
    missing = [p.name for p in definition.parameters.values() if p.name not in values and not p.has_default]
    if missing:
        raise ServiceError(
            "ValidationException",
            f"Pipeline parameters without a default need a value: {', '.join(missing)}.",
        )
    return {p.name: p.default for p in definition.parameters.values() if p.has_default} | values


def references(value: Any) -> Iterator[str]:
    """Every `{"Get": …}` path in a value."""
    if isinstance(value, Mapping):
        if value.keys() == {"Get"} and isinstance(value["Get"], str):
            yield value["Get"]
            return
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def step_of(path: str) -> str | None:
    """The step that a reference such as `Steps.Train.ModelArtifacts` reads."""
    parts = path.split(".")
    return parts[1] if parts[0] == "Steps" and len(parts) > 1 else None


def _walk(bodies: Sequence[Any], branch: tuple[str, bool] | None) -> Iterator[Step]:
    for body in bodies:
        if not isinstance(body, dict) or not isinstance(body.get("Name"), str):
            raise DefinitionError(f"Every step needs a Name; this one has none: {str(body)[:120]}")
        name, kind = body["Name"], body.get("Type")
        if not _STEP_NAME.fullmatch(name):
            raise DefinitionError(f"Step name {name!r} must match {_STEP_NAME.pattern}.")
        if kind not in STEP_TYPES:
            raise DefinitionError(
                f"Step {name!r} is of type {kind!r}, which the sandbox does not run; the types are: "
                f"{', '.join(STEP_TYPES)}."
            )
        yield Step(name, kind, body, branch)
        if kind == "Condition":
            arguments = body.get("Arguments") or {}
            if not arguments.get("Conditions"):
                raise DefinitionError(f"Condition step {name!r} needs at least one of Conditions.")
            yield from _walk(arguments.get("IfSteps") or [], (name, True))
            yield from _walk(arguments.get("ElseSteps") or [], (name, False))


def _linked(step: Step, steps: Mapping[str, Step], parameters: Mapping[str, Parameter]) -> Step:
    body = step.body
    if step.type == "Condition":
        body = {**body, "Arguments": {"Conditions": body["Arguments"]["Conditions"]}}
    needed = set(body.get("DependsOn") or [])
    for path in references(body):
        target = step_of(path)
        kind, _, rest = path.partition(".")
        if target is not None:
            needed.add(target)
            _check_property_file(step, path, steps)
        elif kind == "Parameters" and rest not in parameters:
            known = ", ".join(sorted(parameters)) or "none"
            raise DefinitionError(
                f"Step {step.name!r} reads parameter {rest!r}; the parameters are: {known}."
            )
        elif kind not in {"Parameters", "Execution"}:
            raise DefinitionError(
                f"Step {step.name!r} reads {path!r}; a reference begins with Parameters, Steps or Execution."
            )
    unknown = sorted(needed - steps.keys())
    if unknown:
        raise DefinitionError(f"Step {step.name!r} depends on steps that do not exist: {', '.join(unknown)}.")
    if step.branch is not None:
        needed.add(step.branch[0])
    return Step(step.name, step.type, body, step.branch, frozenset(needed))


def _check_property_file(step: Step, path: str, steps: Mapping[str, Step]) -> None:
    parts = path.split(".")
    if len(parts) != 4 or parts[2] != "PropertyFiles" or parts[1] not in steps:
        return
    files = [entry["PropertyFileName"] for entry in steps[parts[1]].body.get("PropertyFiles") or []]
    if parts[3] not in files:
        raise DefinitionError(
            f"Step {step.name!r} reads property file {parts[3]!r} of step {parts[1]!r}, which has: "
            f"{', '.join(files) or 'none'}."
        )


def _refuse_cycles(steps: Mapping[str, Step]) -> None:
    done: set[str] = set()
    while len(done) < len(steps):
        ready = [name for name, step in steps.items() if name not in done and step.depends_on <= done]
        if not ready:
            rest = ", ".join(sorted(steps.keys() - done))
            raise DefinitionError(f"These steps depend on each other in a circle: {rest}.")
        done.update(ready)


def _parameter(body: Mapping[str, Any]) -> Parameter:
    name, kind = body.get("Name"), body.get("Type", "String")
    if not isinstance(name, str) or kind not in _PARAMETER_TYPES:
        raise DefinitionError(
            f"Parameter {name!r} is of type {kind!r}; the types are: {', '.join(_PARAMETER_TYPES)}."
        )
    allowed = tuple(body.get("EnumValues") or ())
    return Parameter(name, kind, body.get("DefaultValue"), "DefaultValue" in body, allowed)


def _typed(parameter: Parameter, text: str) -> Any:
    value: Any = text
    try:
        if parameter.type == "Integer":
            value = int(text)
        elif parameter.type == "Float":
            value = float(text)
        elif parameter.type == "Boolean":
            value = {"true": True, "false": False}[text.lower()]
    except (ValueError, KeyError) as error:
        raise ServiceError(
            "ValidationException",
            f"Pipeline parameter {parameter.name!r} is of type {parameter.type}; {text!r} is not one.",
        ) from error
    if parameter.allowed and value not in parameter.allowed:
        raise ServiceError(
            "ValidationException",
            f"Pipeline parameter {parameter.name!r} must be one of {list(parameter.allowed)}; "
            f"it is {value!r}.",
        )
    return value
