"""Endpoints: the operations on them. What follows from each is in `endpoint_life`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError
from sandbox.runtime.sagemaker import listing
from sandbox.runtime.sagemaker.board import Board
from sandbox.runtime.sagemaker.container import Containers
from sandbox.runtime.sagemaker.endpoint_life import EndpointLives
from sandbox.runtime.sagemaker.fleet import VariantPlan
from sandbox.runtime.sagemaker.plans import Planner, from_document, to_document
from sandbox.runtime.sagemaker.process import Ending
from sandbox.runtime.sagemaker.records import Record, now
from sandbox.runtime.sagemaker.router import Routes
from sandbox.runtime.sagemaker.shelves import Shelves

Operation = Callable[[Params, Caller], Params]
_BUSY = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}
_SHOWN = ("EndpointName", "CreationTime", "LastModifiedTime", "EndpointStatus")


class Endpoints:
    """Create, Update, Describe, List and Delete for endpoints."""

    def __init__(
        self,
        cloud: Cloud,
        shelves: Shelves,
        board: Board,
        containers: Containers,
        planner: Planner,
        routes: Routes,
    ) -> None:
        self._shelf = shelves.endpoints
        self._configs = shelves.endpoint_configs
        self._tags = shelves.tags
        self._board = board
        self._planner = planner
        self._lives = EndpointLives(cloud, shelves, board, containers, routes)
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
                self._lives.forget(record)
            elif status != "Failed":
                self._lives.open(record)
                self._board.start(record.arn, partial(self._lives.resume, record))

    def stop(self) -> None:
        """Ends every process; documents stay as they are."""
        self._lives.stop()

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
        private = {
            "plans": to_document(plans),
            "capture": config.fields.get("DataCaptureConfig"),
            "asynchronous": config.fields.get("AsyncInferenceConfig"),
        }
        record = self._shelf.create(params["EndpointName"], caller, fields, private)
        self._tags.add(record.arn, params.get("Tags") or [])
        self._lives.open(record)
        self._board.start(record.arn, lambda orders: self._lives.bring_up(record, orders))
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
            "asynchronous": config.fields.get("AsyncInferenceConfig"),
            "deployment": params.get("DeploymentConfig") or retained or {},
            "started": now(),
        }
        changed = {"EndpointStatus": "Updating", "LastModifiedTime": now()}
        record = self._shelf.update(record, changed, {"target": target}, drop=("FailureReason",))
        self._lives.open(record)
        self._board.start(record.arn, lambda orders: self._lives.deploy(record, orders))
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
        self._board.start(record.arn, lambda orders: self._lives.resize(record, orders))
        return {"EndpointArn": record.arn}

    def _describe(self, params: Params, caller: Caller) -> Params:
        record = self._shelf.get(params["EndpointName"], caller)
        answer: Params = {**record.fields, "EndpointArn": record.arn}
        if record.fields["EndpointStatus"] not in {"Creating", "Failed"}:
            plans = from_document(record.private["plans"])
            answer["ProductionVariants"] = self._variants(record, [one for one in plans if not one.shadow])
            if shadows := [one for one in plans if one.shadow]:
                answer["ShadowProductionVariants"] = self._variants(record, shadows)
        if asynchronous := record.private.get("asynchronous"):
            answer["AsyncInferenceConfig"] = asynchronous
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

    def _variants(self, record: Record, plans: Sequence[VariantPlan]) -> list[Params]:
        serving = self._lives.serving(record)
        variants = []
        for plan in plans:
            image = {
                "SpecifiedImage": plan.container.image,
                "ResolvedImage": plan.container.image,
                "ResolutionTime": record.fields["LastModifiedTime"],
            }
            variants.append(
                {
                    "VariantName": plan.name,
                    "DeployedImages": [image],
                    "CurrentWeight": plan.weight,
                    "DesiredWeight": plan.weight,
                    "CurrentInstanceCount": serving.get(plan.name, 0),
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
        self._board.start(f"{record.arn}/deletion", lambda _: self._lives.close(record))
        return {}

    def _idle(self, name: str, caller: Caller, verb: str) -> Record:
        record = self._shelf.get(name, caller)
        if record.fields["EndpointStatus"] in _BUSY:
            raise ServiceError("ValidationException", f'Cannot {verb} in-progress endpoint "{record.arn}".')
        return record


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
