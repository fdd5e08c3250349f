"""Elastic Load Balancing: the rules of listeners, and their further certificates."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import answered, pages, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.lb import MODULES, described, elb_tags
from sandbox.aws.types.lb_listeners import action_failures, action_names
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_CONDITIONS = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "httpHeader": ("http-header", "HttpHeaderConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "queryStrings": ("query-string", "QueryStringConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
}
_CONDITION_NAMES = {f"conditions.{name}": member for name, (_, member) in _CONDITIONS.items()}
_RULE_NAMES = {
    **action_names("actions"),
    **_CONDITION_NAMES,
    "conditions.queryStrings": "",
    "conditions.sourceIp.ipAddressType": "",
    "transforms.hostHeaderRewriteConfig.rewrite": "Rewrites",
    "transforms.urlRewriteConfig.rewrite": "Rewrites",
}


def _conditions(subject: Subject) -> Params:
    found: list[Params] = []
    for condition in subject.inputs.get("conditions") or ():
        for name, (kind, member) in _CONDITIONS.items():
            value = condition.get(name)
            if not value:
                continue
            if name == "queryStrings":
                queries = value if isinstance(value, list) else [value]
                pairs = [
                    {key.capitalize(): item[key] for key in ("key", "value") if item.get(key)}
                    for item in queries
                ]
                found.append({"Field": kind, member: {"Values": pairs}})
                continue
            settings: Params = {"Values": list(value["values"])} if value.get("values") else {}
            if value.get("regexValues"):
                settings["RegexValues"] = list(value["regexValues"])
            if value.get("httpHeaderName"):
                settings["HttpHeaderName"] = value["httpHeaderName"]
            found.append({"Field": kind, member: settings})
    return {"Conditions": found}


def _rules(subject: Subject) -> list[Params]:
    params = {"ListenerArn": subject.inputs["listenerArn"]}
    return [
        rule for rule in pages(subject, "elbv2", "DescribeRules", "Rules", params) if not rule["IsDefault"]
    ]


def _new_rule(subject: Subject) -> Params:
    """A rule without a priority stands behind all others, as the real provider has it."""
    if subject.inputs.get("priority") is not None:
        return _conditions(subject)
    held = [int(rule["Priority"]) for rule in _rules(subject)]
    return {**_conditions(subject), "Priority": max(held, default=0) + 1}


def _find_rule(subject: Subject, taken: frozenset[str]) -> str | None:
    wanted = subject.inputs.get("priority")
    for rule in _rules(subject):
        same = wanted is None or str(rule["Priority"]) == f"{wanted:g}"
        if same and rule["RuleArn"] not in taken:
            return str(rule["RuleArn"])
    return None


def _check_rule(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from action_failures(inputs, "actions")
    conditions = inputs.get("conditions")
    for index, condition in enumerate(conditions if isinstance(conditions, list) else ()):
        if isinstance(condition, dict):
            held = [name for name in _CONDITIONS if condition.get(name) is not None]
            if len(held) != 1:
                allowed = ", ".join(_CONDITIONS)
                yield CheckFailure(f"conditions[{index}]", f"needs exactly one of {allowed}")
    priority = inputs.get("priority")
    if isinstance(priority, (int, float)) and not 1 <= priority <= 50000:
        yield CheckFailure("priority", f"{priority:g} is out of range: allowed is 1 to 50000")


def _set_priority(subject: Subject) -> None:
    if subject.inputs.get("priority") is not None:
        entry = {"RuleArn": subject.id, "Priority": int(subject.inputs["priority"])}
        subject.cloud.call("elbv2", "SetRulePriorities", {"RulePriorities": [entry]})


def _rule(module: str) -> ResourceType:
    return ResourceType(
        type=f"aws:{module}/listenerRule:ListenerRule",
        service="elbv2",
        tier="native",
        create=Call(operation="CreateRule", names=_RULE_NAMES, adds=_new_rule, fills=("Field",)),
        id=answered("Rules.0.RuleArn"),
        read=described("DescribeRules", "RuleArns", "Rules"),
        delete=Call(operation="DeleteRule", sends=(), adds=lambda s: {"RuleArn": s.id}),
        steps=(
            Step(
                on=("actions", "conditions", "transforms"),
                do=Call(
                    operation="ModifyRule",
                    sends=("actions", "conditions", "transforms"),
                    names=_RULE_NAMES,
                    adds=lambda s: {"RuleArn": s.id, **_conditions(s)},
                ),
                at_create=False,
            ),
            Step(on=("priority",), do=_set_priority, at_create=False),
        ),
        outputs={"arn": lambda s: s.id, "priority": lambda s: int(s.at("Priority"))},
        echoes={
            "listenerArn": lambda s: (
                s.inputs.get("listenerArn") or s.id.replace(":listener-rule/", ":listener/").rsplit("/", 1)[0]
            ),
            "priority": lambda s: int(s.at("Priority")),
        },
        find=_find_rule,
        place=("listenerArn", "priority"),
        unordered=("conditions",),
        tags=elb_tags(),
        checks=_check_rule,
    )


def _certificate_id(subject: Subject) -> str:
    return f"{subject.inputs['listenerArn']}_{subject.inputs['certificateArn']}"


def _pair(subject: Subject) -> Params:
    listener, _, certificate = subject.id.partition("_")
    return {"ListenerArn": listener, "Certificates": [{"CertificateArn": certificate}]}


def _read_certificate(subject: Subject) -> Params | None:
    listener, _, certificate = subject.id.partition("_")
    answer = reading("elbv2", "DescribeListenerCertificates", lambda _: {"ListenerArn": listener})(subject)
    held = [item["CertificateArn"] for item in (answer or {}).get("Certificates", ())]
    return {"listener": listener, "certificate": certificate} if certificate in held else None


def _listener_certificate(module: str) -> ResourceType:
    return ResourceType(
        type=f"aws:{module}/listenerCertificate:ListenerCertificate",
        service="elbv2",
        tier="native",
        create=Call(
            operation="AddListenerCertificates",
            sends=("listenerArn",),
            adds=lambda s: {"Certificates": [{"CertificateArn": s.inputs["certificateArn"]}]},
        ),
        id=_certificate_id,
        read=_read_certificate,
        delete=Call(operation="RemoveListenerCertificates", sends=(), adds=_pair),
        echoes={"listenerArn": "listener", "certificateArn": "certificate"},
        known_id=_certificate_id,
        place=("listenerArn", "certificateArn"),
    )


TYPES = tuple(row for module in MODULES for row in (_rule(module), _listener_certificate(module)))
