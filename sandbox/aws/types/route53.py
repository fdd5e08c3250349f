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

_TYPES = (
    "A",
    "AAAA",
    "CAA",
    "CNAME",
    "DS",
    "HTTPS",
    "MX",
    "NAPTR",
    "NS",
    "PTR",
    "SOA",
    "SPF",
    "SRV",
    "SSHFP",
    "SVCB",
    "TLSA",
    "TXT",
)
_ROUTING = (
    "failoverRoutingPolicies",
    "geolocationRoutingPolicies",
    "latencyRoutingPolicies",
    "multivalueAnswerRoutingPolicy",
    "weightedRoutingPolicies",
)


def _fqdn(subject: Subject) -> str:
    """The record's whole name, without the dot at the end; a name without the zone's gets it appended."""
    zone = subject.cloud.call("route53", "GetHostedZone", {"Id": subject.inputs["zoneId"]})
    root = str(zone["HostedZone"]["Name"]).rstrip(".")
    name = str(subject.inputs["name"]).rstrip(".").lower()
    if name in ("", "@"):
        return root
    return name if name == root or name.endswith(f".{root}") else f"{name}.{root}"


def _only(value: object) -> PropertyMap:
    """The one object of a list of at most one."""
    items = value if isinstance(value, list) else [value]
    return dict(items[0]) if items and isinstance(items[0], dict) else {}


def _record(subject: Subject) -> Params:
    inputs = subject.inputs
    record: Params = {"Name": _fqdn(subject) + ".", "Type": inputs["type"]}
    if inputs.get("setIdentifier"):
        record["SetIdentifier"] = inputs["setIdentifier"]
    if inputs.get("healthCheckId"):
        record["HealthCheckId"] = inputs["healthCheckId"]
    if inputs.get("weightedRoutingPolicies"):
        record["Weight"] = int(_only(inputs["weightedRoutingPolicies"])["weight"])
    if inputs.get("latencyRoutingPolicies"):
        record["Region"] = _only(inputs["latencyRoutingPolicies"])["region"]
    if inputs.get("failoverRoutingPolicies"):
        record["Failover"] = _only(inputs["failoverRoutingPolicies"])["type"]
    if inputs.get("multivalueAnswerRoutingPolicy"):
        record["MultiValueAnswer"] = True
    if inputs.get("geolocationRoutingPolicies"):
        place = _only(inputs["geolocationRoutingPolicies"])
        members = {"continent": "ContinentCode", "country": "CountryCode", "subdivision": "SubdivisionCode"}
        record["GeoLocation"] = {member: place[name] for name, member in members.items() if place.get(name)}
    if inputs.get("aliases"):
        alias = _only(inputs["aliases"])
        record["AliasTarget"] = {
            "HostedZoneId": alias["zoneId"],
            "DNSName": str(alias["name"]),
            "EvaluateTargetHealth": bool(alias["evaluateTargetHealth"]),
        }
    else:
        record["TTL"] = int(inputs.get("ttl") or 0)
        quoted = inputs["type"] in ("TXT", "SPF")
        values = [str(value) for value in inputs.get("records") or ()]
        record["ResourceRecords"] = [{"Value": f'"{text}"' if quoted else text} for text in values]
    return record


def _change(action: str, subject: Subject, record: Params) -> None:
    batch = {"Comment": "Managed by Pulumi", "Changes": [{"Action": action, "ResourceRecordSet": record}]}
    params = {"HostedZoneId": subject.inputs["zoneId"], "ChangeBatch": batch}
    subject.cloud.call("route53", "ChangeResourceRecordSets", params)


def _put(subject: Subject) -> Params:
    replaces = subject.inputs.get("allowOverwrite") or subject.before
    _change("UPSERT" if replaces else "CREATE", subject, _record(subject))
    return {"name": _fqdn(subject)}


