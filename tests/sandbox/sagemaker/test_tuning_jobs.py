"""Tuning jobs really train, find what is best, and stop what lags; pipelines tune and wait for answers."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.runtime.sagemaker.strategies import RangesError, Trial, dimensions, grid, lags, suggestion

# Best at depth 3 with much eta.
PROGRAM = """
import argparse, time
parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=int)
parser.add_argument("--eta", type=float, default=0.1)
parser.add_argument("--pause", type=float, default=0)
given = parser.parse_args()
for epoch in range(3):
    print(f"auc={1 - abs(given.depth - 3) / 10 + given.eta / 100}", flush=True)
    time.sleep(given.pause)
"""
METRIC = {"Name": "auc", "Regex": "auc=([0-9.]+)"}
RANGES = {
    "IntegerParameterRanges": [{"Name": "depth", "MinValue": "1", "MaxValue": "9"}],
    "ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.001", "MaxValue": "1"}],
}


def definition(cloud: Any, name: str, **static: str) -> dict[str, Any]:
    request = cloud.training(name, PROGRAM)
    given = request.pop("HyperParameters")
    del request["TrainingJobName"]
    request["AlgorithmSpecification"] = {**request["AlgorithmSpecification"], "MetricDefinitions": [METRIC]}
    return {**request, "StaticHyperParameters": {**given, **static}}


def config(strategy: str = "Bayesian", jobs: int = 3, ranges: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "Strategy": strategy,
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "auc"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": 2},
        "ParameterRanges": ranges or RANGES,
        **more,
    }


def tuned(cloud: Any, name: str) -> dict[str, Any]:
    sagemaker = cloud.sagemaker
    return dict(
        cloud.until(
            lambda: sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name),
            "HyperParameterTuningJobStatus",
            "Completed",
            "Failed",
            "Stopped",
        )
    )


def test_a_grid_tries_every_combination_and_names_the_best(cloud: Any) -> None:
    ranges = {"CategoricalParameterRanges": [{"Name": "depth", "Values": ["1", "3", "7"]}]}
    grid_config = config("Grid", ranges=ranges)
    cloud.sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="grid",
        HyperParameterTuningJobConfig=grid_config,
        TrainingJobDefinition=definition(cloud, "grid"),
    )
    job = tuned(cloud, "grid")
    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    assert job["TrainingJobStatusCounters"]["Completed"] == 3
    best = job["BestTrainingJob"]
    assert best["TunedHyperParameters"] == {"depth": "3"}
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == pytest.approx(1.001)
    listed = cloud.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="grid", SortBy="FinalObjectiveMetricValue", SortOrder="Descending"
    )["TrainingJobSummaries"]
    assert [one["TunedHyperParameters"]["depth"] for one in listed] == ["3", "1", "7"]
    described = cloud.sagemaker.describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert described["TuningJobArn"] == job["HyperParameterTuningJobArn"]


def test_a_tuning_job_ends_at_its_target_and_can_be_stopped(cloud: Any) -> None:
    enough = config("Random", 50, TuningJobCompletionCriteria={"TargetObjectiveMetricValue": 0.1})
    cloud.sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="enough",
        HyperParameterTuningJobConfig=enough,
        TrainingJobDefinition=definition(cloud, "enough"),
    )
    assert tuned(cloud, "enough")["HyperParameterTuningJobStatus"] == "Completed"
    cloud.sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="halted",
        HyperParameterTuningJobConfig=config("Random", 50),
        TrainingJobDefinition=definition(cloud, "halted", pause="20"),
    )
    cloud.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="halted")
    job = tuned(cloud, "halted")
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert job["TrainingJobStatusCounters"]["InProgress"] == 0


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"Strategy": "Hyperband"}, "Bayesian, Random, Grid, not by Hyperband"),
        ({"Strategy": "Grid"}, "takes categorical ranges alone"),
        (
            {"HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"}},
            "'loss' is none of the algorithm's metrics: auc",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused(cloud: Any, wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ClientError, match=told):
        cloud.sagemaker.create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName="wrong",
            HyperParameterTuningJobConfig={**config(), **wrong},
            TrainingJobDefinition=definition(cloud, "wrong"),
        )


def test_a_pipeline_tunes_and_waits_for_an_answer(cloud: Any) -> None:
    url = cloud.client("sqs").create_queue(QueueName="approvals")["QueueUrl"]
    ranges = {"CategoricalParameterRanges": [{"Name": "depth", "Values": ["3", "7"]}]}
    tune = {
        "Name": "Tune",
        "Type": "Tuning",
        "Arguments": {
            "HyperParameterTuningJobConfig": config("Grid", ranges=ranges),
            "TrainingJobDefinition": definition(cloud, "piped"),
        },
    }
    best = {"Get": "Steps.Tune.BestTrainingJob.TunedHyperParameters.depth"}
    ask = {
        "Name": "Ask",
        "Type": "Callback",
        "SqsQueueUrl": url,
        "Arguments": {"depth": best},
        "OutputParameters": [{"OutputName": "verdict", "OutputType": "String"}],
    }
    verdict = {"Get": "Steps.Ask.OutputParameters['verdict']"}
    judge = {
        "Name": "Judge",
        "Type": "Fail",
        "Arguments": {"ErrorMessage": {"Std:Join": {"On": " ", "Values": ["They say", verdict]}}},
    }
    document = {"Version": "2020-12-01", "Steps": [tune, ask, judge]}
    cloud.sagemaker.create_pipeline(
        PipelineName="tuned",
        PipelineDefinition=json.dumps(document),
        ClientRequestToken=str(uuid.uuid4()),
        RoleArn=cloud.role,
    )
    arn = cloud.sagemaker.start_pipeline_execution(PipelineName="tuned")["PipelineExecutionArn"]
    deadline = time.monotonic() + 60
    while not (found := cloud.client("sqs").receive_message(QueueUrl=url).get("Messages")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    message = json.loads(found[0]["Body"])
    assert message["arguments"] == {"depth": "3"}
    assert message["pipelineExecutionArn"] == arn
    answer = {"CallbackToken": message["token"], "OutputParameters": [{"Name": "verdict", "Value": "no"}]}
    cloud.sagemaker.send_pipeline_execution_step_success(**answer)
    with pytest.raises(ClientError, match="No callback step waits"):
        cloud.sagemaker.send_pipeline_execution_step_success(**answer)
    cloud.until(
        lambda: cloud.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn),
        "PipelineExecutionStatus",
        "Failed",
    )
    steps = cloud.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    by_name = {one["StepName"]: one for one in steps}
    assert by_name["Tune"]["Metadata"]["TuningJob"]["Arn"].startswith("arn:aws:sagemaker:")
    assert by_name["Judge"]["FailureReason"] == "They say no"


def test_a_search_is_the_same_for_the_same_seed_and_stays_in_its_ranges() -> None:
    space = dimensions(RANGES)
    for number in range(20):
        first = suggestion("Random", space, [], number, 7)
        assert first == suggestion("Random", space, [], number, 7)
        assert 1 <= int(first["depth"]) <= 9
        assert 0.001 <= float(first["eta"]) <= 1
    assert suggestion("Random", space, [], 0, 7) != suggestion("Random", space, [], 0, 8)


def test_a_bayesian_search_comes_nearer_than_chance() -> None:
    space = dimensions({"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]})

    def found(strategy: str, seed: int) -> float:
        trials: list[Trial] = []
        for number in range(30):
            values = suggestion(strategy, space, trials, number, seed)
            trials.append(Trial(values, -abs(float(values["x"]) - 0.314)))
        return sum(abs(float(trial.values["x"]) - 0.314) for trial in trials[10:])

    assert (
        sum(found("Bayesian", seed) for seed in range(5))
        < sum(found("Random", seed) for seed in range(5)) / 2
    )


def test_scales_and_grids() -> None:
    (eta,) = dimensions({"ContinuousParameterRanges": [RANGES["ContinuousParameterRanges"][0]]})
    assert eta.scale == "Logarithmic"
    assert eta.place(eta.value(0.25)) == pytest.approx(0.25)
    with pytest.raises(RangesError, match="above MaxValue"):
        dimensions({"IntegerParameterRanges": [{"Name": "n", "MinValue": "5", "MaxValue": "1"}]})
    space = dimensions(
        {"CategoricalParameterRanges": [{"Name": n, "Values": ["1", "2"]} for n in ("a", "b")]}
    )
    assert len(grid(space)) == 4


def test_a_training_lags_when_it_is_below_the_median_of_the_others() -> None:
    others = [[0.5, 0.6, 0.7], [0.4, 0.5, 0.9]]
    assert lags([0.3, 0.2], others)
    assert not lags([0.3, 0.8], others)
    assert not lags([0.1], others[:1])


def test_a_search_in_a_pipeline_is_not_done_again_for_the_same_arguments(cloud: Any) -> None:
    given = definition(cloud, "cached")
    ranges = {"CategoricalParameterRanges": [{"Name": "depth", "Values": ["3", "7"]}]}
    tune = {
        "Name": "Tune",
        "Type": "Tuning",
        "Arguments": {
            "HyperParameterTuningJobConfig": config("Grid", ranges=ranges),
            "TrainingJobDefinition": given,
        },
        "CacheConfig": {"Enabled": True, "ExpireAfter": "P30D"},
    }
    best = {"Get": "Steps.Tune.BestTrainingJob.TunedHyperParameters['depth']"}
    say = {"Name": "Say", "Type": "Fail", "Arguments": {"ErrorMessage": best}}
    cloud.sagemaker.create_pipeline(
        PipelineName="cached",
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": [tune, say]}),
        ClientRequestToken=str(uuid.uuid4()),
        RoleArn=cloud.role,
    )
    told = []
    for _ in range(2):
        arn = cloud.sagemaker.start_pipeline_execution(PipelineName="cached")["PipelineExecutionArn"]
        named = {"PipelineExecutionArn": arn}
        cloud.until(
            lambda named=named: cloud.sagemaker.describe_pipeline_execution(**named),
            "PipelineExecutionStatus",
            "Failed",
        )
        steps = cloud.sagemaker.list_pipeline_execution_steps(**named)["PipelineExecutionSteps"]
        told.append({one["StepName"]: one for one in steps})
    assert [one["Say"]["FailureReason"] for one in told] == ["3", "3"]
    assert "CacheHitResult" not in told[0]["Tune"]
    assert told[0]["Tune"]["Metadata"] == told[1]["Tune"]["Metadata"]
    assert "CacheHitResult" in told[1]["Tune"]


def test_a_script_may_lie_in_an_archive_of_a_channel(cloud: Any) -> None:
    code = cloud.put("local/source.tar.gz", cloud.archive({"train.py": "print('auc=1')"}))
    place = {"S3DataType": "S3Prefix", "S3Uri": code.rpartition("/")[0]}
    cloud.train(
        "local",
        "",
        HyperParameters={
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": "/opt/ml/input/data/code/source.tar.gz",
        },
        InputDataConfig=[{"ChannelName": "code", "DataSource": {"S3DataSource": place}}],
    )
    job = cloud.trained("local")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
