"""Which instances serve an endpoint's configuration? One generation, spread over zones, kept alive."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.runtime.overlay import Caller, Cloud, ServiceError
from sandbox.runtime.sagemaker.container import Containers
from sandbox.runtime.sagemaker.images import UnknownImageError
from sandbox.runtime.sagemaker.instance import Container, Instance
from sandbox.runtime.sagemaker.logs import LogStream
from sandbox.runtime.sagemaker.transfer import TransferError, Transfers
from sandbox.runtime.sagemaker.utilization import Utilization

_START_SECONDS = 120
_WATCH_SECONDS = 0.2
IDLE_SECONDS = 10.0
"""After which the process of a serverless variant ends; the service keeps it for some minutes."""
_PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before an instance that died is started again, by how often in a row it died."""
_log = logging.getLogger(__name__)


class FleetFailedError(Exception):
    """Instances did not come up; the text is the endpoint's FailureReason."""


@dataclass(frozen=True)
class VariantPlan:
    """What one variant runs: a container, on how many instances, in which zones, with which weight."""

    name: str
    container: Container
    count: int
    zones: tuple[str, ...]
    weight: float
    shadow: bool = False
    """Gets copies of the traffic, and its answers go nowhere."""
    serverless: bool = False
    """Runs while it is asked, and ends when it is idle."""


class Variant:
    """A variant of a live fleet. `instances` is replaced whole, so that the router reads it bare."""

    def __init__(self, plan: VariantPlan) -> None:
        self.plan = plan
        self.weight = plan.weight
        self.count = plan.count
        self.instances: tuple[Instance, ...] = ()
        self.turn = 0
        """Of the round robin; only the router writes it."""
        self.asked = time.monotonic()
        """When it was asked last; only the router writes it."""


