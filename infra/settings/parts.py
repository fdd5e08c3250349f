"""Which parts of the platform stand in the network? What the settings turn on."""

from infra.network.services import Part
from infra.settings.loading import PlatformSettings


def parts_in_network(settings: PlatformSettings) -> list[Part]:
    """The parts that call AWS's services from within the VPC."""
    parts: list[Part] = ["jobs"]
    if settings.release is not None:
        parts.append("endpoint")
    if settings.features.enabled:
        parts.append("features")
    if settings.data_pipeline.enabled:
        parts += ["queries", "workflow"]
        if settings.data_pipeline.spark.enabled:
            parts.append("spark")
    if settings.streaming.kind == "kinesis":
        parts.append("kinesis")
    elif settings.streaming.kind == "msk":
        parts.append("kafka")
    if settings.streaming.flink.enabled:
        parts.append("flink")
    if settings.privacy.pseudonyms:
        parts.append("pseudonyms")
    return parts
