"""CloudWatch Logs: subscriptions and resource policies."""

from __future__ import annotations

from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import given, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject

_SUBSCRIPTION_NAMES = {"name": "filterName", "logGroup": "logGroupName"}
_PUT_SUBSCRIPTION = Call(operation="PutSubscriptionFilter", names=_SUBSCRIPTION_NAMES)


def _group(subject: Subject) -> str:
    """A group may be given by its name or its ARN; the API takes names."""
    given_group = str(subject.inputs["logGroup"])
    return given_group.split(":log-group:")[-1].removesuffix(":*")


def _subscription_id(subject: Subject) -> str:
    return f"{_group(subject)}|{subject.inputs['name']}"


def _subscription_key(subject: Subject) -> Params:
    group, _, name = subject.id.partition("|")
    return {"logGroupName": group, "filterName": name}


def _read_subscription(subject: Subject) -> Params | None:
    key = _subscription_key(subject)
    answer = reading("logs", "DescribeSubscriptionFilters", lambda _: {"logGroupName": key["logGroupName"]})(
        subject
    )
    found = (answer or {}).get("subscriptionFilters", ())
    return next((item for item in found if item["filterName"] == key["filterName"]), None)


SUBSCRIPTION = ResourceType(
    type="aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
    service="logs",
    tier="native",
    create=_PUT_SUBSCRIPTION,
    id=_subscription_id,
    read=_read_subscription,
    delete=Call(operation="DeleteSubscriptionFilter", sends=(), adds=_subscription_key),
    steps=(
        Step(
            on=(
                "applyOnTransformedLogs",
                "destinationArn",
                "distribution",
                "emitSystemFields",
                "filterPattern",
                "roleArn",
            ),
            do=_PUT_SUBSCRIPTION,
            at_create=False,
        ),
    ),
    echoes={
        "name": "filterName",
        "logGroup": "logGroupName",
        "destinationArn": "destinationArn",
        "filterPattern": "filterPattern",
        "roleArn": "roleArn",
    },
    known_id=_subscription_id,
    auto_name=AutoName(limit=512, prefix_property=None),
    place=("logGroup", "name"),
    defaults={"distribution": "ByLogStream"},
)

_PUT_POLICY = Call(operation="PutResourcePolicy")


def _read_policy(subject: Subject) -> Params | None:
    answer = reading("logs", "DescribeResourcePolicies", lambda _: {})(subject)
    found = (answer or {}).get("resourcePolicies", ())
    return next((item for item in found if item["policyName"] == subject.id), None)


RESOURCE_POLICY = ResourceType(
    type="aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
    service="logs",
    tier="native",
    create=_PUT_POLICY,
    id=given("policyName"),
    read=_read_policy,
    delete=Call(operation="DeleteResourcePolicy", sends=(), adds=lambda s: {"policyName": s.id}),
    steps=(Step(on=("policyDocument",), do=_PUT_POLICY, at_create=False),),
    unsupported=("resourceArn",),
    outputs={"policyScope": lambda _: "ACCOUNT"},
    echoes={"policyName": "policyName", "policyDocument": "policyDocument"},
    known_id=given("policyName"),
    place=("policyName",),
    documents=("policyDocument",),
    checks=lambda inputs: policy_failures(inputs, "policyDocument", principals=True),
)

TYPES = (SUBSCRIPTION, RESOURCE_POLICY)
