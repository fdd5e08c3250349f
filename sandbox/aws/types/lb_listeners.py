"""Elastic Load Balancing: listeners."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sandbox.aws.rows import answered, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.lb import MODULES, attribute_text, described, elb_tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SSL_POLICY = "ELBSecurityPolicy-2016-08"
_ACTIONS = {
    "authenticate-cognito": "authenticateCognito",
    "authenticate-oidc": "authenticateOidc",
    "fixed-response": "fixedResponse",
    "forward": "forward",
    "jwt-validation": "jwtValidation",
    "redirect": "redirect",
}


def action_names(path: str) -> dict[str, str]:
    cognito, oidc = f"{path}.authenticateCognito", f"{path}.authenticateOidc"
    return {
        f"{path}.authenticateCognito": "AuthenticateCognitoConfig",
        f"{path}.authenticateOidc": "AuthenticateOidcConfig",
        f"{path}.fixedResponse": "FixedResponseConfig",
        f"{path}.forward": "ForwardConfig",
        f"{path}.jwtValidation": "JwtValidationConfig",
        f"{path}.redirect": "RedirectConfig",
        f"{path}.forward.stickiness": "TargetGroupStickinessConfig",
        f"{path}.forward.stickiness.duration": "DurationSeconds",
        f"{path}.forward.targetGroups.arn": "TargetGroupArn",
        f"{cognito}.authenticationRequestExtraParams": "AuthenticationRequestExtraParams",
        f"{oidc}.authenticationRequestExtraParams": "AuthenticationRequestExtraParams",
    }


def action_failures(inputs: PropertyMap, name: str) -> Iterable[CheckFailure]:
    actions = inputs.get(name)
    for index, action in enumerate(actions if isinstance(actions, list) else ()):
        kind = action.get("type") if isinstance(action, dict) else None
        if not isinstance(kind, str):
            continue
        path = f"{name}[{index}]"
        needed = _ACTIONS.get(kind)
        if needed is None:
            continue  # The model's enum says it.
        if kind == "forward":
            if action.get("targetGroupArn") is None and action.get("forward") is None:
                yield CheckFailure(path, "needs targetGroupArn or forward for the type forward")
        elif action.get(needed) is None:
            yield CheckFailure(f"{path}.{needed}", f"is required for the type {kind} and was not given")
        for other_kind, other in _ACTIONS.items():
            if other_kind != kind and action.get(other) is not None:
                yield CheckFailure(f"{path}.{other}", f"cannot be given for the type {kind}")


_REQUEST_HEADERS = (
    "XAmznMtlsClientcert",
    "XAmznMtlsClientcertIssuer",
    "XAmznMtlsClientcertLeaf",
    "XAmznMtlsClientcertSerialNumber",
    "XAmznMtlsClientcertSubject",
    "XAmznMtlsClientcertValidity",
    "XAmznTlsCipherSuite",
    "XAmznTlsVersion",
)
_RESPONSE_HEADERS = (
    "AccessControlAllowCredentials",
    "AccessControlAllowHeaders",
    "AccessControlAllowMethods",
    "AccessControlAllowOrigin",
    "AccessControlExposeHeaders",
    "AccessControlMaxAge",
    "ContentSecurityPolicy",
    "StrictTransportSecurity",
    "XContentTypeOptions",
    "XFrameOptions",
)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


_ROUTING: Mapping[str, str] = {
    **{
        f"routingHttpRequest{name}HeaderName": f"request.{_snake(name)}.header_name"
        for name in _REQUEST_HEADERS
    },
    **{
        f"routingHttpResponse{name}HeaderValue": f"response.{_snake(name)}.header_value"
        for name in _RESPONSE_HEADERS
    },
    "routingHttpResponseServerEnabled": "response.server.enabled",
}
"""Attributes of application listeners, all of which begin with `routing.http.`."""


def _route(subject: Subject) -> None:
    attributes = [
        {"Key": f"routing.http.{key}", "Value": attribute_text(subject.inputs[name])}
        for name, key in _ROUTING.items()
        if subject.inputs.get(name) is not None
    ]
    if subject.inputs.get("tcpIdleTimeoutSeconds") is not None:
        seconds = attribute_text(subject.inputs["tcpIdleTimeoutSeconds"])
        attributes.append({"Key": "tcp.idle_timeout.seconds", "Value": seconds})
    if attributes:
        params = {"ListenerArn": subject.id, "Attributes": attributes}
        subject.cloud.call("elbv2", "ModifyListenerAttributes", params)


def _certificate(subject: Subject) -> Params:
    """The certificate and what goes with it; an application listener's protocol is HTTP unless it says."""
    arn = subject.inputs.get("certificateArn")
    secure = subject.inputs.get("protocol") in ("HTTPS", "TLS")
    application = ":loadbalancer/app/" in _balancer(subject)
    protocol = {"Protocol": "HTTP"} if application and not subject.inputs.get("protocol") else {}
    policy = {} if subject.inputs.get("sslPolicy") or not secure else {"SslPolicy": _SSL_POLICY}
    return {**protocol, **policy, **({"Certificates": [{"CertificateArn": arn}]} if arn else {})}


