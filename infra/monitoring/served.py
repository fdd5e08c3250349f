"""What is watched: an endpoint, its variants, and the metrics that SageMaker keeps of them.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

INVOCATIONS = "AWS/SageMaker"
"""Namespace of requests, faults and latency, in microseconds."""
INSTANCES = "/aws/sagemaker/Endpoints"
"""Namespace of what the instances use, in percent: of a processor each, so that four may use 400."""
DATA_QUALITY = "/aws/sagemaker/Endpoints/data-metrics"
MODEL_QUALITY = "/aws/sagemaker/Endpoints/model-metrics"
"""Namespaces of Model Monitor's schedules, by `Endpoint` and `MonitoringSchedule`."""
OWN = "Groundplan"
"""Namespace of what our own looks measure, by `Endpoint`: `Drift` (also by `Feature`), `PredictionDrift`,
`ConceptDrift`, `MissingOutcomes` and `Probability`."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """An endpoint, and the names of its production variants."""

    endpoint_name: str
    variants: Sequence[str]

    def of(self, variant: str) -> dict[str, str]:
        """The dimensions of a variant's metrics."""
        return {"EndpointName": self.endpoint_name, "VariantName": variant}
