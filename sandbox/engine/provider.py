"""What the engine asks of a provider, whether it lives in this process or speaks gRPC from another.

The calls and their meaning are those of Pulumi's `ResourceProvider` service (`provider.proto`). Calls of
different resources come from several threads at once; a provider guards what it shares.

Values come in plain form: the engine keeps secrets and references to itself and marks outputs as secret where
the inputs of the same name were; a `RemoteProvider` may have agreed on more. The paths of assets are
absolute. Structured values of a provider's configuration come as JSON texts, from `Pulumi.<stack>.yaml` and
from the program alike, as the SDK sends them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from sandbox.engine.values import PropertyMap

DiffKind = Literal["add", "add-replace", "delete", "delete-replace", "update", "update-replace"]


class ProviderError(Exception):
    """A call that failed: what the provider says of it, for the person at the screen. Nothing was made."""


class OutcomeUnknown(ProviderError):
    """A call that may have been carried out, though its answer never came.

    Of a create the engine keeps that it had begun, as after a kill, and the next run looks for what it made.
    """


class InitializationError(ProviderError):
    """A create or update that made the resource but could not finish it: the engine keeps what is there."""

    def __init__(self, id: str, properties: PropertyMap, inputs: PropertyMap, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.id = id
        self.properties = properties
        self.inputs = inputs
        self.reasons = tuple(reasons)


@dataclass(frozen=True)
class CheckFailure:
    """Why an input is refused. `property` is the path in Pulumi's spelling (`rules[0].status`), or empty."""

    property: str
    reason: str


@dataclass(frozen=True)
class CheckResult:
    """The inputs with defaults and automatic names filled in, or the reasons they are refused."""

    inputs: PropertyMap
    failures: Sequence[CheckFailure] = ()


@dataclass(frozen=True)
class DiffResult:
    """What changed. `changes` is None where the provider cannot tell, and the engine compares the inputs."""

    changes: bool | None
    replaces: Sequence[str] = ()
    stables: Sequence[str] = ()
    delete_before_replace: bool = False
    detailed: Mapping[str, DiffKind] = field(default_factory=dict)
    """By property path; the kind ends in `-replace` where that property forces replacement."""


@dataclass(frozen=True)
class ReadResult:
    """A resource as it stands. An empty `id` says that it is gone."""

    id: str
    inputs: PropertyMap
    properties: PropertyMap


@dataclass(frozen=True)
class InvokeResult:
    """A data function's answer, or the reasons it gave none."""

    properties: PropertyMap
    failures: Sequence[CheckFailure] = ()


class Provider(Protocol):
    """One configured provider. `preview` calls must have no effect and may answer with `UNKNOWN`s."""

    def check_config(self, urn: str, olds: PropertyMap, news: PropertyMap) -> CheckResult: ...

    def diff_config(self, urn: str, olds: PropertyMap, news: PropertyMap) -> DiffResult: ...

    def configure(self, inputs: PropertyMap) -> None:
        """Takes the checked configuration. Called once, before every call but the two above."""

    def check(self, urn: str, olds: PropertyMap, news: PropertyMap, random_seed: bytes) -> CheckResult:
        """Validates `news`, fills defaults. `random_seed` (32 bytes) makes automatic names repeatable."""

    def diff(
        self,
        urn: str,
        id: str,
        olds: PropertyMap,
        old_inputs: PropertyMap,
        news: PropertyMap,
        ignore_changes: Sequence[str],
    ) -> DiffResult:
        """Compares the old inputs and outputs (`olds`) with the new checked inputs."""

    def create(self, urn: str, inputs: PropertyMap, timeout: float, preview: bool) -> tuple[str, PropertyMap]:
        """Makes the resource: its id ("" in a preview) and its outputs.

        `timeout` in seconds, 0 for the default.
        """

    def read(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap) -> ReadResult:
        """Reads the resource. `properties` may be empty (an import, a `get`): `id` alone must then do."""

    def update(
        self,
        urn: str,
        id: str,
        olds: PropertyMap,
        old_inputs: PropertyMap,
        news: PropertyMap,
        timeout: float,
        ignore_changes: Sequence[str],
        preview: bool,
    ) -> PropertyMap:
        """Changes the resource in place: its new outputs."""

    def delete(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap, timeout: float) -> None:
        """Deletes the resource; one that is gone already is a success."""

    def invoke(self, token: str, arguments: PropertyMap) -> InvokeResult:
        """Answers a data function, such as `aws:index/getCallerIdentity:getCallerIdentity`."""

    def cancel(self) -> None:
        """Asks calls under way to end soon (Ctrl-C)."""

    def close(self) -> None:
        """Releases connections and processes."""


@dataclass(frozen=True)
class Accepted:
    """What a provider takes beside plain values."""

    secrets: bool = False
    references: bool = False


@runtime_checkable
class RemoteProvider(Protocol):
    """A provider in a process of its own, with which the engine agrees on how they speak."""

    @property
    def accepted(self) -> Accepted:
        """What it takes, known once it is configured."""

    def configure_as(self, urn: str, id: str, inputs: PropertyMap) -> None:
        """As `configure`, which it takes the place of, with the provider resource that it stands for.

        Secrets are still wrapped: a provider must be able to keep them.
        """


@runtime_checkable
class Recovers(Protocol):
    """A provider that finds what an interrupted create made.

    A run that was killed between the cloud's answer and the state's next line leaves a resource that the
    state only knows as "being created". Before the next run the engine asks for it here, adopts what is found
    and drops the entry of what was never made; so nothing is made twice and nothing is orphaned. Without this
    interface the engine warns, as Pulumi does.
    """

    def recover(self, urn: str, inputs: PropertyMap, taken: Collection[str]) -> ReadResult | None:
        """The resource that a create with these checked inputs has made, or None where it made none.

        `taken` holds the ids of this type that the state has already: a twin without a name of its own must
        not be taken for the lost one.
        """
