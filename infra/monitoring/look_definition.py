"""What does a daily look do? The pipeline of one step that runs the job Monitor, as SageMaker's JSON."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.monitoring.drift_settings import LookSettings
from infra.training.instances import has_local_storage
from infra.training.pipeline_definition import Json, Step, definition, parameter, s3_input, s3_output

_CODE = "/opt/ml/processing/input/code"
_OUT = "/opt/ml/processing/output"
_GIB = 30
_MINUTES = 60


@dataclass(frozen=True, kw_only=True)
class Look:
    """Where a look runs and what it looks at, as plain values: S3 URIs without a slash at the end."""

    use_case: str
    image: str
    source_uri: str
    package_arn: str
    endpoint: str
    variant: str
    captures_uri: str
    reports_uri: str
    outcomes_group: str | None
    key: str
    role: str
    subnets: Sequence[str]
    security_group: str


def look_definition(settings: LookSettings, look: Look) -> str:
    """One Processing step. It has the network, since it fetches what it needs and puts metrics: what it reads
    lies by variant and hour, and the first look finds no state, which a job's own inputs cannot say.

    The parameter `Until` is the last day; empty is yesterday.
    """
    resources: Json = {"InstanceCount": 1, "InstanceType": settings.instance, "VolumeSizeInGB": _GIB}
    if not has_local_storage(settings.instance):
        resources["VolumeKmsKeyId"] = look.key
    step = Step(
        name="Look",
        type="Processing",
        arguments={
            "RoleArn": look.role,
            "AppSpecification": {
                "ImageUri": look.image,
                "ContainerEntrypoint": ["/bin/sh", "-c", _run(look), "monitor"],
                "ContainerArguments": _asked(settings, look),
            },
            "ProcessingInputs": [s3_input("code", look.source_uri, "code")],
            "ProcessingOutputConfig": {
                "KmsKeyId": look.key,
                "Outputs": [s3_output("monitoring", look.reports_uri, "")],
            },
            "ProcessingResources": {"ClusterConfig": resources},
            "StoppingCondition": {"MaxRuntimeInSeconds": _MINUTES * 60},
            "NetworkConfig": {
                "EnableInterContainerTrafficEncryption": True,
                "EnableNetworkIsolation": False,
                "VpcConfig": {"SecurityGroupIds": [look.security_group], "Subnets": list(look.subnets)},
            },
        },
        retry=True,
    )
    return definition(parameters=[parameter("Until", "String", "yesterday")], steps=[step])


def _run(look: Look) -> str:
    """What is asked stands apart from the command: SageMaker takes 256 characters of each."""
    return f'cd {_CODE} && tar -xzf source.tar.gz && exec python3 -m ml monitor --case {look.use_case} "$@"'


def _asked(settings: LookSettings, look: Look) -> list[str | Json]:
    pairs: dict[str, str | Json] = {
        "--package": look.package_arn,
        "--endpoint": look.endpoint,
        "--variant": look.variant,
        "--captures": look.captures_uri,
        "--state": f"{look.reports_uri}/state",
        **({"--outcomes-group": look.outcomes_group} if look.outcomes_group else {}),
        "--days": str(settings.read_days),
        "--delay-days": str(settings.outcome_days),
        "--out": _OUT,
        "--until": {"Get": "Parameters.Until"},
    }
    return [*(one for pair in pairs.items() for one in pair), "--publish"]
