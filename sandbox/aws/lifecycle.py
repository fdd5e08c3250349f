"""How a row of the table is carried out: create, read, update, delete and find, request by request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.aws import tagging
from sandbox.aws.answers import guided
from sandbox.aws.cloud import CloudError, NotEmulatedError
from sandbox.aws.configuration import Configuration
from sandbox.aws.differences import changed_names, detailed
from sandbox.aws.requests import build
from sandbox.aws.schema import type_schema
from sandbox.aws.table import Action, Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import InitializationError, ProviderError, ReadResult
from sandbox.engine.values import UNKNOWN, PropertyMap


class AlreadyExistsError(ProviderError):
    """There is a resource of that name already, and it is not this stack's."""

    def __init__(self, kind: ResourceType, id: str) -> None:
        super().__init__(
            f"{kind.type} {id} exists already; import it (`import_=` in its options), "
            "delete it, or choose another name"
        )


def create(kind: ResourceType, subject: Subject) -> tuple[str, PropertyMap]:
    """Makes the resource, then everything that the service takes apart from it.

    Raises InitializationError where it was made and something after that did not succeed.
    """
    if kind.exclusive and kind.known_id is not None:
        wanted = kind.known_id(subject)
        if kind.read(replace(subject, id=wanted)) is not None:
            raise AlreadyExistsError(kind, wanted)
    answer = perform(kind, kind.create, subject, tagging.create_params(kind, subject.inputs)) or {}
    made = subject.with_found(answer)
    made = replace(made, id=kind.id(made))
    finish(kind, made)
    try:
        return made.id, outputs_of(kind, made)
    except ProviderError as error:
        raise _unfinished(made, error) from error


def finish(kind: ResourceType, made: Subject) -> None:
    """Brings about what the create's own request cannot; repeating it changes nothing.

    Raises InitializationError where the resource is there but a later request was refused.
    """
    try:
        for step in kind.steps:
            given = not step.on or any(made.inputs.get(name) is not None for name in step.on)
            if step.at_create and given:
                perform(kind, step.do, made)
        if kind.tags is not None and kind.tags.at_create is None:
            tagging.bring_about(kind, made)
    except ProviderError as error:
        raise _unfinished(made, error) from error


def _unfinished(made: Subject, error: ProviderError) -> InitializationError:
    return InitializationError(made.id, {**made.inputs, "id": made.id}, made.inputs, [str(error)])


def make_again(kind: ResourceType, subject: Subject, configuration: Configuration) -> None:
    """Sends the create of a setting again, such as a topic's policy, for it may never have been sent.

    Such a thing is there before anyone sets it, so that finding it does not say that this create made it.
    """
    if not kind.place or subject.id != subject.inputs.get(kind.place[0]):
        return
    standing = read(kind, subject, configuration, {}).inputs
    differing = changed_names(detailed(kind, standing, subject.inputs, ()))
    for step in kind.steps:
        if step.do is not kind.create:
            continue
        given = {name for name in step.on if subject.inputs.get(name) is not None}
        if differing.intersection(step.on) or given - kind.echoes.keys():
            perform(kind, step.do, replace(subject, before=standing))


def update(kind: ResourceType, subject: Subject, changed: frozenset[str]) -> PropertyMap:
    """Sends the steps of the changed properties, and the tags."""
    for step in kind.steps:
        if changed.intersection(step.on):
            perform(kind, _direction(step, subject), subject)
    if changed & {"tags", "tagsAll"}:
        tagging.bring_about(kind, subject)
    return outputs_of(kind, subject)


def _direction(step: Step, subject: Subject) -> Action:
    if step.undo is not None and all(subject.inputs.get(name) is None for name in step.on):
        return step.undo
    return step.do


def delete(kind: ResourceType, subject: Subject) -> None:
    """Deletes the resource; one that is gone already is a success."""
    if kind.delete is None:
        return
    try:
        perform(kind, kind.delete, subject)
    except (CloudError, NotEmulatedError) as error:
        # Some services, and the emulator, have no code of their own for what is gone.
        gone = isinstance(error, CloudError) and error.gone
        if not gone and kind.read(subject) is not None:
            raise


def perform(kind: ResourceType, action: Action, subject: Subject, extra: Params | None = None) -> Any:
    """Carries out one action for a resource; gives a request's answer."""
    if not isinstance(action, Call):
        return action(subject)
    shape = subject.cloud.operation(kind.service, action.operation).input_shape
    params = build(action, shape, subject.inputs).params
    overlaid = _overlaid(params, {**(extra or {}), **action.adds(subject)})
    return subject.cloud.call(kind.service, action.operation, overlaid)


