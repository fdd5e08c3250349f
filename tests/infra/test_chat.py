"""Does a team understand at a glance what the functions post, in Slack and in Teams?"""

import json
from typing import Any

import pytest

from infra.functions.chat import slack, teams
from infra.functions.chat.handler import message_of
from infra.functions.chat.notice import Notice
from infra.functions.chat.reading import read
from infra.functions.chat.redaction import redacted
from sandbox.runtime.chat.cards import cards_in, shown_card

BUDGET = """AWS Budget Notification July 04, 2026
AWS Account 123456789012

Dear AWS Customer,

Budget Name: groundplan-dev-monthly
Budget Type: Cost
Budgeted Amount: $800.00
Alert Type: {kind}
Alert Threshold: > $640.00
{kind} Amount: ${amount}
"""
RUNBOOK = "https://example.com/runbooks/endpoint-faults.md"
ALARM = {
    "AlarmName": "flights-faults",
    "AlarmDescription": f"The endpoint answers with 5XX. Runbook: {RUNBOOK}",
    "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:flights-faults",
    "NewStateValue": "ALARM",
    "OldStateValue": "OK",
    "NewStateReason": "2 datapoints > 0.01",
    "Region": "US East (N. Virginia)",
}
ANOMALY = {
    "accountId": "123456789012",
    "anomalyStartDate": "2026-07-01T00:00:00Z",
    "anomalyId": "12345678-abcd-ef12-3456-987654321a12",
    "anomalyDetailsLink": "https://console.aws.amazon.com/cost-management/home#/anomaly-detection/monitors/a",
    "impact": {
        "maxImpact": 151,
        "totalActualSpend": 1301,
        "totalExpectedSpend": 300,
        "totalImpact": 1001,
        "totalImpactPercentage": 333.67,
    },
    "monitorName": "services",
    "rootCauses": [
        {"service": "Amazon SageMaker", "region": "us-east-1", "usageType": "USE1-Host:ml.g5.xlarge"}
    ],
}


def _event(source: str, kind: str, detail: dict[str, Any], severity: str = "warning") -> str:
    event = {"source": source, "detail-type": kind, "region": "us-east-1", "detail": detail}
    told = {"says": "It went wrong.", "runbook": RUNBOOK, "severity": severity}
    return json.dumps({"alert": told, "event": event})


def _notice(subject: str, text: Any, severity: str = "") -> Notice:
    text = text if isinstance(text, str) else json.dumps(text)
    return read(subject, text, stack="groundplan-dev", severity=severity)


def test_a_budget_alert_says_what_was_spent_of_what() -> None:
    told = _notice("AWS Budgets", BUDGET.format(kind="Actual", amount="700.00"))
    assert told.title == "🟠 groundplan-dev has cost $700.00 this month, 87 % of the budget"
    assert "$800.00 a month" in told.texts[0]


def test_an_exceeded_budget_is_red_and_a_forecast_is_not() -> None:
    exceeded = _notice("", BUDGET.format(kind="Actual", amount="1,900.00"))
    forecast = _notice("", BUDGET.format(kind="Forecasted", amount="1,900.00"))
    assert exceeded.title.startswith("🔴")
    assert forecast.title == "🟠 groundplan-dev is forecast to cost $1,900.00 this month, 237 % of the budget"


def test_an_alarm_names_its_change_its_reason_and_links_its_runbook() -> None:
    told = _notice("ALARM", ALARM)
    assert told.title == "🔴 flights-faults is in alarm"
    assert told.texts == ("The endpoint answers with 5XX.", "2 datapoints > 0.01")
    assert told.links[0] == ("Runbook", RUNBOOK)
    assert told.links[1][1].startswith("https://us-east-1.console.aws.amazon.com/cloudwatch/")


def test_an_alarm_looks_as_grave_as_its_topic_and_green_when_it_is_over() -> None:
    assert _notice("", ALARM, "warning").mood == "caution"
    assert _notice("", {**ALARM, "NewStateValue": "OK", "OldStateValue": "ALARM"}, "critical").mood == "good"


def test_an_anomaly_says_how_much_of_what_since_when() -> None:
    told = _notice("AWS Cost Management: Cost Anomaly(s) Summary", ANOMALY)
    assert told.title == "🟠 Unusual cost: $1,001.00 above what was expected (334 % more)"
    assert told.texts == ("Amazon SageMaker · USE1-Host:ml.g5.xlarge · us-east-1",)
    assert dict(told.facts)["Since"] == "2026-07-01"
    assert told.links[0][1] == ANOMALY["anomalyDetailsLink"]


@pytest.mark.parametrize(
    ("text", "page"),
    [
        (BUDGET.format(kind="Actual", amount="700.00"), "budget-breached"),
        (json.dumps(ANOMALY), "cost-anomaly"),
    ],
)
def test_what_aws_words_by_itself_links_its_runbook_too(text: str, page: str) -> None:
    told = read("", text, stack="groundplan-dev", runbooks="https://example.com/runbooks")
    assert told.links[0] == ("Runbook", f"https://example.com/runbooks/{page}.md")


