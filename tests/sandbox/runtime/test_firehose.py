"""Delivery streams gather what they get and write it to S3: by hints, under prefixes, from Kinesis too."""

from __future__ import annotations

import gzip
import os
import re
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.runtime import daemon
from sandbox.runtime.firehose.naming import Buffering, object_key

Wait = Callable[..., Any]
_ROLE = "arn:aws:iam::123456789012:role/firehose"


@pytest.fixture
def objects(cloud: Any, eventually: Wait) -> Callable[..., dict[str, bytes]]:
    """Waits until so many objects are below a prefix of the bucket `lake`."""

    def wait(prefix: str, count: int = 1) -> dict[str, bytes]:
        s3 = cloud.client("s3")

        def look() -> Any:
            found = s3.list_objects_v2(Bucket="lake", Prefix=prefix).get("Contents", [])
            return found if len(found) >= count else None

        keys = [one["Key"] for one in eventually(look)]
        return {key: s3.get_object(Bucket="lake", Key=key)["Body"].read() for key in keys}

    return wait


def _deliver(cloud: Any, name: str, source: str = "", **destination: Any) -> Any:
    cloud.client("s3").create_bucket(Bucket="lake")
    given = {
        "RoleARN": _ROLE,
        "BucketARN": "arn:aws:s3:::lake",
        "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 1},
        **destination,
    }
    reading = {"KinesisStreamARN": source, "RoleARN": _ROLE}
    more = (
        {"DeliveryStreamType": "KinesisStreamAsSource", "KinesisStreamSourceConfiguration": reading}
        if source
        else {}
    )
    firehose = cloud.client("firehose")
    firehose.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=given, **more)
    return firehose


def test_records_are_gathered_into_one_object_below_the_prefix(cloud: Any, objects: Any) -> None:
    firehose = _deliver(cloud, "gathered", Prefix="raw/")
    firehose.put_record(DeliveryStreamName="gathered", Record={"Data": b"one\n"})
    answer = firehose.put_record_batch(
        DeliveryStreamName="gathered", Records=[{"Data": b"two\n"}, {"Data": b"three\n"}]
    )
    assert (answer["FailedPutCount"], len(answer["RequestResponses"])) == (0, 2)
    ((key, content),) = objects("raw/").items()
    assert content == b"one\ntwo\nthree\n"
    assert re.fullmatch(r"raw/\d{4}/\d\d/\d\d/\d\d/gathered-1-[\d-]{19}-[0-9a-f-]{36}", key)


def test_records_of_a_kinesis_stream_are_transformed_and_packed(
    cloud: Any, objects: Any, make_function: Callable[..., str]
) -> None:
    code = (
        "import base64\n"
        "def handler(event, context):\n"
        "    def one(record):\n"
        "        text = base64.b64decode(record['data']).decode()\n"
        "        result = {'bad': 'ProcessingFailed', 'gone': 'Dropped'}.get(text, 'Ok')\n"
        "        data = base64.b64encode(text.upper().encode()).decode()\n"
        "        return {'recordId': record['recordId'], 'result': result, 'data': data}\n"
        "    return {'records': [one(record) for record in event['records']]}\n"
    )
    function = make_function("upper", code, Timeout=20)
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    source = kinesis.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]["StreamARN"]
    processors = [
        {"Type": "Lambda", "Parameters": [{"ParameterName": "LambdaArn", "ParameterValue": function}]},
        {"Type": "AppendDelimiterToRecord", "Parameters": []},
    ]
    firehose = _deliver(
        cloud,
        "clicks",
        source,
        Prefix="clicks/year=!{timestamp:yyyy}/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/!{timestamp:yyyy}/",
        CompressionFormat="GZIP",
        ProcessingConfiguration={"Enabled": True, "Processors": processors},
    )
    texts = (b"a", b"bad", b"gone", b"b")
    kinesis.put_records(StreamName="clicks", Records=[{"Data": t, "PartitionKey": "k"} for t in texts])
    year = datetime.now(UTC).year
    ((key, content),) = objects(f"clicks/year={year}/clicks-1-").items()
    assert key.endswith(".gz")
    assert gzip.decompress(content) == b"A\nB\n"
    (failed,) = objects(f"errors/processing-failed/{year}/").values()
    assert gzip.decompress(failed) == b"bad"
    with pytest.raises(ClientError, match="takes no records from clients"):
        firehose.put_record(DeliveryStreamName="clicks", Record={"Data": b"x"})


def test_what_was_taken_is_written_after_a_kill(cloud: Any, objects: Any) -> None:
    firehose = _deliver(
        cloud, "lasting", Prefix="lasting/", BufferingHints={"IntervalInSeconds": 300, "SizeInMBs": 5}
    )
    firehose.put_record(DeliveryStreamName="lasting", Record={"Data": b"kept"})
    os.kill(cloud.address.pid, signal.SIGKILL)
    daemon.start(cloud.root)
    assert list(objects("lasting/").values()) == [b"kept"]
    assert cloud.administration.status()["replayDifferences"] == 0


def test_hints_and_names() -> None:
    now = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert Buffering.of({}).seconds == 5.0
    assert Buffering.of({"BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 1}}) == Buffering(
        1.0, 1 << 20
    )
    assert object_key({"Prefix": "p-"}, "s", "1", now).startswith("p-2026/02/03/04/s-1-2026-02-03-04-05-06-")
    dated = {"Prefix": "d=!{timestamp:yyyy-MM-dd}/!{firehose:random-string}/", "FileExtension": ".json"}
    assert re.fullmatch(r"d=2026-02-03/[\w-]{11}/s-1-.*\.json", object_key(dated, "s", "1", now))