def _overlaid(params: Params, added: Params) -> Params:
    result = dict(params)
    for name, value in added.items():
        old = result.get(name)
        result[name] = _overlaid(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def outputs_of(kind: ResourceType, subject: Subject) -> PropertyMap:
    """Reads a resource that is there for its outputs: the inputs, and what the service computed."""
    found = kind.read(subject)
    if found is None:
        raise ProviderError(f"{kind.type} {subject.id} is gone right after it was made or changed")
    return _outputs(kind, subject.with_found(found), subject.inputs)


def _outputs(kind: ResourceType, subject: Subject, inputs: PropertyMap) -> PropertyMap:
    outputs: PropertyMap = {name: value for name, value in inputs.items() if not name.startswith("__")}
    for name, source in kind.outputs.items():
        value = subject.at(source) if isinstance(source, str) else source(subject)
        if value is not None:
            outputs[name] = value
    schema = type_schema(kind.type)
    if "region" in schema.outputs:
        outputs["region"] = subject.cloud.region
    if kind.tags is not None:
        outputs.setdefault("tagsAll", {})
    outputs["id"] = subject.id
    return outputs


def preview_outputs(
    kind: ResourceType, inputs: PropertyMap, olds: PropertyMap | None, region: str
) -> PropertyMap:
    """What is known before the call: the inputs, and what an update leaves as it is."""
    outputs: PropertyMap = {name: value for name, value in inputs.items() if not name.startswith("__")}
    schema = type_schema(kind.type)
    if kind.tags is not None:
        outputs.setdefault("tagsAll", {})
    if "region" in schema.outputs:
        outputs.setdefault("region", region)
    for name in kind.completed:
        if inputs.get(name) is not None:
            old = (olds or {}).get(name)
            outputs[name] = old if old and guided(inputs[name], old) == inputs[name] else UNKNOWN
    for name in (*kind.outputs, *(name for name in schema.outputs if name in ("arn",))):
        if name in outputs:
            continue
        stays = olds is not None and name in olds and name not in kind.volatile
        outputs[name] = olds[name] if stays and olds is not None else UNKNOWN
    return outputs


def read(
    kind: ResourceType, subject: Subject, configuration: Configuration, outputs: PropertyMap
) -> ReadResult:
    """The resource as it stands: the stored inputs, overlaid with what the emulator gives back faithfully."""
    found = kind.read(subject)
    if found is None:
        return ReadResult("", {}, {})
    subject = subject.with_found(found)
    # What the state knows has an id among its outputs, even where the program gave it nothing.
    imported = not subject.inputs and "id" not in outputs
    inputs = dict(subject.inputs)
    if imported:
        known = type_schema(kind.type).inputs
        inputs = {name: value for name, value in outputs.items() if name in known}
    for name, source in kind.echoes.items():
        value = subject.at(source) if isinstance(source, str) else source(subject)
        if value is None and name in inputs:
            inputs.pop(name)
        elif value is not None and (imported or name in inputs):
            value = guided(inputs.get(name), value)
            if not _same(kind, name, inputs.get(name), value):
                inputs[name] = value
    _overlay_tags(kind, subject, configuration, inputs, imported)
    return ReadResult(
        subject.id, inputs, _outputs(kind, replace(subject, inputs=inputs), {**outputs, **inputs})
    )


def _same(kind: ResourceType, name: str, stored: Any, value: Any) -> bool:
    return not detailed(kind, {name: stored}, {name: value}, ())


def _overlay_tags(
    kind: ResourceType,
    subject: Subject,
    configuration: Configuration,
    inputs: PropertyMap,
    imported: bool,
) -> None:
    carried = tagging.current(kind, subject)
    if carried is None:
        return
    carried = {key: value for key, value in carried.items() if not configuration.ignores(key)}
    if carried == (inputs.get("tagsAll") or {}):
        return
    defaults: Mapping[str, str] = configuration.default_tags
    own = {} if imported else inputs.get("tags") or {}
    inputs["tagsAll"] = carried
    inputs["tags"] = {
        key: value for key, value in carried.items() if key in own or defaults.get(key) != value
    }
    if not inputs["tags"]:
        inputs.pop("tags")


def find(kind: ResourceType, subject: Subject, taken: frozenset[str]) -> str | None:
    """The id of the resource that an interrupted create with these inputs left behind, if it did."""
    if kind.known_id is not None:
        id = kind.known_id(subject)
        if id in taken or kind.read(replace(subject, id=id)) is None:
            return None
        return id
    return kind.find(subject, taken) if kind.find is not None else None
