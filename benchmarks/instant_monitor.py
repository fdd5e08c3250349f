"""How long a project's program takes by itself: run against a monitor that answers at once.

The monitor gives each resource the id and outputs that the stack's state holds, plans nothing, asks no
provider and writes nothing. `engine_overhead.py` compares an `up` without change with it.

    python -m benchmarks.instant_monitor PROJECT [--stack dev] [--state .groundplan/state]
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc

from sandbox.engine import urn as urns
from sandbox.engine.backend import Backend
from sandbox.engine.interpreters import interpreter_of
from sandbox.engine.monitor import FEATURES
from sandbox.engine.program import ProgramProcess
from sandbox.engine.project import Project, StackConfig
from sandbox.engine.state import Resource
from sandbox.engine.values import PropertyMap
from sandbox.engine.wire import from_struct, to_struct

Invoke = Callable[[str, PropertyMap], PropertyMap]


class InstantMonitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Answers from what was known before. `invoke` is asked once for each call and its arguments."""

    def __init__(
        self, project: Project, stack: str, resources: Mapping[str, Resource], invoke: Invoke
    ) -> None:
        self._project = project
        self._stack = stack
        # Made beforehand: what is measured is the program, not the making of answers.
        self._answers = {
            urn: resource_pb2.RegisterResourceResponse(
                urn=urn, id=item.id, object=to_struct(item.outputs if item.custom else {})
            )
            for urn, item in resources.items()
        }
        self._invoke = invoke
        self.invokes: dict[tuple[str, bytes], Any] = {}
        self.registered = 0

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:  # noqa: N802 - Pulumi's names
        return resource_pb2.DeploymentInfo(
            project=self._project.name,
            stack=self._stack,
            organization="organization",
            parallel=16,
            supportedFeatures=[
                resource_pb2.ResourceMonitorFeature.Value(f"RESOURCE_MONITOR_FEATURE_{name}")
                for name in FEATURES
            ],
        )

    def SupportsFeature(self, request: Any, context: Any) -> Any:  # noqa: N802
        return resource_pb2.SupportsFeatureResponse(hasSupport=True)

    def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.registered += 1
        urn = urns.make(self._stack, self._project.name, request.parent, request.type, request.name)
        known = self._answers.get(urn)
        if known is not None:
            return known
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=request.name if request.custom else "", object=request.object
        )

    def ReadResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        urn = urns.make(self._stack, self._project.name, request.parent, request.type, request.name)
        known = self._answers.get(urn)
        return resource_pb2.ReadResourceResponse(
            urn=urn, properties=known.object if known is not None else request.properties
        )

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        key = (request.tok, request.args.SerializeToString(deterministic=True))
        if key not in self.invokes:
            answer = self._invoke(request.tok, from_struct(request.args, self._project.folder))
            self.invokes[key] = resource_pb2.ResourceInvokeResponse(**{"return": to_struct(answer)})
        return self.invokes[key]

    def RegisterStackTransform(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()


class SilentEngine(engine_pb2_grpc.EngineServicer):
    """Takes the program's log; errors are kept."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self._root = ""

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, request: Any, context: Any) -> Any:  # noqa: N802
        return engine_pb2.RequirePulumiVersionResponse()


def program_seconds(
    project: Project,
    config: StackConfig,
    backend: Backend,
    environment: Mapping[str, str],
    interpreter: Path,
    monitor: InstantMonitor,
) -> float:
    """Seconds from starting the program's process to its end."""
    engine = SilentEngine()
    server = grpc.server(ThreadPoolExecutor(max_workers=96))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    ended = threading.Event()
    values = config.for_program(backend.crypter(project.name, config.stack, config.encryption_salt))
    started = time.perf_counter()
    program = ProgramProcess(
        project,
        config.stack,
        values,
        interpreter=interpreter,
        environment=environment,
        parallel=16,
        preview=False,
        on_line=lambda line: None,
        on_end=ended.set,
    )
    program.connect(address)
    ended.wait()
    seconds = time.perf_counter() - started
    server.stop(0).wait()
    if program.status or engine.errors:
        raise SystemExit("\n".join([f"the program failed with status {program.status}", *engine.errors]))
    return seconds


def main() -> None:
    """Prints the seconds that a project's program takes by itself."""
    import os

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--stack", default="dev")
    parser.add_argument("--state", type=Path)
    parser.add_argument("--passphrase", default="sandbox")
    arguments = parser.parse_args()
    project = Project.load(arguments.project)
    backend = Backend(arguments.state or project.folder / ".groundplan" / "state", arguments.passphrase)
    crypter = backend.crypter(project.name, arguments.stack)
    resources = {item.urn: item for item in backend.load(project.name, arguments.stack, crypter).resources}
    monitor = InstantMonitor(project, arguments.stack, resources, lambda token, given: given)
    config = StackConfig.load(project, arguments.stack)
    seconds = program_seconds(project, config, backend, os.environ, interpreter_of(project).path, monitor)
    print(f"{seconds:.2f} s for {monitor.registered} resources")


if __name__ == "__main__":
    main()
