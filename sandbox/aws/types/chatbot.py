"""Chat applications: configurations of Slack and of Microsoft Teams channels."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import answered, identified, pages, reading
from sandbox.aws.table import Call, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_ARN = identified("ChatConfigurationArn")
_LEVELS = ("ERROR", "INFO", "NONE")
_TAGS = Tags(
    style="kms",
    set="TagResource",
    unset="UntagResource",
    target=lambda s: {"ResourceARN": s.id},
    list="ListTagsForResource",
)
_SHARED = {
    "configurationName": "ConfigurationName",
    "iamRoleArn": "IamRoleArn",
    "loggingLevel": "LoggingLevel",
    "snsTopicArns": "SnsTopicArns",
    "guardrailPolicyArns": "GuardrailPolicyArns",
    "userAuthorizationRequired": "UserAuthorizationRequired",
}


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    level = inputs.get("loggingLevel")
    if isinstance(level, str) and level not in _LEVELS:
        yield CheckFailure("loggingLevel", f"{level!r} is not one of {', '.join(_LEVELS)}")


def _finder(operation: str, listed: str) -> object:
    def find(subject: Subject, taken: frozenset[str]) -> str | None:
        for found in pages(subject, "chatbot", operation, listed):
            arn = str(found["ChatConfigurationArn"])
            if found["ConfigurationName"] == subject.inputs["configurationName"] and arn not in taken:
                return arn
        return None

    return find


def _channel(word: str, token: str, changes: tuple[str, ...], **more: object) -> ResourceType:
    """A configuration of one chat application; `word` stands in its operations' names."""
    shared = {
        "type": token,
        "service": "chatbot",
        "tier": "recorded",
        "create": Call(operation=f"Create{word}ChannelConfiguration"),
        "id": answered("ChannelConfiguration.ChatConfigurationArn"),
        "delete": Call(operation=f"Delete{word}ChannelConfiguration", sends=(), adds=_ARN),
        "steps": (
            Step(
                on=changes,
                do=Call(operation=f"Update{word}ChannelConfiguration", sends=changes, adds=_ARN),
                at_create=False,
            ),
        ),
        "local": ("timeouts",),
        "tags": _TAGS,
        "unordered": ("snsTopicArns", "guardrailPolicyArns"),
        "checks": _check,
        "place": ("configurationName",),
    }
    return ResourceType(**{**shared, **more})  # type: ignore[arg-type]


_CHANGES = ("guardrailPolicyArns", "iamRoleArn", "loggingLevel", "snsTopicArns", "userAuthorizationRequired")

SLACK = _channel(
    "Slack",
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",
    ("slackChannelId", *_CHANGES),
    read=reading("chatbot", "DescribeSlackChannelConfigurations", _ARN, "SlackChannelConfigurations.0"),
    outputs={
        "chatConfigurationArn": "ChatConfigurationArn",
        "slackChannelName": "SlackChannelName",
        "slackTeamName": "SlackTeamName",
    },
    echoes={**_SHARED, "slackChannelId": "SlackChannelId", "slackTeamId": "SlackTeamId"},
    volatile=("slackChannelName",),
    find=_finder("DescribeSlackChannelConfigurations", "SlackChannelConfigurations"),
)

TEAMS = _channel(
    "MicrosoftTeams",
    "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration",
    ("channelId", "channelName", *_CHANGES),
    read=reading("chatbot", "GetMicrosoftTeamsChannelConfiguration", _ARN, "ChannelConfiguration"),
    outputs={"chatConfigurationArn": "ChatConfigurationArn"},
    echoes={**_SHARED, "channelId": "ChannelId", "teamId": "TeamId", "tenantId": "TenantId"},
    find=_finder("ListMicrosoftTeamsChannelConfigurations", "TeamChannelConfigurations"),
)

TYPES = (SLACK, TEAMS)
