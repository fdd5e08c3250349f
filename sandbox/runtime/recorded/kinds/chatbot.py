"""Chat applications: configurations of Slack and of Microsoft Teams channels."""

from __future__ import annotations

from sandbox.runtime.recorded.kind import Listing, RecordedKind, TagOperations

_ARN = "arn:{partition}:chatbot::{account}:chat-configuration/"
_LOGS: dict[str, object] = {"LoggingLevel": "NONE", "SnsTopicArns": [], "UserAuthorizationRequired": False}

SLACK = RecordedKind(
    service="chatbot",
    name="Slack channel configuration",
    create="CreateSlackChannelConfiguration",
    key=("ChatConfigurationArn",),
    arn=_ARN + "slack-channel/{ConfigurationName}",
    arn_member="ChatConfigurationArn",
    made={"SlackTeamName": "{SlackTeamId}", "SlackChannelName": "{SlackChannelId}", "State": "ENABLED"},
    defaults=_LOGS,
    described="ChannelConfiguration",
    update="UpdateSlackChannelConfiguration",
    touched={"SlackChannelName": "{SlackChannelId}"},
    delete="DeleteSlackChannelConfiguration",
    listings=(
        Listing(
            operation="DescribeSlackChannelConfigurations",
            member="SlackChannelConfigurations",
            where=("ChatConfigurationArn",),
        ),
    ),
)

TEAMS = RecordedKind(
    service="chatbot",
    name="Teams channel configuration",
    create="CreateMicrosoftTeamsChannelConfiguration",
    key=("ChatConfigurationArn",),
    arn=_ARN + "microsoft-teams-channel/{ConfigurationName}",
    arn_member="ChatConfigurationArn",
    made={"State": "ENABLED"},
    defaults=_LOGS,
    describe="GetMicrosoftTeamsChannelConfiguration",
    described="ChannelConfiguration",
    update="UpdateMicrosoftTeamsChannelConfiguration",
    delete="DeleteMicrosoftTeamsChannelConfiguration",
    listings=(
        Listing(
            operation="ListMicrosoftTeamsChannelConfigurations",
            member="TeamChannelConfigurations",
            where=("TeamId",),
        ),
    ),
)

KINDS = (SLACK, TEAMS)

TAGGING = (
    TagOperations(service="chatbot", resource="ResourceARN", key_member="TagKey", value_member="TagValue"),
)
