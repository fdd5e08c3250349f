"""A provider's plugin for the tests: `pulumi-resource-gadget <engine>`, with its cloud in a folder.

`GADGET_FOLDER` holds a file for each gadget and `calls.jsonl`; `GADGET_MODE` is `modern` (it shakes hands and
takes secrets), `old` (it knows no Handshake, no CheckConfig, no previews) or one of the ways not to start.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import any_pb2, empty_pb2, struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
FOLDER = Path(os.environ["GADGET_FOLDER"])
MODE = os.environ.get("GADGET_MODE", "modern")


def struct(plain: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(plain)
    return made


class Gadgets(provider_pb2_grpc.ResourceProviderServicer):
    """A change of `kind` replaces a gadget; `fail` names what goes wrong."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.configured: dict[str, Any] = {}

    def note(self, call: str, **seen: Any) -> None:
        with (FOLDER / "calls.jsonl").open("a") as stream:
            stream.write(json.dumps({"call": call, "pid": os.getpid(), **seen}) + "\n")

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        if MODE == "old":
            return super().Handshake(request, context)
        if MODE == "hanging":
            time.sleep(60)
        self.note("handshake", engine=request.engine_address, folder=request.root_directory)
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version="1.0.0")

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.engine = request.address
        self.note("attach")
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        if MODE == "old":
            return super().CheckConfig(request, context)
        news = MessageToDict(request.news)
        bad = [provider_pb2.CheckFailure(property="area", reason="'mars' is no area")]
        return provider_pb2.CheckResponse(
            inputs=request.news, failures=bad if news.get("area") == "mars" else []
        )

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.configured = MessageToDict(request.args)
        self.note(
            "configure",
            urn=request.urn,
            id=request.id,
            args=self.configured,
            variables=dict(request.variables),
        )
        if self.configured.get("area") == "closed":
            details = any_pb2.Any()
            key = provider_pb2.ConfigureErrorMissingKeys.MissingKey(
                name="gadget:token", description="a token"
            )
            details.Pack(provider_pb2.ConfigureErrorMissingKeys(missingKeys=[key]))
            abort(context, "not configured", details)
        return provider_pb2.ConfigureResponse(acceptSecrets=MODE != "old", supportsPreview=MODE != "old")

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        news = MessageToDict(request.news)
        failures = []
        if news.get("size", 0) != UNKNOWN and float(news.get("size", 0)) < 0:
            failures.append(provider_pb2.CheckFailure(property="size", reason="below 0"))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        olds, news = MessageToDict(request.old_inputs), MessageToDict(request.news)
        self.note("diff", olds=olds, news=news)
        if MODE == "old":
            return provider_pb2.DiffResponse()
        detailed = {}
        for key in sorted(olds.keys() | news.keys()):
            if olds.get(key) != news.get(key):
                kind = "UPDATE_REPLACE" if key == "kind" else "UPDATE"
                detailed[key] = provider_pb2.PropertyDiff(kind=kind)
        return provider_pb2.DiffResponse(
            changes="DIFF_SOME" if detailed else "DIFF_NONE",
            replaces=["kind"] if "kind" in detailed else [],
            deleteBeforeReplace=bool(news.get("before")),
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        inputs = MessageToDict(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=struct({**inputs, "serial": UNKNOWN}))
        self.note("create", name=request.name, type=request.type, timeout=request.timeout, inputs=inputs)
        self.go_wrong(inputs, context, "create")
        serial = 1 + len(list(FOLDER.glob("gadget-*")))
        id = f"gadget-{serial}"
        outputs = {**inputs, "serial": serial}
        (FOLDER / id).write_text(json.dumps(outputs))
        if inputs.get("fail") == "start":
            failed_to_start(context, id, outputs)
        return provider_pb2.CreateResponse(id=id, properties=struct(outputs))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.note("read", id=request.id)
        file = FOLDER / request.id
        if not file.exists():
            return provider_pb2.ReadResponse()
        outputs = json.loads(file.read_text())
        inputs = {key: value for key, value in outputs.items() if key != "serial"}
        return provider_pb2.ReadResponse(id=request.id, properties=struct(outputs), inputs=struct(inputs))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        news = MessageToDict(request.news)
        outputs = {**news, "serial": MessageToDict(request.olds)["serial"]}
        if not request.preview:
            self.note("update", name=request.name, ignored=list(request.ignoreChanges))
            self.go_wrong(news, context, "update")
            (FOLDER / request.id).write_text(json.dumps(outputs))
        return provider_pb2.UpdateResponse(properties=struct(outputs))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.note("delete", id=request.id)
        with grpc.insecure_channel(self.engine) as channel:
            engine_pb2_grpc.EngineStub(channel).Log(
                engine_pb2.LogRequest(severity="WARNING", message=f"{request.id} goes", urn=request.urn)
            )
        (FOLDER / request.id).unlink(missing_ok=True)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        arguments = MessageToDict(request.args)
        if arguments.get("question") == "nothing":
            failure = provider_pb2.CheckFailure(property="question", reason="ask something")
            return provider_pb2.InvokeResponse(failures=[failure])
        answer = {"answer": f"{arguments.get('question')} in {self.configured.get('area')}"}
        return provider_pb2.InvokeResponse(**{"return": struct(answer)})

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.note("cancel")
        return empty_pb2.Empty()

    def go_wrong(self, inputs: dict[str, Any], context: Any, operation: str) -> None:
        print(f"{operation} {inputs.get('label')}", flush=True)
        if inputs.get("fail") == operation:
            context.abort(grpc.StatusCode.UNKNOWN, "the factory is on strike")
        if inputs.get("fail") == "crash":
            print("something is burning", file=sys.stderr, flush=True)
            os._exit(3)


def failed_to_start(context: Any, id: str, outputs: dict[str, Any]) -> None:
    details = any_pb2.Any()
    details.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=id, properties=struct(outputs), reasons=["it does not start", "no fuel"]
        )
    )
    abort(context, "not initialized", details)


def abort(context: Any, message: str, details: any_pb2.Any) -> None:
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[details])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, message)


def main() -> None:
    if MODE == "silent":
        time.sleep(60)
    if MODE == "babbling":
        print("hello, I am a plugin", flush=True)
        time.sleep(60)
    if MODE == "deaf":
        print(1, flush=True)
        time.sleep(60)
    if MODE == "broken":
        sys.exit("no licence")
    server = grpc.server(ThreadPoolExecutor(4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Gadgets(sys.argv[1]), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
