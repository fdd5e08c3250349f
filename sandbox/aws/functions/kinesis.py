"""Kinesis: streams, their consumers, and delivery streams."""

from __future__ import annotations

from typing import Any, Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.aws.tagging import parsed
from sandbox.engine.values import PropertyMap


def _stream(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    key = {"StreamName": arguments["name"]}
    found = cloud.call("kinesis", "DescribeStreamSummary", key)["StreamDescriptionSummary"]
    shards: dict[bool, list[str]] = {True: [], False: []}
    for shard in cloud.call("kinesis", "ListShards", key)["Shards"]:
        is_open = "EndingSequenceNumber" not in shard["SequenceNumberRange"]
        shards[is_open].append(shard["ShardId"])
    return {
        "arn": found["StreamARN"],
        "closedShards": shards[False],
        "creationTimestamp": int(found["StreamCreationTimestamp"].timestamp()),
        "encryptionType": found.get("EncryptionType", "NONE"),
        "id": found["StreamARN"],
        "kmsKeyId": found.get("KeyId", ""),
        "name": found["StreamName"],
        "openShards": shards[True],
        "region": cloud.region,
        "retentionPeriod": found["RetentionPeriodHours"],
        "shardLevelMetrics": (found.get("EnhancedMonitoring") or [{}])[0].get("ShardLevelMetrics", []),
        "status": found["StreamStatus"],
        "streamModeDetails": [{"streamMode": found["StreamModeDetails"]["StreamMode"]}],
        "tags": parsed(cloud.call("kinesis", "ListTagsForStream", key)["Tags"]),
    }


def _consumer(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    stream = arguments["streamArn"]
    for item in cloud.call("kinesis", "ListStreamConsumers", {"StreamARN": stream})["Consumers"]:
        if arguments.get("name") in (None, item["ConsumerName"]) and arguments.get("arn") in (
            None,
            item["ConsumerARN"],
        ):
            made: Any = item["ConsumerCreationTimestamp"]
            return {
                "arn": item["ConsumerARN"],
                "creationTimestamp": made.isoformat(),
                "id": item["ConsumerARN"],
                "name": item["ConsumerName"],
                "region": cloud.region,
                "status": item["ConsumerStatus"],
                "streamArn": stream,
            }
    raise LookupError(f"{stream} has no consumer {arguments.get('name') or arguments.get('arn') or ''}")


def _delivery(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = cloud.call("firehose", "DescribeDeliveryStream", {"DeliveryStreamName": arguments["name"]})
    arn = found["DeliveryStreamDescription"]["DeliveryStreamARN"]
    return {"arn": arn, "id": arn, "name": arguments["name"], "region": cloud.region}


FUNCTIONS: Final[Functions] = {
    "aws:kinesis/getStream:getStream": _stream,
    "aws:kinesis/getStreamConsumer:getStreamConsumer": _consumer,
    "aws:kinesis/getFirehoseDeliveryStream:getFirehoseDeliveryStream": _delivery,
}
