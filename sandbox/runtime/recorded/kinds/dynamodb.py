"""DynamoDB: which streams of Kinesis a table's changes go to; none is sent."""

from __future__ import annotations

from sandbox.runtime.recorded.kind import Listing, RecordedKind

DESTINATION = RecordedKind(
    service="dynamodb",
    name="Kinesis streaming destination",
    create="EnableKinesisStreamingDestination",
    key=("TableName", "StreamArn"),
    made={
        "DestinationStatus": "ACTIVE",
        "ApproximateCreationDateTimePrecision": lambda document: (
            document.get("EnableKinesisStreamingConfiguration") or {}
        ).get("ApproximateCreationDateTimePrecision", "MICROSECOND"),
    },
    delete="DisableKinesisStreamingDestination",
    listings=(
        Listing(
            operation="DescribeKinesisStreamingDestination",
            member="KinesisDataStreamDestinations",
            where=("TableName",),
        ),
    ),
    exists="ResourceInUseException",
)

KINDS = (DESTINATION,)
