"""Do the environment, the release and the way of serving go together? What SageMaker, or we, refuse."""

from collections.abc import Sequence

from infra.serving.parking import ParkingSettings
from infra.serving.release import ReleaseSettings
from infra.serving.settings import EndpointSettings
from infra.settings.block import Misfit

_DEV = "dev"


def misfits(
    environment: str, endpoint: EndpointSettings, release: ReleaseSettings | None, parking: ParkingSettings
) -> Sequence[Misfit]:
    """What is wrong between the blocks `endpoint`, `release` and `parking`, all of it.

    Sources: SageMaker guide, "Feature exclusions" (serverless), "Exclusions" (deployment guardrails), "Shadow
    variants"; two instances in two zones are SageMaker.4's.
    """
    found: list[Misfit] = []
    if environment != _DEV and endpoint.on_instances and endpoint.instances < 2:
        allowed = f"2 or more outside {_DEV}, so that one stands in each of two zones"
        found.append(Misfit("endpoint.instances", endpoint.instances, allowed))
    for one in endpoint.scheduled_scaling:
        if environment != _DEV and one.instances < 2:
            path = f"endpoint.scheduledScaling.{one.name}.instances"
            found.append(Misfit(path, one.instances, f"2 or more outside {_DEV}"))
    if environment != _DEV and parking.enabled:
        found.append(Misfit("parking.enabled", True, f"false outside {_DEV}: others depend on its endpoint"))
    if release is None:
        return found
    for name, given in (("challengers", len(release.challengers)), ("shadow", int(bool(release.shadow)))):
        if not given:
            continue
        if endpoint.mode != "realTime":
            allowed = f"none in endpoint.mode {endpoint.mode}, which takes one variant; realTime takes them"
            found.append(Misfit(f"release.{name}", given, allowed))
        elif endpoint.shift == "rolling":
            allowed = "none with endpoint.shift rolling, which SageMaker refuses for several variants"
            found.append(Misfit(f"release.{name}", given, allowed))
    return found
