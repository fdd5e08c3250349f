"""What a provider answers, in the messages of Pulumi's `ResourceProvider` service (`provider.proto`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import grpc
from pulumi.runtime.proto import provider_pb2, status_pb2

from sandbox.engine.provider import CheckFailure, DiffKind, DiffResult, InitializationError
from sandbox.engine.values import PropertyMap
from sandbox.engine.wire import to_struct

_KINDS: Final[Mapping[DiffKind, provider_pb2.PropertyDiff.Kind.ValueType]] = {
    "add": provider_pb2.PropertyDiff.ADD,
    "add-replace": provider_pb2.PropertyDiff.ADD_REPLACE,
    "delete": provider_pb2.PropertyDiff.DELETE,
    "delete-replace": provider_pb2.PropertyDiff.DELETE_REPLACE,
    "update": provider_pb2.PropertyDiff.UPDATE,
    "update-replace": provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def failures(found: Sequence[CheckFailure]) -> list[provider_pb2.CheckFailure]:
    """Why inputs are refused."""
    return [provider_pb2.CheckFailure(property=item.property, reason=item.reason) for item in found]


def difference(result: DiffResult, *, of_inputs: bool) -> provider_pb2.DiffResponse:
    """A comparison. `of_inputs`: the paths are those of the old inputs, not of the old outputs."""
    changes = {
        None: provider_pb2.DiffResponse.DIFF_UNKNOWN,
        False: provider_pb2.DiffResponse.DIFF_NONE,
        True: provider_pb2.DiffResponse.DIFF_SOME,
    }[result.changes]
    return provider_pb2.DiffResponse(
        changes=changes,
        replaces=list(result.replaces),
        stables=list(result.stables),
        deleteBeforeReplace=result.delete_before_replace,
        diffs=sorted({path.split(".")[0].split("[")[0] for path in result.detailed}),
        hasDetailedDiff=bool(result.detailed),
        detailedDiff={
            path: provider_pb2.PropertyDiff(kind=_KINDS[kind], inputDiff=of_inputs)
            for path, kind in result.detailed.items()
        },
    )


def unfinished(error: InitializationError, properties: PropertyMap, inputs: PropertyMap) -> bytes:
    """The details of a status that says: the resource is there, but not finished (`rpcerror`)."""
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.id,
        properties=to_struct(properties),
        inputs=to_struct(inputs),
        reasons=list(error.reasons),
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(detail)
    text: bytes = status.SerializeToString()
    return text
