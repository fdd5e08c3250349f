"""Which variants does a release ask for? Each a model with its share of the requests and its instances."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra.serving.release import CHAMPION, ReleaseSettings
from infra.serving.settings import EndpointSettings

_WHOLE = 100


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One variant of an endpoint. `weight` is what SageMaker calls so: a share relative to the others'."""

    name: str
    model_package_arn: str
    weight: float
    instances: int
    """Instances that a new configuration begins with; 0 for a serverless variant."""
    shadow: bool = False

    def intended(self, settings: EndpointSettings) -> dict[str, Any]:
        """The variant as the output `intended` names it."""
        serverless = settings.mode == "serverless"
        return {
            "name": self.name,
            "modelPackageArn": self.model_package_arn,
            "weight": self.weight,
            "shadow": self.shadow,
            "instanceType": None if serverless else settings.instance,
            "instanceCount": self.instances,
            "serverless": _serverless(settings) if serverless else None,
        }


def variants(settings: EndpointSettings, release: ReleaseSettings) -> Sequence[Variant]:
    """The champion, then the challengers, then the shadow.

    A variant begins with as many instances as it had scaled to when it was released, within autoscaling's
    bounds: `UpdateEndpoint` would go back to the configuration's count, and the provider has no
    RetainAllVariantProperties (hashicorp/terraform-provider-aws #48990).
    """

    def begins_with(name: str) -> int:
        if settings.mode == "serverless":
            return 0
        kept = min(release.instances.get(name, 0), settings.most_instances)
        return max(settings.instances, kept)

    found = [
        Variant(
            name=CHAMPION,
            model_package_arn=release.model_package_arn,
            weight=release.champion_weight / _WHOLE,
            instances=begins_with(CHAMPION),
        )
    ]
    for number, one in enumerate(release.challengers, start=1):
        name = f"challenger-{number}"
        found.append(
            Variant(
                name=name,
                model_package_arn=one.model_package_arn,
                weight=one.weight / _WHOLE,
                instances=begins_with(name),
            )
        )
    if release.shadow is not None:
        # Of a shadow, the weight is the share of the champion's requests that is copied.
        found.append(
            Variant(
                name="shadow",
                model_package_arn=release.shadow.model_package_arn,
                weight=release.shadow.sample_percent / _WHOLE,
                instances=begins_with("shadow"),
                shadow=True,
            )
        )
    return found


def _serverless(settings: EndpointSettings) -> dict[str, Any]:
    chosen = settings.serverless
    return {
        "memoryMb": chosen.memory_mb,
        "maxConcurrency": chosen.max_concurrency,
        "provisionedConcurrency": chosen.provisioned_concurrency,
    }
