"""The lives of the types of `sqs`."""

from __future__ import annotations

from lives.life import Life, Make, a_queue, policy
from sandbox.engine.values import PropertyMap


def _queue_policy(make: Make) -> PropertyMap:
    queue = a_queue(make)
    statement = {
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue["arn"],
    }
    return {"queueUrl": queue["url"], "policy": policy(statement)}


LIVES = [
    Life(
        "aws:sqs/queue:Queue",
        lambda _: {"visibilityTimeoutSeconds": 60},
        {"visibilityTimeoutSeconds": 90, "tags": {"a": "b"}},
        {"name": "other"},
        by_code=frozenset({"fifoQueue"}),
    ),
    Life("aws:sqs/queuePolicy:QueuePolicy", _queue_policy, None, {"queueUrl": "http://other/1/q"}),
]
