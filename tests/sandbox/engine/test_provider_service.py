"""A provider as an engine in another process calls it: every call of the service, over real gRPC."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.engine.provider_service import ProviderService
from sandbox.engine.signatures import ASSET, SIGNATURE
from sandbox.engine.values import UNKNOWN, Archive, Asset, PropertyMap, ResourceReference, Secret
from sandbox.engine.wire import from_struct, to_struct

URN = "urn:pulumi:dev::test::toy:index:Toy::tin"
CONFIG_URN = "urn:pulumi:dev::test::pulumi:providers:toy::default"
SEED = bytes(32)


class Caller:
    """The service's client, with property maps in place of messages."""

    def __init__(self, stub: Any, folder: Path) -> None:
        self.stub = stub
        self.folder = folder

    def plain(self, struct: Struct) -> PropertyMap:
        return from_struct(struct, self.folder)

    def configure(self, **inputs: Any) -> None:
        self.stub.Configure(provider_pb2.ConfigureRequest(args=to_struct(inputs)))

    def check(self, olds: PropertyMap, news: PropertyMap) -> Any:
        return self.stub.Check(
            provider_pb2.CheckRequest(urn=URN, olds=to_struct(olds), news=to_struct(news), randomSeed=SEED)
        )

    def create(self, inputs: PropertyMap, *, preview: bool = False) -> Any:
        return self.stub.Create(
            provider_pb2.CreateRequest(urn=URN, properties=to_struct(inputs), preview=preview)
        )

    def diff(self, old_inputs: PropertyMap, news: PropertyMap) -> Any:
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                urn=URN,
                id="1",
                old_inputs=to_struct(old_inputs),
                olds=to_struct(old_inputs),
                news=to_struct(news),
            )
        )


@pytest.fixture
def caller(workspace: Any) -> Iterator[Caller]:
    """The service of a toy provider, on a port of its own; not configured."""
    folder: Path = workspace.folder
    service = ProviderService(
        lambda: workspace.provider(workspace.cloud), package="toy", version="1.2.3", folder=folder
    )
    server = grpc.server(ThreadPoolExecutor(4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Caller(provider_pb2_grpc.ResourceProviderStub(channel), folder)
    server.stop(None)


@pytest.fixture
def toy(caller: Caller) -> Caller:
    """The same, configured."""
    caller.configure(region="here")
    return caller


def refused(call: Any) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as found:
        call()
    return found.value


def test_an_engine_learns_who_answers_and_in_which_form(caller: Caller) -> None:
    told = caller.stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
    assert told.accept_secrets
    assert told.accept_resources
    assert not told.accept_outputs
    assert caller.stub.GetPluginInfo(empty_pb2.Empty()).version == "1.2.3"
    assert '"toy"' in caller.stub.GetSchema(provider_pb2.GetSchemaRequest()).schema
    assert caller.stub.GetMapping(provider_pb2.GetMappingRequest(key="terraform")).provider == ""
    caller.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))


def test_the_configuration_is_checked_compared_and_taken(caller: Caller, workspace: Any) -> None:
    def check(**news: Any) -> Any:
        return caller.stub.CheckConfig(provider_pb2.CheckRequest(urn=CONFIG_URN, news=to_struct(news)))

    good = check(region="here", version="1.2.3", word=Secret("hush"))
    assert caller.plain(good.inputs) == {"region": "here", "version": "1.2.3", "word": Secret("hush")}
    assert [(item.property, item.reason) for item in check(region="mars").failures] == [
        ("region", "'mars' is no region")
    ]
    moved = caller.stub.DiffConfig(
        provider_pb2.DiffRequest(
            urn=CONFIG_URN, old_inputs=to_struct({"region": "here"}), news=to_struct({"region": "there"})
        )
    )
    assert list(moved.replaces) == ["region"]
    caller.configure(region="here", version="1.2.3", word=Secret("hush"))
    assert workspace.cloud.configured == [{"region": "here", "word": "hush"}]


def test_nothing_is_done_before_the_configuration(caller: Caller, workspace: Any) -> None:
    error = refused(lambda: caller.create({"label": "a"}))
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "Configure comes first" in error.details()
    assert workspace.cloud.calls == []


