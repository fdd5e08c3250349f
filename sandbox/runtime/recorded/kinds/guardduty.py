"""GuardDuty: lists of addresses, where findings go, and tags, which the emulator takes only at a making."""

from __future__ import annotations

from sandbox.runtime.overlay import Params
from sandbox.runtime.recorded.kind import Listing, RecordedKind, TagOperations


def _status(document: Params) -> str:
    return "ACTIVE" if document["Activate"] else "INACTIVE"


def _set(word: str, name: str) -> RecordedKind:
    """A list of addresses; `word` stands in its operations, `Id` after it names it."""
    id = f"{word[0]}{word[1:].replace('PSet', 'pSet')}Id"
    return RecordedKind(
        service="guardduty",
        name=name,
        create=f"Create{word}",
        key=("DetectorId", id),
        made={
            id: "{short}",
            "$arn": "arn:{partition}:guardduty:{region}:{account}:detector/{DetectorId}/"
            + f"{word.lower()}/{{{id}}}",
            "Status": _status,
        },
        describe=f"Get{word}",
        update=f"Update{word}",
        touched={"Status": _status},
        delete=f"Delete{word}",
        listings=(Listing(operation=f"List{word}s", member=f"{id}s", where=("DetectorId",), as_names=True),),
        missing="BadRequestException",
    )


PUBLISHING_DESTINATION = RecordedKind(
    service="guardduty",
    name="publishing destination",
    create="CreatePublishingDestination",
    key=("DetectorId", "DestinationId"),
    made={
        "DestinationId": "{short}",
        "$arn": "arn:{partition}:guardduty:{region}:{account}:detector/{DetectorId}/"
        "publishingdestination/{DestinationId}",
        "Status": "PUBLISHING",
        "PublishingFailureStartTimestamp": lambda _: 0,
    },
    describe="DescribePublishingDestination",
    update="UpdatePublishingDestination",
    delete="DeletePublishingDestination",
    listings=(Listing(operation="ListPublishingDestinations", member="Destinations", where=("DetectorId",)),),
    missing="BadRequestException",
)

KINDS: tuple[RecordedKind, ...] = (
    _set("IPSet", "IP set"),
    _set("ThreatIntelSet", "threat intelligence set"),
    PUBLISHING_DESTINATION,
)

TAGGING = (TagOperations(service="guardduty", as_map=True, any_resource=True),)
