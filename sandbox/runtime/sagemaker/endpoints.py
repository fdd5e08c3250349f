"""Endpoints: the operations on them, and the life of each from Creating to Deleting."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError
from sandbox.runtime.sagemaker import listing
from sandbox.runtime.sagemaker.board import Board
from sandbox.runtime.sagemaker.capture import Capture
from sandbox.runtime.sagemaker.container import Containers
from sandbox.runtime.sagemaker.deployment import RollbackError, shifts, watch
from sandbox.runtime.sagemaker.fleet import Fleet, FleetFailedError, VariantPlan
from sandbox.runtime.sagemaker.plans import Planner, from_document, to_document
from sandbox.runtime.sagemaker.process import Ending, Orders
from sandbox.runtime.sagemaker.records import Record, now
from sandbox.runtime.sagemaker.router import Route, Routes
from sandbox.runtime.sagemaker.shelves import Shelves

Operation = Callable[[Params, Caller], Params]
_BUSY = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}
_SHOWN = ("EndpointName", "CreationTime", "LastModifiedTime", "EndpointStatus")
_log = logging.getLogger(__name__)


class Endpoints:
    """Create, Update, Describe, List and Delete for endpoints, and their fleets."""

    def __init__(
        self,
        cloud: Cloud,
        shelves: Shelves,
        board: Board,
        containers: Containers,
        planner: Planner,
        routes: Routes,
    ) -> None:
        self._cloud = cloud
        self._shelf = shelves.endpoints
        self._configs = shelves.endpoint_configs
        self._tags = shelves.tags
        self._board = board
        self._containers = containers
        self._planner = planner
        self._routes = routes
        self._live: dict[str, Route] = {}
        self._lock = threading.Lock()
        self.operations: Mapping[str, Operation] = {
            "CreateEndpoint": self._create,
            "UpdateEndpoint": self._update,
            "UpdateEndpointWeightsAndCapacities": self._reweigh,
            "DescribeEndpoint": self._describe,
            "ListEndpoints": self._list,
            "DeleteEndpoint": self._delete,
        }

    def start(self) -> None:
        """Brings up again what was there, and takes up what a kill cut off."""
        for record in self._shelf.all():
            status = record.fields["EndpointStatus"]
            if status == "Deleting":
                self._forget(record)
            elif status != "Failed":
                self._open(record)
                self._board.start(record.arn, lambda orders, record=record: self._resume(record, orders))  # type: ignore[misc]

    def stop(self) -> None:
        """Ends every process; documents stay as they are."""
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

    def _create(self, params: Params, caller: Caller) -> Params:
        config = self._configs.get(params["EndpointConfigName"], caller)
        plans = self._planner.plans(config)
        at = now()
        fields: dict[str, Any] = {
            "EndpointName": params["EndpointName"],
            "EndpointConfigName": config.name,
            "EndpointStatus": "Creating",
            "CreationTime": at,
            "LastModifiedTime": at,
        }
        if deployment := params.get("DeploymentConfig"):
            fields["LastDeploymentConfig"] = deployment
        private = {"plans": to_document(plans), "capture": config.fields.get("DataCaptureConfig")}
        record = self._shelf.create(params["EndpointName"], caller, fields, private)
        self._tags.add(record.arn, params.get("Tags") or [])
        self._open(record)
        self._board.start(record.arn, lambda orders: self._bring_up(record, orders))
        return {"EndpointArn": record.arn}

    def _update(self, params: Params, caller: Caller) -> Params:
        config = self._configs.get(params["EndpointConfigName"], caller)
        record = self._idle(params["EndpointName"], caller, "update")
        plans = self._planner.plans(config)
        if params.get("RetainAllVariantProperties"):
            excluded = {
                e["VariantPropertyType"] for e in params.get("ExcludeRetainedVariantProperties") or []
            }
            plans = _retained(plans, from_document(record.private["plans"]), excluded)
        retained = record.fields.get("LastDeploymentConfig") if params.get("RetainDeploymentConfig") else None
        target = {
            "config": config.name,
            "plans": to_document(plans),
            "capture": config.fields.get("DataCaptureConfig"),
            "deployment": params.get("DeploymentConfig") or retained or {},
            "started": now(),
        }
        changed = {"EndpointStatus": "Updating", "LastModifiedTime": now()}
        record = self._shelf.update(record, changed, {"target": target}, drop=("FailureReason",))
        self._open(record)
        self._board.start(record.arn, lambda orders: self._deploy(record, orders))
        return {"EndpointArn": record.arn}

    def _reweigh(self, params: Params, caller: Caller) -> Params:
        record = self._idle(params["EndpointName"], caller, "update")
        wanted = {entry["VariantName"]: entry for entry in params["DesiredWeightsAndCapacities"]}
        plans = from_document(record.private["plans"])
        unknown = wanted.keys() - {plan.name for plan in plans}
        if unknown:
            raise ServiceError(
                "ValidationException",
                f"Endpoint {record.arn} has no variant {', '.join(sorted(unknown))}.",
            )
        plans = tuple(
            replace(
                plan,
                weight=wanted.get(plan.name, {}).get("DesiredWeight", plan.weight),
                count=wanted.get(plan.name, {}).get("DesiredInstanceCount", plan.count),
            )
            for plan in plans
        )
        changed = {"EndpointStatus": "Updating", "LastModifiedTime": now()}
        record = self._shelf.update(record, changed, {"plans": to_document(plans)}, drop=("FailureReason",))
        self._board.start(record.arn, lambda orders: self._resize(record, orders))
        return {"EndpointArn": record.arn}

    def _describe(self, params: Params, caller: Caller) -> Params:
        record = self._shelf.get(params["EndpointName"], caller)
        answer: Params = {**record.fields, "EndpointArn": record.arn}
        if record.fields["EndpointStatus"] not in {"Creating", "Failed"}:
            answer["ProductionVariants"] = self._variants(record)
        capture = record.private.get("capture")
        if capture:
            answer["DataCaptureConfig"] = {
                "EnableCapture": bool(capture.get("EnableCapture")),
                "CaptureStatus": "Started" if capture.get("EnableCapture") else "Stopped",
                "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
                "DestinationS3Uri": capture["DestinationS3Uri"],
                "KmsKeyId": capture.get("KmsKeyId", ""),
            }
        if target := record.private.get("target"):
            answer["PendingDeploymentSummary"] = {
                "EndpointConfigName": target["config"],
                "StartTime": target["started"],
                "ProductionVariants": [{"VariantName": plan["name"]} for plan in target["plans"]],
            }
        return answer

    def _variants(self, record: Record) -> list[Params]:
        route = self._live.get(record.arn)
        live = route.shares[0][0].variants if route is not None and route.shares else {}
        variants = []
        for plan in from_document(record.private["plans"]):
            image = {
                "SpecifiedImage": plan.container.image,
                "ResolvedImage": plan.container.image,
                "ResolutionTime": record.fields["LastModifiedTime"],
            }
            serving = len(live[plan.name].instances) if plan.name in live else 0
            variants.append(
                {
                    "VariantName": plan.name,
                    "DeployedImages": [image],
                    "CurrentWeight": plan.weight,
                    "DesiredWeight": plan.weight,
                    "CurrentInstanceCount": serving,
                    "DesiredInstanceCount": plan.count,
                }
            )
        return variants

    def _list(self, params: Params, caller: Caller) -> Params:
        records = listing.choose(self._shelf.all(caller), params, ("StatusEquals", "EndpointStatus"))
        items = [{**listing.summary(r, _SHOWN), "EndpointArn": r.arn} for r in records]
        return listing.page(items, params, "Endpoints")

    def _delete(self, params: Params, caller: Caller) -> Params:
        record = self._shelf.get(params["EndpointName"], caller)
        if record.fields["EndpointStatus"] == "Deleting":
            return {}
        record = self._shelf.update(record, {"EndpointStatus": "Deleting", "LastModifiedTime": now()})
        # A deployment under way gives up, and deleting waits for that.
        self._board.order(record.arn, Ending.STOPPED)
        self._board.start(f"{record.arn}/deletion", lambda _: self._close(record))
        return {}

    def _idle(self, name: str, caller: Caller, verb: str) -> Record:
        record = self._shelf.get(name, caller)
        if record.fields["EndpointStatus"] in _BUSY:
            raise ServiceError("ValidationException", f'Cannot {verb} in-progress endpoint "{record.arn}".')
        return record

    def _open(self, record: Record) -> Route:
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

    def _bring_up(self, record: Record, orders: Orders) -> None:
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
        self._set_capture(route, record.private.get("capture"))
        self._routes.put(route)
        if record.fields["EndpointStatus"] == "Creating":
            self._settle(record, {"EndpointStatus": "InService"})

    def _resume(self, record: Record, orders: Orders) -> None:
        self._bring_up(record, orders)
        if orders.ending is not None or not self._live[record.arn].shares:
            return
        if record.private.get("target"):
            self._deploy(record, orders)
        elif record.fields["EndpointStatus"] in {"Updating", "RollingBack"}:
            self._settle(record, {"EndpointStatus": "InService"})

    def _deploy(self, record: Record, orders: Orders) -> None:
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
        self._set_capture(route, target["capture"])
        fields = {"EndpointStatus": "InService", "EndpointConfigName": target["config"]}
        if deployment:
            fields["LastDeploymentConfig"] = deployment
        private = {"plans": target["plans"], "capture": target["capture"], "target": None}
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

    def _resize(self, record: Record, orders: Orders) -> None:
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

    def _close(self, record: Record) -> None:
        self._board.wait(record.arn)
        with self._lock:
            route = self._live.pop(record.arn, None)
        if route is not None:
            self._routes.drop(route)
            if route.capture is not None:
                route.capture.close()
            for fleet, _ in route.shares:
                fleet.stop(drain=True)
        self._forget(record)

    def _forget(self, record: Record) -> None:
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
        changed = self._shelf.update(record, {**fields, "LastModifiedTime": now()}, private)
        detail = {"EndpointName": record.name, "EndpointArn": record.arn}
        for member in ("EndpointConfigName", "EndpointStatus", "FailureReason"):
            if member in changed.fields:
                detail[member] = changed.fields[member]
        # The service writes the status of its events in capitals.
        detail["EndpointStatus"] = _EVENT_STATUS[detail["EndpointStatus"]]
        try:
            self._cloud.emit("aws.sagemaker", "SageMaker Endpoint State Change", detail, record.caller)
        except ServiceError as error:
            _log.warning("the event of %s is lost: %s", record.arn, error)


_EVENT_STATUS = {"InService": "IN_SERVICE", "Failed": "FAILED"}


def _retained(
    plans: Sequence[VariantPlan], live: Sequence[VariantPlan], excluded: set[str]
) -> tuple[VariantPlan, ...]:
    """Plans with the counts and weights that variants of the same name have now."""
    before = {plan.name: plan for plan in live}
    kept = []
    for plan in plans:
        current = before.get(plan.name)
        if current is not None and "DesiredInstanceCount" not in excluded:
            plan = replace(plan, count=current.count)
        if current is not None and "DesiredWeight" not in excluded:
            plan = replace(plan, weight=current.weight)
        kept.append(plan)
    return tuple(kept)