def _record_id(subject: Subject) -> str:
    inputs = subject.inputs
    name = str(inputs["name"]).rstrip(".").lower()
    fqdn = subject.at("name") or _fqdn(subject)
    parts = [inputs["zoneId"], fqdn if name else "", inputs["type"]]
    return "_".join(
        [*map(str, parts), *([str(inputs["setIdentifier"])] if inputs.get("setIdentifier") else [])]
    )


def _place(subject: Subject) -> tuple[str, str, str, str]:
    """Zone, name, type and set of an id: names may hold the character that parts them."""
    zone, _, rest = subject.id.partition("_")
    parts = rest.split("_")
    index = next((place for place in range(len(parts) - 1, 0, -1) if parts[place] in _TYPES), len(parts) - 1)
    return zone, "_".join(parts[:index]), parts[index], "_".join(parts[index + 1 :])


def _read_record(subject: Subject) -> Params | None:
    zone, name, kind, chosen = _place(subject)
    params = {"HostedZoneId": zone, "StartRecordName": name, "StartRecordType": kind}
    listed = reading("route53", "ListResourceRecordSets", lambda _: params)(subject)
    for record in (listed or {}).get("ResourceRecordSets", ()):
        held = str(record["Name"]).rstrip(".").replace("\\052", "*")
        if (held, record["Type"], record.get("SetIdentifier", "")) == (name, kind, chosen):
            return {**record, "ZoneId": zone, "Fqdn": held}
    return None


def _delete_record(subject: Subject) -> None:
    found = _read_record(subject)
    if found is not None:
        record = {key: value for key, value in found.items() if key not in ("ZoneId", "Fqdn")}
        _change("DELETE", subject, record)


def _records(subject: Subject) -> list[str] | None:
    found = subject.at("ResourceRecords")
    quoted = subject.at("Type") in ("TXT", "SPF")
    return [item["Value"].strip('"') if quoted else item["Value"] for item in found] if found else None


def _check_record(inputs: PropertyMap) -> Iterable[CheckFailure]:
    kind = inputs.get("type")
    if isinstance(kind, str) and kind not in _TYPES:
        yield CheckFailure("type", f"{kind!r} is not one of {', '.join(_TYPES)}")
    alias, records = inputs.get("aliases"), inputs.get("records")
    if (alias in (None, [])) == (records in (None, [])):
        yield CheckFailure("records", "exactly one of records and aliases is needed")
    if records and inputs.get("ttl") is None:
        yield CheckFailure("ttl", "is required beside records and was not given")
    if alias and inputs.get("ttl") is not None:
        yield CheckFailure("ttl", "cannot be given beside aliases")
    policies = [name for name in _ROUTING if inputs.get(name)]
    if len(policies) > 1:
        yield CheckFailure(policies[1], f"cannot be given beside {policies[0]}")
    if policies and inputs.get("setIdentifier") is None:
        yield CheckFailure("setIdentifier", f"is required beside {policies[0]} and was not given")


RECORD = ResourceType(
    type="aws:route53/record:Record",
    service="route53",
    tier="native",
    create=_put,
    id=_record_id,
    read=_read_record,
    delete=_delete_record,
    steps=(Step(on=("aliases", "healthCheckId", "records", "ttl", *_ROUTING), do=_put, at_create=False),),
    local=("allowOverwrite",),
    outputs={"fqdn": "Fqdn"},
    echoes={
        "zoneId": "ZoneId",
        "type": "Type",
        "ttl": lambda s: s.at("TTL") if s.at("ResourceRecords") else None,
        "records": _records,
        "name": lambda s: s.inputs.get("name") or s.at("Fqdn"),
    },
    known_id=_record_id,
    place=("zoneId", "name", "type", "setIdentifier"),
    unordered=("records",),
    unsupported=("cidrRoutingPolicy", "geoproximityRoutingPolicy"),
    checks=_check_record,
)

TYPES = (ZONE, RECORD)
