"""Which kinds of SageMaker resources are there, and how does the service word errors about each?"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.runtime.overlay import Documents
from sandbox.runtime.sagemaker.records import Kind, Record, Shelf, Tags

_UNIQUE = "names must be unique within an AWS account and region, and a {what} with this name already exists"


@dataclass(frozen=True)
class Shelves:
    """Every kind of resource that this part keeps."""

    models: Shelf
    endpoint_configs: Shelf
    endpoints: Shelf
    groups: Shelf
    packages: Shelf
    pipelines: Shelf
    executions: Shelf
    training_jobs: Shelf
    processing_jobs: Shelf
    tuning_jobs: Shelf
    transform_jobs: Shelf
    tags: Tags

    def all(self) -> tuple[Shelf, ...]:
        return (
            self.models,
            self.endpoint_configs,
            self.endpoints,
            self.groups,
            self.packages,
            self.pipelines,
            self.executions,
            self.training_jobs,
            self.processing_jobs,
            self.tuning_jobs,
            self.transform_jobs,
        )

    def by_arn(self, arn: str) -> Record | None:
        """The resource that an ARN of the service names, if it is there."""
        for shelf in self.all():
            for record in shelf.all():
                if arn == record.fields.get("PipelineExecutionArn", record.arn):
                    return record
        return None


def shelves(documents: Documents) -> Shelves:
    def shelf(kind: Kind) -> Shelf:
        return Shelf(kind, documents)

    return Shelves(
        models=shelf(_could_not_find("model", "model")),
        endpoint_configs=shelf(_could_not_find("endpoint-config", "endpoint configuration")),
        endpoints=shelf(_could_not_find("endpoint", "endpoint")),
        groups=shelf(
            Kind(
                "model-package-group",
                missing="ModelPackageGroup {arn} does not exist.",
                taken="Model Package Group already exists: {arn}",
            )
        ),
        packages=shelf(
            Kind(
                "model-package",
                missing="ModelPackage {arn} does not exist.",
                taken="Model package already exists: {arn}",
            )
        ),
        pipelines=shelf(
            Kind(
                "pipeline",
                missing="Pipeline '{arn}' does not exist.",
                missing_code="ResourceNotFound",
                taken="Pipeline names must be unique within an AWS account and region. "
                "Pipeline with name ({name}) already exists.",
            )
        ),
        executions=shelf(
            Kind(
                "pipeline-execution",
                missing="Pipeline execution with ARN '{name}' does not exist.",
                missing_code="ResourceNotFound",
                taken="Pipeline execution '{name}' already exists.",
            )
        ),
        training_jobs=shelf(
            Kind(
                "training-job",
                missing="Requested resource not found.",
                taken=f"Training job {_UNIQUE.format(what='training job')} ({{arn}})",
                taken_code="ResourceInUse",
            )
        ),
        processing_jobs=shelf(
            Kind(
                "processing-job",
                missing="Could not find requested job with name: {name}",
                taken=f"Job {_UNIQUE.format(what='job')} ({{arn}})",
                taken_code="ResourceInUse",
            )
        ),
        tuning_jobs=shelf(_job("hyper-parameter-tuning-job", "Hyperparameter tuning job")),
        transform_jobs=shelf(_job("transform-job", "Transform job")),
        tags=Tags(documents),
    )


def _job(segment: str, words: str) -> Kind:
    return Kind(
        segment,
        missing=f"{words} {{arn}} could not be found.",
        missing_code="ResourceNotFound",
        taken=f"{words} {_UNIQUE.format(what='job')} ({{arn}})",
        taken_code="ResourceInUse",
    )


def _could_not_find(segment: str, words: str) -> Kind:
    return Kind(
        segment,
        missing=f'Could not find {words} "{{arn}}".',
        taken=f'Cannot create already existing {words} "{{arn}}".',
    )
