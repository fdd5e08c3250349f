"""Elastic Load Balancing: target groups, and what is registered in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandbox.aws.rows import answered, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.lb import (
    MODULES,
    attribute_text,
    described,
    elb_tags,
    name_failures,
    named,
)
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_HEALTH = {
    "enabled": "HealthCheckEnabled",
    "healthyThreshold": "HealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "timeout": "HealthCheckTimeoutSeconds",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}
_WHOLE = ("healthyThreshold", "interval", "timeout", "unhealthyThreshold")
_RANGES = {
    "healthyThreshold": (2, 10),
    "interval": (5, 300),
    "timeout": (2, 120),
    "unhealthyThreshold": (2, 10),
}
"""ELB API Reference, CreateTargetGroup."""
_ATTRIBUTES: Mapping[str, str] = {
    "connectionTermination": "deregistration_delay.connection_termination.enabled",
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "lambdaMultiValueHeadersEnabled": "lambda.multi_value_headers.enabled",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "loadBalancingAnomalyMitigation": "load_balancing.algorithm.anomaly_mitigation",
    "loadBalancingCrossZoneEnabled": "load_balancing.cross_zone.enabled",
    "preserveClientIp": "preserve_client_ip.enabled",
    "proxyProtocolV2": "proxy_protocol_v2.enabled",
    "slowStart": "slow_start.duration_seconds",
}
_PROTOCOLS = ("GENEVE", "HTTP", "HTTPS", "QUIC", "TCP", "TCP_QUIC", "TCP_UDP", "TLS", "UDP")


def _health(subject: Subject) -> Params:
    check = subject.inputs.get("healthCheck") or {}
    params: Params = {
        member: int(check[name]) if name in _WHOLE else check[name]
        for name, member in _HEALTH.items()
        if check.get(name) is not None
    }
    if check.get("matcher"):
        grpc = subject.inputs.get("protocolVersion") == "GRPC"
        params["Matcher"] = {"GrpcCode" if grpc else "HttpCode": check["matcher"]}
    return params


def _stickiness(inputs: PropertyMap) -> dict[str, str]:
    stickiness = inputs.get("stickiness")
    if not stickiness:
        return {}
    enabled = bool(stickiness.get("enabled", True))
    found = {"stickiness.enabled": attribute_text(enabled)}
    if enabled:
        kind = found["stickiness.type"] = str(stickiness["type"])
        if kind in ("lb_cookie", "app_cookie"):
            found[f"stickiness.{kind}.duration_seconds"] = attribute_text(
                stickiness.get("cookieDuration", 86400)
            )
        if kind == "app_cookie":
            found["stickiness.app_cookie.cookie_name"] = str(stickiness.get("cookieName") or "")
    return found


def _attributes(inputs: PropertyMap) -> dict[str, str]:
    return {
        **{
            key: attribute_text(inputs[name])
            for name, key in _ATTRIBUTES.items()
            if inputs.get(name) is not None
        },
        **_stickiness(inputs),
    }


def _set_attributes(subject: Subject) -> None:
    wanted, held = _attributes(subject.inputs), _attributes(subject.before)
    changed = [{"Key": key, "Value": value} for key, value in wanted.items() if held.get(key) != value]
    if held.get("stickiness.enabled") == "true" and "stickiness.enabled" not in wanted:
        changed.append({"Key": "stickiness.enabled", "Value": "false"})
    if changed:
        params = {"TargetGroupArn": subject.id, "Attributes": changed}
        subject.cloud.call("elbv2", "ModifyTargetGroupAttributes", params)


def _check_group(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from name_failures(inputs)
    kind = inputs.get("targetType", "instance")
    if kind != "lambda" and isinstance(kind, str):
        for name in ("port", "protocol", "vpcId"):
            if inputs.get(name) is None:
                yield CheckFailure(name, f"is required for targets of the kind {kind} and was not given")
    protocol = inputs.get("protocol")
    if isinstance(protocol, str) and protocol not in _PROTOCOLS:
        yield CheckFailure("protocol", f"{protocol!r} is not one of {', '.join(_PROTOCOLS)}")
    check = inputs.get("healthCheck")
    if isinstance(check, dict):
        for name, (low, high) in _RANGES.items():
            value = check.get(name)
            if isinstance(value, (int, float)) and not low <= value <= high:
                yield CheckFailure(
                    f"healthCheck.{name}", f"{value:g} is out of range: allowed is {low} to {high}"
                )
        path = check.get("path")
        if isinstance(path, str) and not path.startswith("/") and check.get("protocol") != "TCP":
            yield CheckFailure("healthCheck.path", f"{path!r} does not begin with /")
    delay = inputs.get("deregistrationDelay")
    if isinstance(delay, (int, float)) and not 0 <= delay <= 3600:
        yield CheckFailure("deregistrationDelay", f"{delay:g} is out of range: allowed is 0 to 3600")


def _checked(subject: Subject) -> PropertyMap:
    """The health check as it is where the program says nothing of it."""
    if subject.inputs.get("healthCheck"):
        return dict(subject.inputs["healthCheck"])
    found = {name: subject.at(member) for name, member in _HEALTH.items()}
    return {name: value for name, value in found.items() if value is not None}


def _suffix(subject: Subject) -> str:
    return subject.id.split(":", 5)[-1]


def _target_group(module: str) -> ResourceType:
    return ResourceType(
        type=f"aws:{module}/targetGroup:TargetGroup",
        service="elbv2",
        tier="native",
        create=Call(operation="CreateTargetGroup", adds=_health),
        id=answered("TargetGroups.0.TargetGroupArn"),
        read=described("DescribeTargetGroups", "TargetGroupArns", "TargetGroups"),
        delete=Call(operation="DeleteTargetGroup", sends=(), adds=lambda s: {"TargetGroupArn": s.id}),
        steps=(
            Step(
                on=("healthCheck",),
                do=Call(
                    operation="ModifyTargetGroup",
                    sends=(),
                    adds=lambda s: {"TargetGroupArn": s.id, **_health(s)},
                ),
                at_create=False,
            ),
            Step(on=(*_ATTRIBUTES, "stickiness"), do=_set_attributes),
        ),
        outputs={
            "arn": lambda s: s.id,
            "arnSuffix": _suffix,
            "deregistrationDelay": lambda s: s.inputs.get("deregistrationDelay", 300),
            "healthCheck": _checked,
            "ipAddressType": lambda s: s.inputs.get("ipAddressType") or "ipv4",
            "loadBalancerArns": lambda s: sorted(s.at("LoadBalancerArns") or ()),
            "loadBalancingAlgorithmType": lambda s: (
                s.inputs.get("loadBalancingAlgorithmType") or "round_robin"
            ),
            "protocolVersion": lambda s: s.inputs.get("protocolVersion") or s.at("ProtocolVersion"),
            "targetType": lambda s: s.at("TargetType") or "instance",
        },
        echoes={"name": "TargetGroupName", "port": "Port", "protocol": "Protocol", "vpcId": "VpcId"},
        find=named("DescribeTargetGroups", "TargetGroups", "TargetGroupArn"),
        auto_name=AutoName(limit=32),
        volatile=("loadBalancerArns",),
        tags=elb_tags(),
        unsupported=("targetFailovers", "targetGroupHealth", "targetHealthStates"),
        checks=_check_group,
    )


def _target(inputs: PropertyMap) -> Params:
    target: Params = {"Id": inputs["targetId"]}
    if inputs.get("port") is not None:
        target["Port"] = int(inputs["port"])
    if inputs.get("availabilityZone"):
        target["AvailabilityZone"] = inputs["availabilityZone"]
    return target


def _registration(subject: Subject) -> Params:
    return {"TargetGroupArn": subject.inputs["targetGroupArn"], "Targets": [_target(subject.inputs)]}


def _attachment_id(subject: Subject) -> str:
    parts = (subject.inputs["targetGroupArn"], subject.inputs["targetId"], subject.inputs.get("port"))
    return ",".join(
        f"{part:g}" if isinstance(part, float) else str(part) for part in parts if part is not None
    )


def _read_attachment(subject: Subject) -> Params | None:
    group, _, rest = subject.id.partition(",")
    target, _, port = rest.partition(",")
    answer = reading("elbv2", "DescribeTargetHealth", lambda _: {"TargetGroupArn": group})(subject)
    for item in (answer or {}).get("TargetHealthDescriptions", ()):
        held = item["Target"]
        draining = item.get("TargetHealth", {}).get("State") in ("draining", "unused.draining")
        if held["Id"] == target and port in ("", str(held.get("Port"))) and not draining:
            return {**held, "TargetGroupArn": group}
    return None


def _attachment(module: str) -> ResourceType:
    return ResourceType(
        type=f"aws:{module}/targetGroupAttachment:TargetGroupAttachment",
        service="elbv2",
        tier="native",
        create=Call(operation="RegisterTargets", sends=("targetGroupArn",), adds=_registration),
        id=_attachment_id,
        read=_read_attachment,
        delete=Call(operation="DeregisterTargets", sends=(), adds=_deregistration),
        echoes={"targetGroupArn": "TargetGroupArn", "targetId": "Id"},
        known_id=_attachment_id,
        place=("targetGroupArn", "targetId", "port"),
        unsupported=("quicServerId",),
    )


def _deregistration(subject: Subject) -> Params:
    group, _, rest = subject.id.partition(",")
    target, _, port = rest.partition(",")
    return {"TargetGroupArn": group, "Targets": [{"Id": target, **({"Port": int(port)} if port else {})}]}


TYPES = tuple(row for module in MODULES for row in (_target_group(module), _attachment(module)))
