"""The lives of the types of `chatbot`."""

from __future__ import annotations

from lives.life import Life, Make, a_role, a_topic
from sandbox.engine.values import PropertyMap


def _shared(make: Make) -> PropertyMap:
    return {
        "configurationName": "alerts",
        "iamRoleArn": a_role(make, "chatbot")["arn"],
        "snsTopicArns": [a_topic(make)],
        "loggingLevel": "ERROR",
    }


LIVES = [
    Life(
        "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",
        lambda make: {**_shared(make), "slackTeamId": "T012ABCDEFG", "slackChannelId": "C012ABCDEFG"},
        {"slackChannelId": "C999ABCDEFG", "tags": {"a": "b"}},
        {"configurationName": "other"},
    ),
    Life(
        "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration",
        lambda make: {
            **_shared(make),
            "channelId": "19%3ab6ef35dc342d56ba5654e6fc6d25a071%40thread.tacv2",
            "teamId": "74361522-da01-538d-aa2e-ac7918c6bb92",
            "tenantId": "0f4d5a6b-1c2d-4e3f-8a9b-0c1d2e3f4a5b",
        },
        {"loggingLevel": "INFO"},
        {"configurationName": "other"},
    ),
]
