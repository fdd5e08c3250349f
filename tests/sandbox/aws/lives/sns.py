"""The lives of the types of `sns`."""

from __future__ import annotations

from lives.life import Life, Make, a_queue, a_topic, policy
from sandbox.engine.values import PropertyMap


def _topic_policy(make: Make) -> PropertyMap:
    arn = a_topic(make)
    statement = {"Principal": {"Service": "budgets.amazonaws.com"}, "Action": "sns:Publish", "Resource": arn}
    return {"arn": arn, "policy": policy(statement)}


LIVES = [
    Life(
        "aws:sns/topic:Topic",
        lambda _: {"displayName": "Alerts"},
        {"displayName": "News", "tags": {"a": "b"}},
        {"name": "other"},
        by_code=frozenset({"fifoTopic"}),
    ),
    Life("aws:sns/topicPolicy:TopicPolicy", _topic_policy, None, gone_after_delete=False),
    Life(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda make: {
            "topic": a_topic(make),
            "protocol": "sqs",
            "endpoint": a_queue(make)["arn"],
            "rawMessageDelivery": True,
        },
        {"rawMessageDelivery": False},
        {"protocol": "email"},
    ),
]
