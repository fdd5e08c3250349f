"""What the program hands to the command: its outputs, as docs/architecture.md lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ops.errors import NotReleasedError, OutputWrongError, StackNotUpError


@dataclass(frozen=True)
class Intended:
    """What the live endpoint must match."""

    endpoint_config: str
    model_package_arn: str
    variant: str
    instance_type: str
    instance_count: int


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
    webhook_secret: str
    budget: str
    use_case: str

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
            webhook_secret=text("webhookSecret"),
            budget=text("budget"),
            use_case=text("useCase"),
        )

    @property
    def released(self) -> tuple[str, Intended]:
        """The endpoint and what it must match. Raises `NotReleasedError` before the first release."""
        if self.endpoint is None or self.intended is None:
            raise NotReleasedError(self.stack)
        return self.endpoint, self.intended

    @property
    def use_case_name(self) -> str:
        """The last part of the use case's module: the folder of its sources in the raw zone."""
        return self.use_case.rsplit(".", 1)[-1]


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
        return Intended(
            endpoint_config=str(value["endpointConfig"]),
            model_package_arn=str(value["modelPackageArn"]),
            variant=str(value["variant"]),
            instance_type=str(value["instanceType"]),
            instance_count=int(value["instanceCount"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise OutputWrongError("intended", dict(value), expected) from error
