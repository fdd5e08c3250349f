"""What have both APIs of the front door in common? Stage, access log, and what they may ask."""

import json
from dataclasses import dataclass

import pulumi

from infra.foundation.foundation import Foundation
from infra.foundation.place import Place
from infra.foundation.policy import Statement
from infra.serving.front_door_settings import FrontDoorSettings

STAGE = "live"


@dataclass(frozen=True, kw_only=True)
class InvocationsApiArgs:
    """What the front door hands to its API."""

    api_name: str
    settings: FrontDoorSettings
    foundation: Foundation
    endpoint_name: pulumi.Input[str]
    log_group_arn: pulumi.Input[str]

    @property
    def asks(self) -> pulumi.Output[list[Statement]]:
        """That the one endpoint may be asked."""
        place = self.foundation.place
        return pulumi.Output.from_input(self.endpoint_name).apply(lambda known: [_ask_endpoint(place, known)])


def _ask_endpoint(place: Place, endpoint: str) -> Statement:
    return Statement(
        sid="AskTheModel",
        actions=["sagemaker:InvokeEndpoint"],
        resources=[place.arn("sagemaker", f"endpoint/{endpoint}")],
    )


def access_log(*, caller: str, route: str, refused_by: str) -> str:
    """What the access log says of a request: who, when, how it ended; nothing of its content.

    The three are variables of `$context`, which the two kinds of API name each in its own way.
    """
    return json.dumps(
        {
            "requestId": "$context.requestId",
            "caller": caller,
            "address": "$context.identity.sourceIp",
            "time": "$context.requestTime",
            "route": route,
            "status": "$context.status",
            "bytes": "$context.responseLength",
            "milliseconds": "$context.responseLatency",
            "refusedBy": refused_by,
        }
    )
