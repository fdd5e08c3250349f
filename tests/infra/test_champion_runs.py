"""Does a pipeline, run by the sandbox, learn from the champion's function which approved model there is?"""

import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from functions_run import Client, function, role, sandbox

from infra.training.pipeline_definition import Step, definition, get

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
NO_MODEL = "s3://models/source/abc/source.tar.gz"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as made:
        yield made


@pytest.fixture(scope="module")
def champion(client: Client) -> Callable[[], str]:
    """Runs a pipeline of the one step; what it told the next one, which fails with it."""
    arn = function(client, "champion", {"GROUP": "flights", "MODELS": "s3://models", "NO_MODEL": NO_MODEL})
    steps = [
        Step(name="Champion", type="Lambda", arguments={}, function=arn, answers=["Model"]),
        Step(
            name="Told",
            type="Fail",
            arguments={"ErrorMessage": get("Steps.Champion.OutputParameters['Model']")},
        ),
    ]
    sagemaker = client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="flights")
    sagemaker.create_pipeline(
        PipelineName="asking",
        PipelineDefinition=definition(parameters=[], steps=steps),
        ClientRequestToken=str(uuid.uuid4()),
        RoleArn=role(client, "sagemaker.amazonaws.com"),
    )

    def ask() -> str:
        arn = sagemaker.start_pipeline_execution(PipelineName="asking", ClientRequestToken=str(uuid.uuid4()))[
            "PipelineExecutionArn"
        ]
        deadline = time.monotonic() + 60
        while sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] in (
            "Executing",
            "Stopping",
        ):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
        (told,) = [step for step in listed if step["StepName"] == "Told"]
        return str(told["Metadata"]["Fail"]["ErrorMessage"])

    return ask


def _register(client: Client, model: str, approval: str) -> None:
    client("sagemaker").create_model_package(
        ModelPackageGroupName="flights",
        ModelApprovalStatus=approval,
        InferenceSpecification={
            "Containers": [{"Image": IMAGE, "ModelDataUrl": model}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )


def test_the_champion_is_the_newest_approved_model_of_this_stack(
    client: Client, champion: Callable[[], str]
) -> None:
    assert champion() == NO_MODEL
    _register(client, "s3://models/flights/trained/first/model.tar.gz", "PendingManualApproval")
    assert champion() == NO_MODEL
    _register(client, "s3://models/flights/trained/second/model.tar.gz", "Approved")
    _register(client, "s3://models/flights/trained/third/model.tar.gz", "Rejected")
    assert champion() == "s3://models/flights/trained/second/model.tar.gz"
    # The jobs of this stack may not read the buckets of another.
    _register(client, "s3://models-of-another/flights/model.tar.gz", "Approved")
    assert champion() == NO_MODEL