def _balancer(subject: Subject) -> str:
    return str(subject.inputs["loadBalancerArn"])


def _find_listener(subject: Subject, taken: frozenset[str]) -> str | None:
    """A load balancer has one listener a port."""
    listed = reading("elbv2", "DescribeListeners", lambda s: {"LoadBalancerArn": _balancer(s)})(subject)
    for listener in (listed or {}).get("Listeners", ()):
        if listener.get("Port") == subject.inputs.get("port") and listener["ListenerArn"] not in taken:
            return str(listener["ListenerArn"])
    return None


def _check_listener(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from action_failures(inputs, "defaultActions")
    balancer = inputs.get("loadBalancerArn")
    application = not isinstance(balancer, str) or ":loadbalancer/app/" in balancer
    protocol = inputs.get("protocol")
    if (
        isinstance(balancer, str)
        and application
        and isinstance(protocol, str)
        and protocol not in ("HTTP", "HTTPS")
    ):
        yield CheckFailure("protocol", f"{protocol!r} is not one of HTTP, HTTPS, the application ones")
    if protocol in ("HTTPS", "TLS") and inputs.get("certificateArn") is None:
        yield CheckFailure("certificateArn", f"is required for the protocol {protocol} and was not given")
    if protocol in ("HTTP", "TCP", "UDP") and inputs.get("certificateArn") is not None:
        yield CheckFailure("certificateArn", f"cannot be given for the protocol {protocol}")


_LISTENER_NAMES = {
    **action_names("defaultActions"),
    "mutualAuthentication.advertiseTrustStoreCaNames": "AdvertiseTrustStoreCaNames",
}
_CHANGED = ("alpnPolicy", "defaultActions", "mutualAuthentication", "port", "protocol", "sslPolicy")


def _listener(module: str) -> ResourceType:
    return ResourceType(
        type=f"aws:{module}/listener:Listener",
        service="elbv2",
        tier="native",
        create=Call(operation="CreateListener", names=_LISTENER_NAMES, adds=_certificate),
        id=answered("Listeners.0.ListenerArn"),
        read=described("DescribeListeners", "ListenerArns", "Listeners"),
        delete=Call(operation="DeleteListener", sends=(), adds=lambda s: {"ListenerArn": s.id}),
        steps=(
            Step(
                on=(*_CHANGED, "certificateArn"),
                do=Call(
                    operation="ModifyListener",
                    sends=_CHANGED,
                    names=_LISTENER_NAMES,
                    adds=lambda s: {"ListenerArn": s.id, **_certificate(s)},
                ),
                at_create=False,
            ),
            Step(on=(*_ROUTING, "tcpIdleTimeoutSeconds"), do=_route),
        ),
        outputs={
            "arn": lambda s: s.id,
            "protocol": lambda s: s.inputs.get("protocol") or s.at("Protocol") or "HTTP",
            "sslPolicy": lambda s: s.at("SslPolicy") or "",
        },
        echoes={"loadBalancerArn": "LoadBalancerArn", "port": "Port", "protocol": "Protocol"},
        find=_find_listener,
        place=("loadBalancerArn", "port"),
        volatile=("sslPolicy",),
        tags=elb_tags(),
        checks=_check_listener,
    )


TYPES = tuple(_listener(module) for module in MODULES)
