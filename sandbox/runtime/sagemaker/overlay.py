"""SageMaker for the host: every operation that really runs here, and the invocation of endpoints."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence

from sandbox.runtime.overlay import AsgiHandler, Caller, Cloud, Params, Remaining
from sandbox.runtime.recorded import overlay as recorded
from sandbox.runtime.sagemaker.asynchronous import AsynchronousInference
from sandbox.runtime.sagemaker.board import Board
from sandbox.runtime.sagemaker.callbacks import Callbacks
from sandbox.runtime.sagemaker.container import Containers
from sandbox.runtime.sagemaker.endpoints import Endpoints
from sandbox.runtime.sagemaker.models import Models
from sandbox.runtime.sagemaker.packages import Packages
from sandbox.runtime.sagemaker.pipelines import Pipelines
from sandbox.runtime.sagemaker.plans import Planner
from sandbox.runtime.sagemaker.processing import ProcessingJobs
from sandbox.runtime.sagemaker.refusals import require_caller_not_denied
from sandbox.runtime.sagemaker.requests import RequestRules
from sandbox.runtime.sagemaker.router import Router, Routes
from sandbox.runtime.sagemaker.shelves import shelves
from sandbox.runtime.sagemaker.state_changes import StateChanges
from sandbox.runtime.sagemaker.steps import StepRunner
from sandbox.runtime.sagemaker.traffic import Traffic
from sandbox.runtime.sagemaker.training import TrainingJobs
from sandbox.runtime.sagemaker.transform import TransformJobs
from sandbox.runtime.sagemaker.tuning import TuningJobs

_HISTORY = frozenset(
    {"training-job", "processing-job", "hyper-parameter-tuning-job", "transform-job", "pipeline-execution"}
)
"""Kinds that are a record of what was, which no one deletes; they are not what remains of a platform."""


class SageMakerOverlay:
    """An `HttpOverlay`: the control plane through `call`, invocations through `asgi`."""

    service = "sagemaker"
    path_prefix = "/endpoints/"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._shelves = shelves(cloud.documents)
        StateChanges(cloud, self._shelves.tags).watch(self._shelves)
        self._recorded = recorded.overlay_of(cloud, self.service)
        self._rules = RequestRules()
        self._board = Board()
        containers = Containers(cloud)
        self._routes = Routes()
        self._traffic = Traffic(cloud)
        packages = Packages(self._shelves)
        models = Models(cloud, self._shelves, packages)
        self._training = TrainingJobs(cloud, self._shelves, self._board, containers)
        self._processing = ProcessingJobs(cloud, self._shelves, self._board, containers)
        planner = Planner(cloud, self._shelves, packages)
        self._transform = TransformJobs(cloud, self._shelves, self._board, containers, planner)
        self._callbacks = Callbacks(cloud.documents)
        self._tuning = TuningJobs(cloud, self._shelves, self._board, self._training)
        runner = StepRunner(
            cloud,
            self._board,
            self._training,
            self._processing,
            self._tuning,
            self._transform,
            packages,
            models.operations["CreateModel"],
            self._callbacks,
        )
        self._pipelines = Pipelines(cloud, self._shelves, self._board, runner)
        self._endpoints = Endpoints(cloud, self._shelves, self._board, containers, planner, self._routes)
        self._operations: Mapping[str, Callable[[Params, Caller], Params]] = {
            **models.operations,
            **packages.operations,
            **self._training.operations,
            **self._processing.operations,
            **self._tuning.operations,
            **self._transform.operations,
            **self._pipelines.operations,
            **self._callbacks.operations,
            **self._endpoints.operations,
            "AddTags": self._add_tags,
            "ListTags": self._list_tags,
            "DeleteTags": self._delete_tags,
        }
        self.operations = frozenset(self._operations)
        self._later = AsynchronousInference(cloud)
        self.asgi: AsgiHandler = Router(self._routes, self._traffic, self._later)

    def call(self, operation: str, params: Params, caller: Caller) -> Params:
        """Answers one operation. Raises ServiceError, also for a request that the service's model refuses."""
        self._rules.check(operation, params)
        require_caller_not_denied(self._cloud, operation, params, caller)
        return self._operations[operation](params, caller)

    def remaining(self) -> Sequence[Remaining]:
        return [
            Remaining(self.service, shelf.kind.name, record.name, record.caller.account_id)
            for shelf in self._shelves.all()
            if shelf.kind.name not in _HISTORY
            for record in shelf.all()
        ]

    def start(self) -> None:
        for leftover in ("training", "processing", "transform", "endpoints"):
            shutil.rmtree(self._cloud.root / "sagemaker" / leftover, ignore_errors=True)
        self._training.settle()
        self._processing.settle()
        self._tuning.settle()
        self._transform.settle()
        self._pipelines.settle()
        self._callbacks.settle()
        self._traffic.start()
        self._endpoints.start()
        self._later.start()

    def stop(self) -> None:
        self._later.stop()
        self._board.close()
        self._endpoints.stop()
        self._traffic.close()

    def _add_tags(self, params: Params, caller: Caller) -> Params:
        if not self._holds(params):
            return self._recorded.call("AddTags", params, caller)
        return {"Tags": self._shelves.tags.add(params["ResourceArn"], params["Tags"])}

    def _list_tags(self, params: Params, caller: Caller) -> Params:
        if not self._holds(params):
            return self._recorded.call("ListTags", params, caller)
        return {"Tags": self._shelves.tags.of(params["ResourceArn"])}

    def _delete_tags(self, params: Params, caller: Caller) -> Params:
        if not self._holds(params):
            return self._recorded.call("DeleteTags", params, caller)
        self._shelves.tags.remove(params["ResourceArn"], params["TagKeys"])
        return {}

    def _holds(self, params: Params) -> bool:
        return self._shelves.by_arn(params["ResourceArn"]) is not None
