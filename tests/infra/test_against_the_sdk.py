"""Does our training pipeline say what the SageMaker Python SDK says? Held against a record of the SDK's."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.training.settings import TrainingSettings
from infra.training.site import Site
from infra.training.steps import training_definition

SDK = Path(__file__).parent / "sdk"
RECORD: dict[str, Any] = json.loads((SDK / "training_pipeline.json").read_text())
ABSENT = "<absent>"
IN_REGISTER = "Steps/GoodEnough/Arguments/IfSteps/Register/Arguments"
IN_ENVIRONMENT = f"{IN_REGISTER}/InferenceSpecification/Containers/0/Environment"

ONLY_WE_SAY = {
    # The SDK has one only around a source that it uploads itself; the record was made without.
    "Steps/Train/Arguments/AlgorithmSpecification/ContainerEntrypoint",
    "Steps/Train/Arguments/AlgorithmSpecification/ContainerArguments",
    # The record was made without; `test_against_the_api.py` holds their form.
    "Steps/Train/Arguments/AlgorithmSpecification/MetricDefinitions",
}
ONLY_THE_SDK_SAYS: dict[str, Any] = {
    # The service makes an experiment and a trial of these names by default; an MLflow server we have none.
    "PipelineExperimentConfig": {
        "ExperimentName": {"Get": "Execution.PipelineName"},
        "TrialName": {"Get": "Execution.PipelineExecutionId"},
    },
    "MlflowConfig": None,
    # A channel takes its mode from the algorithm's TrainingInputMode, which both say is File.
    "Steps/Train/Arguments/InputDataConfig/0/InputMode": "File",
    "Steps/Train/Arguments/InputDataConfig/1/InputMode": "File",
    "Steps/Train/Arguments/InputDataConfig/2/InputMode": "File",
    # Defaults of the image: INFO, and the region that SageMaker gives every container as AWS_REGION.
    f"{IN_ENVIRONMENT}/SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
    f"{IN_ENVIRONMENT}/SAGEMAKER_REGION": "us-east-1",
    # Nothing, said explicitly.
    f"{IN_REGISTER}/ModelMetrics/Bias": {},
    f"{IN_REGISTER}/ModelMetrics/Explainability": {},
    # CreateModelPackage's default.
    f"{IN_REGISTER}/SkipModelValidation": "None",
}


def test_our_definition_says_what_the_sdk_says() -> None:
    ours = json.loads(training_definition(TrainingSettings(**RECORD["settings"]), Site(**RECORD["site"])))
    told = dict(_differences(ours, RECORD["definition"]))
    assert {path for path, (_, sdk) in told.items() if sdk == ABSENT} == ONLY_WE_SAY
    rest = {path: values for path, values in told.items() if path not in ONLY_WE_SAY}
    assert rest == {path: (ABSENT, value) for path, value in ONLY_THE_SDK_SAYS.items()}


def test_a_wrong_key_and_a_wrong_type_are_found() -> None:
    sdk = RECORD["definition"]
    wrong = json.loads(json.dumps(sdk))
    prepare, train = wrong["Steps"][0], wrong["Steps"][1]
    prepare["CacheConfig"]["ExpiresAfter"] = prepare["CacheConfig"].pop("ExpireAfter")
    train["Arguments"]["ResourceConfig"]["InstanceCount"] = "1"
    assert dict(_differences(wrong, sdk)) == {
        "Steps/Prepare/CacheConfig/ExpiresAfter": ("P30D", ABSENT),
        "Steps/Prepare/CacheConfig/ExpireAfter": (ABSENT, "P30D"),
        "Steps/Train/Arguments/ResourceConfig/InstanceCount": ("1", 1),
    }


@pytest.mark.skipif(
    importlib.util.find_spec("sagemaker") is None,
    reason="the SDK has an environment of its own: decision 0052",
)
def test_the_record_is_what_the_sdk_says(tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    subprocess.run([sys.executable, SDK / "record_training_pipeline.py", again], check=True)
    assert json.loads(again.read_text()) == RECORD


def _differences(ours: Any, sdk: Any, path: str = "") -> list[tuple[str, tuple[Any, Any]]]:
    """Paths where the documents differ, with both values; steps are named, other list items numbered."""
    if isinstance(ours, dict) and isinstance(sdk, dict):
        pairs = [(key, ours.get(key, ABSENT), sdk.get(key, ABSENT)) for key in ours.keys() | sdk.keys()]
    elif isinstance(ours, list) and isinstance(sdk, list) and _names(ours) == _names(sdk):
        pairs = list(zip(_names(ours), ours, sdk, strict=True))
    else:
        # 1 and 1.0 and True are equal to Python, and not to SageMaker.
        same = type(ours) is type(sdk) and ours == sdk
        return [] if same else [(path, (ours, sdk))]
    return [
        found
        for key, left, right in pairs
        for found in _differences(left, right, f"{path}/{key}".lstrip("/"))
    ]


def _names(items: list[Any]) -> list[str]:
    return [
        item["Name"] if isinstance(item, dict) and "Name" in item else str(number)
        for number, item in enumerate(items)
    ]
