"""What are the pipeline's trainings? Tune and Train."""

from infra.training.instances import has_local_storage
from infra.training.pipeline_definition import Json, Step, channel, join
from infra.training.processing_steps import output_of
from infra.training.settings import TrainingSettings
from infra.training.site import INPUTS, KEPT, VOLUME_GIB, Site
from infra.training.tuning import best, config

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
_OBJECTIVE = "validation:pr_auc"
_LOGGED: list[Json] = [{"Name": _OBJECTIVE, "Regex": "validation-pr_auc=([0-9.]+)"}]
"""What SageMaker reads from the job's log into CloudWatch: the line that `ml.training` prints as it goes."""


def tune(settings: TrainingSettings, site: Site) -> Step:
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
                    "INPUTS_FINGERPRINT": INPUTS,
                    "USE_CASE": site.use_case,
                    # The image's toolkit installs the archive by pip, which has no way to an index here. That
                    # 0 is what turns the isolated build off: github.com/pypa/pip, issue 5735.
                    "PIP_NO_BUILD_ISOLATION": "0",
                    "PIP_NO_INDEX": "1",
                },
            },
        },
        cache=KEPT,
        retry=True,
    )


def train(settings: TrainingSettings, site: Site) -> Step:
    """The training of the model, with the best that a search has found where there is one."""
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
            "Environment": {"INPUTS_FINGERPRINT": INPUTS, **_FOLDERS},
        },
        cache=KEPT,
        retry=True,
    )


def _job(settings: TrainingSettings, site: Site, *, output: str) -> Json:
    """What every training has: its role, data, machines, times, keys, and the walls around it."""
    resources: Json = {
        "InstanceCount": settings.instances,
        "InstanceType": settings.training_instance,
        "VolumeSizeInGB": VOLUME_GIB,
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
            channel("train", output_of("Prepare", "train"), "application/x-parquet"),
            channel("validation", output_of("Prepare", "validation"), "application/x-parquet"),
        ],
        "OutputDataConfig": {
            "S3OutputPath": f"{site.models_uri}/{site.case}/{output}",
            "KmsKeyId": site.model_key,
        },
        "CheckpointConfig": {
            "S3Uri": join(f"{site.models_uri}/{site.case}/checkpoints/", INPUTS),
            "LocalPath": "/opt/ml/checkpoints",
        },
        "ResourceConfig": resources,
        "StoppingCondition": stopping,
        "EnableManagedSpotTraining": settings.spot,
        "EnableInterContainerTrafficEncryption": True,
        "EnableNetworkIsolation": True,
        "VpcConfig": {"SecurityGroupIds": [site.security_group], "Subnets": list(site.subnets)},
    }
