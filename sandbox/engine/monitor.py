"""The gRPC services that a program talks to: Pulumi's ResourceMonitor and Engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    provider_pb2,
    resource_pb2,
    resource_pb2_grpc,
)

from sandbox.engine import requests
from sandbox.engine.callbacks import Callbacks
from sandbox.engine.channels import LARGEST
from sandbox.engine.errors import EngineError
from sandbox.engine.events import Severity
from sandbox.engine.hook_calls import HookCalls
from sandbox.engine.project import ProgramConfig, Project
from sandbox.engine.provider import ProviderError
from sandbox.engine.registrar import Registrar
from sandbox.engine.run import Run, Stopped
from sandbox.engine.transforms import Transforms
from sandbox.engine.wire import from_struct, to_struct

_THREADS: Final = 256
"""More than a program has calls under way: four for each of its parallel operations, and its callbacks'."""

_SEVERITIES: Final[dict[int, Severity]] = {0: "debug", 1: "info", 2: "warning", 3: "error"}
_SHUT_DOWN: Final = "resource monitor shut down"
FEATURES: Final = (
    "SECRETS",
    "RESOURCE_REFERENCES",
    "OUTPUT_VALUES",
    "ALIAS_SPECS",
    "REPLACEMENT_TRIGGER",
    "DELETED_WITH",
    "REPLACE_WITH",
    "TRANSFORMS",
    "INVOKE_TRANSFORMS",
    "RESOURCE_HOOKS",
    "ERROR_HOOKS",
    "INVOKE_DEPENDS_ON",
    "INVOKE_PARENT",
)


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Answers the program. `registrar` waits until the state has been read."""

    def __init__(
        self, run: Run, registrar: Callable[[], Registrar], config: ProgramConfig, project: Project
    ) -> None:
        self._run = run
        self._registrar = registrar
        self._config = config
        self._folder = project.program_folder
        self._root = project.folder
        self._callbacks = Callbacks()
        self._hooks = HookCalls(self._callbacks)
        self._transforms = Transforms(self._folder, self._callbacks)
        self._released = threading.Event()

    def release(self) -> None:
        """Lets a program that has registered everything end; none of its functions is called any more."""
        self._callbacks.close()
        self._released.set()

    def close(self) -> None:
        """Closes the connections to the program."""
        self.release()

    def GetDeploymentInfo(  # noqa: N802 - the services' names are Pulumi's
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> resource_pb2.DeploymentInfo:
        return resource_pb2.DeploymentInfo(
            project=self._run.project,
            stack=self._run.stack,
            organization="organization",
            config=dict(self._config.values),
            configSecretKeys=sorted(self._config.secret_keys),
            dryRun=self._run.preview,
            parallel=self._run.parallel,
            supportedFeatures=[
                resource_pb2.ResourceMonitorFeature.Value(f"RESOURCE_MONITOR_FEATURE_{name}")
                for name in FEATURES
            ],
        )

    def SupportsFeature(  # noqa: N802
        self, request: resource_pb2.SupportsFeatureRequest, context: grpc.ServicerContext
    ) -> resource_pb2.SupportsFeatureResponse:
        names = {name.replace("_", "").lower() for name in FEATURES}
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id.lower() in names)

    def RegisterResource(  # noqa: N802
        self, request: resource_pb2.RegisterResourceRequest, context: grpc.ServicerContext
    ) -> resource_pb2.RegisterResourceResponse:
        with self._answering(context):
            registrar = self._registrar()
            requests.refuse_unsupported(request)
            registration = requests.registration(request, self._folder, self._root)
            registrar.inherit(registration.goal, registration.providers)
            registration = self._transforms.apply(registration, request, registrar.ancestors(request.parent))
            registered = registrar.register(registration.goal, registration.providers, registration.version)
            self._transforms.remember(registered.resource.urn, request)
            return requests.response(registered, request)

    def ReadResource(  # noqa: N802
        self, request: resource_pb2.ReadResourceRequest, context: grpc.ServicerContext
    ) -> resource_pb2.ReadResourceResponse:
        with self._answering(context):
            goal = requests.read(request, self._folder, self._root)
            resource = self._registrar().read(goal, request.version)
            return resource_pb2.ReadResourceResponse(
                urn=resource.urn,
                properties=to_struct(
                    resource.outputs, secrets=request.acceptSecrets, references=request.acceptResources
                ),
            )

    def RegisterResourceOutputs(  # noqa: N802
        self, request: resource_pb2.RegisterResourceOutputsRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        with self._answering(context):
            outputs = from_struct(request.outputs, self._folder)
            self._registrar().register_outputs(request.urn, requests.without_output_values(outputs))
            return empty_pb2.Empty()

    def Invoke(  # noqa: N802
        self, request: resource_pb2.ResourceInvokeRequest, context: grpc.ServicerContext
    ) -> resource_pb2.ResourceInvokeResponse:
        try:
            self._run.check()
            call = self._transforms.apply_to_invoke(
                requests.Invocation(
                    token=request.tok,
                    arguments=requests.without_output_values(from_struct(request.args, self._folder)),
                    provider=request.provider,
                    version=request.version,
                )
            )
            result = self._registrar().invoke(
                call.token, call.arguments, call.provider, call.version, request.parent, request.dependsOn
            )
        except (ProviderError, EngineError) as error:
            # The program may catch it, so it is not the run's failure yet.
            context.abort(grpc.StatusCode.UNKNOWN, f"invocation of {request.tok} returned an error: {error}")
        except Stopped:
            context.abort(grpc.StatusCode.UNAVAILABLE, _SHUT_DOWN)
        if result is None:
            return resource_pb2.ResourceInvokeResponse(unknown=True)
        return resource_pb2.ResourceInvokeResponse(
            **{"return": to_struct(result.properties, references=request.acceptResources)},
            failures=[
                provider_pb2.CheckFailure(property=item.property, reason=item.reason)
                for item in result.failures
            ],
        )

    def Call(self, request: Any, context: grpc.ServicerContext) -> None:  # noqa: N802
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "methods of packaged components are not supported here")

    def RegisterPackage(self, request: Any, context: grpc.ServicerContext) -> None:  # noqa: N802
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "parameterized packages are not supported here")

    def RegisterStackTransform(  # noqa: N802
        self, request: Any, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        self._transforms.add_for_stack(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(  # noqa: N802
        self, request: Any, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        self._transforms.add_for_invokes(request)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        return self._hook(request, context)

    def RegisterErrorHook(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        return self._hook(request, context)

    def _hook(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        with self._answering(context):
            self._registrar().hooks.register(self._hooks, request)
            return empty_pb2.Empty()

    def SignalAndWaitForShutdown(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        self._run.signals.put("program ready")
        self._released.wait()
        return empty_pb2.Empty()

    @contextmanager
    def _answering(self, context: grpc.ServicerContext) -> Iterator[None]:
        try:
            yield
        except requests.Refused as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except (ProviderError, EngineError) as error:
            if not self._run.stopping:
                self._run.fail(str(error))
            context.abort(grpc.StatusCode.UNAVAILABLE, _SHUT_DOWN)
        except Stopped:
            context.abort(grpc.StatusCode.UNAVAILABLE, _SHUT_DOWN)
        except Exception as error:  # noqa: BLE001
            # A fault in the engine or a provider ends the run; the main thread raises it again.
            self._run.crash(error)
            context.abort(grpc.StatusCode.UNAVAILABLE, _SHUT_DOWN)


class EngineService(engine_pb2_grpc.EngineServicer):
    """The program's log and its root resource."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._root = ""
        self.last_error = ""

    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        severity = _SEVERITIES.get(request.severity, "info")
        if severity == "error":
            self.last_error = request.message
        # What a program says once its monitor has gone is only an echo of the failure; what is ephemeral is
        # a provider's progress, which the official CLI shows for a moment beside the resource.
        echo = severity == "error" and self._run.stopping
        if severity != "debug" and not request.ephemeral and not echo:
            self._run.message(severity, request.message, request.urn)
        return empty_pb2.Empty()

    def GetRootResource(  # noqa: N802
        self, request: Any, context: grpc.ServicerContext
    ) -> engine_pb2.GetRootResourceResponse:
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(  # noqa: N802
        self, request: engine_pb2.SetRootResourceRequest, context: grpc.ServicerContext
    ) -> engine_pb2.SetRootResourceResponse:
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(  # noqa: N802
        self, request: Any, context: grpc.ServicerContext
    ) -> engine_pb2.RequirePulumiVersionResponse:
        return engine_pb2.RequirePulumiVersionResponse()


class MonitorServer:
    """The server of both services, on a free port of the loopback. Plugins alone need no monitor."""

    def __init__(self, monitor: Monitor | None, engine: EngineService) -> None:
        self._server = grpc.server(
            ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="monitor"),
            options=LARGEST,
        )
        if monitor is not None:
            resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, self._server)
        engine_pb2_grpc.add_EngineServicer_to_server(engine, self._server)
        self._monitor = monitor
        port = self._server.add_insecure_port("127.0.0.1:0")
        self.address = f"127.0.0.1:{port}"
        self._server.start()

    def close(self) -> None:
        """Stops serving."""
        if self._monitor is not None:
            self._monitor.close()
        self._server.stop(grace=0.2).wait()
