"""CloudFront: distributions."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from sandbox.aws.distributions import distribution_config
from sandbox.aws.rows import answered, reading
from sandbox.aws.table import Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue

_HOSTED_ZONE = "Z2FDTNDATAQYW2"
"""Of every distribution, for aliases (Route 53 API Reference, AliasTarget)."""
_METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")


def _create(subject: Subject) -> Params:
    tags = [{"Key": key, "Value": value} for key, value in (subject.inputs.get("tagsAll") or {}).items()]
    config = distribution_config(subject.inputs, str(uuid.uuid4()))
    if not tags:
        return dict(subject.cloud.call("cloudfront", "CreateDistribution", {"DistributionConfig": config}))
    both = {"DistributionConfig": config, "Tags": {"Items": tags}}
    params = {"DistributionConfigWithTags": both}
    return dict(subject.cloud.call("cloudfront", "CreateDistributionWithTags", params))


def _read(subject: Subject) -> Params | None:
    found = reading("cloudfront", "GetDistribution", lambda s: {"Id": s.id})(subject)
    return None if found is None else {**found["Distribution"], "ETag": found.get("ETag")}


def _update(subject: Subject) -> None:
    answer = subject.cloud.call("cloudfront", "GetDistribution", {"Id": subject.id})
    reference = answer["Distribution"]["DistributionConfig"]["CallerReference"]
    params = {
        "Id": subject.id,
        "IfMatch": answer["ETag"],
        "DistributionConfig": distribution_config(subject.inputs, reference),
    }
    subject.cloud.call("cloudfront", "UpdateDistribution", params)


def _delete(subject: Subject) -> None:
    """Switched off first: CloudFront deletes no distribution that serves."""
    if subject.inputs.get("enabled") and not subject.inputs.get("retainOnDelete"):
        off = Subject(cloud=subject.cloud, inputs={**subject.inputs, "enabled": False}, id=subject.id)
        if _read(subject) is not None:
            _update(off)
    if subject.inputs.get("retainOnDelete"):
        return
    answer = subject.cloud.call("cloudfront", "GetDistribution", {"Id": subject.id})
    subject.cloud.call("cloudfront", "DeleteDistribution", {"Id": subject.id, "IfMatch": answer["ETag"]})


def _arn(subject: Subject) -> str:
    return f"arn:{subject.cloud.partition}:cloudfront::{subject.cloud.account_id}:distribution/{subject.id}"


def _find(subject: Subject, taken: frozenset[str]) -> str | None:
    wanted = {origin["originId"] for origin in subject.inputs["origins"]}
    answer = subject.cloud.call("cloudfront", "ListDistributions")["DistributionList"]
    for item in answer.get("Items", ()):
        held = {origin["Id"] for origin in item["Origins"]["Items"]}
        if held == wanted and item["Id"] not in taken:
            return str(item["Id"])
    return None


def _behavior_failures(path: str, given: PropertyValue, origins: set[str]) -> Iterable[CheckFailure]:
    if not isinstance(given, dict):
        return
    target = given.get("targetOriginId")
    if isinstance(target, str) and origins and target not in origins:
        yield CheckFailure(f"{path}.targetOriginId", f"{target!r} is not one of the origins")
    policies = ("allow-all", "https-only", "redirect-to-https")
    policy = given.get("viewerProtocolPolicy")
    if isinstance(policy, str) and policy not in policies:
        yield CheckFailure(f"{path}.viewerProtocolPolicy", f"{policy!r} is not one of {', '.join(policies)}")
    if given.get("cachePolicyId") is None and given.get("forwardedValues") is None:
        yield CheckFailure(path, "needs cachePolicyId or forwardedValues")
    if given.get("cachePolicyId") is not None and given.get("forwardedValues") is not None:
        yield CheckFailure(f"{path}.forwardedValues", "cannot be given beside cachePolicyId")
    for name in ("allowedMethods", "cachedMethods"):
        for method in given.get(name) or () if isinstance(given.get(name), list) else ():
            if isinstance(method, str) and method not in _METHODS:
                yield CheckFailure(f"{path}.{name}", f"{method!r} is not one of {', '.join(_METHODS)}")


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    listed = inputs.get("origins")
    origins = listed if isinstance(listed, list) else []
    names = {
        item["originId"]
        for item in origins
        if isinstance(item, dict) and isinstance(item.get("originId"), str)
    }
    if len(names) < len(origins):
        names = set()  # Some are not known yet.
    yield from _behavior_failures("defaultCacheBehavior", inputs.get("defaultCacheBehavior"), names)
    ordered = inputs.get("orderedCacheBehaviors")
    for index, behavior in enumerate(ordered if isinstance(ordered, list) else ()):
        yield from _behavior_failures(f"orderedCacheBehaviors[{index}]", behavior, names)
    certificate = inputs.get("viewerCertificate")
    if isinstance(certificate, dict):
        held = [
            name
            for name in ("acmCertificateArn", "cloudfrontDefaultCertificate", "iamCertificateId")
            if certificate.get(name) is not None
        ]
        if len(held) != 1:
            yield CheckFailure(
                "viewerCertificate",
                "needs exactly one of acmCertificateArn, cloudfrontDefaultCertificate and iamCertificateId",
            )
        if inputs.get("aliases") and certificate.get("cloudfrontDefaultCertificate"):
            yield CheckFailure("aliases", "need a certificate of their own in viewerCertificate")
        arn = certificate.get("acmCertificateArn")
        if isinstance(arn, str) and ":us-east-1:" not in arn:
            yield CheckFailure(
                "viewerCertificate.acmCertificateArn",
                f"{arn!r}: CloudFront takes certificates of us-east-1 alone",
            )
    classes = ("PriceClass_All", "PriceClass_200", "PriceClass_100")
    price = inputs.get("priceClass")
    if isinstance(price, str) and price not in classes:
        yield CheckFailure("priceClass", f"{price!r} is not one of {', '.join(classes)}")


_CHANGED = (
    "aliases",
    "comment",
    "customErrorResponses",
    "defaultCacheBehavior",
    "defaultRootObject",
    "enabled",
    "httpVersion",
    "isIpv6Enabled",
    "loggingConfig",
    "orderedCacheBehaviors",
    "originGroups",
    "origins",
    "priceClass",
    "restrictions",
    "viewerCertificate",
    "webAclId",
)


def _tag(subject: Subject, tags: Mapping[str, str]) -> None:
    gone = sorted((subject.before.get("tagsAll") or {}).keys() - tags.keys())
    arn = {"Resource": _arn(subject)}
    if gone:
        subject.cloud.call("cloudfront", "UntagResource", {**arn, "TagKeys": {"Items": gone}})
    if tags:
        items = [{"Key": key, "Value": value} for key, value in tags.items()]
        subject.cloud.call("cloudfront", "TagResource", {**arn, "Tags": {"Items": items}})


DISTRIBUTION = ResourceType(
    type="aws:cloudfront/distribution:Distribution",
    service="cloudfront",
    tier="native",
    create=_create,
    id=answered("Distribution.Id"),
    read=_read,
    delete=_delete,
    steps=(Step(on=_CHANGED, do=_update, at_create=False),),
    local=("retainOnDelete", "waitForDeployment"),
    outputs={
        "arn": _arn,
        "callerReference": "DistributionConfig.CallerReference",
        "domainName": "DomainName",
        "etag": "ETag",
        "hostedZoneId": lambda _: _HOSTED_ZONE,
        "inProgressValidationBatches": lambda s: int(s.at("InProgressInvalidationBatches") or 0),
        "lastModifiedTime": lambda s: (
            s.at("LastModifiedTime").isoformat() if s.at("LastModifiedTime") else ""
        ),
        "loggingV1Enabled": lambda s: bool((s.inputs.get("loggingConfig") or {}).get("bucket")),
        "status": lambda _: "Deployed",
        "trustedKeyGroups": lambda _: [{"enabled": False}],
        "trustedSigners": lambda _: [{"enabled": False}],
    },
    echoes={"enabled": "DistributionConfig.Enabled", "comment": lambda s: s.at("DistributionConfig.Comment")},
    find=_find,
    volatile=("etag", "lastModifiedTime", "status", "inProgressValidationBatches", "loggingV1Enabled"),
    unordered=("aliases", "origins", "customErrorResponses"),
    tags=Tags(at_create="Tags", replaces_all=_tag),
    unsupported=(
        "anycastIpListId",
        "cacheTagConfig",
        "connectionFunctionAssociation",
        "continuousDeploymentPolicyId",
        "staging",
        "viewerMtlsConfig",
    ),
    checks=_check,
)

TYPES = (DISTRIBUTION,)
