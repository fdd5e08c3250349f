"""Where do the pipeline's jobs run, what tells them their inputs, and where does stand what they write?"""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.training.pipeline_definition import Json, get, join

INPUTS = get("Parameters.InputsFingerprint")
KEPT = "P30D"
"""How long a step's result serves the same arguments again."""
VOLUME_GIB = 30


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where the pipeline's jobs run, as plain values: names, ARNs, S3 URIs without a slash at the end."""

    use_case: str
    image: str
    source_uri: str
    curated_uri: str
    models_uri: str
    data_key: str
    model_key: str
    processing_role: str
    training_role: str
    subnets: Sequence[str]
    security_group: str
    group: str
    raw_uri: str
    champion_function: str
    serving_image: str | None = None
    """What a model is registered with; the jobs' own image where there is none."""
    serving_types: Sequence[str] = ("application/json", "text/csv")
    pseudonym_keys: str | None = None
    """Name of the secret with the keys of the pseudonyms. A job that asks for it is not isolated from the
    network: it reaches Secrets Manager from the private subnets (decision 0116)."""

    @property
    def case(self) -> str:
        return self.use_case.rpartition(".")[2]


def prepared(site: Site, name: str) -> Json:
    """The folder of one output of Prepare, by what it was made of."""
    return join(f"{site.curated_uri}/{site.case}/", INPUTS, f"/{name}")


def evaluation(site: Site, *path: str) -> Json:
    """The folder of what Evaluate writes, or a path in it."""
    # A folder for each execution: a model package's metrics are never written over.
    return join(f"{site.models_uri}/{site.case}/evaluated/", get("Execution.PipelineExecutionId"), *path)
