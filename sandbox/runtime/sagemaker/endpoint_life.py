"""What becomes of an endpoint, from Creating to Deleting: its fleets come up, take over, and end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sandbox.runtime.overlay import Cloud
from sandbox.runtime.sagemaker.board import Board
from sandbox.runtime.sagemaker.capture import Capture
from sandbox.runtime.sagemaker.container import Containers
from sandbox.runtime.sagemaker.deployment import RollbackError, shifts, watch
from sandbox.runtime.sagemaker.fleet import Fleet, FleetFailedError, VariantPlan
from sandbox.runtime.sagemaker.plans import from_document
from sandbox.runtime.sagemaker.process import Orders
from sandbox.runtime.sagemaker.records import Record, now
from sandbox.runtime.sagemaker.router import Route, Routes
from sandbox.runtime.sagemaker.shelves import Shelves

_log = logging.getLogger(__name__)


class EndpointLives:
    """The endpoints that are up, and the work on them that the board runs in the background."""

    def __init__(
        self, cloud: Cloud, shelves: Shelves, board: Board, containers: Containers, routes: Routes
    ) -> None:
        self._cloud = cloud
        self._shelf = shelves.endpoints
        self._tags = shelves.tags
        self._board = board
        self._containers = containers
        self._routes = routes
        self._live: dict[str, Route] = {}
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Ends every process."""
        with self._lock:
            routes = list(self._live.values())
            self._live.clear()
        for route in routes:
            self._routes.drop(route)
            if route.capture is not None:
                route.capture.close()
        fleets = [fleet for route in routes for fleet, _ in route.shares]
        with ThreadPoolExecutor(max(1, len(fleets))) as pool:
            list(pool.map(Fleet.stop, fleets))

    def serving(self, record: Record) -> Mapping[str, int]:
        """How many instances of each variant answer now."""
        route = self._live.get(record.arn)
        variants = route.shares[0][0].variants if route is not None and route.shares else {}
        return {name: len(variant.instances) for name, variant in variants.items()}

    def open(self, record: Record) -> Route:
        """The endpoint's route; requests to it wait while it has no fleet yet."""
        with self._lock:
            route = self._live.get(record.arn)
            if route is None:
                route = self._live[record.arn] = Route(record.name, record.caller)
        if record.fields["EndpointStatus"] != "Creating":
            self._routes.put(route)
        return route

    def _fleet(self, record: Record, config: str, plans: Sequence[VariantPlan]) -> Fleet:
        return Fleet(self._cloud, self._containers, record.name, config, tuple(plans), record.caller)

    def bring_up(self, record: Record, orders: Orders) -> None:
        """Starts the fleet of the endpoint's own configuration."""
        route = self._live[record.arn]
        plans = from_document(record.private["plans"])
        fleet = self._fleet(record, record.fields["EndpointConfigName"], plans)
        try:
            fleet.start(lambda: orders.ending is not None)
        except FleetFailedError as error:
            if orders.ending is None:
                self._routes.drop(route)
                self._settle(record, {"EndpointStatus": "Failed", "FailureReason": str(error)[:1024]})
            return
        if orders.ending is not None:
            fleet.stop()
            return
        route.shares = ((fleet, 1.0),)
        route.asynchronous = record.private.get("asynchronous")
        self._set_capture(route, record.private.get("capture"))
        self._routes.put(route)
        if record.fields["EndpointStatus"] == "Creating":
            self._settle(record, {"EndpointStatus": "InService"})

    def resume(self, record: Record, orders: Orders) -> None:
        """Brings up what was there, and goes on with what a kill cut off."""
        self.bring_up(record, orders)
        if orders.ending is not None or not self._live[record.arn].shares:
            return
        if record.private.get("target"):
            self.deploy(record, orders)
        elif record.fields["EndpointStatus"] in {"Updating", "RollingBack"}:
            self._settle(record, {"EndpointStatus": "InService"})

    def deploy(self, record: Record, orders: Orders) -> None:
        """Blue/green: the new fleet comes up beside the old, takes over by stages, or is taken back."""
        route, target = self._live[record.arn], record.private["target"]
        deployment, plans = target["deployment"], from_document(target["plans"])
        old = route.shares[0][0] if route.shares else None
        new = self._fleet(record, target["config"], plans)
        try:
            new.start(lambda: orders.ending is not None)
            for shift in shifts(deployment, sum(plan.count for plan in plans)):
                if orders.ending is not None:
                    break
                rest = 1 - shift.share
                route.shares = ((new, shift.share), (old, rest)) if old and rest > 0 else ((new, 1.0),)
                watch(self._cloud, deployment, shift.wait, record.caller, lambda: orders.ending is not None)
        except (FleetFailedError, RollbackError) as error:
            self._roll_back(record, route, old, new, str(error), orders)
            return
        if orders.ending is not None:
            # Whoever gave the order ends the fleets of the route; the other one is ended here.
            other = old if route.shares and route.shares[0][0] is new else new
            route.shares = tuple((fleet, 1.0) for fleet, _ in route.shares if fleet is not other)
            if other is not None:
                other.stop()
            return
        route.asynchronous = target.get("asynchronous")
        self._set_capture(route, target["capture"])
        fields = {"EndpointStatus": "InService", "EndpointConfigName": target["config"]}
        if deployment:
            fields["LastDeploymentConfig"] = deployment
        kept = {name: target.get(name) for name in ("plans", "capture", "asynchronous")}
        private = {**kept, "target": None}
        self._settle(record, fields, private)
        if old is not None:
            old.stop(drain=True)

    def _roll_back(
        self, record: Record, route: Route, old: Fleet | None, new: Fleet, reason: str, orders: Orders
    ) -> None:
        if orders.ending is not None:
            new.stop()
            return
        _log.warning("the update of %s is rolled back: %s", record.name, reason)
        self._shelf.update(record, {"EndpointStatus": "RollingBack", "LastModifiedTime": now()})
        route.shares = ((old, 1.0),) if old is not None else ()
        new.stop(drain=True)
        status = "InService" if old is not None else "Failed"
        self._settle(record, {"EndpointStatus": status, "FailureReason": reason[:1024]}, {"target": None})

    def resize(self, record: Record, orders: Orders) -> None:
        """Gives the live fleet the counts and weights of the endpoint's plans."""
        route = self._live[record.arn]
        fields = {"EndpointStatus": "InService"}
        for plan in from_document(record.private["plans"]):
            if not route.shares or orders.ending is not None:
                return
            fleet = route.shares[0][0]
            fleet.variants[plan.name].weight = plan.weight
            try:
                fleet.resize(fleet.variants[plan.name], plan.count)
            except FleetFailedError as error:
                fields["FailureReason"] = str(error)[:1024]
        self._settle(record, fields)

    def close(self, record: Record) -> None:
        """Ends the endpoint, once the work on it has ended."""
        self._board.wait(record.arn)
        with self._lock:
            route = self._live.pop(record.arn, None)
        if route is not None:
            self._routes.drop(route)
            if route.capture is not None:
                route.capture.close()
            for fleet, _ in route.shares:
                fleet.stop(drain=True)
        self.forget(record)

    def forget(self, record: Record) -> None:
        """Deletes what is kept of it."""
        self._shelf.delete(record.name, record.caller)
        self._tags.forget(record.arn)

    def _set_capture(self, route: Route, config: Mapping[str, Any] | None) -> None:
        before = route.capture
        wanted = config is not None and config.get("EnableCapture")
        route.capture = Capture(self._cloud, route.name, config, route.caller) if config and wanted else None
        if before is not None:
            before.close()

    def _settle(
        self, record: Record, fields: Mapping[str, Any], private: Mapping[str, Any] | None = None
    ) -> None:
        self._shelf.update(record, {**fields, "LastModifiedTime": now()}, private)
