"""The sandbox's AWS provider: Pulumi's calls, answered from the table of types over the emulated cloud."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sandbox.aws import invokes, lifecycle
from sandbox.aws.catalog import TYPES, UnknownTypeError
from sandbox.aws.checking import DEFAULTED, check
from sandbox.aws.cloud import Cloud, CloudError
from sandbox.aws.configuration import Configuration, configuration, configuration_failures
from sandbox.aws.differences import changed_names, detailed
from sandbox.aws.plain import plain_map, with_secrets
from sandbox.aws.table import ResourceType, Subject, Tier
from sandbox.engine.provider import (
    CheckFailure,
    CheckResult,
    DiffResult,
    InitializationError,
    InvokeResult,
    ProviderError,
    ReadResult,
)
from sandbox.engine.values import UNKNOWN, PropertyMap

PACKAGE: Final = "aws"
VERSION: Final = "7.51.1"
"""The version of Pulumi's AWS provider whose types and properties these are."""


@dataclass(frozen=True)
class TypeListing:
    """One type for `groundplan sandbox types`."""

    token: str
    service: str
    tier: Tier


def types() -> list[TypeListing]:
    """Every type that the sandbox knows, by token."""
    return [TypeListing(row.type, row.service, row.tier) for _, row in sorted(TYPES.items())]


