"""S3: websites, access control lists and cross-origin rules of a bucket."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sandbox.aws.documents import json_failures
from sandbox.aws.rows import given, identified, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_DASHED = frozenset(
    {
        "ap-northeast-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "eu-west-1",
        "sa-east-1",
        "us-east-1",
        "us-gov-west-1",
        "us-west-1",
        "us-west-2",
    }
)
"""Regions whose website endpoints have a hyphen and no dot (AWS General Reference, S3 website endpoints)."""
_WEBSITE = {
    "errorDocument": "WebsiteConfiguration.ErrorDocument",
    "indexDocument": "WebsiteConfiguration.IndexDocument",
    "redirectAllRequestsTo": "WebsiteConfiguration.RedirectAllRequestsTo",
    "routingRules": "WebsiteConfiguration.RoutingRules",
}


def website_domain(subject: Subject) -> str:
    region = subject.cloud.region
    return f"s3-website{'-' if region in _DASHED else '.'}{region}.{subject.cloud.dns_suffix}"


def _rules(subject: Subject) -> Params:
    text = subject.inputs.get("routingRuleDetails")
    return {"WebsiteConfiguration": {"RoutingRules": json.loads(text)}} if text else {}


def _check_website(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from json_failures(inputs, "routingRuleDetails")
    index, elsewhere = inputs.get("indexDocument"), inputs.get("redirectAllRequestsTo")
    if (index is None) == (elsewhere is None):
        yield CheckFailure(
            "indexDocument", "exactly one of indexDocument and redirectAllRequestsTo is needed"
        )
    if elsewhere is not None:
        for name in ("errorDocument", "routingRules", "routingRuleDetails"):
            if inputs.get(name) is not None:
                yield CheckFailure(name, "cannot be given beside redirectAllRequestsTo")
    if inputs.get("routingRules") is not None and inputs.get("routingRuleDetails") is not None:
        yield CheckFailure("routingRuleDetails", "cannot be given beside routingRules")


_PUT_WEBSITE = Call(operation="PutBucketWebsite", names=_WEBSITE, adds=_rules)

WEBSITE = ResourceType(
    type="aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
    service="s3",
    tier="native",
    create=_PUT_WEBSITE,
    id=given("bucket"),
    read=reading("s3", "GetBucketWebsite", identified("Bucket")),
    delete=Call(operation="DeleteBucketWebsite", sends=(), adds=identified("Bucket")),
    steps=(Step(on=(*_WEBSITE, "routingRuleDetails"), do=_PUT_WEBSITE, at_create=False),),
    outputs={
        "websiteDomain": website_domain,
        "websiteEndpoint": lambda s: f"{s.id}.{website_domain(s)}",
    },
    echoes={"bucket": lambda s: s.id},
    known_id=given("bucket"),
    place=("bucket",),
    documents=("routingRuleDetails",),
    unsupported=("expectedBucketOwner",),
    checks=_check_website,
)

_CANNED = (
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-full-control",
    "bucket-owner-read",
    "log-delivery-write",
    "private",
    "public-read",
    "public-read-write",
)


def _acl_id(subject: Subject) -> str:
    acl = subject.inputs.get("acl")
    return f"{subject.inputs['bucket']},{acl}" if acl else str(subject.inputs["bucket"])


def _policy(subject: Subject) -> Params:
    policy = subject.inputs.get("accessControlPolicy")
    if not policy:
        return {}
    grants = []
    for grant in policy.get("grants") or ():
        grantee = grant.get("grantee") or {}
        names = {
            "displayName": "DisplayName",
            "emailAddress": "EmailAddress",
            "id": "ID",
            "type": "Type",
            "uri": "URI",
        }
        who = {member: grantee[name] for name, member in names.items() if grantee.get(name)}
        grants.append({"Grantee": who, "Permission": grant["permission"]})
    return {"AccessControlPolicy": {"Owner": {"ID": policy["owner"]["id"]}, "Grants": grants}}


_PUT_ACL = Call(operation="PutBucketAcl", sends=("acl", "bucket"), names={"acl": "ACL"}, adds=_policy)


def _check_acl(inputs: PropertyMap) -> Iterable[CheckFailure]:
    acl = inputs.get("acl")
    if (acl is None) == (inputs.get("accessControlPolicy") is None):
        yield CheckFailure("acl", "exactly one of acl and accessControlPolicy is needed")
    if isinstance(acl, str) and acl not in _CANNED:
        yield CheckFailure("acl", f"{acl!r} is not one of {', '.join(_CANNED)}")


ACL = ResourceType(
    type="aws:s3/bucketAcl:BucketAcl",
    service="s3",
    tier="native",
    create=_PUT_ACL,
    id=_acl_id,
    read=reading("s3", "GetBucketAcl", lambda s: {"Bucket": s.id.split(",")[0]}),
    delete=None,
    steps=(Step(on=("acl", "accessControlPolicy"), do=_PUT_ACL, at_create=False),),
    echoes={"bucket": lambda s: s.id.split(",")[0]},
    known_id=_acl_id,
    place=("bucket",),
    unsupported=("expectedBucketOwner",),
    checks=_check_acl,
)

_PUT_CORS = Call(
    operation="PutBucketCors",
    names={"corsRules": "CORSConfiguration.CORSRules", "corsRules.exposeHeaders": "ExposeHeaders"},
)

CORS = ResourceType(
    type="aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
    service="s3",
    tier="native",
    create=_PUT_CORS,
    id=given("bucket"),
    read=reading("s3", "GetBucketCors", identified("Bucket")),
    delete=Call(operation="DeleteBucketCors", sends=(), adds=identified("Bucket")),
    steps=(Step(on=("corsRules",), do=_PUT_CORS, at_create=False),),
    echoes={"bucket": lambda s: s.id},
    known_id=given("bucket"),
    place=("bucket",),
    unordered=("corsRules",),
    unsupported=("expectedBucketOwner",),
)

TYPES = (WEBSITE, ACL, CORS)
