"""The serving: from a released model to answers, by the endpoint or by batch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.serving.batch import Batch, BatchArgs
from infra.serving.endpoint import Endpoint, EndpointArgs
from infra.serving.front_door import FrontDoor, FrontDoorArgs
from infra.serving.parking import Parking, ParkingArgs
from infra.settings.loading import PlatformSettings
from infra.stages.ground import Ground


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What the serving hands to what watches over it. `endpoint` is none before the first release."""

    endpoint: Endpoint | None
    exports: Mapping[str, Any]


def serve(settings: PlatformSettings, ground: Ground) -> Serving:
    """Makes what answers, once the settings name a release."""
    base, zones, topics = ground.foundation, ground.storage.buckets, ground.notifications.topics
    endpoint, batch, parking = None, None, None
    if settings.release is not None and settings.endpoint.mode == "batch":
        batch = Batch(
            "batch",
            BatchArgs(
                settings=settings.endpoint,
                release=settings.release,
                foundation=base,
                placement=ground.network.workloads,
                zones=zones,
                topics=topics,
                name=ground.endpoint_name,
                role_arn=ground.identity.role_arns["inference"],
            ),
        )
    elif settings.release is not None:
        endpoint = Endpoint(
            "endpoint",
            EndpointArgs(
                settings=settings.endpoint,
                release=settings.release,
                foundation=base,
                placement=ground.network.workloads,
                zones=zones,
                topics=topics,
                endpoint_name=ground.endpoint_name,
                role_arn=ground.identity.role_arns["inference"],
            ),
        )
    if endpoint is not None and settings.parking.enabled and settings.endpoint.on_instances:
        parking = Parking(
            "parking",
            ParkingArgs(
                settings=settings.parking,
                foundation=base,
                topics=topics,
                endpoint_name=ground.endpoint_name,
                instances=endpoint.instances,
            ),
        )
    front_door = None
    if endpoint is not None and settings.front_door.enabled:
        front_door = FrontDoor(
            "front-door",
            FrontDoorArgs(
                settings=settings.front_door,
                foundation=base,
                topics=topics,
                endpoint_name=endpoint.endpoint_name,
            ),
        )
    served = endpoint or batch
    return Serving(
        endpoint=endpoint,
        exports={
            "endpoint": endpoint.endpoint_name if endpoint else None,
            "intended": served.intended if served else None,
            "frontDoor": front_door.url if front_door else None,
            "parking": parking.parked if parking else None,
        },
    )
