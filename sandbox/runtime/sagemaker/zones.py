"""Which availability zones are there now? All of them, but for those that a fault has taken away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from zlib import crc32

from sandbox.runtime.overlay import Caller, Cloud, Params
from sandbox.runtime.sagemaker.process import Orders
from sandbox.runtime.sagemaker.surroundings import zones_of

AWAY_SECONDS = 30.0
"""How long a lost zone stays away."""
_LOOK_SECONDS = 0.2
_FIRST = "abc"
"""Letters of the zones that a job without subnets may come to."""


class Zones:
    """The zones of this cloud as SageMaker's instances find them."""

    def __init__(self, cloud: Cloud, clock: Callable[[], float] = time.monotonic) -> None:
        self._cloud = cloud
        self._clock = clock
        self._back: dict[str, float] = {}
        self._lock = threading.Lock()

    def lost(self, zone: str) -> bool:
        """Whether the zone is away. It goes when that was asked for, and stays away for a while."""
        with self._lock:
            if self._clock() < self._back.get(zone, 0.0):
                return True
            if not self._cloud.fault("zone-lost", zone):
                return False
            self._back[zone] = self._clock() + AWAY_SECONDS
            return True

    def left(self, zones: Sequence[str]) -> list[int]:
        """The places in `zones` of those that are there."""
        with self._lock:
            moment = self._clock()
            return [place for place, zone in enumerate(zones) if moment >= self._back.get(zone, 0.0)]

    def of_job(self, job: Params, name: str, caller: Caller, orders: Orders) -> str:
        """Where a job's instance is placed: in one of its subnets' zones, or of the region's, that is there;
        the same one for the same name. While none is there the job waits, unless it is told to end."""
        subnets = (job.get("VpcConfig") or {}).get("Subnets") or []
        among = (
            zones_of(self._cloud, subnets, caller)
            if subnets
            else [f"{caller.region}{letter}" for letter in _FIRST]
        )
        while not (there := self.left(among)) and orders.ending is None:
            orders.wait(_LOOK_SECONDS)
        return among[there[crc32(name.encode()) % len(there)]] if there else among[0]