def test_a_resource_lives_its_life(toy: Caller, workspace: Any) -> None:
    checked = toy.plain(toy.check({}, {"size": 1}).inputs)
    assert checked["label"] == "tin-0000000"
    made = toy.create(checked)
    assert toy.plain(made.properties) == {**checked, "serial": 1}
    read = toy.stub.Read(
        provider_pb2.ReadRequest(urn=URN, id=made.id, inputs=to_struct(checked), properties=made.properties)
    )
    assert (read.id, toy.plain(read.inputs)) == (made.id, checked)
    changed = toy.stub.Update(
        provider_pb2.UpdateRequest(
            urn=URN,
            id=made.id,
            olds=made.properties,
            old_inputs=to_struct(checked),
            news=to_struct({**checked, "size": 2}),
        )
    )
    assert toy.plain(changed.properties)["size"] == 2
    toy.stub.Delete(
        provider_pb2.DeleteRequest(
            urn=URN, id=made.id, properties=changed.properties, old_inputs=to_struct(checked)
        )
    )
    assert workspace.cloud.toys == {}
    assert toy.stub.Read(provider_pb2.ReadRequest(urn=URN, id=made.id)).id == ""


def test_a_preview_makes_nothing_and_says_what_it_cannot_know(toy: Caller, workspace: Any) -> None:
    checked = toy.plain(toy.check({}, {"size": UNKNOWN, "parts": [1, UNKNOWN]}).inputs)
    assert checked["size"] is UNKNOWN
    planned = toy.create(checked, preview=True)
    assert planned.id == ""
    assert toy.plain(planned.properties)["serial"] is UNKNOWN
    assert toy.plain(planned.properties)["parts"] == [1, UNKNOWN]
    assert workspace.cloud.calls == []


def test_refused_inputs_come_back_with_their_reasons(toy: Caller) -> None:
    found = toy.check({}, {"size": -1, "kind": ""}).failures
    assert [(item.property, item.reason) for item in found] == [
        ("size", "-1 is below 0"),
        ("kind", "must not be empty"),
    ]


def test_a_difference_names_each_path_and_what_it_asks_for(toy: Caller) -> None:
    same = toy.diff({"size": 1}, {"size": 1})
    assert same.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert not same.hasDetailedDiff
    found = toy.diff({"size": 1, "label": "a"}, {"size": 2, "kind": "new"})
    assert found.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(found.diffs) == ["kind", "label", "size"]
    assert {path: (one.kind, one.inputDiff) for path, one in found.detailedDiff.items()} == {
        "kind": (provider_pb2.PropertyDiff.ADD, True),
        "label": (provider_pb2.PropertyDiff.DELETE, True),
        "size": (provider_pb2.PropertyDiff.UPDATE, True),
    }
    replaced = toy.diff({"kind": "old"}, {"kind": "new", "before": True})
    assert replaced.deleteBeforeReplace
    assert list(replaced.replaces) == ["kind"]
    assert replaced.detailedDiff["kind"].kind == provider_pb2.PropertyDiff.UPDATE_REPLACE


def test_secrets_reach_the_provider_in_plain_form_and_come_back_secret(toy: Caller, workspace: Any) -> None:
    inputs = {"label": "a", "secret": Secret("hush"), "parts": ["open", Secret("shut")]}
    made = toy.create(inputs)
    assert workspace.cloud.toys[made.id]["secret"] == "hush"
    outputs = toy.plain(made.properties)
    assert outputs["secret"] == Secret("hush")
    assert outputs["parts"] == Secret(["open", "shut"])
    assert outputs["label"] == "a"
    read = toy.stub.Read(
        provider_pb2.ReadRequest(urn=URN, id=made.id, inputs=to_struct(inputs), properties=made.properties)
    )
    assert toy.plain(read.inputs)["secret"] == Secret("hush")
    assert toy.plain(read.properties)["secret"] == Secret("hush")


def test_a_resource_as_a_value_reaches_the_provider_by_its_id(toy: Caller, workspace: Any) -> None:
    made = toy.create({"label": "a", "needs": ResourceReference("urn:pulumi:dev::test::t::other", "toy-7")})
    assert workspace.cloud.toys[made.id]["needs"] == "toy-7"


def test_assets_are_found_from_the_engines_folder_and_come_back_as_written(
    toy: Caller, workspace: Any
) -> None:
    (toy.folder / "page.html").write_text("hello")
    source = Archive(assets={"page": Asset(path="page.html"), "word": Asset(text="")})
    made = toy.create({"label": "a", "source": source})
    kept = workspace.cloud.toys[made.id]["source"]
    assert kept.assets["page"].path == str(toy.folder / "page.html")
    assert kept.assets["word"].text == ""
    back = toy.plain(made.properties)["source"]
    assert back.assets["page"].path == "page.html"
    assert back.assets["page"].hash == hashlib.sha256(b"hello").hexdigest()


