"""Does a team understand at a glance what the function posts?"""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

HANDLER = Path(__file__).parents[2] / "infra" / "functions" / "chat" / "handler.py"

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


@pytest.fixture(scope="module")
def chat() -> ModuleType:
    spec = importlib.util.spec_from_file_location("chat_handler", HANDLER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_budget_alert_says_what_was_spent_of_what(chat: ModuleType) -> None:
    message = chat.message_of("AWS Budgets", BUDGET.format(kind="Actual", amount="700.00"), "groundplan-dev")
    assert message["text"] == "🟠 groundplan-dev has cost $700.00 this month, 87 % of the budget"
    assert "$800.00 a month" in message["blocks"][1]["text"]["text"]


def test_an_exceeded_budget_is_red_and_a_forecast_is_not(chat: ModuleType) -> None:
    exceeded = chat.message_of("", BUDGET.format(kind="Actual", amount="1,900.00"), "groundplan-dev")
    forecast = chat.message_of("", BUDGET.format(kind="Forecasted", amount="1,900.00"), "groundplan-dev")
    assert exceeded["text"].startswith("🔴")
    assert (
        forecast["text"] == "🟠 groundplan-dev is forecast to cost $1,900.00 this month, 237 % of the budget"
    )


def test_an_alarm_names_its_change_and_its_reason(chat: ModuleType) -> None:
    body = (
        '{"AlarmName": "flights-faults", "AlarmDescription": "5XX.", "NewStateValue": "ALARM",'
        ' "OldStateValue": "OK", "NewStateReason": "2 datapoints > 0.01", "Region": "US East"}'
    )
    message = chat.message_of("ALARM", body, "groundplan-dev")
    assert message["text"] == "🔴 flights-faults is ALARM"
    assert message["blocks"][1]["text"]["text"] == "5XX.\n2 datapoints &gt; 0.01"


def test_any_text_is_posted_escaped_and_cut_to_what_slack_takes(chat: ModuleType) -> None:
    message = chat.message_of("Hello", "<!channel> " + "x" * 5000, "groundplan-dev")
    text = message["blocks"][1]["text"]["text"]
    assert text.startswith("&lt;!channel&gt;")
    assert len(text) <= 3000
    assert chat.message_of("", "", "groundplan-dev")["text"] == "ℹ️ Notification"