class AwsProvider:
    """A Provider for Pulumi's `aws` package against the emulated cloud at `endpoint_url`.

    Check and Diff make no request. Calls for different resources may come from several threads.
    """

    def __init__(self, endpoint_url: str, *, access_key: str = "test", secret_key: str = "test") -> None:  # noqa: S107 - the emulator asks for none
        self._endpoint_url = endpoint_url
        self._keys = (access_key, secret_key)
        self._configuration = Configuration()
        self._cloud = Cloud(endpoint_url, self._configuration.region, *self._keys)

    def check_config(self, urn: str, olds: PropertyMap, news: PropertyMap) -> CheckResult:
        """Refuses configuration that cannot be read; a missing region becomes us-east-1."""
        return CheckResult(dict(news), configuration_failures(news))

    def diff_config(self, urn: str, olds: PropertyMap, news: PropertyMap) -> DiffResult:
        """A change of region replaces what the provider has made, as with the real one."""
        before, after = configuration(olds), configuration(news)
        if before.region != after.region:
            return DiffResult(True, ["region"], detailed={"region": "update-replace"})
        return DiffResult(before != after)

    def configure(self, inputs: PropertyMap) -> None:
        """Takes the checked configuration; asks the cloud for the account only where that is restricted."""
        self._configuration = configuration(inputs)
        self._cloud = Cloud(self._endpoint_url, self._configuration.region, *self._keys)
        if self._configuration.allowed_account_ids or self._configuration.forbidden_account_ids:
            self._configuration.refuse_wrong_account(self._cloud.account_id)

    def check(self, urn: str, olds: PropertyMap, news: PropertyMap, random_seed: bytes) -> CheckResult:
        """Fills defaults, names and `tagsAll`, and reports every refusal at once."""
        try:
            kind = _kind(urn)
        except UnknownTypeError as error:
            return CheckResult(dict(news), [CheckFailure("", str(error))])
        return check(kind, self._cloud, self._configuration, urn, olds, news, random_seed)

    def diff(
        self,
        urn: str,
        id: str,
        olds: PropertyMap,
        old_inputs: PropertyMap,
        news: PropertyMap,
        ignore_changes: Sequence[str],
    ) -> DiffResult:
        """Compares the inputs by property; JSON documents and unordered lists by meaning."""
        kind = _kind(urn)
        before, after = plain_map(old_inputs or olds), plain_map(news)
        if not old_inputs:
            before = {name: value for name, value in before.items() if name in after}
        changes = detailed(kind, before, after, ignore_changes)
        replaces = sorted(changed_names({p: k for p, k in changes.items() if k.endswith("-replace")}))
        return DiffResult(
            changes=bool(changes),
            replaces=replaces,
            stables=["id", "arn"] if not replaces else [],
            delete_before_replace=bool(replaces) and self._same_place(kind, before, after, news),
            detailed=changes,
        )

    @staticmethod
    def _same_place(kind: ResourceType, before: PropertyMap, after: PropertyMap, news: PropertyMap) -> bool:
        """Whether the new one would stand where the old one is, so that the old one must go first."""
        names = kind.place or ((kind.auto_name.property,) if kind.auto_name else ())
        if not names or set(names) & set(news.get(DEFAULTED) or []):
            return False
        return all(after.get(name) is not UNKNOWN and before.get(name) == after.get(name) for name in names)

    def create(self, urn: str, inputs: PropertyMap, timeout: float, preview: bool) -> tuple[str, PropertyMap]:
        """Makes the resource. A preview answers with the inputs and UNKNOWN for what is computed."""
        kind = _kind(urn)
        if preview:
            outputs = lifecycle.preview_outputs(kind, plain_map(inputs), None, self._cloud.region)
            return "", with_secrets(outputs, inputs, kind.secrets)
        subject = self._subject(inputs)
        try:
            id, outputs = lifecycle.create(kind, subject)
        except InitializationError as error:
            raise InitializationError(error.id, error.properties, inputs, error.reasons) from error
        return id, with_secrets(outputs, inputs, kind.secrets)

    def read(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap) -> ReadResult:
        """The resource as it stands; `id` alone is enough. An empty id in the answer: it is gone."""
        kind = _kind(urn)
        subject = replace(self._subject(inputs or {"region": properties.get("region")}), id=id)
        subject = replace(subject, inputs=plain_map(inputs), outputs=plain_map(properties))
        result = lifecycle.read(kind, subject, self._configuration, plain_map(properties))
        return self._with_secrets(kind, result, inputs)

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
        """Changes the resource in place: only the requests of the properties that differ."""
        kind = _kind(urn)
        after = plain_map(news)
        if preview:
            outputs = lifecycle.preview_outputs(kind, after, plain_map(olds), self._cloud.region)
            return with_secrets({**outputs, "id": id}, news, kind.secrets)
        before = plain_map(old_inputs or olds)
        changed = changed_names(detailed(kind, before, after, ignore_changes))
        subject = replace(self._subject(news), id=id, before=before, outputs=plain_map(olds))
        return with_secrets(lifecycle.update(kind, subject, changed), news, kind.secrets)

    def delete(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap, timeout: float) -> None:
        """Deletes the resource; one that is gone already is a success."""
        known = inputs or {name: value for name, value in properties.items() if name != "id"}
        subject = replace(self._subject(known), id=id, outputs=plain_map(properties))
        lifecycle.delete(_kind(urn), subject)

    def recover(self, urn: str, inputs: PropertyMap, taken: Collection[str] = ()) -> ReadResult | None:
        """What an interrupted create of these inputs left behind, finished; None where it left nothing.

        `taken` holds the ids of this type that the state knows already: none of them is given.
        """
        kind = _kind(urn)
        subject = self._subject(inputs)
        id = lifecycle.find(kind, subject, frozenset(taken))
        if id is None:
            return None
        subject = replace(subject, id=id)
        lifecycle.finish(kind, subject.with_found(kind.read(subject) or {}))
        outputs = lifecycle.outputs_of(kind, subject)
        return ReadResult(id, inputs, with_secrets(outputs, inputs, kind.secrets))

    def invoke(self, token: str, arguments: PropertyMap) -> InvokeResult:
        """Answers a data function; one that the sandbox does not know is a failure that names it."""
        plain = plain_map(arguments)
        cloud = self._cloud.in_region(plain.get("region") if isinstance(plain.get("region"), str) else None)
        return invokes.invoke(cloud, token, plain)

    def cancel(self) -> None:
        """Ends waits and makes no further request."""
        self._cloud.cancelled.set()

    def close(self) -> None:
        """Closes the connections."""
        self._cloud.close()

    def _subject(self, inputs: PropertyMap) -> Subject:
        plain = plain_map(inputs)
        region = plain.get("region")
        return Subject(cloud=self._cloud.in_region(region if isinstance(region, str) else None), inputs=plain)

    @staticmethod
    def _with_secrets(kind: ResourceType, result: ReadResult, inputs: PropertyMap) -> ReadResult:
        return ReadResult(
            result.id,
            with_secrets(result.inputs, inputs),
            with_secrets(result.properties, inputs, kind.secrets),
        )


def _kind(urn: str) -> ResourceType:
    """The table's row of a URN's type: `urn:pulumi:stack::project::parent$aws:s3/bucket:Bucket::name`."""
    parts = urn.split("::")
    token = (parts[2] if len(parts) > 2 else urn).rsplit("$", 1)[-1]
    kind = TYPES.get(token)
    if kind is None:
        raise UnknownTypeError(token)
    return kind


__all__ = ["PACKAGE", "VERSION", "AwsProvider", "CloudError", "ProviderError", "TypeListing", "types"]