def test_an_asset_without_its_content_is_known_by_its_hash(toy: Caller) -> None:
    # What the official engine sends of old values (`ElideAssetContents`).
    known = hashlib.sha256(b"hello").hexdigest()
    (toy.folder / "page.html").write_text("hello")
    old, new = {"source": Asset(hash=known)}, {"source": Asset(path="page.html", hash=known)}
    assert toy.diff(old, {"source": Asset(hash=known)}).changes == provider_pb2.DiffResponse.DIFF_NONE
    read = toy.stub.Read(
        provider_pb2.ReadRequest(
            urn=URN, id=toy.create(new).id, inputs=to_struct(old), properties=to_struct(old)
        )
    )
    assert toy.plain(read.inputs)["source"].hash == known


def test_an_asset_of_no_text_is_told_by_its_hash(toy: Caller, workspace: Any) -> None:
    # The official engine leaves an empty text out.
    inputs = to_struct({"source": {SIGNATURE: ASSET, "hash": hashlib.sha256(b"").hexdigest()}})
    made = toy.stub.Create(provider_pb2.CreateRequest(urn=URN, properties=inputs))
    assert workspace.cloud.toys[made.id]["source"].text == ""


def test_an_asset_that_is_not_there_is_named(toy: Caller) -> None:
    error = refused(lambda: toy.create({"source": Asset(path="gone.txt")}))
    assert "gone.txt" in error.details()


def test_what_was_made_but_not_finished_comes_with_the_error(toy: Caller) -> None:
    error = refused(lambda: toy.create({"label": "a", "fail": "start", "secret": Secret("hush")}))
    assert error.details() == "it does not start"
    status = status_pb2.Status()
    status.ParseFromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    assert (detail.id, list(detail.reasons)) == ("toy-1", ["it does not start"])
    assert toy.plain(detail.properties)["serial"] == 1
    assert toy.plain(detail.properties)["secret"] == Secret("hush")
    assert toy.plain(detail.inputs)["secret"] == Secret("hush")


def test_a_failure_is_told_in_the_providers_words(toy: Caller, workspace: Any) -> None:
    error = refused(lambda: toy.create({"fail": "create"}))
    assert error.details() == "the factory is on strike"
    assert workspace.cloud.toys == {}


def test_a_function_answers_and_hides_what_came_of_a_secret(toy: Caller) -> None:
    def invoke(question: Any, function: str = "toy:index:ask") -> Any:
        args = to_struct({"question": question})
        return getattr(toy.stub.Invoke(provider_pb2.InvokeRequest(tok=function, args=args)), "return")

    assert toy.plain(invoke("who")) == {"answer": "who in here"}
    assert toy.plain(invoke(Secret("who"))) == {"answer": Secret("who in here")}
    assert refused(lambda: invoke("who", "toy:index:fail")).details() == "nobody is in"


def test_the_end_that_is_asked_for_reaches_the_provider(toy: Caller, workspace: Any) -> None:
    heard: list[str] = []
    workspace.cloud.on_call = lambda operation, name: heard.append(operation)
    toy.stub.Cancel(empty_pb2.Empty())
    assert heard == ["cancel"]


def test_an_end_that_is_asked_for_early_reaches_the_provider_once_it_is_there(
    caller: Caller, workspace: Any
) -> None:
    heard: list[str] = []
    workspace.cloud.on_call = lambda operation, name: heard.append(operation)
    caller.stub.Cancel(empty_pb2.Empty())
    assert heard == []
    caller.configure(region="here")
    assert heard == ["cancel"]


@pytest.mark.parametrize(
    ("call", "request_of"),
    [
        ("Construct", provider_pb2.ConstructRequest),
        ("Call", provider_pb2.CallRequest),
        ("Parameterize", provider_pb2.ParameterizeRequest),
    ],
)
def test_calls_that_no_provider_of_ours_answers_are_refused_by_name(
    toy: Caller, call: str, request_of: Any
) -> None:
    error = refused(lambda: getattr(toy.stub, call)(request_of()))
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED
    assert f"the provider of toy does not answer {call}" in error.details()
