"""WAFv2, the rules: rule groups and web ACLs, what an ACL protects and where it logs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from sandbox.aws.documents import json_failures
from sandbox.aws.rows import echoed, given, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.wafv2 import named
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue

_ACL: Final = "aws:wafv2/webAcl:WebAcl"
_GROUP: Final = "aws:wafv2/ruleGroup:RuleGroup"
_BODY_SIZES: Final = {
    "apiGateway": "API_GATEWAY",
    "appRunnerService": "APP_RUNNER_SERVICE",
    "cloudfront": "CLOUDFRONT",
    "cognitoUserPool": "COGNITO_USER_POOL",
    "verifiedAccessInstance": "VERIFIED_ACCESS_INSTANCE",
}


def _bodies(subject: Subject) -> Params:
    """What the program lists with a key stands in a map on AWS."""
    found = {
        body["key"]: {"Content": body["content"], "ContentType": body["contentType"]}
        for body in subject.inputs.get("customResponseBodies") or ()
    }
    return {"CustomResponseBodies": found} if found else {}


def _raw_rules(subject: Subject, name: str) -> Params:
    text = subject.inputs.get(name)
    rules = json.loads(text) if text else None
    return {} if rules is None else {"Rules": rules if isinstance(rules, list) else [rules]}


def _acl_extras(subject: Subject) -> Params:
    extras = {**_bodies(subject), **_raw_rules(subject, "ruleJson")}
    for config in [subject.inputs.get("associationConfig") or {}]:
        sizes = {
            _BODY_SIZES[kind]: {"DefaultSizeInspectionLimit": size["defaultSizeInspectionLimit"]}
            for body in config.get("requestBodies") or ()
            for kind, size in body.items()
            if size
        }
        if sizes:
            extras["AssociationConfig"] = {"RequestBody": sizes}
    return extras


def _group_extras(subject: Subject) -> Params:
    return {**_bodies(subject), **_raw_rules(subject, "rulesJson")}


def _statements(statement: PropertyValue, path: str) -> Iterable[tuple[str, PropertyMap]]:
    """A statement and all within it, with their paths."""
    if not isinstance(statement, dict):
        return
    yield path, statement
    for name in ("andStatement", "orStatement", "notStatement"):
        inner = statement.get(name)
        if not isinstance(inner, dict):
            continue
        yield from _statements(inner.get("statement"), f"{path}.{name}.statement")
        many = inner.get("statements")
        for index, one in enumerate(many if isinstance(many, list) else ()):
            yield from _statements(one, f"{path}.{name}.statements[{index}]")
    for name in ("rateBasedStatement", "managedRuleGroupStatement"):
        inner = statement.get(name)
        if isinstance(inner, dict):
            yield from _statements(inner.get("scopeDownStatement"), f"{path}.{name}.scopeDownStatement")


def _check_statement(path: str, statement: PropertyMap) -> Iterable[CheckFailure]:
    held = [name for name, value in statement.items() if value is not None]
    if len(held) != 1:
        yield CheckFailure(path, f"holds exactly one statement, not {len(held)}")
    for name, least in (("andStatement", 2), ("orStatement", 2)):
        inner = statement.get(name)
        many = inner.get("statements") if isinstance(inner, dict) else None
        if isinstance(many, list) and len(many) < least:
            yield CheckFailure(f"{path}.{name}.statements", f"needs at least {least} statements")


def _check_rules(inputs: PropertyMap) -> Iterable[CheckFailure]:
    rules = inputs.get("rules")
    names: set[object] = set()
    priorities: set[object] = set()
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        if not isinstance(rule, dict):
            continue
        path = f"rules[{index}]"
        for seen, name in ((names, "name"), (priorities, "priority")):
            value = rule.get(name)
            if isinstance(value, (str, int, float)) and value in seen:
                yield CheckFailure(f"{path}.{name}", f"{value!r} is another rule's too")
            elif isinstance(value, (str, int, float)):
                seen.add(value)
        yield from _check_action(path, rule)
        for place, statement in _statements(rule.get("statement"), f"{path}.statement"):
            yield from _check_statement(place, statement)


def _check_action(path: str, rule: PropertyMap) -> Iterable[CheckFailure]:
    """A rule that refers to a group overrides the group's actions; any other has an action of its own."""
    statement = rule.get("statement")
    if not isinstance(statement, dict):
        return
    refers = any(
        statement.get(name) is not None
        for name in ("managedRuleGroupStatement", "ruleGroupReferenceStatement")
    )
    needed, other = ("overrideAction", "action") if refers else ("action", "overrideAction")
    if rule.get(needed) is None:
        yield CheckFailure(f"{path}.{needed}", "is required for this statement and was not given")
    if rule.get(other) is not None:
        yield CheckFailure(f"{path}.{other}", f"cannot stand beside this statement; {needed} can")
    for name in ("action", "overrideAction"):
        chosen = rule.get(name)
        if isinstance(chosen, dict) and len([one for one in chosen.values() if one is not None]) != 1:
            yield CheckFailure(f"{path}.{name}", "holds exactly one action")


