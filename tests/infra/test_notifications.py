"""Do messages reach whom they are for, and only what may publish publishes?"""

import json
from typing import Any

import pytest
from mocked import Build, build, foundation

from infra.foundation.encryption import PUBLISHERS
from infra.notifications.notifications import Notifications, NotificationsArgs, NotificationSettings


def _made(preview: bool = False, **given: Any) -> Build:
    settings = NotificationSettings.model_validate_json(json.dumps(given))

    def program() -> dict[str, Any]:
        made = Notifications("n", NotificationsArgs(settings=settings, foundation=foundation()))
        return {
            "topics": dict(made.topics),
            "teams": dict(made.team_topics),
            "secrets": dict(made.secret_names),
        }

    return build(program, preview=preview)


def _heard(found: Build, channel: str) -> set[str]:
    prefix = f"n-{channel}-hears-"
    return {
        name.removeprefix(prefix)
        for name in found.of("aws:sns/topicSubscription:TopicSubscription")
        if name.startswith(prefix)
    }


def test_each_channel_has_a_function_a_secret_and_dead_letters_of_its_own() -> None:
    found = _made()
    assert found.outputs["secrets"] == {
        "slack": "groundplan-dev-chat-webhook",
        "teams": "groundplan-dev-teams-webhook",
    }
    functions = found.of("aws:lambda/function:Function")
    assert {one["name"] for one in functions.values()} == {"groundplan-dev-chat", "groundplan-dev-teams"}
    assert {one["handler"] for one in functions.values()} == {"chat.handler.handle"}
    queues = {one["deadLetterConfig"]["targetArn"] for one in functions.values()}
    assert len(queues) == len(found.of("aws:cloudwatch/metricAlarm:MetricAlarm")) == 2
    for name, statements in found.policies().items():
        reads = next(one for one in statements if one["Sid"] == "ReadWebhook")["Resource"]
        assert ("chat-webhook" in reads) == ("slack" in name)
    assert _heard(found, "slack") == _heard(found, "teams") == {"critical", "warning", "info"}


def test_a_channel_that_is_taken_away_keeps_its_secret_for_the_day_it_comes_back() -> None:
    found = _made(channels=["teams"])
    assert found.outputs["secrets"] == {"teams": "groundplan-dev-teams-webhook"}
    assert len(found.of("aws:secretsmanager/secret:Secret")) == 2
    assert [one["name"] for one in found.of("aws:lambda/function:Function").values()] == [
        "groundplan-dev-teams"
    ]


def test_severities_go_where_they_are_routed_and_teams_have_topics() -> None:
    found = _made(routing={"info": ["teams"], "warning": ["slack"]}, teams=["search", "pricing"])
    assert _heard(found, "slack") == {"critical", "warning", "team-search", "team-pricing"}
    assert _heard(found, "teams") == {"critical", "info"}
    assert found.outputs["teams"]["search"].endswith(":groundplan-dev-team-search")


def test_every_topic_is_encrypted_and_only_watchers_of_the_account_publish_over_tls() -> None:
    found = _made(teams=["search"])
    topics = found.of("aws:sns/topic:Topic")
    assert len(topics) == len(found.of("aws:sns/topicPolicy:TopicPolicy")) == 4
    assert {one["kmsMasterKeyId"].rpartition("/")[2] for one in topics.values()} == {"messages"}
    for statements in found.policies("aws:sns/topicPolicy:TopicPolicy").values():
        allowed, denied = statements
        assert allowed["Principal"] == {"Service": sorted(PUBLISHERS)}
        assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
        assert denied["Sid"] == "DenyPlainHttp"


def test_mail_hears_of_critical_alone_and_the_chat_application_only_reads() -> None:
    slack = {"workspaceId": "T07EA123LEP", "channelId": "C07EZ1ABC23"}
    team = {
        "tenantId": "11111111-2222-3333-4444-555555555555",
        "teamId": "11111111-2222-3333-4444-555555555555",
        "channelId": "19%3ab6ef35dc342d56ba5654e6fc6d25a071%40thread.tacv2",
    }
    application = {"enabled": True, "slack": slack, "teams": team}
    found = _made(channels=[], criticalEmails=["ops@example.com"], chatApplication=application)
    (mail,) = found.of("aws:sns/topicSubscription:TopicSubscription").values()
    assert (mail["protocol"], mail["topic"]) == ("email", found.outputs["topics"]["critical"])
    kinds = ("slackChannelConfiguration:Slack", "teamsChannelConfiguration:Teams")
    for kind in kinds:
        (one,) = found.of(f"aws:chatbot/{kind}ChannelConfiguration").values()
        assert one["guardrailPolicyArns"] == ["arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"]
        assert len(one["snsTopicArns"]) == 3
    (statements,) = found.policies().values()
    actions = [action for one in statements for action in _listed(one["Action"])]
    assert all(action.split(":")[1].startswith(("Get", "List", "Describe")) for action in actions)


def test_a_preview_knows_as_much_as_it_can() -> None:
    assert len(_made(preview=True, teams=["a"]).of("aws:sns/topic:Topic")) == 4


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"secretRecoveryDays": 3}, "secretRecoveryDays of 0, or of 7 to 30"),
        ({"channels": ["slack"], "routing": {"info": ["teams"]}}, "only what channels lists, not teams"),
        ({"teams": ["a", "a"]}, "each of teams once"),
        ({"chatApplication": {"enabled": True}}, "slack or teams beside enabled"),
    ],
)
def test_settings_that_do_not_fit_say_what_would(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        NotificationSettings.model_validate_json(json.dumps(given))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
