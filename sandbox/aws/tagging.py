"""How tags reach a resource and come back: each service has a way of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.aws.cloud import CloudError
from sandbox.aws.table import Params, ResourceType, Subject, Tags, at
from sandbox.engine.values import UNKNOWN, PropertyMap, PropertyValue

AWS_PREFIX = "aws:"


def merged(defaults: Mapping[str, str], tags: PropertyValue) -> PropertyValue:
    """What `tagsAll` holds: the provider's default tags, overruled by the resource's own."""
    if tags is UNKNOWN:
        return UNKNOWN
    return {**defaults, **(tags or {})}


def formatted(tags: Tags, values: Mapping[str, str]) -> Any:
    """Tags as the service's requests have them."""
    if tags.style == "map":
        return dict(values)
    if tags.style == "lower":
        return [{"key": key, "value": value} for key, value in values.items()]
    if tags.style == "kms":
        return [{"TagKey": key, "TagValue": value} for key, value in values.items()]
    return [{"Key": key, "Value": value} for key, value in values.items()]


def parsed(answer: Any) -> dict[str, str]:
    """Tags out of a service's answer, whichever way it writes them; AWS's own left out."""
    if isinstance(answer, Mapping):
        pairs = {str(key): str(value) for key, value in answer.items()}
    else:
        pairs = {
            str(item.get("Key", item.get("TagKey", item.get("key")))): str(
                item.get("Value", item.get("TagValue", item.get("value", "")))
            )
            for item in answer or []
        }
    return {key: value for key, value in pairs.items() if not key.startswith(AWS_PREFIX)}


def create_params(kind: ResourceType, inputs: PropertyMap) -> Params:
    """The part of a create's request that carries the tags."""
    tags = kind.tags
    values = inputs.get("tagsAll") or {}
    if tags is None or tags.at_create is None or not values:
        return {}
    if tags.style == "ec2":
        return {"TagSpecifications": [{"ResourceType": tags.ec2_kind, "Tags": formatted(tags, values)}]}
    return {tags.at_create: formatted(tags, values)}


def bring_about(kind: ResourceType, subject: Subject) -> None:
    """Sets the tags that differ from `subject.before`; everything, where that is empty."""
    tags = kind.tags
    if tags is None:
        return
    old: Mapping[str, str] = subject.before.get("tagsAll") or {}
    new: Mapping[str, str] = subject.inputs.get("tagsAll") or {}
    if old == new:
        return
    if tags.replaces_all is not None:
        tags.replaces_all(subject, new)
        return
    target = tags.target(subject)
    gone = [key for key in old if key not in new]
    if gone and tags.unset is not None:
        keys: Any = [{"Key": key} for key in gone] if tags.style == "ec2" else gone
        subject.cloud.call(kind.service, tags.unset, {**target, tags.keys: keys})
    fresh = {key: value for key, value in new.items() if old.get(key) != value}
    if fresh and tags.set is not None:
        subject.cloud.call(kind.service, tags.set, {**target, tags.member: formatted(tags, fresh)})


def current(kind: ResourceType, subject: Subject) -> dict[str, str] | None:
    """The tags that the resource carries now; None where the service does not tell."""
    tags = kind.tags
    if tags is None:
        return None
    if tags.list is not None:
        try:
            answer = subject.cloud.call(kind.service, tags.list, tags.target(subject))
        except CloudError as error:
            if error.gone:  # S3 has an error for a bucket without tags.
                return {}
            raise
        return parsed(at(answer, tags.listed))
    if tags.listed in subject.found:
        return parsed(subject.found[tags.listed])
    if tags.style == "ec2":
        return {}
    return None
