"""What the training pipeline does by its settings: a search, warm pools, schedules, and what is refused."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from pydantic import ValidationError

from infra.training.gate_settings import GateSettings
from infra.training.settings import TrainingSettings
from infra.training.site import Site
from infra.training.steps import training_definition
from infra.training.tuning_settings import TunedRange, TuningSettings
from ml.evaluation.gates import limits
from sandbox.runtime.sagemaker.definition import parse

SITE = Site(
    use_case="ml.flights",
    image="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0",
    source_uri="s3://models/source/abc/source.tar.gz",
    raw_uri="s3://raw",
    curated_uri="s3://curated",
    models_uri="s3://models",
    data_key="data-key",
    model_key="model-key",
    processing_role="processing",
    training_role="training",
    subnets=["subnet-a", "subnet-b"],
    security_group="sg",
    group="groundplan-dev-flights",
    champion_function="arn:aws:lambda:us-east-1:123456789012:function:groundplan-dev-champion",
)


def _steps(settings: TrainingSettings) -> dict[str, Any]:
    text = training_definition(settings, SITE)
    parse(text)
    return {step["Name"]: step for step in json.loads(text)["Steps"]}


def _refusal(**given: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        TrainingSettings.model_validate_json(json.dumps(given))
    return str(refused.value)


def test_without_a_search_there_is_no_step_for_one() -> None:
    assert list(_steps(TrainingSettings())) == ["Prepare", "Train", "Champion", "Evaluate", "GoodEnough"]


def test_a_search_comes_before_the_training_that_takes_its_best() -> None:
    steps = _steps(TrainingSettings(tuning=TuningSettings(strategy="bayesian", jobs=20, parallel=4)))
    assert list(steps) == ["Prepare", "Tune", "Train", "Champion", "Evaluate", "GoodEnough"]
    config = steps["Tune"]["Arguments"]["HyperParameterTuningJobConfig"]
    assert config["Strategy"] == "Bayesian"
    assert config["ResourceLimits"] == {"MaxNumberOfTrainingJobs": 20, "MaxParallelTrainingJobs": 4}
    assert config["ParameterRanges"]["IntegerParameterRanges"] == [
        {"Name": "max_depth", "MinValue": "4", "MaxValue": "9", "ScalingType": "Auto"}
    ]
    hyperparameters = steps["Train"]["Arguments"]["HyperParameters"]
    assert hyperparameters["eta"] == {"Get": "Steps.Tune.BestTrainingJob.TunedHyperParameters['eta']"}
    given = steps["Train"]["Arguments"]["AlgorithmSpecification"]["ContainerArguments"]
    assert given[given.index("--eta") + 1] == hyperparameters["eta"]


def test_the_trainings_of_a_search_stand_behind_the_same_walls_as_the_last() -> None:
    steps = _steps(TrainingSettings(tuning=TuningSettings(strategy="random")))
    searched, last = steps["Tune"]["Arguments"]["TrainingJobDefinition"], steps["Train"]["Arguments"]
    for same in (
        "RoleArn",
        "InputDataConfig",
        "VpcConfig",
        "StoppingCondition",
        "EnableNetworkIsolation",
        "EnableInterContainerTrafficEncryption",
        "EnableManagedSpotTraining",
        "CheckpointConfig",
    ):
        assert searched[same] == last[same]
    assert searched["EnableNetworkIsolation"] is True
    assert searched["OutputDataConfig"]["KmsKeyId"] == "model-key"


def test_a_grid_tries_all_its_values_and_counts_none() -> None:
    tuning = TuningSettings(strategy="grid", parallel=9, ranges={"max_depth": TunedRange(values=(4, 6))})
    config = _steps(TrainingSettings(tuning=tuning))["Tune"]["Arguments"]["HyperParameterTuningJobConfig"]
    assert config["ResourceLimits"] == {"MaxParallelTrainingJobs": 2}
    assert config["ParameterRanges"] == {
        "CategoricalParameterRanges": [{"Name": "max_depth", "Values": ["4", "6"]}]
    }


def test_a_warm_pool_is_kept_for_the_training_that_comes_next() -> None:
    train = _steps(TrainingSettings(spot=False, keep_alive_minutes=30))["Train"]["Arguments"]
    assert train["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 1800


def test_several_instances_train_and_search_alike() -> None:
    steps = _steps(TrainingSettings(instances=3, tuning=TuningSettings(strategy="random")))
    assert steps["Train"]["Arguments"]["ResourceConfig"]["InstanceCount"] == 3
    searched = steps["Tune"]["Arguments"]["TrainingJobDefinition"]
    assert searched["ResourceConfig"]["InstanceCount"] == 3


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"keepAliveMinutes": 10}, "keepAliveMinutes of 0 with spot instances, or spot: false"),
        ({"trainingInstance": "ml.p5.48xlarge"}, "or one of gpuInstances: ml.g4dn.xlarge, ml.g5.xlarge"),
        ({"processingInstance": "ml.g5.48xlarge"}, "processingInstance without an accelerator"),
        ({"schedule": "every day"}, "rate(7 days), in minutes, hours or days"),
        (
            {"tuning": {"strategy": "random"}, "hyperparameters": {"eta": 0.1}},
            "fixed by hyperparameters, or searched by tuning.ranges; both name eta",
        ),
        ({"tuning": {"strategy": "random", "jobs": 2}}, "parallel of jobs at most, 2"),
        (
            {"tuning": {"strategy": "grid", "ranges": {"eta": {"minimum": 0.1, "maximum": 0.2}}}},
            "values alone in the ranges of a grid; eta has a minimum and a maximum",
        ),
        ({"tuning": {"ranges": {"eta": {"minimum": 0.1}}}}, "either minimum and maximum, or values"),
        ({"tuning": {"ranges": {"eta": {"minimum": 1, "maximum": 1}}}}, "a maximum above the minimum, 1"),
    ],
)
def test_what_sagemaker_would_refuse_is_refused_by_name(given: dict[str, Any], told: str) -> None:
    assert told in _refusal(**given)


def _evaluate(gates: GateSettings) -> dict[str, Any]:
    return dict(_steps(TrainingSettings(gates=gates))["Evaluate"]["Arguments"])


def test_evaluate_is_told_the_champion_and_every_limit() -> None:
    evaluate = _evaluate(GateSettings(champion_margin=0.01, maximum_megabytes=2.5))
    given = evaluate["AppSpecification"]["ContainerArguments"]
    gates = [given[place + 1] for place, one in enumerate(given) if one == "--gate"]
    assert {"Std:Join": {"On": "", "Values": ["minimum_auc=", {"Get": "Parameters.MinimumAuc"}]}} in gates
    assert "champion_margin=0.01" in gates
    assert "maximum_megabytes=2.5" in gates
    assert not [gate for gate in gates if str(gate).startswith("maximum_milliseconds")]
    inputs = {one["InputName"]: one["S3Input"]["S3Uri"] for one in evaluate["ProcessingInputs"]}
    assert inputs["champion"] == {"Get": "Steps.Champion.OutputParameters['Model']"}
    assert "external" not in inputs


def test_external_rows_are_an_input_where_the_settings_name_some() -> None:
    evaluate = _evaluate(GateSettings(external_data="flights/2014", minimum_external_auc=0.7))
    inputs = {one["InputName"]: one["S3Input"]["S3Uri"] for one in evaluate["ProcessingInputs"]}
    assert inputs["external"] == "s3://curated/flights/2014"
    given = evaluate["AppSpecification"]["ContainerArguments"]
    assert given[given.index("--external") + 1] == "/opt/ml/processing/input/external"
    assert "minimum_external_auc=0.7" in given


def test_an_external_limit_without_rows_is_refused() -> None:
    assert "externalData" in _refusal(gates={"minimum_external_auc": 0.7})


def test_the_gates_that_the_pipeline_names_are_those_that_the_job_knows() -> None:
    everything = GateSettings(
        maximum_megabytes=1, maximum_milliseconds=1, external_data="flights/2014", minimum_external_auc=0.5
    )
    given = _evaluate(everything)["AppSpecification"]["ContainerArguments"]
    named = [given[place + 1] for place, one in enumerate(given) if one == "--gate"]
    read = limits([one if isinstance(one, str) else f"{one['Std:Join']['Values'][0]}0.5" for one in named])
    assert None not in asdict(read).values()
