"""What is said to an analyzer and what it answers, between the engine's values and Pulumi's messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2

from sandbox.engine import urn as urns
from sandbox.engine.events import EnforcementLevel, PolicySeverity
from sandbox.engine.policy_config import PolicyInfo, PolicySettings
from sandbox.engine.state import Resource
from sandbox.engine.values import PropertyMap, Secret
from sandbox.engine.wire import from_struct, to_struct

_LEVELS: Final[Mapping[int, EnforcementLevel]] = {
    0: "advisory",
    1: "mandatory",
    2: "disabled",
    3: "remediate",
}
_LEVEL_NUMBERS: Final = {level: number for number, level in _LEVELS.items()}
_SEVERITIES: Final[Mapping[int, PolicySeverity]] = {1: "low", 2: "medium", 3: "high", 4: "critical"}


@dataclass(frozen=True)
class Judged:
    """A resource as policies see it."""

    resource: Resource
    properties: PropertyMap
    """The inputs for a policy on resources, the outputs for one on the stack."""
    provider: Resource | None = None
    delete_before_replace: bool | None = None


@dataclass(frozen=True)
class PackInfo:
    """What a pack tells of itself."""

    name: str
    version: str
    takes_config: bool
    policies: tuple[PolicyInfo, ...]
    initial: Mapping[str, PolicySettings]


@dataclass(frozen=True)
class Diagnostic:
    """Something that a policy found wrong. `urn` is empty where the policy names no resource."""

    policy: str
    pack: str
    level: EnforcementLevel
    message: str
    severity: PolicySeverity
    urn: str


@dataclass(frozen=True)
class Remediation:
    """What a policy makes of a resource's inputs, or in `problem` why it could not."""

    policy: str
    pack: str
    properties: PropertyMap
    problem: str


def pack_info(message: analyzer_pb2.AnalyzerInfo) -> PackInfo:
    """A pack and its policies, in the order of their names."""
    return PackInfo(
        name=message.name,
        version=message.version,
        takes_config=message.supportsConfig,
        policies=tuple(
            PolicyInfo(
                name=item.name,
                level=_LEVELS[item.enforcementLevel],
                severity=_SEVERITIES.get(item.severity, ""),
                properties=_plain(item.configSchema.properties),
                required=tuple(item.configSchema.required),
            )
            for item in sorted(message.policies, key=lambda item: item.name)
        ),
        initial={
            # The message has no "no level": a pack that configures a property alone makes its policy
            # advisory, here as under the official CLI.
            name: PolicySettings(_LEVELS[item.enforcementLevel], _plain(item.properties))
            for name, item in message.initialConfig.items()
        },
    )


def configuration(settings: Mapping[str, PolicySettings]) -> analyzer_pb2.ConfigureAnalyzerRequest:
    """The settings of every policy. Each needs its level: without one it would be advisory."""
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    for name, one in settings.items():
        if one.level is None:
            raise AssertionError(f"the policy '{name}' has no level")
        request.policyConfig[name].enforcementLevel = _LEVEL_NUMBERS[one.level]
        request.policyConfig[name].properties.CopyFrom(to_struct(dict(one.properties)))
    return request


def resource_request(judged: Judged, *, internal: bool) -> analyzer_pb2.AnalyzeRequest:
    """The question about one resource; `internal` properties (`__…`) are for a remediation alone."""
    return analyzer_pb2.AnalyzeRequest(
        type=judged.resource.type,
        properties=_struct(judged.properties, internal=internal),
        urn=judged.resource.urn,
        name=urns.name_of(judged.resource.urn),
        options=_options(judged),
        provider=_provider(judged.provider),
    )


def stack_request(resources: Iterable[Judged]) -> analyzer_pb2.AnalyzeStackRequest:
    """The question about a whole stack."""
    return analyzer_pb2.AnalyzeStackRequest(
        resources=[
            analyzer_pb2.AnalyzerResource(
                type=judged.resource.type,
                properties=_struct(judged.properties, internal=False),
                urn=judged.resource.urn,
                name=urns.name_of(judged.resource.urn),
                options=_options(judged),
                provider=_provider(judged.provider),
                parent=judged.resource.parent,
                dependencies=judged.resource.dependencies,
                propertyDependencies={
                    key: analyzer_pb2.AnalyzerPropertyDependencies(urns=found)
                    for key, found in judged.resource.property_dependencies.items()
                    if found
                },
            )
            for judged in resources
        ]
    )


def diagnostics(message: analyzer_pb2.AnalyzeResponse, info: PackInfo) -> list[Diagnostic]:
    """What is wrong. A severity that the answer does not name is the policy's own."""
    own = {policy.name: policy.severity for policy in info.policies}
    return [
        Diagnostic(
            policy=item.policyName,
            pack=item.policyPackName,
            level=_LEVELS[item.enforcementLevel],
            message=item.message.rstrip("\n"),
            severity=_SEVERITIES.get(item.severity) or own.get(item.policyName, ""),
            urn=item.urn,
        )
        for item in message.diagnostics
    ]


def remediations(message: analyzer_pb2.RemediateResponse, folder: Path) -> list[Remediation]:
    """What was changed, in order. Relative paths of assets begin at `folder`."""
    return [
        Remediation(
            policy=item.policyName,
            pack=item.policyPackName,
            properties={} if item.diagnostic else from_struct(item.properties, folder),
            problem=item.diagnostic,
        )
        for item in message.remediations
    ]


def as_seen(properties: PropertyMap, folder: Path) -> PropertyMap:
    """The properties as a remediation gets them, for comparison with what it answers."""
    return from_struct(_struct(properties, internal=True), folder)


def _plain(struct: Struct) -> dict[str, Any]:
    return from_struct(struct, Path())


def _struct(properties: PropertyMap, *, internal: bool) -> Struct:
    # Packs know no references: each stands as the id, or the URN of a component.
    return to_struct(properties if internal else _without_internal(properties), references=False)


def _without_internal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_internal(item) for key, item in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [_without_internal(item) for item in value]
    if isinstance(value, Secret):
        return Secret(_without_internal(value.value))
    return value


def _options(judged: Judged) -> analyzer_pb2.AnalyzerResourceOptions:
    resource = judged.resource
    return analyzer_pb2.AnalyzerResourceOptions(
        protect=resource.protect,
        ignoreChanges=resource.ignore_changes,
        deleteBeforeReplace=bool(judged.delete_before_replace),
        deleteBeforeReplaceDefined=judged.delete_before_replace is not None,
        additionalSecretOutputs=resource.additional_secret_outputs,
        aliases=resource.aliases,
        customTimeouts=analyzer_pb2.AnalyzerResourceOptions.CustomTimeouts(
            create=resource.timeouts.create,
            update=resource.timeouts.update,
            delete=resource.timeouts.delete,
            read=resource.timeouts.read,
        ),
        parent=resource.parent,
    )


def _provider(provider: Resource | None) -> analyzer_pb2.AnalyzerProviderResource | None:
    if provider is None:
        return None
    return analyzer_pb2.AnalyzerProviderResource(
        type=provider.type,
        properties=_struct(provider.inputs, internal=False),
        urn=provider.urn,
        name=urns.name_of(provider.urn),
    )
