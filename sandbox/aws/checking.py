"""What a program's inputs become before anything is made: defaults and names filled in, or all errors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from sandbox.aws import tagging
from sandbox.aws.cloud import Cloud
from sandbox.aws.configuration import Configuration
from sandbox.aws.plain import plain_map
from sandbox.aws.requests import build
from sandbox.aws.schema import shape_failures, type_schema
from sandbox.aws.table import AutoName, ResourceType
from sandbox.engine.provider import CheckFailure, CheckResult
from sandbox.engine.values import PropertyMap

_DIGITS = 7
DEFAULTED = "__defaults"
"""The input under which Pulumi's AWS provider keeps which properties it filled in itself."""


def check(
    kind: ResourceType,
    cloud: Cloud,
    configuration: Configuration,
    urn: str,
    olds: PropertyMap,
    news: PropertyMap,
    random_seed: bytes,
) -> CheckResult:
    """The checked inputs, or every reason to refuse them. Makes no request.

    Inputs that equal the old ones were checked before and are not walked again.
    """
    filled = {name: value for name, value in news.items() if value is not None and name != DEFAULTED}
    defaulted: list[str] = []
    if kind.auto_name is not None:
        _name(kind.auto_name, urn, olds, filled, random_seed, defaulted)
    for name, value in kind.defaults.items():
        if name not in filled:
            filled[name] = value
            defaulted.append(name)
    for name in kind.documents:
        if isinstance(filled.get(name), (dict, list)):
            filled[name] = json.dumps(filled[name], separators=(",", ":"))
    if kind.tags is not None:
        everything = tagging.merged(configuration.default_tags, plain_map(filled).get("tags"))
        if everything:
            filled["tagsAll"] = everything
        else:
            filled.pop("tagsAll", None)
    if defaulted:
        filled[DEFAULTED] = sorted(defaulted)
    if filled == olds:
        return CheckResult(filled)
    return CheckResult(filled, tuple(_failures(kind, cloud, plain_map(filled))))


def _failures(kind: ResourceType, cloud: Cloud, inputs: PropertyMap) -> Iterator[CheckFailure]:
    seen: set[str] = set()
    for failure in (
        *shape_failures(kind.type, {name: value for name, value in inputs.items() if name != "tagsAll"}),
        *_model_failures(kind, cloud, inputs),
        *kind.checks(inputs),
        *_unsupported(kind, inputs),
        *_tag_failures(inputs),
    ):
        # The first word on a property stands: the same fault shows in the schema and in the model.
        if failure.property not in seen or not failure.property:
            seen.add(failure.property)
            yield failure


def _unsupported(kind: ResourceType, inputs: PropertyMap) -> Iterator[CheckFailure]:
    for name in kind.unsupported:
        if inputs.get(name) not in (None, [], {}, False):
            yield CheckFailure(
                name, "is not carried out by the sandbox yet: add it to the type in sandbox/aws/types/"
            )


def _model_failures(kind: ResourceType, cloud: Cloud, inputs: PropertyMap) -> Iterator[CheckFailure]:
    known = type_schema(kind.type).inputs
    for call in kind.calls():
        shape = cloud.operation(kind.service, call.operation).input_shape
        yield from build(
            call, shape, {name: value for name, value in inputs.items() if name in known}
        ).failures


def _tag_failures(inputs: PropertyMap) -> Iterator[CheckFailure]:
    """The limits that all services share (Tagging AWS Resources: naming limits and requirements)."""
    tags = inputs.get("tagsAll")
    if not isinstance(tags, dict):
        return
    if len(tags) > 50:
        yield CheckFailure("tags", f"has {len(tags)} tags, more than the 50 that are allowed")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or key.lower().startswith(tagging.AWS_PREFIX):
            yield CheckFailure(f"tags.{key}", "a key has 1 to 128 characters and does not begin with aws:")
        if isinstance(value, str) and len(value) > 256:
            yield CheckFailure(f"tags.{key}", f"has {len(value)} characters, more than the 256 allowed")


def _name(
    rule: AutoName,
    urn: str,
    olds: PropertyMap,
    filled: PropertyMap,
    random_seed: bytes,
    defaulted: list[str],
) -> None:
    if rule.property in filled:
        return
    old_prefix = olds.get(rule.prefix_property) if rule.prefix_property else None
    prefix = filled.get(rule.prefix_property) if rule.prefix_property else None
    if rule.property in olds and rule.property in (olds.get(DEFAULTED) or []) and prefix == old_prefix:
        filled[rule.property] = olds[rule.property]
    elif prefix is None or isinstance(prefix, str):
        filled[rule.property] = automatic_name(rule, urn, filled, random_seed, prefix)
    else:
        return
    defaulted.append(rule.property)


def automatic_name(
    rule: AutoName, urn: str, inputs: PropertyMap, random_seed: bytes, prefix: str | None = None
) -> str:
    """`<logical name>-<7 hex digits>`, the digits from the seed; the stem is cut to the service's limit."""
    if not rule.random:
        return urn.rsplit("::", 1)[-1]
    digits = hashlib.sha256(random_seed + urn.encode()).hexdigest()[:_DIGITS]
    ending = rule.ends_with(inputs)
    stem = rule.starts_with + (prefix if prefix is not None else urn.rsplit("::", 1)[-1] + "-")
    return stem[: rule.limit - _DIGITS - len(ending)] + digits + ending
