"""What a sandbox is made of: its stores, the emulator, the overlays and the front, put together."""

from __future__ import annotations

import importlib
import logging
import shutil
import threading
from typing import Any

from sandbox.runtime.alarms.actions import AlarmActions
from sandbox.runtime.alarms.suppression import HeldActions
from sandbox.runtime.alarms.watch import AlarmWatch
from sandbox.runtime.buckets.configurations import BucketConfigurations
from sandbox.runtime.chat.channel import ChatChannel
from sandbox.runtime.cost.anomalies import AnomaliesOverlay
from sandbox.runtime.cost.overlay import BudgetsOverlay
from sandbox.runtime.cost.watch import SpendWatch
from sandbox.runtime.daemon import SandboxAddress
from sandbox.runtime.delivery import hooks
from sandbox.runtime.delivery.outbox import Outbox
from sandbox.runtime.delivery.reach import Reach
from sandbox.runtime.delivery.targets import Couriers
from sandbox.runtime.firehose.overlay import FirehoseOverlay
from sandbox.runtime.functions.function import FunctionShelf
from sandbox.runtime.functions.overlay import FunctionsOverlay
from sandbox.runtime.host import additions, compaction, corrections, event_buses, exactness, shortcuts
from sandbox.runtime.host.administration import Administration, add_faults, process_figures
from sandbox.runtime.host.cloud import HostedCloud
from sandbox.runtime.host.documents import SqliteDocuments
from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.host.faults import Faults
from sandbox.runtime.host.front import Front, Gate
from sandbox.runtime.host.http import HttpRequest
from sandbox.runtime.host.journal import Journal
from sandbox.runtime.host.remaining import remaining_in
from sandbox.runtime.logs import metric_filters
from sandbox.runtime.overlay import Caller, Cloud, Overlay
from sandbox.runtime.policies.buckets import BucketGate
from sandbox.runtime.recorded import overlay as recorded
from sandbox.runtime.schedules import known
from sandbox.runtime.schedules.timers import Timers
from sandbox.runtime.streams import mapping
from sandbox.runtime.streams.workers import MappingWorkers
from sandbox.runtime.workflows import emulation

_log = logging.getLogger(__name__)

OVERLAYS = (
    "sandbox.runtime.sagemaker.overlay:SageMakerOverlay",
    "sandbox.runtime.features.overlay:FeatureStoreOverlay",
    "sandbox.runtime.quality.overlay:QualityOverlay",
    "sandbox.runtime.spark.overlay:SparkOverlay",
    "sandbox.runtime.builds.overlay:BuildsOverlay",
    "sandbox.runtime.workflows.overlay:StepFunctionsOverlay",
)
"""Parts that are made with the `Cloud` alone: `module:Class`."""