def _check_acl(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from json_failures(inputs, "ruleJson")
    if inputs.get("rules") and inputs.get("ruleJson"):
        yield CheckFailure("ruleJson", "cannot stand beside rules")
    action = inputs.get("defaultAction")
    if isinstance(action, dict) and len([one for one in action.values() if one is not None]) != 1:
        yield CheckFailure("defaultAction", "holds exactly one of allow and block")
    yield from _check_rules(inputs)


def _check_group(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from json_failures(inputs, "rulesJson")
    if inputs.get("rules") and inputs.get("rulesJson"):
        yield CheckFailure("rulesJson", "cannot stand beside rules")
    yield from _check_rules(inputs)


RULE_GROUP = named(
    "RuleGroup",
    _GROUP,
    ("customResponseBodies", "description", "rules", "rulesJson", "visibilityConfig"),
    tier="overlay",
    names={"customResponseBodies": "", "rulesJson": ""},
    adds=_group_extras,
    echoes={
        "name": "Name",
        "scope": "Scope",
        "capacity": "Capacity",
        "visibilityConfig": echoed(_GROUP, "visibilityConfig", "VisibilityConfig"),
    },
    unordered=("rules", "customResponseBodies"),
    documents=("rulesJson",),
    unsupported=("monetizationConfig",),
    checks=_check_group,
)

WEB_ACL = named(
    "WebACL",
    _ACL,
    (
        "associationConfig",
        "captchaConfig",
        "challengeConfig",
        "customResponseBodies",
        "dataProtectionConfig",
        "defaultAction",
        "description",
        "ruleJson",
        "rules",
        "tokenDomains",
        "visibilityConfig",
    ),
    tier="overlay",
    names={"customResponseBodies": "", "ruleJson": "", "associationConfig": ""},
    adds=_acl_extras,
    outputs={
        "applicationIntegrationUrl": "ApplicationIntegrationURL",
        "capacity": lambda s: int(s.at("Capacity") or 0),
    },
    echoes={
        "name": "Name",
        "scope": "Scope",
        "defaultAction": echoed(_ACL, "defaultAction", "DefaultAction"),
        "visibilityConfig": echoed(_ACL, "visibilityConfig", "VisibilityConfig"),
    },
    unordered=("rules", "customResponseBodies", "tokenDomains"),
    documents=("ruleJson",),
    unsupported=("monetizationConfig",),
    checks=_check_acl,
)


def _protection_id(subject: Subject) -> str:
    return f"{subject.inputs['webAclArn']},{subject.inputs['resourceArn']}"


def _protects(subject: Subject) -> Params | None:
    acl, _, resource = subject.id.partition(",")
    found = reading("wafv2", "GetWebACLForResource", lambda _: {"ResourceArn": resource}, "WebACL")(subject)
    return None if found is None or found["ARN"] != acl else {"WebACLArn": acl, "ResourceArn": resource}


def _check_protected(inputs: PropertyMap) -> Iterable[CheckFailure]:
    arn = inputs.get("resourceArn")
    if isinstance(arn, str) and ":cloudfront:" in arn:
        yield CheckFailure("resourceArn", "a distribution names its web ACL itself (webAclId)")


ASSOCIATION = ResourceType(
    type="aws:wafv2/webAclAssociation:WebAclAssociation",
    service="wafv2",
    tier="native",
    create=Call(operation="AssociateWebACL"),
    id=_protection_id,
    read=_protects,
    delete=Call(operation="DisassociateWebACL", sends=("resourceArn",)),
    echoes={"webAclArn": "WebACLArn", "resourceArn": "ResourceArn"},
    known_id=_protection_id,
    place=("resourceArn",),
    checks=_check_protected,
)

_LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
_PUT_LOGGING = Call(
    operation="PutLoggingConfiguration",
    names={
        name: f"LoggingConfiguration.{name[0].upper()}{name[1:]}"
        for name in ("logDestinationConfigs", "loggingFilter", "redactedFields", "resourceArn")
    },
)


def _check_logging(inputs: PropertyMap) -> Iterable[CheckFailure]:
    """AWS WAF Developer Guide, "Logging AWS WAF web ACL traffic": names begin with aws-waf-logs-."""
    places = inputs.get("logDestinationConfigs")
    for index, arn in enumerate(places if isinstance(places, list) else ()):
        if isinstance(arn, str) and "aws-waf-logs-" not in arn:
            path = f"logDestinationConfigs[{index}]"
            yield CheckFailure(path, f"{arn!r}: the destination's name must begin with aws-waf-logs-")


LOGGING = ResourceType(
    type=_LOGGING,
    service="wafv2",
    tier="native",
    create=_PUT_LOGGING,
    id=given("resourceArn"),
    read=reading("wafv2", "GetLoggingConfiguration", lambda s: {"ResourceArn": s.id}, "LoggingConfiguration"),
    delete=Call(operation="DeleteLoggingConfiguration", sends=(), adds=lambda s: {"ResourceArn": s.id}),
    steps=(Step(on=("loggingFilter", "redactedFields"), do=_PUT_LOGGING, at_create=False),),
    echoes={
        "resourceArn": "ResourceArn",
        "logDestinationConfigs": "LogDestinationConfigs",
        "loggingFilter": echoed(_LOGGING, "loggingFilter", "LoggingFilter"),
        "redactedFields": echoed(_LOGGING, "redactedFields", "RedactedFields"),
    },
    known_id=given("resourceArn"),
    place=("resourceArn",),
    unordered=("logDestinationConfigs",),
    checks=_check_logging,
)

TYPES = (RULE_GROUP, WEB_ACL, ASSOCIATION, LOGGING)
