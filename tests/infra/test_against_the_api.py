"""Would SageMaker's API take each step's arguments? Held against botocore's model of the service."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator

from infra.training.settings import TrainingSettings
from infra.training.site import Site
from infra.training.steps import training_definition
from infra.training.tuning_settings import TuningSettings

KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
SITE = Site(
    use_case="ml.flights",
    image="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0",
    source_uri="s3://models/source/abc/source.tar.gz",
    raw_uri="s3://raw",
    curated_uri="s3://curated",
    models_uri="s3://models",
    data_key=KEY,
    model_key=KEY,
    processing_role="arn:aws:iam::123456789012:role/processing",
    training_role="arn:aws:iam::123456789012:role/training",
    subnets=["subnet-0a1b2c3d", "subnet-1a2b3c4d"],
    security_group="sg-0a1b2c3d",
    group="groundplan-dev-flights",
    champion_function="arn:aws:lambda:us-east-1:123456789012:function:groundplan-dev-champion",
)
MADE_BY = {
    "Processing": "CreateProcessingJob",
    "Tuning": "CreateHyperParameterTuningJob",
    "Training": "CreateTrainingJob",
    "RegisterModel": "CreateModelPackage",
}
GIVEN_BY_THE_PIPELINE = {"ProcessingJobName", "TrainingJobName", "HyperParameterTuningJobName"}
KNOWN = {
    "Parameters.RawData": "s3://raw/flights",
    "Parameters.InputsFingerprint": "f" * 64,
    "Execution.PipelineExecutionId": "abcdefghijkl",
    "Steps.Champion.OutputParameters['Model']": "s3://models/flights/trained/other/output/model.tar.gz",
    "Parameters.MinimumPrAuc": "0.31",
    "Parameters.MinimumAuc": "0.75",
    "Steps.Train.ModelArtifacts.S3ModelArtifacts": "s3://models/flights/trained/job/output/model.tar.gz",
}
TUNED = re.compile(r"Steps\.Tune\.BestTrainingJob\.TunedHyperParameters\['(\w+)'\]")
OUTPUT = re.compile(r"Steps\.(\w+)\.ProcessingOutputConfig\.Outputs\['(\w+)'\]\.S3Output\.S3Uri")
SETTINGS = [
    TrainingSettings(),
    TrainingSettings(spot=False),
    TrainingSettings(training_instance="ml.m5.large", processing_instance="ml.g5.xlarge"),
    TrainingSettings(hyperparameters={"max_depth": 6, "eta": 0.1, "device": "cpu"}),
    TrainingSettings(spot=False, keep_alive_minutes=30),
    *(TrainingSettings(tuning=TuningSettings(strategy=one)) for one in ("grid", "random", "bayesian")),
]
JAVA_CLASSES = {
    "L": "a-zA-Z",
    "M": "",
    "N": "0-9",
    "P": re.escape("!\"#%&'()*,-./:;?@[\\]_{}"),
    "S": re.escape("$+<=>^`|~"),
    "Z": " ",
}
SERVICE = boto3.client("sagemaker", region_name="us-east-1").meta.service_model


@pytest.mark.parametrize(
    "settings",
    SETTINGS,
    ids=["usual", "on-demand", "other disks", "hyperparameters", "warm", "grid", "random", "bayesian"],
)
def test_the_api_would_take_every_step(settings: TrainingSettings) -> None:
    steps = _steps(settings)
    searched = {"Tuning"} if settings.tuning.searched else set()
    assert {step["Type"] for step in steps.values()} == {*MADE_BY, "Condition", "Fail", "Lambda"} - {
        "Tuning"
    } | searched
    problems = [
        problem
        for step in steps.values()
        if step["Type"] in MADE_BY
        for problem in _problems(_resolved(step["Arguments"], steps), MADE_BY[step["Type"]])
    ]
    assert not problems


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        (("ResourceConfig", "InstanceCont"), 1, "Unknown parameter"),
        (("ResourceConfig", "InstanceCount"), "1", "Invalid type"),
        (("ResourceConfig", "InstanceType"), "ml.m5.enormous", "ml.m5.enormous is not one of"),
        (("OutputDataConfig", "S3OutputPath"), "models/trained", "models/trained does not match"),
        (("CheckpointConfig", "S3Uri"), None, "Missing required"),
    ],
)
def test_what_the_api_would_refuse_is_found(path: tuple[str, str], value: object, found: str) -> None:
    steps = _steps(TrainingSettings())
    arguments = _resolved(steps["Train"]["Arguments"], steps)
    arguments[path[0]].pop(path[1], None)
    if value is not None:
        arguments[path[0]][path[1]] = value
    assert found in " ".join(_problems(arguments, "CreateTrainingJob"))


def test_training_runs_our_module_isolated_and_without_script_mode() -> None:
    train = _steps(TrainingSettings(hyperparameters={"max_depth": 6, "eta": 0.1}))["Train"]["Arguments"]
    assert train["EnableNetworkIsolation"] is True
    assert train["HyperParameters"] == {"eta": "0.1", "max_depth": "6"}
    algorithm = train["AlgorithmSpecification"]
    # A shell's command, its $0, and what its "$@" becomes.
    assert algorithm["ContainerArguments"] == ["--eta", "0.1", "--max_depth", "6"]
    shell, option, command, name = algorithm["ContainerEntrypoint"]
    assert (shell, option, name) == ("/bin/sh", "-c", "train")
    assert command.endswith('exec python3 -m ml train --case ml.flights "$@"')
    assert "code" in [channel["ChannelName"] for channel in train["InputDataConfig"]]


def test_every_step_can_be_retried_and_cached_as_it_says() -> None:
    """Sources: "Retry Policy for Pipeline Steps" and "Caching pipeline steps", SageMaker's guide."""
    for step in _steps(TrainingSettings(tuning=TuningSettings(strategy="random"))).values():
        assert step.keys() <= _KEYS[step["Type"] == "Lambda"]
        assert re.fullmatch(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,63}", step["Name"])
        for policy in step.get("RetryPolicies", []):
            services = {kind.partition(".")[0] for kind in policy["ExceptionType"]}
            assert services in ({"Step"}, {"SageMaker"})
            assert 1 <= policy["MaxAttempts"] <= 20
            assert policy["BackoffRate"] >= 0
        if "CacheConfig" in step:
            assert step["Type"] in {"Processing", "Tuning", "Training"}
            assert re.fullmatch(r"P\d+D", step["CacheConfig"]["ExpireAfter"])


