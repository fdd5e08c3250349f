"""Route 53: hosted zones and records."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from sandbox.aws.rows import pages, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap


def _bare(id: str) -> str:
    return id.rsplit("/", 1)[-1]


def _create_zone(subject: Subject) -> Params:
    inputs = subject.inputs
    vpcs = inputs.get("vpcs") or ()
    params: Params = {
        "Name": inputs["name"],
        "CallerReference": str(uuid.uuid4()),
        "HostedZoneConfig": {"Comment": inputs.get("comment") or "", "PrivateZone": bool(vpcs)},
    }
    if vpcs:
        params["VPC"] = _vpc(subject, vpcs[0])
    if inputs.get("delegationSetId"):
        params["DelegationSetId"] = inputs["delegationSetId"]
    return dict(subject.cloud.call("route53", "CreateHostedZone", params))


def _vpc(subject: Subject, vpc: PropertyMap) -> Params:
    return {"VPCId": vpc["vpcId"], "VPCRegion": vpc.get("vpcRegion") or subject.cloud.region}


def _associate(subject: Subject) -> None:
    wanted = {vpc["vpcId"]: _vpc(subject, vpc) for vpc in subject.inputs.get("vpcs") or ()}
    answer = subject.cloud.call("route53", "GetHostedZone", {"Id": subject.id})
    held = {vpc["VPCId"]: vpc for vpc in answer.get("VPCs") or ()}
    for id, vpc in wanted.items():
        if id not in held:
            params = {"HostedZoneId": subject.id, "VPC": vpc}
            subject.cloud.call("route53", "AssociateVPCWithHostedZone", params)
    for id, vpc in held.items():
        if id not in wanted:
            params = {"HostedZoneId": subject.id, "VPC": vpc}
            subject.cloud.call("route53", "DisassociateVPCFromHostedZone", params)


def _read_zone(subject: Subject) -> Params | None:
    found = reading("route53", "GetHostedZone", lambda s: {"Id": s.id})(subject)
    return None if found is None else {**found["HostedZone"], **found}


def _delete_zone(subject: Subject) -> None:
    if subject.inputs.get("forceDestroy"):
        listed = pages(
            subject, "route53", "ListResourceRecordSets", "ResourceRecordSets", {"HostedZoneId": subject.id}
        )
        gone = [
            {"Action": "DELETE", "ResourceRecordSet": record}
            for record in listed
            if record["Type"] not in ("NS", "SOA")
        ]
        if gone:
            params = {"HostedZoneId": subject.id, "ChangeBatch": {"Changes": gone}}
            subject.cloud.call("route53", "ChangeResourceRecordSets", params)
    subject.cloud.call("route53", "DeleteHostedZone", {"Id": subject.id})


def _set_tags(subject: Subject, tags: Mapping[str, str]) -> None:
    target = {"ResourceType": "hostedzone", "ResourceId": subject.id}
    held = subject.before.get("tagsAll") or {}
    change: Params = {}
    if tags:
        change["AddTags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    gone = sorted(held.keys() - tags.keys())
    if gone:
        change["RemoveTagKeys"] = gone
    if change:
        subject.cloud.call("route53", "ChangeTagsForResource", {**target, **change})


def _zone_tags(subject: Subject) -> Params | None:
    found = _read_zone(subject)
    if found is None:
        return None
    target = {"ResourceType": "hostedzone", "ResourceId": subject.id}
    answer = subject.cloud.call("route53", "ListTagsForResource", target)
    return {**found, "Tags": answer["ResourceTagSet"]["Tags"]}


def _servers(subject: Subject) -> list[str]:
    return sorted(subject.at("DelegationSet.NameServers") or ())


def _find_zone(subject: Subject, taken: frozenset[str]) -> str | None:
    wanted = str(subject.inputs["name"]).rstrip(".") + "."
    for zone in pages(subject, "route53", "ListHostedZones", "HostedZones"):
        private = bool(subject.inputs.get("vpcs"))
        same = zone["Name"] == wanted and bool(zone.get("Config", {}).get("PrivateZone")) == private
        if same and _bare(zone["Id"]) not in taken:
            return _bare(zone["Id"])
    return None


def _check_zone(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if inputs.get("name") is None:
        yield CheckFailure("name", "is required and was not given")
    if inputs.get("delegationSetId") is not None and inputs.get("vpcs"):
        yield CheckFailure("delegationSetId", "cannot be given beside vpcs")


ZONE = ResourceType(
    type="aws:route53/zone:Zone",
    service="route53",
    tier="native",
    create=_create_zone,
    id=lambda s: _bare(str(s.at("HostedZone.Id"))),
    read=_zone_tags,
    delete=_delete_zone,
    steps=(
        Step(
            on=("comment",),
            do=Call(operation="UpdateHostedZoneComment", sends=("comment",), adds=lambda s: {"Id": s.id}),
            at_create=False,
        ),
        Step(on=("vpcs",), do=_associate),
    ),
    local=("forceDestroy",),
    outputs={
        "arn": lambda s: f"arn:{s.cloud.partition}:route53:::hostedzone/{s.id}",
        "nameServers": _servers,
        "primaryNameServer": lambda s: next(iter(_servers(s)), ""),
        "zoneId": lambda s: s.id,
    },
    echoes={"name": lambda s: str(s.at("Name")).rstrip("."), "comment": "Config.Comment"},
    find=_find_zone,
    defaults={"comment": "Managed by Pulumi"},
    unordered=("vpcs",),
    tags=Tags(at_create=None, replaces_all=_set_tags),
    unsupported=("enableAcceleratedRecovery",),
    checks=_check_zone,
)

TYPES = (ZONE,)
