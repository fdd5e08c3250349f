"""Does the retraining function, run by the sandbox on an alarm, start what it should and nothing else?"""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from functions_run import Client, function, role, sandbox

TOPIC = "arn:aws:sns:us-east-1:123456789012:info"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as made:
        yield made


@pytest.fixture(scope="module")
def told(client: Client) -> Callable[[], str]:
    """What the topic was told last, once it is told something."""
    url = client("sqs").create_queue(QueueName="told")["QueueUrl"]
    client("sns").create_topic(Name="info")
    queue = "arn:aws:sqs:us-east-1:123456789012:told"
    client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=queue)

    def wait() -> str:
        deadline = time.monotonic() + 30
        while not (found := client("sqs").receive_message(QueueUrl=url).get("Messages")):
            assert time.monotonic() < deadline, "the topic was told nothing"
            time.sleep(0.1)
        (message,) = found
        client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return str(json.loads(message["Body"])["Message"])

    return wait


@pytest.fixture(scope="module")
def alarm(client: Client, told: Callable[[], str]) -> Callable[[], None]:
    """Has the drift alarm come to ALARM; the pipeline waits for an answer once it runs."""
    url = client("sqs").create_queue(QueueName="answers")["QueueUrl"]
    ask = {"Name": "Ask", "Type": "Callback", "SqsQueueUrl": url, "Arguments": {}, "OutputParameters": []}
    parameters = [{"Name": "InputsFingerprint", "Type": "String"}]
    definition = {"Version": "2020-12-01", "Parameters": parameters, "Steps": [ask]}
    client("sagemaker").create_pipeline(
        PipelineName="training",
        PipelineDefinition=json.dumps(definition),
        ClientRequestToken=str(uuid.uuid4()),
        RoleArn=role(client, "sagemaker.amazonaws.com"),
    )
    arn = function(client, "retraining", {"PIPELINE": "training", "COOL_DOWN_HOURS": "1", "TOPIC": TOPIC})
    pattern = {"detail-type": ["CloudWatch Alarm State Change"], "detail": {"state": {"value": ["ALARM"]}}}
    rule = client("events").put_rule(Name="drift", EventPattern=json.dumps(pattern))["RuleArn"]
    client("lambda").add_permission(
        FunctionName="retraining",
        StatementId="drift",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    client("events").put_targets(Rule="drift", Targets=[{"Id": "1", "Arn": arn}])
    client("cloudwatch").put_metric_alarm(
        AlarmName="flights-drift",
        Namespace="Groundplan",
        MetricName="Drift",
        Statistic="Maximum",
        ComparisonOperator="GreaterThanThreshold",
        Threshold=0.2,
        Period=3600,
        EvaluationPeriods=1,
    )

    def raise_alarm() -> None:
        for state in ("OK", "ALARM"):
            client("cloudwatch").set_alarm_state(
                AlarmName="flights-drift", StateValue=state, StateReason="a test says so"
            )

    return raise_alarm


def test_drift_trains_once_and_then_waits(
    client: Client, alarm: Callable[[], None], told: Callable[[], str]
) -> None:
    sagemaker = client("sagemaker")

    def runs() -> list[dict[str, Any]]:
        return list(sagemaker.list_pipeline_executions(PipelineName="training")["PipelineExecutionSummaries"])

    alarm()
    assert "flights-drift has started the execution" in told()
    (run,) = runs()
    arn = run["PipelineExecutionArn"]
    (given,) = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)[
        "PipelineParameters"
    ]
    assert given["Value"].startswith("drift-20")

    alarm()
    assert f"the execution {arn.rpartition('/')[2]} is under way" in told()
    assert len(runs()) == 1

    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=str(uuid.uuid4()))
    deadline = time.monotonic() + 30
    while runs()[0]["PipelineExecutionStatus"] != "Stopped":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    alarm()
    assert "the cool-down lasts until" in told()
    assert len(runs()) == 1