_KEYS = (
    {"Name", "Type", "Arguments", "CacheConfig", "RetryPolicies", "PropertyFiles"},
    {"Name", "Type", "Arguments", "FunctionArn", "OutputParameters"},
)


def _steps(settings: TrainingSettings) -> dict[str, Any]:
    def walk(bodies: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for body in bodies:
            yield body
            for branch in ("IfSteps", "ElseSteps"):
                yield from walk(body["Arguments"].get(branch, []))

    return {step["Name"]: step for step in walk(json.loads(training_definition(settings, SITE))["Steps"])}


def _resolved(value: Any, steps: Mapping[str, Any]) -> Any:
    """The value as the pipeline would send it: references and joins become text."""
    if isinstance(value, list):
        return [_resolved(item, steps) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Std:Join"}:
        join = value["Std:Join"]
        return join["On"].join(_resolved(part, steps) for part in join["Values"])
    if value.keys() == {"Get"}:
        if output := OUTPUT.fullmatch(value["Get"]):
            outputs = steps[output[1]]["Arguments"]["ProcessingOutputConfig"]["Outputs"]
            named = {one["OutputName"]: one["S3Output"]["S3Uri"] for one in outputs}
            return _resolved(named[output[2]], steps)
        if tuned := TUNED.fullmatch(value["Get"]):
            return f"best {tuned[1]}"
        return KNOWN[value["Get"]]
    return {key: _resolved(item, steps) for key, item in value.items()}


def _problems(arguments: dict[str, Any], operation: str) -> list[str]:
    shape = SERVICE.operation_model(operation).input_shape
    named = dict.fromkeys(GIVEN_BY_THE_PIPELINE & shape.members.keys(), "job")
    report = ParamValidator().validate(named | arguments, shape)
    return [*report.generate_report().splitlines(), *_misfits(arguments, shape, operation)]


def _misfits(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """What botocore itself leaves to the service: enums, patterns, and upper limits."""
    if isinstance(shape, StructureShape):
        for key in shape.members.keys() & value.keys():
            yield from _misfits(value[key], shape.members[key], f"{path}.{key}")
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value):
            yield from _misfits(item, shape.member, f"{path}[{number}]")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _misfits(key, shape.key, f"{path} key")
            yield from _misfits(item, shape.value, f"{path}.{key}")
    elif shape.type_name == "string":
        allowed, pattern = shape.metadata.get("enum"), shape.metadata.get("pattern")
        if allowed and value not in allowed:
            yield f"{path}: {value} is not one of {', '.join(allowed)}"
        if pattern and not re.fullmatch(_python(pattern), value):
            yield f"{path}: {value} does not match {pattern}"
    size = value if isinstance(value, int | float) else len(value)
    if size > shape.metadata.get("max", size):
        yield f"{path}: {size} is more than {shape.metadata['max']}"


def _python(pattern: str) -> str:
    """A pattern of Java's in Python's words; of letters, marks, signs and so on, those of ASCII."""
    for java, python in JAVA_CLASSES.items():
        pattern = pattern.replace(rf"\p{{{java}}}", python)
    # CustomerMetadata's patterns repeat the end of the text, which Python refuses; `max` bounds them too.
    return re.sub(r"\$\{\d+,\d+\}$", "", pattern)
