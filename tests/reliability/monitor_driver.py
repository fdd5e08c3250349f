"""A Pulumi program that runs in the test's own process, over the engine's real gRPC services.

The engine starts its program as ever; what it starts is a small shell script that hands the monitor's address
over and waits. A thread here then registers resources as the SDK would. A run takes some hundredths of a
second instead of seconds, so that thousands of programs can be tried.
"""

from __future__ import annotations

import os
import select
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import alias_pb2, engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc

from sandbox.engine.channels import channel_to
from sandbox.engine.urn import ROOT_STACK_TYPE
from sandbox.engine.wire import from_struct, to_struct

_SCRIPT = """#!/bin/sh
read address
echo "$address" > "$GROUNDPLAN_DRIVER/address"
read status < "$GROUNDPLAN_DRIVER/status"
exit "$status"
"""
VERSION = "1.2.3"
T = TypeVar("T")


@dataclass(frozen=True)
class Registered:
    """A resource as the engine answered for it."""

    urn: str
    id: str
    outputs: Mapping[str, Any]

    @property
    def reference(self) -> str:
        return f"{self.urn}::{self.id}"


@dataclass(frozen=True)
class Wanted:
    """A resource to register, in the terms of the protocol."""

    type: str
    name: str
    custom: bool = True
    parent: str = ""
    provider: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    dependencies: Sequence[str] = ()
    property_dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    former_name: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of `RegisterResourceRequest`."""


class Registrations:
    """The program's side of the protocol."""

    def __init__(self, channel: grpc.Channel, folder: Path) -> None:
        self._monitor = resource_pb2_grpc.ResourceMonitorStub(channel)
        self._engine = engine_pb2_grpc.EngineStub(channel)
        self._folder = folder
        self.root = ""

    def stack(self, name: str) -> None:
        """Registers the stack itself, the parent of everything."""
        self.root = self.register(Wanted(ROOT_STACK_TYPE, name, custom=False)).urn
        self._engine.SetRootResource(engine_pb2.SetRootResourceRequest(urn=self.root))

    def register(self, wanted: Wanted) -> Registered:
        """Registers a resource and waits for what came of it."""
        request = resource_pb2.RegisterResourceRequest(
            type=wanted.type,
            name=wanted.name,
            custom=wanted.custom,
            parent=wanted.parent or self.root,
            provider=wanted.provider,
            object=to_struct(dict(wanted.inputs)),
            dependencies=sorted(wanted.dependencies),
            acceptSecrets=True,
            acceptResources=True,
            supportsPartialValues=True,
            version=VERSION if wanted.custom else "",
            **wanted.options,
        )
        for key, urns in wanted.property_dependencies.items():
            request.propertyDependencies[key].urns.extend(urns)
        if wanted.former_name:
            request.aliases.append(
                alias_pb2.Alias(spec=alias_pb2.Alias.Spec(name=wanted.former_name, parentUrn=request.parent))
            )
        answer = self._monitor.RegisterResource(request)
        return Registered(answer.urn, answer.id, from_struct(answer.object, self._folder))

    def outputs(self, urn: str, outputs: Mapping[str, Any]) -> None:
        """Registers the outputs of a component or of the stack."""
        request = resource_pb2.RegisterResourceOutputsRequest(urn=urn, outputs=to_struct(dict(outputs)))
        self._monitor.RegisterResourceOutputs(request)

    def wait_for_the_end(self) -> None:
        self._monitor.SignalAndWaitForShutdown(empty_pb2.Empty())


class Driver:
    """Runs the programs of one folder. `interpreter` and `environment` go to the engine."""

    def __init__(self, folder: Path) -> None:
        self._pipes = folder / "driver"
        self.interpreter = folder / "driver.sh"
        self.interpreter.write_text(_SCRIPT)
        self.interpreter.chmod(0o755)
        self.environment = {"GROUNDPLAN_DRIVER": str(self._pipes)}
        self.failure: BaseException | None = None

    def during(self, program: Callable[[Registrations], None], run: Callable[[], T]) -> T:
        """Calls `run`, which has the engine start its program, and is that program meanwhile."""
        shutil.rmtree(self._pipes, ignore_errors=True)
        self._pipes.mkdir()
        for name in ("address", "status"):
            os.mkfifo(self._pipes / name)
        # Open for both, so that neither end waits for the other.
        address = os.open(self._pipes / "address", os.O_RDWR | os.O_NONBLOCK)
        status = os.open(self._pipes / "status", os.O_RDWR | os.O_NONBLOCK)
        over = threading.Event()
        thread = threading.Thread(target=self._serve, args=(program, address, status, over), name="program")
        thread.start()
        try:
            return run()
        finally:
            over.set()
            thread.join()
            os.close(address)
            os.close(status)
            if self.failure is not None:
                failure, self.failure = self.failure, None
                raise failure

    def _serve(
        self, program: Callable[[Registrations], None], address: int, status: int, over: threading.Event
    ) -> None:
        while not select.select([address], [], [], 0.05)[0]:
            if over.is_set():
                return
        with channel_to(os.read(address, 4096).decode().strip()) as channel:
            try:
                registrations = Registrations(channel, self._pipes)
                program(registrations)
                registrations.wait_for_the_end()
                os.write(status, b"0\n")
            except grpc.RpcError:
                os.write(status, b"1\n")
            except BaseException as failure:  # noqa: BLE001 - raised again in the test's own thread
                self.failure = failure
                os.write(status, b"1\n")