@pytest.mark.parametrize(
    ("source", "kind", "detail", "reason", "fact"),
    [
        (
            "aws.sagemaker",
            "SageMaker Training Job State Change",
            {"TrainingJobName": "flights-7", "TrainingJobStatus": "Failed", "FailureReason": "out of memory"},
            "out of memory",
            ("Training job", "flights-7"),
        ),
        (
            "aws.sagemaker",
            "SageMaker Model Building Pipeline Execution Status Change",
            {
                "pipelineArn": "arn:aws:sagemaker:us-east-1:123456789012:pipeline/flights",
                "currentPipelineExecutionStatus": "Failed",
            },
            None,
            ("Pipeline", "pipeline/flights"),
        ),
        (
            "aws.states",
            "Step Functions Execution Status Change",
            {"name": "nightly", "status": "FAILED", "cause": "no data", "error": "DataMissing"},
            "no data",
            ("Execution", "nightly"),
        ),
        (
            "aws.backup",
            "Backup Job State Change",
            {"state": "FAILED", "backupVaultName": "v", "statusMessage": "access denied"},
            "access denied",
            ("Vault", "v"),
        ),
        (
            "aws.guardduty",
            "GuardDuty Finding",
            {"type": "Policy:S3/AccountBlockPublicAccessDisabled", "severity": 8, "description": "Open."},
            "Open.",
            ("Severity", "8"),
        ),
        (
            "aws.securityhub",
            "Security Hub Findings - Imported",
            {"findings": [{"Title": "S3.1", "Severity": {"Label": "HIGH"}, "Description": "Public."}]},
            "Public.",
            ("Finding", "S3.1"),
        ),
        (
            "aws.codebuild",
            "CodeBuild Build State Change",
            {"project-name": "images", "build-status": "FAILED"},
            None,
            ("Project", "images"),
        ),
        (
            "aws.glue-dataquality",
            "Data Quality Evaluation Results Available",
            {"state": "FAILED", "rulesetNames": ["flights"], "score": 0.5},
            None,
            ("Ruleset", "flights"),
        ),
        ("aws.new", "Something New", {"colour": "blue"}, None, ("colour", "blue")),
    ],
)
def test_an_event_says_which_resource_and_why(
    source: str, kind: str, detail: dict[str, Any], reason: str | None, fact: tuple[str, str]
) -> None:
    told = _notice("", _event(source, kind, detail))
    assert told.title == "🟠 It went wrong"
    assert told.texts == ((reason,) if reason else ())
    assert fact in told.facts
    assert told.links[0] == ("Runbook", RUNBOOK)


def test_slack_gets_texts_escaped_and_cut_to_what_it_takes() -> None:
    notice = _notice("Hello <!here>", "<!channel> " + "<" * 5000)
    message = slack.payload(notice, "Groundplan")
    text = message["blocks"][1]["text"]["text"]
    assert text.startswith("&lt;!channel&gt;")
    assert len(text) <= 3000
    assert text.rstrip("…").endswith("&lt;")
    assert "<!here>" not in message["text"]
    assert len(slack.payload(_notice("x" * 500, "y"), "")["blocks"][0]["text"]["text"]) == 150


def test_teams_gets_a_card_below_its_limit_that_no_text_can_mark_up() -> None:
    notice = Notice(
        mood="bad",
        heading="🔥" * 500,
        texts=("[a](https://evil.example) **b** <at>c</at>\n" * 5000,),
        facts=(("Fact", "ü" * 9000),) * 12,
        links=(("Runbook", RUNBOOK),),
    )
    message = teams.payload(notice, "Groundplan")
    assert len(json.dumps(message).encode()) < 28 * 1024
    (card,) = cards_in(message)
    assert {one["type"] for one in card["body"]} == {"RichTextBlock"}
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Runbook", "url": RUNBOOK}]


def test_slack_and_teams_tell_the_same() -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:groundplan-dev-critical"
    made = [
        message_of("", json.dumps(ALARM), topic=topic, stack="groundplan-dev", channel=channel)
        for channel in ("slack", "teams")
    ]
    (card,) = cards_in(made[1])
    assert {RUNBOOK in json.dumps(one) for one in made} == {True}
    assert next(shown_card(card)) == made[0]["text"] == "🔴 flights-faults is in alarm"
    assert made[0]["blocks"][-1]["elements"][0]["text"] == "Groundplan · stack groundplan-dev · critical"


@pytest.mark.parametrize(
    "secret",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "https://hooks.slack.com/services/T0/B0/abc",
        "https://prod-1.westeurope.logic.azure.com/workflows/12/triggers/manual?sp=%2F&sig=abcdef",
        "password=hunter22",
        '"db_password": "hunter22"',
        "X-Amz-Signature=0123456789abcdef",
        "ghp_0123456789012345678901234567",
        "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_a_credential_never_stands_in_a_message(secret: str) -> None:
    told = _notice("Failed", f"The job said: {secret} and ended")
    assert "[secret]" in told.texts[0]
    for part in ("hunter22", "abcdef", "FODNN7", "/T0/B0/", "0123456789", "\nabc\n"):
        assert part not in json.dumps([slack.payload(told, ""), teams.payload(told, "")])


def test_ordinary_words_stay_as_they_are() -> None:
    text = "The secret groundplan-dev-chat-webhook has no value yet; token count: 12, key: kms"
    assert redacted(text) == text
    assert _notice("", "").title == "🔵 Notification"
