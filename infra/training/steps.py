"""What are the steps of the training pipeline? Prepare, tune, train, name the champion, judge, register."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.training.instances import has_local_storage
from infra.training.pipeline_definition import (
    Json,
    Step,
    at_least,
    channel,
    condition,
    definition,
    get,
    join,
    json_get,
    parameter,
    s3_input,
    s3_output,
)
from infra.training.settings import TrainingSettings
from infra.training.tuning import best, config

_INPUTS = get("Parameters.InputsFingerprint")
_CODE = "/opt/ml/processing/input/code"
# The image's script mode cannot run our source (decision 0053): Train says itself what it would say.
_UNPACK = (
    "mkdir -p /opt/ml/code && cd /opt/ml/code && tar -xzf /opt/ml/input/data/code/source.tar.gz"
    " && export SM_NUM_GPUS=${SM_NUM_GPUS:-$(nvidia-smi -L 2>/dev/null | grep -c ^GPU)} && exec python3"
)
_FOLDERS = {
    "SM_CHANNEL_TRAIN": "/opt/ml/input/data/train",
    "SM_CHANNEL_VALIDATION": "/opt/ml/input/data/validation",
    "SM_MODEL_DIR": "/opt/ml/model",
    "SM_OUTPUT_DIR": "/opt/ml/output",
}
_GIVEN = "/opt/ml/processing/input"
_WRITTEN = "/opt/ml/processing/output"
_KEPT = "P30D"
_METRICS = "binary_classification_metrics"
_GIB = 30


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
            _prepare(settings, site),
            *([_tune(settings, site)] if settings.tuning.searched else []),
            _train(settings, site),
            _champion(site),
            _evaluate(settings, site),
            verdict,
        ],
    )


def _prepare(settings: TrainingSettings, site: Site) -> Step:
    outputs = [
        s3_output(name, _prepared(site, name), name)
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
        cache=_KEPT,
        retry=True,
    )


_OBJECTIVE = "validation:pr_auc"
_LOGGED: list[Json] = [{"Name": _OBJECTIVE, "Regex": "validation-pr_auc=([0-9.]+)"}]
"""What SageMaker reads from the job's log into CloudWatch: the line that `ml.training` prints as it goes."""


def _tune(settings: TrainingSettings, site: Site) -> Step:
    """A search whose trainings run the source archive's `train.py` by the image's script mode.

    A tuning job's trainings have no entrypoint of their own (SageMaker API,
    `HyperParameterAlgorithmSpecification`): decision 0054.
    """
    fixed = {name: str(value) for name, value in sorted(settings.hyperparameters.items())}
    return Step(
        name="Tune",
        type="Tuning",
        arguments={
            "HyperParameterTuningJobConfig": config(settings.tuning, _OBJECTIVE),
            "TrainingJobDefinition": {
                "StaticHyperParameters": {
                    **fixed,
                    "sagemaker_program": "train.py",
                    "sagemaker_submit_directory": "/opt/ml/input/data/code/source.tar.gz",
                },
                "AlgorithmSpecification": {
                    "TrainingImage": site.image,
                    "TrainingInputMode": "File",
                    "MetricDefinitions": _LOGGED,
                },
                **_job(settings, site, output="tuned"),
                "Environment": {
                    "INPUTS_FINGERPRINT": _INPUTS,
                    "USE_CASE": site.use_case,
                    # The image's toolkit installs the archive by pip, which has no way to an index here. That
                    # 0 is what turns the isolated build off: github.com/pypa/pip, issue 5735.
                    "PIP_NO_BUILD_ISOLATION": "0",
                    "PIP_NO_INDEX": "1",
                },
            },
        },
        cache=_KEPT,
        retry=True,
    )


def _train(settings: TrainingSettings, site: Site) -> Step:
    hyperparameters: dict[str, str | Json] = {
        name: str(value) for name, value in settings.hyperparameters.items()
    }
    hyperparameters |= {name: best("Tune", name) for name in settings.tuning.searched}
    hyperparameters = dict(sorted(hyperparameters.items()))
    arguments = [text for name, value in hyperparameters.items() for text in (f"--{name}", value)]
    run = f'{_UNPACK} -m ml train --case {site.use_case} "$@"'
    job = _job(settings, site, output="trained")
    if settings.keep_alive_minutes:
        job["ResourceConfig"]["KeepAlivePeriodInSeconds"] = settings.keep_alive_minutes * 60
    return Step(
        name="Train",
        type="Training",
        arguments={
            "AlgorithmSpecification": {
                "TrainingImage": site.image,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["/bin/sh", "-c", run, "train"],
                **({"ContainerArguments": arguments} if arguments else {}),
                "MetricDefinitions": _LOGGED,
            },
            "HyperParameters": hyperparameters,
            **job,
            "Environment": {"INPUTS_FINGERPRINT": _INPUTS, **_FOLDERS},
        },
        cache=_KEPT,
        retry=True,
    )


