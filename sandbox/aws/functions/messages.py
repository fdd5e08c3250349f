"""SNS and SQS: topics and queues by name."""

from __future__ import annotations

from typing import Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.aws.tagging import parsed
from sandbox.engine.values import PropertyMap


def _topic(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    for page in cloud.pages("sns", "ListTopics", "Topics"):
        for topic in page["Topics"]:
            arn = str(topic["TopicArn"])
            if arn.rsplit(":", 1)[-1] == arguments["name"]:
                tags = parsed(cloud.call("sns", "ListTagsForResource", {"ResourceArn": arn}).get("Tags"))
                found = {"arn": arn, "id": arn, "name": arguments["name"], "tags": tags}
                return {**found, "region": cloud.region}
    raise LookupError(f"no SNS topic is called {arguments['name']} in {cloud.region}")


def _queue(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    url = cloud.call("sqs", "GetQueueUrl", {"QueueName": arguments["name"]})["QueueUrl"]
    asked = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
    arn = cloud.call("sqs", "GetQueueAttributes", asked)["Attributes"]["QueueArn"]
    tags = parsed(cloud.call("sqs", "ListQueueTags", {"QueueUrl": url}).get("Tags"))
    found = {"arn": arn, "id": url, "name": arguments["name"], "tags": tags, "url": url}
    return {**found, "region": cloud.region}


FUNCTIONS: Final[Functions] = {"aws:sns/getTopic:getTopic": _topic, "aws:sqs/getQueue:getQueue": _queue}