class Sandbox:
    """One running sandbox."""

    def __init__(self, address: SandboxAddress) -> None:
        root = address.root
        self._address = address
        self._ready = threading.Event()
        self._faults = Faults()
        self._documents = SqliteDocuments(root / "documents.sqlite")
        self._journal = Journal(root / "journal")
        self._emulator = Emulator(self._journal, address.account_id, address.region)
        self.cloud: Cloud = HostedCloud(
            root, address.endpoint_url, self._documents, self._emulator, self._faults
        )
        self._outbox = Outbox(self._documents)
        hooks.install(self._emulator, self._outbox.put)
        exactness.install(self._emulator)
        additions.install()
        corrections.install()
        event_buses.install()
        known.install()
        emulation.install()
        mapping.install()
        metric_filters.install()
        shortcuts.install()
        held = HeldActions(self._documents, self._emulator, self._outbox.put)
        actions = AlarmActions(self.cloud, self._emulator, self._outbox, held.hold)
        self._alarms = AlarmWatch(self.cloud, self._emulator, held)
        self._timers = Timers(self.cloud, self._emulator, self._outbox.put, self._outbox.refuse)
        self._replayed = self._emulator.replay()
        shelf = FunctionShelf(self._emulator, root / "functions")
        functions = FunctionsOverlay(self.cloud, shelf, self._outbox)
        actions.call_functions_by(functions.enqueue)
        reach = Reach(self.cloud, functions.enqueue)
        Couriers(self.cloud, self._outbox, functions.enqueue, reach)
        self._mappings = MappingWorkers(self.cloud, self._emulator, reach, self._outbox.refuse)
        watch = SpendWatch(self.cloud, self._outbox.refuse, address.account_id, address.region)
        budgets = BudgetsOverlay(watch)
        anomalies = AnomaliesOverlay(self.cloud, self._outbox.refuse, address.account_id, address.region)
        firehose = FirehoseOverlay(self.cloud, self._emulator)
        # First those that only keep: what really runs answers in their stead.
        self._overlays: list[Overlay] = [
            *recorded.overlays(self.cloud),
            functions,
            budgets,
            anomalies,
            firehose,
        ]
        self._overlays += [made for name in OVERLAYS if (made := _overlay(name, self.cloud)) is not None]
        if self._replayed >= compaction.AT_LEAST:
            self._compact()
        self._administration = Administration()
        self._add_routes()
        budgets.add_routes(self._administration)
        anomalies.add_routes(self._administration)
        self._timers.add_routes(self._administration)
        ChatChannel(self._documents).add_routes(self._administration)
        policies: Gate = BucketGate(self._bucket_policy, address.account_id)
        configurations = BucketConfigurations(self._documents, self._has_bucket, address.account_id)
        gates = {"s3": (policies, configurations)}
        self.front = Front(
            self._emulator,
            self._overlays,
            self._administration,
            self._faults,
            gates,
            address.account_id,
            address.region,
        )

    def start(self) -> None:
        """What can only happen once requests are answered."""
        for overlay in self._overlays:
            overlay.start()
        self._outbox.start()
        self._alarms.start()
        self._timers.start()
        self._mappings.start()
        self._ready.set()

    def stop(self) -> None:
        """Ends what was started; what is kept stays."""
        self._ready.clear()
        self._alarms.stop()
        self._timers.stop()
        self._mappings.stop()
        self._outbox.stop()
        for overlay in reversed(self._overlays):
            overlay.stop()
        self._emulator.close()
        self.front.close()
        self._journal.close()
        self._documents.close()

    def _compact(self) -> None:
        """Shortens the journal by the changes of accounts in which everything that they made is gone."""
        found = remaining_in()
        for overlay in self._overlays:
            found.remaining.extend(overlay.remaining())
        matters = compaction.still_matters(
            self._journal.entries,
            held={one.account for one in found.remaining},
            scheduled={(one.account, one.service) for one in found.scheduled},
            account_id=self._address.account_id,
            region=self._address.region,
        )
        if all(matters(entry) for entry in self._journal.entries()):
            return
        kept = self._journal.keep_only(matters)
        _log.info("of %s changes in the journal, %s are kept", self._replayed, kept)

    def _add_routes(self) -> None:
        routes = self._administration
        routes.add("GET", "status", self._status)
        routes.add("GET", "remaining", self._remaining)
        routes.add("POST", "reset", self._reset)
        routes.add("GET", "undelivered", lambda _, __: {"undelivered": self._outbox.undelivered()})
        add_faults(routes, self._faults)

    def _status(self, _: HttpRequest, __: str) -> Any:
        return {
            "instance": self._address.instance,
            "ready": self._ready.is_set(),
            "root": str(self._address.root),
            "accountId": self._address.account_id,
            "region": self._address.region,
            "endpointUrl": self._address.endpoint_url,
            "replayed": self._replayed,
            "replayDifferences": self._emulator.replay_differences,
            "overlays": sorted({overlay.service for overlay in self._overlays}),
            **process_figures(),
        }

    def _remaining(self, _: HttpRequest, account: str) -> Any:
        with self._emulator.lock:
            report = remaining_in()
        for overlay in self._overlays:
            report.remaining.extend(overlay.remaining())
        return report.as_document(account)

    def _bucket_policy(self, bucket: str, caller: Caller) -> str | None:
        from moto.s3.models import s3_backends

        with self._emulator.lock:
            kept = s3_backends[caller.account_id]["aws"].buckets.get(bucket)
            policy = kept.policy if kept else None
        return policy.decode() if policy else None

    def _has_bucket(self, bucket: str, caller: Caller) -> bool:
        from moto.s3.models import s3_backends

        with self._emulator.lock:
            return bucket in s3_backends[caller.account_id]["aws"].buckets

    def _reset(self, _: HttpRequest, __: str) -> Any:
        for overlay in reversed(self._overlays):
            overlay.stop()
        self._emulator.reset()
        self._documents.clear()
        self._faults.clear()
        for folder in ("builds", "functions", "images", "sagemaker", "spark"):
            shutil.rmtree(self._address.root / folder, ignore_errors=True)
        for overlay in self._overlays:
            overlay.start()
        return {"reset": True}


def _overlay(name: str, cloud: Cloud) -> Overlay | None:
    module, _, attribute = name.partition(":")
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name != module:
            raise
        _log.warning("%s is not there: its service is the emulator's alone", module)
        return None
    made: Overlay = getattr(found, attribute)(cloud)
    return made