def _job(settings: TrainingSettings, site: Site, *, output: str) -> Json:
    """What every training has: its role, data, machines, times, keys, and the walls around it."""
    resources: Json = {
        "InstanceCount": settings.instances,
        "InstanceType": settings.training_instance,
        "VolumeSizeInGB": _GIB,
    }
    stopping: Json = {"MaxRuntimeInSeconds": settings.max_run_minutes * 60}
    if settings.spot:
        stopping["MaxWaitTimeInSeconds"] = settings.max_wait_minutes * 60
    if not has_local_storage(settings.training_instance):
        resources["VolumeKmsKeyId"] = site.model_key
    return {
        "RoleArn": site.training_role,
        "InputDataConfig": [
            channel("code", site.source_uri, "application/gzip"),
            channel("train", _output_of("Prepare", "train"), "application/x-parquet"),
            channel("validation", _output_of("Prepare", "validation"), "application/x-parquet"),
        ],
        "OutputDataConfig": {
            "S3OutputPath": f"{site.models_uri}/{site.case}/{output}",
            "KmsKeyId": site.model_key,
        },
        "CheckpointConfig": {
            "S3Uri": join(f"{site.models_uri}/{site.case}/checkpoints/", _INPUTS),
            "LocalPath": "/opt/ml/checkpoints",
        },
        "ResourceConfig": resources,
        "StoppingCondition": stopping,
        "EnableManagedSpotTraining": settings.spot,
        "EnableInterContainerTrafficEncryption": True,
        "EnableNetworkIsolation": True,
        "VpcConfig": {"SecurityGroupIds": [site.security_group], "Subnets": list(site.subnets)},
    }


def _evaluate(settings: TrainingSettings, site: Site) -> Step:
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
                s3_input("test", _output_of("Prepare", "test"), "test"),
                s3_input("champion", get("Steps.Champion.OutputParameters['Model']"), "champion"),
                *(
                    [s3_input("external", f"{site.curated_uri}/{settings.gates.external_data}", "external")]
                    if settings.gates.external_data
                    else []
                ),
            ],
            outputs=[s3_output("evaluation", _evaluation(site), "")],
            key=site.model_key,
        ),
        retry=True,
        property_files=[("Evaluation", "evaluation", "evaluation.json")],
    )


def _champion(site: Site) -> Step:
    """Asked in every run, whoever started it: the newest approved package is another from day to day."""
    return Step(
        name="Champion", type="Lambda", arguments={}, function=site.champion_function, answers=["Model"]
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


def _register(site: Site) -> Mapping[str, Any]:
    return {
        "ModelPackageGroupName": site.group,
        "ModelPackageDescription": f"Trained by the pipeline of {site.case}",
        "ModelApprovalStatus": "PendingManualApproval",
        "CustomerMetadataProperties": {"inputs": _INPUTS},
        "ModelMetrics": {
            "ModelQuality": {
                "Statistics": {
                    "ContentType": "application/json",
                    "S3Uri": _evaluation(site, "/evaluation.json"),
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
        "VolumeSizeInGB": _GIB,
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
            "INPUTS_FINGERPRINT": _INPUTS,
            **({} if secret is None else {"PSEUDONYM_KEYS": secret}),
        },
    }


def _prepared(site: Site, name: str) -> Json:
    return join(f"{site.curated_uri}/{site.case}/", _INPUTS, f"/{name}")


def _evaluation(site: Site, *path: str) -> Json:
    # A folder for each execution: a model package's metrics are never written over.
    return join(f"{site.models_uri}/{site.case}/evaluated/", get("Execution.PipelineExecutionId"), *path)


def _output_of(step: str, name: str) -> Json:
    return get(f"Steps.{step}.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri")


def _metric(name: str) -> Json:
    return json_get("Evaluate", "Evaluation", f"{_METRICS}.{name}.value")


def _shortfall() -> Json:
    return join("The model is not good enough: ", json_get("Evaluate", "Evaluation", "shortfall"), ".")
