"""Small decisions of the command: fingerprints, differences, releases, odds, chat messages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.arguments import parser
from ops.channel import content
from ops.errors import NotReleasedError, OutputWrongError, StackNotUpError
from ops.fingerprint import fingerprint, request_token
from ops.outputs import Intended, StackOutputs
from ops.prediction import odds, percent
from ops.properties import changes
from ops.releases import Release, ReleaseInvalidError, Releases
from ops.sources import Source
from ops.verification import Live, differences

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/flights/3"
FLIGHTS = Source("flights", Path("flights.csv"), "aa")
WEATHER = Source("weather", Path("weather.csv"), "bb")
INTENDED = Intended("config-3", ARN, "AllTraffic", "ml.m5.large", 2)
LIVE = Live(
    status="InService",
    endpoint_config="config-3",
    model_package_arn=ARN,
    variant="AllTraffic",
    instance_type="ml.m5.large",
    instance_count=2,
    serving=2,
    least=2,
    most=4,
    zones=["us-east-1a", "us-east-1b"],
)
OUTPUTS = {
    "zones": {"raw": "r", "curated": "c", "models": "m", "captures": "k", "logs": "l"},
    "pipeline": "p",
    "modelPackageGroup": "g",
    "endpoint": None,
    "intended": None,
    "topics": {"critical": "c", "warning": "w", "info": "i"},
    "webhookSecret": "w",
    "teamsWebhookSecret": None,
    "budget": "b",
    "useCase": "ml.flights",
}


def test_the_order_of_sources_and_the_spacing_of_the_definition_do_not_matter() -> None:
    one = fingerprint([FLIGHTS, WEATHER], '{"a": 1, "b": 2}', {"x": "1", "y": "2"})
    assert one == fingerprint([WEATHER, FLIGHTS], '{"b":2,"a":1}', {"y": "2", "x": "1"})


@pytest.mark.parametrize(
    ("sources", "definition", "parameters"),
    [
        ([FLIGHTS], '{"a": 1}', {}),
        ([replace(FLIGHTS, sha256="ab"), WEATHER], '{"a": 1}', {}),
        ([FLIGHTS, WEATHER], '{"a": 2}', {}),
        ([FLIGHTS, WEATHER], '{"a": 1}', {"x": "1"}),
    ],
)
def test_changed_data_code_or_parameters_are_trained_again(
    sources: list[Source], definition: str, parameters: dict[str, str]
) -> None:
    assert fingerprint(sources, definition, parameters) != fingerprint([FLIGHTS, WEATHER], '{"a": 1}', {})


def test_each_attempt_has_a_token_of_its_own_and_the_same_one_again() -> None:
    assert request_token("abc", 0) == request_token("abc", 0) != request_token("abc", 1)
    assert 32 <= len(request_token("abc", 0)) <= 128


def test_an_endpoint_as_intended_has_no_difference() -> None:
    assert differences(INTENDED, LIVE) == []


def test_every_difference_is_named_with_both_values() -> None:
    live = replace(LIVE, status="Updating", endpoint_config="config-2", serving=1, zones=["us-east-1a"])
    assert differences(INTENDED, live) == [
        "status: live 'Updating', intended 'InService'",
        "endpointConfig: live 'config-2', intended 'config-3'",
        "instances in service: live 1, intended 2 to 4",
        "zones: live us-east-1a, intended at least two for 2 instances",
    ]


def test_autoscaling_within_its_bounds_is_no_difference() -> None:
    assert differences(INTENDED, replace(LIVE, serving=4)) == []


def test_a_release_is_read_back_and_taken_away(tmp_path: Path) -> None:
    releases = Releases(tmp_path / "releases")
    assert releases.of("dev") is None
    releases.put("dev", Release(ARN))
    assert releases.of("dev") == Release(ARN)
    releases.put("dev", None)
    releases.put("dev", None)
    assert releases.of("dev") is None


@pytest.mark.parametrize("text", ["release: 3\n", "nothing: here\n", "a: [\n", ""])
def test_a_release_file_of_another_form_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "dev.yaml").write_text(text)
    with pytest.raises(ReleaseInvalidError, match=r"dev\.yaml"):
        Releases(tmp_path).of("dev")


def test_outputs_before_the_first_release_have_no_endpoint() -> None:
    outputs = StackOutputs.read("dev", OUTPUTS)
    assert outputs.use_case_name == "flights"
    with pytest.raises(NotReleasedError, match="released no model"):
        outputs.released  # noqa: B018


def test_a_stack_that_is_not_up_says_so() -> None:
    with pytest.raises(StackNotUpError, match="not up"):
        StackOutputs.read("dev", {})


def test_an_output_of_the_wrong_form_is_named() -> None:
    with pytest.raises(OutputWrongError, match="intended"):
        StackOutputs.read("dev", {**OUTPUTS, "intended": {"variant": "x"}})


@pytest.mark.parametrize(
    ("probability", "text", "words"),
    [
        (0.0004, "under 0.1 %", "less than 1 in 200"),
        (0.034, "3.4 %", "about 1 in 29"),
        (0.31, "31 %", "about 1 in 3"),
        (0.8, "80 %", "about 4 in 5"),
        (0.9999, "over 99.9 %", "almost certain"),
    ],
)
def test_a_probability_is_said_in_words(probability: float, text: str, words: str) -> None:
    assert percent(probability) == text
    assert odds(probability) == words


@given(st.floats(min_value=0, max_value=1, allow_nan=False))
def test_every_probability_has_words(probability: float) -> None:
    assert percent(probability).endswith("%")
    assert odds(probability)


def test_a_changed_statement_of_a_policy_shows_as_that_statement_alone() -> None:
    old = '{"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Deny"}]}'
    new = '{"Statement":[{"Sid":"A","Effect":"Allow"}],"Version":"2012-10-17"}'
    assert [str(change) for change in changes({"policy": old}, {"policy": new})] == [
        '~ policy.Statement[0].Effect: "Deny" => "Allow"'
    ]


def test_a_slack_message_reads_as_the_team_sees_it() -> None:
    body = {
        "text": "fallback",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": ":warning: Budget"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": "*dev* is above <https://x.test/a|80 %>"}},
            {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Actual*\n$900"}]},
        ],
    }
    assert content(body) == ["⚠️ BUDGET", "dev is above 80 % (https://x.test/a)", "Actual $900"]


def test_a_card_for_teams_reads_as_the_team_sees_it() -> None:
    heading = {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "🔴 flights is in alarm"}]}
    link = {"type": "Action.OpenUrl", "title": "Runbook", "url": "https://x.test/r.md"}
    content_type = "application/vnd.microsoft.card.adaptive"
    card = {"type": "AdaptiveCard", "body": [heading], "actions": [link]}
    body = {"type": "message", "attachments": [{"contentType": content_type, "content": card}]}
    assert content(body) == ["🔴 FLIGHTS IS IN ALARM", "[Runbook] https://x.test/r.md"]


def test_a_plain_message_shows_its_text() -> None:
    assert content({"text": "two\nlines"}) == ["two", "lines"]


def test_a_models_version_is_not_the_commands_own() -> None:
    arguments = parser().parse_args(["deploy", "dev", "--version", "2"])
    assert (arguments.version, arguments.own_version) == (2, False)
    assert parser().parse_args(["--version"]).own_version is True
