"""Route 53: records."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import reading
from sandbox.aws.table import Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

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

TYPES = (RECORD,)
