"""What are the pipeline's processing jobs? Prepare, and Evaluate with its gates."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.training.instances import has_local_storage
from infra.training.pipeline_definition import Json, Step, get, join, s3_input, s3_output
from infra.training.settings import TrainingSettings
from infra.training.site import INPUTS, KEPT, VOLUME_GIB, Site, evaluation, prepared

_CODE = "/opt/ml/processing/input/code"
_GIVEN = "/opt/ml/processing/input"
_WRITTEN = "/opt/ml/processing/output"


def prepare(settings: TrainingSettings, site: Site) -> Step:
    """From the raw sources to what is trained, validated and tested on."""
    outputs = [
        s3_output(name, prepared(site, name), name)
        for name in ("train", "validation", "test", "examples", "report", "quarantine")
    ]
    return Step(
        name="Prepare",
        type="Processing",
        arguments=_processing(
            settings,
            site,
            command="prepare",
            arguments=["--raw", f"{_GIVEN}/raw", "--out", _WRITTEN],
            inputs=[s3_input("raw", get("Parameters.RawData"), "raw")],
            outputs=outputs,
            key=site.data_key,
            secret=site.pseudonym_keys,
        ),
        cache=KEPT,
        retry=True,
    )


def evaluate(settings: TrainingSettings, site: Site) -> Step:
    """The trained model against the test data, the champion and every gate."""
    return Step(
        name="Evaluate",
        type="Processing",
        arguments=_processing(
            settings,
            site,
            command="evaluate",
            arguments=[
                *("--model", f"{_GIVEN}/model", "--test", f"{_GIVEN}/test"),
                *("--champion", f"{_GIVEN}/champion", "--out", _WRITTEN),
                *(("--external", f"{_GIVEN}/external") if settings.gates.external_data else ()),
                *(argument for gate in _gates(settings) for argument in ("--gate", gate)),
            ],
            inputs=[
                s3_input("model", get("Steps.Train.ModelArtifacts.S3ModelArtifacts"), "model"),
                s3_input("test", output_of("Prepare", "test"), "test"),
                s3_input("champion", get("Steps.Champion.OutputParameters['Model']"), "champion"),
                *(
                    [s3_input("external", f"{site.curated_uri}/{settings.gates.external_data}", "external")]
                    if settings.gates.external_data
                    else []
                ),
            ],
            outputs=[s3_output("evaluation", evaluation(site), "")],
            key=site.model_key,
        ),
        retry=True,
        property_files=[("Evaluation", "evaluation", "evaluation.json")],
    )


def _gates(settings: TrainingSettings) -> list[str | Json]:
    """`name=limit` as `ml.evaluation.gates` calls them."""
    gates = settings.gates
    fixed = {
        "maximum_calibration_error": gates.maximum_calibration_error,
        "minimum_segment_auc": gates.minimum_segment_auc,
        "champion_margin": gates.champion_margin,
        "maximum_megabytes": gates.maximum_megabytes,
        "maximum_milliseconds": gates.maximum_milliseconds,
        "minimum_external_auc": gates.minimum_external_auc,
    }
    return [
        join("minimum_pr_auc=", get("Parameters.MinimumPrAuc")),
        join("minimum_auc=", get("Parameters.MinimumAuc")),
        *(f"{name}={limit}" for name, limit in fixed.items() if limit is not None),
    ]


def _processing(
    settings: TrainingSettings,
    site: Site,
    *,
    command: str,
    arguments: Sequence[str | Json],
    inputs: list[Json],
    outputs: list[Json],
    key: str,
    secret: str | None = None,
) -> Mapping[str, Any]:
    """A job of the package for the use case, from the source archive.

    What it is asked stands apart from its command: SageMaker takes 256 characters of each.
    """
    resources: Json = {
        "InstanceCount": 1,
        "InstanceType": settings.processing_instance,
        "VolumeSizeInGB": VOLUME_GIB,
    }
    if not has_local_storage(settings.processing_instance):
        resources["VolumeKmsKeyId"] = key
    job = f'python3 -m ml {command} --case {site.use_case} "$@"'
    run = f"cd {_CODE} && tar -xzf source.tar.gz && exec {job}"
    return {
        "RoleArn": site.processing_role,
        "AppSpecification": {
            "ImageUri": site.image,
            "ContainerEntrypoint": ["/bin/sh", "-c", run, command],
            "ContainerArguments": list(arguments),
        },
        "ProcessingInputs": [s3_input("code", site.source_uri, "code"), *inputs],
        "ProcessingOutputConfig": {"KmsKeyId": key, "Outputs": outputs},
        "ProcessingResources": {"ClusterConfig": resources},
        "StoppingCondition": {"MaxRuntimeInSeconds": settings.max_run_minutes * 60},
        "NetworkConfig": {
            "EnableInterContainerTrafficEncryption": True,
            "EnableNetworkIsolation": secret is None,
            "VpcConfig": {"SecurityGroupIds": [site.security_group], "Subnets": list(site.subnets)},
        },
        "Environment": {
            "INPUTS_FINGERPRINT": INPUTS,
            **({} if secret is None else {"PSEUDONYM_KEYS": secret}),
        },
    }


def output_of(step: str, name: str) -> Json:
    """A reference to the S3 URI of what a processing step has written."""
    return get(f"Steps.{step}.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri")
