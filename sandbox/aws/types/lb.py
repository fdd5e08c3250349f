"""Elastic Load Balancing: application, network and gateway load balancers, and their target groups.

`alb` is the older name of the same types in the SDK.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sandbox.aws.load_balancing import hosted_zone
from sandbox.aws.rows import answered, kept, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue

MODULES = ("lb", "alb")
_NAME_LIMIT = 32
"""Of load balancers and target groups (ELB API Reference, CreateLoadBalancer)."""


def elb_tags() -> Tags:
    return Tags(
        set="AddTags",
        unset="RemoveTags",
        target=lambda s: {"ResourceArns": [s.id]},
    )


def listed_tags(subject: Subject) -> list[Params]:
    answer = subject.cloud.call("elbv2", "DescribeTags", {"ResourceArns": [subject.id]})
    return [tag for item in answer["TagDescriptions"] for tag in item["Tags"]]


def described(operation: str, member: str, key: str) -> Callable[[Subject], Params | None]:
    """Reads one with its tags, which ELB tells apart."""
    read = reading("elbv2", operation, lambda s: {member: [s.id]}, f"{key}.0")

    def with_tags(subject: Subject) -> Params | None:
        found = read(subject)
        return None if found is None else {**found, "Tags": listed_tags(subject)}

    return with_tags


def named(operation: str, key: str, arn: str) -> Callable[[Subject, frozenset[str]], str | None]:
    """Finds by name, which is unique in a region."""

    def find(subject: Subject, taken: frozenset[str]) -> str | None:
        found = reading("elbv2", operation, lambda s: {"Names": [s.inputs["name"]]}, f"{key}.0")(subject)
        return None if found is None or found[arn] in taken else str(found[arn])

    return find


def name_failures(inputs: PropertyMap) -> Iterable[CheckFailure]:
    name = inputs.get("name")
    if isinstance(name, str):
        plain = name.replace("-", "")
        fits = plain.isalnum() and plain.isascii() and not name.startswith(("-", "internal-"))
        if not fits or name.endswith("-") or len(name) > _NAME_LIMIT:
            yield CheckFailure(
                "name",
                f"{name!r} must be 1 to {_NAME_LIMIT} letters, digits and hyphens, "
                "and begin and end with neither a hyphen nor with internal-",
            )


_ATTRIBUTES: Mapping[str, str] = {
    "clientKeepAlive": "client_keep_alive.seconds",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "dnsRecordClientRoutingPolicy": "dns_record.client_routing_policy",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "enableTlsVersionAndCipherSuiteHeaders": "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
    "enableWafFailOpen": "waf.fail_open.enabled",
    "enableXffClientPort": "routing.http.xff_client_port.enabled",
    "enableZonalShift": "zonal_shift.config.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
}
_LOGS = {"accessLogs": "access_logs.s3", "connectionLogs": "connection_logs.s3"}
_SETTINGS: Mapping[str, PropertyValue] = {
    "clientKeepAlive": 3600,
    "desyncMitigationMode": "defensive",
    "dropInvalidHeaderFields": False,
    "enableDeletionProtection": False,
    "enableHttp2": True,
    "enableTlsVersionAndCipherSuiteHeaders": False,
    "enableWafFailOpen": False,
    "enableXffClientPort": False,
    "idleTimeout": 60,
    "preserveHostHeader": False,
    "xffHeaderProcessingMode": "append",
}
"""What the real provider says where the program says nothing."""


def attribute_text(value: PropertyValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _attributes(inputs: PropertyMap) -> dict[str, str]:
    found = {
        key: attribute_text(inputs[name]) for name, key in _ATTRIBUTES.items() if inputs.get(name) is not None
    }
    for name, prefix in _LOGS.items():
        logs = inputs.get(name)
        if logs:
            # Logs are on unless the program says otherwise only where the real provider has them so.
            found[f"{prefix}.enabled"] = attribute_text(bool(logs.get("enabled", False)))
            if logs.get("enabled"):
                found[f"{prefix}.bucket"] = str(logs["bucket"])
                found[f"{prefix}.prefix"] = str(logs.get("prefix") or "")
    return found


def _set_attributes(subject: Subject) -> None:
    wanted, held = _attributes(subject.inputs), _attributes(subject.before)
    changed = [{"Key": key, "Value": value} for key, value in wanted.items() if held.get(key) != value]
    for name, prefix in _LOGS.items():
        if subject.before.get(name) and not subject.inputs.get(name):
            changed.append({"Key": f"{prefix}.enabled", "Value": "false"})
    if changed:
        params = {"LoadBalancerArn": subject.id, "Attributes": changed}
        subject.cloud.call("elbv2", "ModifyLoadBalancerAttributes", params)


def _scheme(subject: Subject) -> Params:
    return {"Scheme": "internal" if subject.inputs.get("internal") else "internet-facing"}


def _subnets(subject: Subject) -> list[str]:
    return sorted(str(zone["SubnetId"]) for zone in subject.at("AvailabilityZones") or ())


def _suffix(subject: Subject) -> str:
    return subject.id.split(":loadbalancer/", 1)[-1]


def _check_balancer(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from name_failures(inputs)
    kind = inputs.get("loadBalancerType", "application")
    if isinstance(kind, str) and kind not in ("application", "network", "gateway"):
        yield CheckFailure("loadBalancerType", f"{kind!r} is not one of application, network, gateway")
    subnets, mappings = inputs.get("subnets"), inputs.get("subnetMappings")
    if subnets and mappings:
        yield CheckFailure("subnetMappings", "cannot be given beside subnets")
    if not subnets and not mappings:
        yield CheckFailure("subnets", "is required where there are no subnetMappings, and was not given")
    if kind == "application" and isinstance(subnets, list) and len(subnets) < 2:
        yield CheckFailure("subnets", "an application load balancer needs subnets in two zones at least")
    timeout = inputs.get("idleTimeout")
    if isinstance(timeout, (int, float)) and not 1 <= timeout <= 4000:
        yield CheckFailure("idleTimeout", f"{timeout:g} is out of range: allowed is 1 to 4000")


def _replaced_by(_: PropertyMap, new: PropertyMap) -> Iterable[str]:
    """Only application load balancers, and network ones that had groups, change these in place."""
    return ("subnets",) if new.get("loadBalancerType") == "gateway" else ()


def _load_balancer(module: str) -> ResourceType:
    return ResourceType(
        type=f"aws:{module}/loadBalancer:LoadBalancer",
        service="elbv2",
        tier="native",
        create=Call(
            operation="CreateLoadBalancer",
            names={"loadBalancerType": "Type", "subnetMappings.outpostId": ""},
            adds=_scheme,
        ),
        id=answered("LoadBalancers.0.LoadBalancerArn"),
        read=described("DescribeLoadBalancers", "LoadBalancerArns", "LoadBalancers"),
        delete=Call(operation="DeleteLoadBalancer", sends=(), adds=lambda s: {"LoadBalancerArn": s.id}),
        steps=(
            Step(
                on=("subnets", "subnetMappings"),
                do=Call(
                    operation="SetSubnets",
                    sends=("subnets", "subnetMappings"),
                    names={"subnetMappings.outpostId": ""},
                    adds=lambda s: {"LoadBalancerArn": s.id},
                ),
                at_create=False,
            ),
            Step(
                on=("securityGroups",),
                do=Call(
                    operation="SetSecurityGroups",
                    sends=("securityGroups", "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"),
                    adds=lambda s: {"LoadBalancerArn": s.id},
                ),
                at_create=False,
            ),
            Step(
                on=("ipAddressType",),
                do=Call(
                    operation="SetIpAddressType",
                    sends=("ipAddressType",),
                    adds=lambda s: {"LoadBalancerArn": s.id},
                ),
                at_create=False,
            ),
            Step(on=(*_ATTRIBUTES, *_LOGS), do=_set_attributes),
        ),
        local=("enforceSecurityGroupInboundRulesOnPrivateLinkTraffic",),
        outputs={
            "arn": lambda s: s.id,
            "arnSuffix": _suffix,
            "dnsName": "DNSName",
            "internal": lambda s: s.at("Scheme") == "internal",
            "ipAddressType": lambda s: s.at("IpAddressType") or "ipv4",
            "loadBalancerType": "Type",
            "securityGroups": kept("securityGroups", lambda s: sorted(s.at("SecurityGroups") or ())),
            "subnets": kept("subnets", _subnets),
            "vpcId": "VpcId",
            "zoneId": lambda s: hosted_zone(s.cloud.region, s.at("Type")) or s.at("CanonicalHostedZoneId"),
            **{name: _setting(name, default) for name, default in _SETTINGS.items()},
        },
        echoes={
            "name": "LoadBalancerName",
            "securityGroups": lambda s: sorted(s.at("SecurityGroups") or ()),
            "subnets": _subnets,
        },
        find=named("DescribeLoadBalancers", "LoadBalancers", "LoadBalancerArn"),
        auto_name=AutoName(limit=_NAME_LIMIT),
        unordered=("subnets", "securityGroups", "subnetMappings"),
        tags=elb_tags(),
        unsupported=(
            "enablePrefixForIpv6SourceNat",
            "healthCheckLogs",
            "ipamPools",
            "minimumLoadBalancerCapacity",
            "secondaryIpsAutoAssignedPerSubnet",
        ),
        checks=_check_balancer,
        replaced_by=_replaced_by,
    )


def _setting(name: str, default: PropertyValue) -> Callable[[Subject], PropertyValue]:
    return lambda subject: subject.inputs.get(name, default)


TYPES = tuple(_load_balancer(module) for module in MODULES)
