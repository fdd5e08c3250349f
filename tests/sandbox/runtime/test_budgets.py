"""When budgets send their notices, and what arrives."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.runtime.client import SandboxRefusedError
from sandbox.runtime.cost.budget import Spend, due, forecast, notification_key

ACCOUNT = "123456789012"


def _notification(threshold: float, kind: str = "ACTUAL", **others: Any) -> dict[str, Any]:
    return {"NotificationType": kind, "ComparisonOperator": "GREATER_THAN", "Threshold": threshold, **others}


def _topic(cloud: Any, name: str, *, allowed: bool = True, key: str = "") -> tuple[str, str]:
    """A topic that the budgets service may publish to, and a queue that gets what is published."""
    sns = cloud.client("sns")
    attributes = {"KmsMasterKeyId": key} if key else {}
    topic = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
    url = cloud.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")
    if allowed:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "budgets.amazonaws.com"},
            "Action": "SNS:Publish",
            "Resource": topic,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": f"arn:aws:budgets::{ACCOUNT}:*"},
            },
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    return topic, url


def _budget(cloud: Any, name: str, limit: str, topic: str, *notifications: dict[str, Any]) -> None:
    cloud.client("budgets").create_budget(
        AccountId=ACCOUNT,
        Budget={
            "BudgetName": name,
            "BudgetLimit": {"Amount": limit, "Unit": "USD"},
            "TimeUnit": "MONTHLY",
            "BudgetType": "COST",
            "CostFilters": {"TagKeyValue": ["user:Project$groundplan"]},
        },
        NotificationsWithSubscribers=[
            {"Notification": one, "Subscribers": [{"SubscriptionType": "SNS", "Address": topic}]}
            for one in notifications
        ],
    )


@pytest.fixture(autouse=True)
def _no_budgets(cloud: Any) -> None:
    budgets = cloud.client("budgets")
    for one in budgets.describe_budgets(AccountId=ACCOUNT)["Budgets"]:
        budgets.delete_budget(AccountId=ACCOUNT, BudgetName=one["BudgetName"])
    cloud.administration.spend(0)


def test_crossed_thresholds_send_one_notice_each_and_only_once(
    cloud: Any, received: Callable[..., list[Any]]
) -> None:
    topic, url = _topic(cloud, "crossed")
    _budget(cloud, "platform-dev", "1000", topic, *(_notification(percent) for percent in (50, 80, 100)))
    fired = cloud.administration.spend(900)
    assert [(one.kind, one.threshold, one.delivered) for one in fired] == [
        ("ACTUAL", 500.0, True),
        ("ACTUAL", 800.0, True),
    ]
    notices = [json.loads(body) for body in received(url, 2)]
    assert {notice["Subject"] for notice in notices} == {
        "AWS Budgets: platform-dev has exceeded your alert threshold"
    }
    text = next(notice["Message"] for notice in notices if "$800.00" in notice["Message"])
    assert text.startswith(f"AWS Budget Notification {datetime.now(UTC):%B %d, %Y}\nAWS Account {ACCOUNT}\n")
    assert (
        "Budgeted Amount: $1,000.00\nAlert Type: Actual\nAlert Threshold: > $800.00\nActual Amount: $900.00"
        in text
    )
    assert cloud.administration.spend(950) == ()
    assert [one.threshold for one in cloud.administration.spend(1001)] == [1000.0]


def test_a_forecast_beyond_the_limit_is_told_of(cloud: Any) -> None:
    topic, _ = _topic(cloud, "forecast")
    _budget(cloud, "forecast", "100", topic, _notification(100, "FORECASTED"))
    now = datetime.now(UTC)
    just_below = 100 / forecast(1.0, now) * 0.95
    assert cloud.administration.spend(just_below) == ()
    # The last moments of a month have a forecast like the cost itself: then both stand above the limit.
    assert [one.kind for one in cloud.administration.spend(just_below * 1.2)] == ["FORECASTED"]


def _training_role(cloud: Any, name: str) -> tuple[str, Callable[[], list[str]]]:
    """A role, and what lists the policies that are attached to it."""
    iam = cloud.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")

    def attached() -> list[str]:
        found = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        return [policy["PolicyName"] for policy in found]

    return name, attached


def _stops_training(cloud: Any, budget: str, role: str, approval: str) -> dict[str, str]:
    """An action that attaches a denial to the role; what names it in requests."""
    statement = {"Effect": "Deny", "Action": "sagemaker:Create*", "Resource": "*"}
    policy = cloud.client("iam").create_policy(
        PolicyName=f"stop-{budget}",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Policy"]["Arn"]
    made = cloud.client("budgets").create_budget_action(
        AccountId=ACCOUNT,
        BudgetName=budget,
        NotificationType="ACTUAL",
        ActionType="APPLY_IAM_POLICY",
        ActionThreshold={"ActionThresholdType": "PERCENTAGE", "ActionThresholdValue": 90},
        Definition={"IamActionDefinition": {"PolicyArn": policy, "Roles": [role]}},
        ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/budgets",
        ApprovalModel=approval,
        Subscribers=[{"SubscriptionType": "EMAIL", "Address": "owner@example.com"}],
    )
    return {"AccountId": ACCOUNT, "BudgetName": budget, "ActionId": made["ActionId"]}


def test_a_breached_budget_carries_its_action_out_and_takes_it_back(cloud: Any) -> None:
    role, attached = _training_role(cloud, "trains")
    topic, _ = _topic(cloud, "acts")
    _budget(cloud, "acts", "100", topic, _notification(100))
    key = _stops_training(cloud, "acts", role, "AUTOMATIC")
    budgets = cloud.client("budgets")
    cloud.administration.spend(89)
    assert attached() == []
    cloud.administration.spend(95)
    assert attached() == ["stop-acts"]
    assert budgets.describe_budget_action(**key)["Action"]["Status"] == "EXECUTION_SUCCESS"
    budgets.execute_budget_action(**key, ExecutionType="REVERSE_BUDGET_ACTION")
    assert attached() == []
    cloud.administration.spend(96)
    assert attached() == [], "an action is carried out once in a period"


def test_an_action_that_needs_an_approval_waits_for_it(cloud: Any) -> None:
    role, attached = _training_role(cloud, "waits")
    topic, _ = _topic(cloud, "asks")
    _budget(cloud, "asks", "100", topic, _notification(100))
    key = _stops_training(cloud, "asks", role, "MANUAL")
    cloud.administration.spend(95)
    budgets = cloud.client("budgets")
    assert budgets.describe_budget_action(**key)["Action"]["Status"] == "PENDING"
    assert attached() == []
    budgets.execute_budget_action(**key, ExecutionType="APPROVE_BUDGET_ACTION")
    assert attached() == ["stop-asks"]


def test_a_changed_budget_is_compared_anew(cloud: Any) -> None:
    topic, _ = _topic(cloud, "changed")
    _budget(cloud, "changed", "100", topic, _notification(100))
    assert len(cloud.administration.spend(150)) == 1
    budgets = cloud.client("budgets")
    budget = budgets.describe_budget(AccountId=ACCOUNT, BudgetName="changed")["Budget"]
    budget.pop("CalculatedSpend")
    budget["BudgetLimit"] = {"Amount": "200", "Unit": "USD"}
    budgets.update_budget(AccountId=ACCOUNT, NewBudget=budget)
    assert cloud.administration.spend(160) == ()
    assert [one.threshold for one in cloud.administration.spend(201)] == [200.0]


def test_a_topic_that_does_not_admit_the_service_gets_nothing_and_it_shows(cloud: Any) -> None:
    topic, _ = _topic(cloud, "not-admitted", allowed=False)
    _budget(cloud, "not-admitted", "100", topic, _notification(100))
    (fired,) = cloud.administration.spend(150)
    assert not fired.delivered
    assert "does not allow budgets.amazonaws.com sns:Publish" in fired.reason
    reasons = [one["reason"] for one in cloud.administration._ask("GET", "undelivered")["undelivered"]]
    assert fired.reason in reasons


@pytest.mark.parametrize("admitted", [True, False])
def test_an_encrypted_topic_needs_a_key_that_admits_the_service(cloud: Any, admitted: bool) -> None:
    own = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    service = {
        "Effect": "Allow",
        "Principal": {"Service": "budgets.amazonaws.com"},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [own, service] if admitted else [own]})
    key = cloud.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
    topic, _ = _topic(cloud, f"encrypted-{admitted}", key=key)
    _budget(cloud, "encrypted", "100", topic, _notification(100))
    (fired,) = cloud.administration.spend(150)
    assert fired.delivered is admitted
    assert ("kms:GenerateDataKey" in fired.reason) is not admitted


def test_a_budget_is_read_back_whole(cloud: Any) -> None:
    topic, _ = _topic(cloud, "read-back")
    _budget(cloud, "read-back", "100", topic, _notification(80), _notification(100, "FORECASTED"))
    budgets = cloud.client("budgets")
    cloud.administration.spend(90)
    budget = budgets.describe_budget(AccountId=ACCOUNT, BudgetName="read-back")["Budget"]
    assert budget["CostFilters"] == {"TagKeyValue": ["user:Project$groundplan"]}
    assert budget["CalculatedSpend"]["ActualSpend"] == {"Amount": "90.00", "Unit": "USD"}
    asked = {"AccountId": ACCOUNT, "BudgetName": "read-back"}
    notifications = budgets.describe_notifications_for_budget(**asked)["Notifications"]
    assert next((n["Threshold"], n["NotificationState"]) for n in notifications) == (80.0, "ALARM")
    subscribers = budgets.describe_subscribers_for_notification(**asked, Notification=_notification(80))
    assert subscribers["Subscribers"] == [{"SubscriptionType": "SNS", "Address": topic}]
    budgets.create_subscriber(
        **asked,
        Notification=_notification(80),
        Subscriber={"SubscriptionType": "EMAIL", "Address": "team@example.org"},
    )
    subscribers = budgets.describe_subscribers_for_notification(**asked, Notification=_notification(80))
    assert len(subscribers["Subscribers"]) == 2
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/read-back"
    budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "Owner", "Value": "team"}])
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [
        {"Key": "Owner", "Value": "team"}
    ]


def test_what_aws_refuses_is_refused(cloud: Any) -> None:
    topic, _ = _topic(cloud, "refused")
    _budget(cloud, "refused", "100", topic, _notification(80))
    with pytest.raises(ClientError, match="DuplicateRecordException"):
        _budget(cloud, "refused", "100", topic)
    budgets = cloud.client("budgets")
    with pytest.raises(ClientError, match="NotFoundException"):
        budgets.describe_budget(AccountId=ACCOUNT, BudgetName="nobody")
    with pytest.raises(ClientError, match="DuplicateRecordException"):
        budgets.create_notification(
            AccountId=ACCOUNT,
            BudgetName="refused",
            Notification=_notification(80.0),
            Subscribers=[{"SubscriptionType": "SNS", "Address": topic}],
        )
    with pytest.raises(SandboxRefusedError, match="0 or more"):
        cloud.administration.spend(-1)


def test_a_notice_is_due_again_in_the_next_month() -> None:
    budget = {"BudgetName": "b", "BudgetLimit": {"Amount": "100"}, "TimeUnit": "MONTHLY"}
    one = _notification(100)
    kept = {notification_key(one): {"notification": one, "subscribers": [], "sent": "2026-11"}}
    spend = Spend(150, 200)
    assert list(due(budget, kept, spend, datetime(2026, 11, 30, tzinfo=UTC))) == []
    assert len(list(due(budget, kept, spend, datetime(2026, 12, 1, tzinfo=UTC)))) == 1


@pytest.mark.parametrize(
    ("day", "hour", "factor"), [(1, 0, 30.0), (1, 12, 30.0), (2, 0, 30.0), (4, 0, 10.0), (16, 0, 2.0)]
)
def test_the_forecast_goes_on_as_the_month_began(day: int, hour: int, factor: float) -> None:
    assert forecast(10.0, datetime(2026, 11, day, hour, tzinfo=UTC)) == pytest.approx(10.0 * factor)
