"""What are the steps of the training pipeline? Prepare, tune, train, name the champion, judge, register."""

from collections.abc import Mapping
from typing import Any

from infra.training.pipeline_definition import (
    Json,
    Step,
    at_least,
    condition,
    definition,
    get,
    join,
    json_get,
    parameter,
)
from infra.training.processing_steps import evaluate, prepare
from infra.training.settings import TrainingSettings
from infra.training.site import INPUTS, Site, evaluation
from infra.training.training_steps import train, tune

_METRICS = "binary_classification_metrics"


def training_definition(settings: TrainingSettings, site: Site) -> str:
    """The definition that docs/architecture.md describes under "Jobs". `Tune` is there where a search is set.

    Evaluate judges by all gates; beside its verdict stand conditions on the two figures whose limits a run
    may set.

    Prepare's, Tune's and Train's results are used again for the same arguments. That is sound because the
    fingerprint of the sources is among the arguments of each, and the source archive's path is its digest.
    """
    package = Step(name="Register", type="RegisterModel", arguments=_register(site))
    verdict = condition(
        "GoodEnough",
        holds=[
            at_least(_metric("pr_auc"), get("Parameters.MinimumPrAuc")),
            at_least(_metric("auc"), get("Parameters.MinimumAuc")),
            at_least(json_get("Evaluate", "Evaluation", "verdict"), 1.0),
        ],
        then=[package],
        otherwise=[Step(name="NotGoodEnough", type="Fail", arguments={"ErrorMessage": _shortfall()})],
    )
    return definition(
        parameters=[
            parameter("RawData", "String", f"{site.raw_uri}/{site.case}"),
            parameter("InputsFingerprint", "String"),
            parameter("MinimumPrAuc", "Float", settings.minimum_pr_auc),
            parameter("MinimumAuc", "Float", settings.minimum_auc),
        ],
        steps=[
            prepare(settings, site),
            *([tune(settings, site)] if settings.tuning.searched else []),
            train(settings, site),
            _champion(site),
            evaluate(settings, site),
            verdict,
        ],
    )


def _champion(site: Site) -> Step:
    """Asked in every run, whoever started it: the newest approved package is another from day to day."""
    return Step(
        name="Champion", type="Lambda", arguments={}, function=site.champion_function, answers=["Model"]
    )


def _register(site: Site) -> Mapping[str, Any]:
    return {
        "ModelPackageGroupName": site.group,
        "ModelPackageDescription": f"Trained by the pipeline of {site.case}",
        "ModelApprovalStatus": "PendingManualApproval",
        "CustomerMetadataProperties": {"inputs": INPUTS},
        "ModelMetrics": {
            "ModelQuality": {
                "Statistics": {
                    "ContentType": "application/json",
                    "S3Uri": evaluation(site, "/evaluation.json"),
                }
            }
        },
        "InferenceSpecification": {
            "Containers": [
                {
                    "Image": site.serving_image or site.image,
                    "ModelDataUrl": get("Steps.Train.ModelArtifacts.S3ModelArtifacts"),
                    "Environment": {
                        "SAGEMAKER_PROGRAM": "inference.py",
                        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                    },
                }
            ],
            "SupportedContentTypes": list(site.serving_types),
            "SupportedResponseMIMETypes": list(site.serving_types),
        },
    }


def _metric(name: str) -> Json:
    return json_get("Evaluate", "Evaluation", f"{_METRICS}.{name}.value")


def _shortfall() -> Json:
    return join("The model is not good enough: ", json_get("Evaluate", "Evaluation", "shortfall"), ".")
