"""CloudFront: how it may reach its origins."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import answered, reading
from sandbox.aws.table import AutoName, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap


def _access(inputs: PropertyMap) -> Params:
    return {
        "OriginAccessControlConfig": {
            "Name": inputs["name"],
            "Description": inputs.get("description") or "",
            "SigningProtocol": inputs["signingProtocol"],
            "SigningBehavior": inputs["signingBehavior"],
            "OriginAccessControlOriginType": inputs["originAccessControlOriginType"],
        }
    }


def _etag(subject: Subject) -> Params:
    answer = subject.cloud.call("cloudfront", "GetOriginAccessControl", {"Id": subject.id})
    return {"Id": subject.id, "IfMatch": answer.get("ETag") or "*"}


def _read_access(subject: Subject) -> Params | None:
    found = reading("cloudfront", "GetOriginAccessControl", lambda s: {"Id": s.id})(subject)
    control = None if found is None else found["OriginAccessControl"]["OriginAccessControlConfig"]
    return None if control is None or found is None else {**control, "ETag": found.get("ETag")}


def _find_access(subject: Subject, taken: frozenset[str]) -> str | None:
    answer = subject.cloud.call("cloudfront", "ListOriginAccessControls")["OriginAccessControlList"]
    for item in answer.get("Items", ()):
        if item["Name"] == subject.inputs["name"] and item["Id"] not in taken:
            return str(item["Id"])
    return None


def _check_access(inputs: PropertyMap) -> Iterable[CheckFailure]:
    for name, allowed in (
        ("originAccessControlOriginType", ("lambda", "mediapackagev2", "mediastore", "s3")),
        ("signingBehavior", ("always", "never", "no-override")),
        ("signingProtocol", ("sigv4",)),
    ):
        value = inputs.get(name)
        if isinstance(value, str) and value not in allowed:
            yield CheckFailure(name, f"{value!r} is not one of {', '.join(allowed)}")


ORIGIN_ACCESS_CONTROL = ResourceType(
    type="aws:cloudfront/originAccessControl:OriginAccessControl",
    service="cloudfront",
    tier="native",
    create=lambda s: s.cloud.call("cloudfront", "CreateOriginAccessControl", _access(s.inputs)),
    id=answered("OriginAccessControl.Id"),
    read=_read_access,
    delete=lambda s: s.cloud.call("cloudfront", "DeleteOriginAccessControl", _etag(s)),
    steps=(
        Step(
            on=("description", "name", "originAccessControlOriginType", "signingBehavior", "signingProtocol"),
            do=lambda s: s.cloud.call(
                "cloudfront", "UpdateOriginAccessControl", {**_access(s.inputs), **_etag(s)}
            ),
            at_create=False,
        ),
    ),
    outputs={
        "arn": lambda s: (
            f"arn:{s.cloud.partition}:cloudfront::{s.cloud.account_id}:origin-access-control/{s.id}"
        ),
        "etag": "ETag",
    },
    echoes={"name": "Name", "signingBehavior": "SigningBehavior"},
    find=_find_access,
    auto_name=AutoName(prefix_property=None, limit=64),
    defaults={"description": "Managed by Pulumi"},
    volatile=("etag",),
    checks=_check_access,
)

TYPES = (ORIGIN_ACCESS_CONTROL,)
