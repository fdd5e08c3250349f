"""What the program hands to the command: its outputs, as docs/architecture.md lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from ops.errors import NoEndpointError, NotReleasedError, OutputWrongError, StackNotUpError


@dataclass(frozen=True)
class IntendedVariant:
    """What one variant of the live endpoint must match."""

    name: str
    model_package_arn: str
    weight: float
    shadow: bool
    instance_type: str
    """Empty for a serverless variant."""
    instance_count: int
    serverless: Mapping[str, Any] | None = None
    """`memoryMb`, `maxConcurrency`, `provisionedConcurrency` (or None)."""


@dataclass(frozen=True)
class IntendedBatch:
    """What a way of serving without an endpoint is made of."""

    model: str
    schedule: str
    requests: str
    answers: str


@dataclass(frozen=True)
class BuiltImage:
    """An image that the platform builds, and the CodeBuild project that does."""

    uri: str
    repository_arn: str
    tag: str
    project: str

    @property
    def repository(self) -> str:
        """The URI without its tag."""
        return self.uri.rpartition(":")[0]


_WEBHOOK_SECRETS: Final = {"slack": "webhookSecret", "teams": "teamsWebhookSecret"}


@dataclass(frozen=True)
class Intended:
    """What the live endpoint must match."""

    endpoint_config: str
    model_package_arn: str
    variant: str
    instance_type: str
    instance_count: int
    mode: str = "realTime"
    """`realTime`, `serverless`, `asynchronous` or `batch`."""
    variants: Sequence[IntendedVariant] = ()
    batch: IntendedBatch | None = None


@dataclass(frozen=True)
class StackOutputs:
    """The outputs that commands build on."""

    stack: str
    zones: Mapping[str, str]
    """Zone (`raw`, `curated`, `models` and others) → bucket."""
    pipeline: str
    model_package_group: str
    endpoint: str | None
    intended: Intended | None
    topics: Mapping[str, str]
    """Severity (`critical`, `warning`, `info`) → ARN of its topic."""
    webhook_secrets: Mapping[str, str]
    """Chat channel (`slack`, `teams`) → name of the secret that holds its webhook; those that there are."""
    budget: str
    use_case: str
    images: Mapping[str, BuiltImage]
    """Image (`training`, `inference`) → where it is; empty where none is built."""
    feature_groups: Mapping[str, str] = field(default_factory=dict)
    """Declared name → name of the feature group; empty where there are none."""
    events: str = ""
    """The stream that takes events; empty where there is none."""
    monitoring: str = ""
    """The pipeline that looks at what the endpoint was asked; empty where there is none."""

    @classmethod
    def read(cls, stack: str, plain: Mapping[str, Any]) -> Self:
        """Reads a stack's outputs. Raises `StackNotUpError` and `OutputWrongError`."""
        if not plain:
            raise StackNotUpError(stack)

        def text(name: str) -> str:
            if name not in plain:
                raise StackNotUpError(stack, name)
            value = plain[name]
            if not isinstance(value, str) or not value:
                raise OutputWrongError(name, value, "a name")
            return value

        zones = plain.get("zones")
        if not isinstance(zones, Mapping) or not {"raw", "curated", "models"} <= set(zones):
            raise OutputWrongError("zones", zones, "the buckets of raw, curated and models")
        endpoint = plain.get("endpoint") or None
        return cls(
            stack=stack,
            zones={str(zone): str(bucket) for zone, bucket in zones.items()},
            pipeline=text("pipeline"),
            model_package_group=text("modelPackageGroup"),
            endpoint=None if endpoint is None else str(endpoint),
            intended=_intended(plain.get("intended")),
            topics=_topics(plain.get("topics")),
            webhook_secrets={
                channel: str(plain[name]) for channel, name in _WEBHOOK_SECRETS.items() if plain.get(name)
            },
            budget=text("budget"),
            use_case=text("useCase"),
            images={str(name): _image(one) for name, one in (plain.get("images") or {}).items()},
            feature_groups={str(n): str(group) for n, group in (plain.get("featureGroups") or {}).items()},
            events=str(plain.get("events") or ""),
            monitoring=str(plain.get("monitoring") or ""),
        )

    @property
    def released(self) -> tuple[str, Intended]:
        """The endpoint and what it must match.

        Raises `NotReleasedError` before the first release, `NoEndpointError` where a model serves by batch.
        """
        if self.intended is not None and self.intended.batch is not None:
            batch = self.intended.batch
            raise NoEndpointError(self.stack, batch.schedule, batch.requests, batch.answers)
        if self.endpoint is None or self.intended is None:
            raise NotReleasedError(self.stack)
        return self.endpoint, self.intended

    @property
    def use_case_name(self) -> str:
        """The last part of the use case's module: the folder of its sources in the raw zone."""
        return self.use_case.rsplit(".", 1)[-1]


def _variant(value: Mapping[str, Any]) -> IntendedVariant:
    return IntendedVariant(
        name=str(value["name"]),
        model_package_arn=str(value["modelPackageArn"]),
        weight=float(value["weight"]),
        shadow=bool(value["shadow"]),
        instance_type=str(value["instanceType"] or ""),
        instance_count=int(value["instanceCount"]),
        serverless=value.get("serverless"),
    )


def _image(value: Any) -> BuiltImage:
    try:
        return BuiltImage(
            uri=str(value["uri"]),
            repository_arn=str(value["repositoryArn"]),
            tag=str(value["tag"]),
            project=str(value["project"]),
        )
    except (KeyError, TypeError) as error:
        raise OutputWrongError("images", value, "an object of uri, repositoryArn, tag and project") from error


def _topics(value: Any) -> Mapping[str, str]:
    if not isinstance(value, Mapping) or not {"critical", "warning", "info"} <= set(value):
        raise OutputWrongError("topics", value, "the topics of critical, warning and info")
    return {str(severity): str(arn) for severity, arn in value.items()}


def _intended(value: Any) -> Intended | None:
    if not value:
        return None
    expected = "an object of endpointConfig, modelPackageArn, variant, instanceType and instanceCount"
    if not isinstance(value, Mapping):
        raise OutputWrongError("intended", value, expected)
    try:
        batch = value.get("batch")
        return Intended(
            endpoint_config=str(value["endpointConfig"] or ""),
            model_package_arn=str(value["modelPackageArn"]),
            variant=str(value["variant"]),
            instance_type=str(value["instanceType"] or ""),
            instance_count=int(value["instanceCount"]),
            mode=str(value.get("mode", "realTime")),
            variants=tuple(_variant(one) for one in value.get("variants") or ()),
            batch=batch
            and IntendedBatch(
                model=str(batch["model"]),
                schedule=str(batch["schedule"]),
                requests=str(batch["requests"]),
                answers=str(batch["answers"]),
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise OutputWrongError("intended", dict(value), expected) from error
