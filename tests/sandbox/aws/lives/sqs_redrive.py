"""The lives of queues' redrive settings."""

from __future__ import annotations

import json

from lives.life import Life, Make, a_queue
from sandbox.engine.values import PropertyMap


def _redrive(make: Make, times: int) -> PropertyMap:
    dead = make("aws:sqs/queue:Queue", "dead", {})
    policy = {"deadLetterTargetArn": dead["arn"], "maxReceiveCount": times}
    return {"queueUrl": a_queue(make)["url"], "redrivePolicy": json.dumps(policy)}


LIVES = [
    Life(
        "aws:sqs/redrivePolicy:RedrivePolicy",
        lambda make: _redrive(make, 3),
        None,
        {"queueUrl": "http://other/1/q"},
    ),
]
