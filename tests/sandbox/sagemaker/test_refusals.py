"""What a role is denied by its own policies, it cannot start: neither as a pipeline's role, nor assumed."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

ROLE = "starter"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2"
CLUSTER = {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}}
JOB = {
    "ProcessingResources": CLUSTER,
    "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["true"]},
}
DENIAL = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Deny", "Action": ["sagemaker:CreateProcessingJob"], "Resource": "*"},
        {"Effect": "Deny", "Action": "sagemaker:StartPipelineExecution", "Resource": "*"},
    ],
}


@pytest.fixture(scope="module")
def starter(cloud: Any) -> tuple[str, str]:
    """A role that SageMaker may assume, and a policy that denies and is not attached yet."""
    iam = cloud.client("iam")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    policy = iam.create_policy(PolicyName="denial", PolicyDocument=json.dumps(DENIAL))["Policy"]["Arn"]
    definition = {
        "Version": "2020-12-01",
        "Steps": [{"Name": "Prepare", "Type": "Processing", "Arguments": JOB}],
    }
    cloud.sagemaker.create_pipeline(
        PipelineName="denied",
        PipelineDefinition=json.dumps(definition),
        ClientRequestToken="t" * 32,
        RoleArn=role,
    )
    return role, policy


def _run(cloud: Any) -> tuple[str, str]:
    arn = cloud.sagemaker.start_pipeline_execution(PipelineName="denied")["PipelineExecutionArn"]
    ended = cloud.until(
        lambda: cloud.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn),
        "PipelineExecutionStatus",
        "Succeeded",
        "Failed",
    )
    (step,) = cloud.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)[
        "PipelineExecutionSteps"
    ]
    return ended["PipelineExecutionStatus"], step.get("FailureReason", "")


def _as_starter(cloud: Any, role: str) -> Any:
    keys = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="somebody")["Credentials"]
    return boto3.client(
        "sagemaker",
        endpoint_url=cloud.address.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def test_a_denied_role_starts_nothing_until_the_denial_is_taken_off(
    cloud: Any, starter: tuple[str, str]
) -> None:
    role, policy = starter
    assert _run(cloud)[0] == "Succeeded"
    somebody = _as_starter(cloud, role)
    cloud.client("iam").attach_role_policy(RoleName=ROLE, PolicyArn=policy)

    status, reason = _run(cloud)
    assert status == "Failed"
    assert "not authorized to perform: sagemaker:CreateProcessingJob" in reason
    assert "explicit deny" in reason
    with pytest.raises(ClientError, match=r"assumed-role/starter/somebody is not authorized") as refused:
        somebody.create_processing_job(ProcessingJobName="denied", RoleArn=role, **JOB)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    with pytest.raises(ClientError, match="StartPipelineExecution"):
        somebody.start_pipeline_execution(PipelineName="denied")

    cloud.client("iam").detach_role_policy(RoleName=ROLE, PolicyArn=policy)
    assert _run(cloud)[0] == "Succeeded"
    assert somebody.start_pipeline_execution(PipelineName="denied")["PipelineExecutionArn"]


def test_an_inline_denial_counts_too_and_one_of_another_action_does_not(
    cloud: Any, starter: tuple[str, str]
) -> None:
    iam = cloud.client("iam")
    other = json.dumps(DENIAL).replace("CreateProcessingJob", "CreateTrainingJob")
    iam.put_role_policy(RoleName=ROLE, PolicyName="inline", PolicyDocument=other)
    assert _run(cloud)[0] == "Succeeded"
    iam.put_role_policy(RoleName=ROLE, PolicyName="inline", PolicyDocument=json.dumps(DENIAL))
    assert _run(cloud)[0] == "Failed"
    iam.delete_role_policy(RoleName=ROLE, PolicyName="inline")