class Fleet:
    """All instances of one endpoint configuration, in one deployment of it."""

    def __init__(
        self,
        cloud: Cloud,
        containers: Containers,
        endpoint: str,
        config: str,
        plans: tuple[VariantPlan, ...],
        caller: Caller,
    ) -> None:
        self.config = config
        self.variants: Mapping[str, Variant] = {plan.name: Variant(plan) for plan in plans}
        self.production = {name: one for name, one in self.variants.items() if not one.plan.shadow}
        self.shadows = tuple(one for one in self.variants.values() if one.plan.shadow)
        self._cloud = cloud
        self._containers = containers
        self._zones = containers.zones
        self._endpoint = endpoint
        self._caller = caller
        self._transfers = Transfers(cloud.client("s3", caller))
        self._utilization = Utilization(cloud, endpoint, caller)
        self._stopped = threading.Event()
        self._abandoned: Callable[[], bool] = self._stopped.is_set
        self._watcher: threading.Thread | None = None

    def start(self, abandoned: Callable[[], bool]) -> None:
        """Starts every instance and waits for each one's `/ping`. Raises FleetFailedError, nothing left."""
        self._abandoned = abandoned
        wanted: list[tuple[Variant, str]] = []
        try:
            for variant in self.variants.values():
                there = self._there(variant)
                wanted += [(variant, there[index % len(there)]) for index in range(variant.count)]
            with ThreadPoolExecutor(max(1, len(wanted))) as pool:
                list(pool.map(lambda item: self._start_one(*item), wanted))
        except FleetFailedError:
            self.stop()
            raise
        self._abandoned = self._stopped.is_set
        self._watcher = threading.Thread(target=self._watch, name=f"watch {self._endpoint}", daemon=True)
        self._watcher.start()

    def resize(self, variant: Variant, count: int) -> None:
        """Starts or drains instances until there are `count`. Raises FleetFailedError."""
        while variant.count < count and not self._stopped.is_set():
            self._start_one(variant, self._emptiest_zone(variant))
            # Counted only once it is there: the watcher starts whatever is counted and missing.
            variant.count += 1
        with _TABLE:
            variant.count = count
            surplus = variant.instances[count:]
            variant.instances = variant.instances[:count]
        _each(surplus, _drain)

    def stop(self, *, drain: bool = False) -> None:
        """Ends every instance; with `drain`, each first finishes what it has under way."""
        self._stopped.set()
        if self._watcher is not None:
            self._watcher.join()
        for variant in self.variants.values():
            instances, variant.instances = variant.instances, ()
            _each(instances, _drain if drain else Instance.terminate)

    def _there(self, variant: Variant) -> list[str]:
        """The zones that take instances of a variant. Raises FleetFailedError where every one is lost."""
        zones = variant.plan.zones
        there = [zones[place] for place in self._zones.left(zones)]
        if not there:
            raise FleetFailedError(
                f"Failed to start variant {variant.plan.name}: no capacity, for its zones are lost: "
                f"{', '.join(zones)}"
            )
        return there

    def _emptiest_zone(self, variant: Variant) -> str:
        taken = [instance.zone for instance in variant.instances]
        return min(self._there(variant), key=taken.count)

    def _start_one(self, variant: Variant, zone: str) -> Instance:
        identity = f"i-{secrets.token_hex(8)}"
        folder = self._containers.folder(
            "endpoints", self._caller.account_id, self._caller.region, self._endpoint, identity
        )
        group = f"/aws/sagemaker/Endpoints/{self._endpoint}"
        logs = LogStream(self._cloud, group, f"{variant.plan.name}/{identity}", self._caller)
        instance = Instance(identity, variant.plan.name, zone, folder, logs)
        try:
            environment = self._containers.environment(self._caller, {})
            container = variant.plan.container
            image = self._containers.serving_image(container.image, self._caller)
            instance.launch(container, environment, self._transfers, image)
            self._await(instance)
        except (
            TransferError,
            UnknownImageError,
            ServiceError,
            ClientError,
            BotoCoreError,
            OSError,
        ) as error:
            instance.terminate()
            raise FleetFailedError(f"Failed to start variant {variant.plan.name}: {error}") from error
        except FleetFailedError:
            instance.terminate()
            raise
        with _TABLE:
            variant.instances = (*variant.instances, instance)
        return instance

    def _await(self, instance: Instance) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not instance.ready():
            name = instance.variant
            if not instance.alive():
                # What the process said last arrives through a pipe that another thread reads.
                time.sleep(0.1)
                raise FleetFailedError(
                    f"The primary container for production variant {name} did not pass the ping health "
                    f"check: it ended: {instance.last_words()}. Please check CloudWatch logs for this "
                    "endpoint."
                )
            if self._stopped.is_set() or self._abandoned() or time.monotonic() > deadline:
                raise FleetFailedError(
                    f"The primary container for production variant {name} did not pass the ping health "
                    "check. Please check CloudWatch logs for this endpoint."
                )
            time.sleep(0.03)

    def _watch(self) -> None:
        """Replaces an instance whose process died, in the zone that has the fewest."""
        deaths: dict[str, int] = {}
        while not self._stopped.wait(_WATCH_SECONDS):
            self._meet_faults()
            self._utilization.look(
                {
                    name: [instance.pid for instance in variant.instances]
                    for name, variant in self.variants.items()
                    if not variant.plan.serverless
                }
            )
            for variant in self.variants.values():
                self._rest(variant)
                dead = [i for i in variant.instances if not i.alive()]
                for instance in dead:
                    with _TABLE:
                        variant.instances = tuple(i for i in variant.instances if i is not instance)
                    instance.terminate()
                missing = variant.count - len(variant.instances)
                if missing > 0 and not self._stopped.is_set():
                    self._replace(variant, deaths)
                elif missing <= 0:
                    deaths[variant.plan.name] = 0

    def _rest(self, variant: Variant) -> None:
        """Ends the process of a serverless variant that nobody asks; wants one once somebody does."""
        if not variant.plan.serverless:
            return
        idle = time.monotonic() - variant.asked > IDLE_SECONDS
        if idle and variant.count:
            self.resize(variant, 0)
        elif not idle:
            variant.count = 1

    def _meet_faults(self) -> None:
        """Kills the instances that a fault takes away: one of them, or all of a zone."""
        for variant in self.variants.values():
            names = (f"{self._endpoint}/{variant.plan.name}", self._endpoint)
            for instance in variant.instances:
                if self._zones.lost(instance.zone) or (
                    instance.alive() and self._cloud.fault("instance-killed", instance.id, *names)
                ):
                    instance.kill()

    def _replace(self, variant: Variant, deaths: dict[str, int]) -> None:
        name = variant.plan.name
        tries = deaths.get(name, 0)
        if self._stopped.wait(_PAUSES[min(tries, len(_PAUSES) - 1)]):
            return
        deaths[name] = tries + 1
        try:
            self._start_one(variant, self._emptiest_zone(variant))
        except FleetFailedError as error:
            _log.warning("%s: an instance could not be replaced: %s", self._endpoint, error)


_TABLE = threading.Lock()
"""Held while a variant's tuple of instances is replaced by more than its own fleet's thread."""


def _drain(instance: Instance) -> None:
    deadline = time.monotonic() + 60
    while instance.inflight and time.monotonic() < deadline:
        time.sleep(0.02)
    instance.terminate()


def _each(instances: tuple[Instance, ...], act: Callable[[Instance], None]) -> None:
    with ThreadPoolExecutor(max(1, len(instances))) as pool:
        list(pool.map(act, instances))
