"""Are budgets, anomalies and the stop of training what the settings say?"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from mocked import Build, build, foundation, topics

from infra.cost.budget import Budget, BudgetArgs, slug
from infra.foundation.boundary import boundary_statements, stop_policy_name, stop_statements
from infra.foundation.place import Place
from infra.foundation.policy import document
from infra.foundation.role import trust
from infra.settings.loading import SettingsError, read_settings
from sandbox.runtime import daemon
from sandbox.runtime.client import SandboxClient

PLACE = Place(project="groundplan", stack="dev", account="123456789012", region="us-east-1", partition="aws")
STOP = f"arn:aws:iam::123456789012:policy/{stop_policy_name(PLACE)}"
FRAUD = "arn:aws:sns:us-east-1:123456789012:groundplan-dev-team-fraud"
BUDGET = "aws:budgets/budget:Budget"
MONITOR = "aws:costexplorer/anomalyMonitor:AnomalyMonitor"
SUBSCRIPTION = "aws:costexplorer/anomalySubscription:AnomalySubscription"


def _built(budget: dict[str, Any], *, preview: bool = False) -> Build:
    settings = read_settings("dev", {"budget": budget}).budget

    def program() -> dict[str, Any]:
        made = Budget(
            "budget",
            BudgetArgs(
                settings=settings,
                foundation=foundation(),
                topics=topics(),
                stop_policy_arn=STOP,
                stopped_roles=["arn:aws:iam::123456789012:role/groundplan-dev-pipeline"],
                team_topics={"fraud": FRAUD},
            ),
        )
        return {"budget": made.budget_name}

    return build(program, preview=preview)


def test_teams_and_services_have_budgets_of_their_own_told_at_each_share() -> None:
    found = _built(
        {
            "teams": {"fraud": 100, "pricing": 50},
            "services": {"Amazon SageMaker": 300},
            "actualPercents": [90],
            "forecastPercents": [100, 120],
            "onlyTagged": True,
        }
    )
    assert found.outputs["budget"] == "groundplan-dev-monthly"
    budgets = found.of(BUDGET)
    assert {one["name"]: (one["limitAmount"], one["costFilters"]) for one in budgets.values()} == {
        "groundplan-dev-monthly": (
            "800",
            [{"name": "TagKeyValue", "values": ["user:Environment$dev"]}],
        ),
        "groundplan-dev-team-fraud": ("100", [{"name": "TagKeyValue", "values": ["user:Team$fraud"]}]),
        "groundplan-dev-team-pricing": ("50", [{"name": "TagKeyValue", "values": ["user:Team$pricing"]}]),
        "groundplan-dev-service-amazon-sagemaker": (
            "300",
            [
                {"name": "TagKeyValue", "values": ["user:Environment$dev"]},
                {"name": "Service", "values": ["Amazon SageMaker"]},
            ],
        ),
    }
    told = {
        one["name"]: {each["subscriberSnsTopicArns"][0] for each in one["notifications"]}
        for one in budgets.values()
    }
    assert told["groundplan-dev-team-fraud"] == {FRAUD}
    assert told["groundplan-dev-team-pricing"] == {topics()["warning"]}
    shares = [
        (each["notificationType"], each["threshold"])
        for each in budgets["budget-team-fraud"]["notifications"]
    ]
    assert shares == [("ACTUAL", 90), ("FORECASTED", 100), ("FORECASTED", 120)]


def test_anomalies_are_told_at_once_to_who_they_concern() -> None:
    found = _built({"teams": {"fraud": 100}, "anomalies": {"byTag": True, "leastUsd": 7}})
    assert {one["name"] for one in found.of(MONITOR).values()} == {
        "groundplan-dev-service",
        "groundplan-dev-stack",
        "groundplan-dev-team-fraud",
    }
    told = {one["name"]: one for one in found.of(SUBSCRIPTION).values()}
    assert {name: one["subscribers"][0]["address"] for name, one in told.items()} == {
        "groundplan-dev-service": topics()["warning"],
        "groundplan-dev-stack": topics()["warning"],
        "groundplan-dev-team-fraud": FRAUD,
    }
    assert {one["frequency"] for one in told.values()} == {"IMMEDIATE"}
    absolute, relative = told["groundplan-dev-service"]["thresholdExpression"]["ands"]
    assert absolute["dimension"]["values"] == ["7"]
    assert relative["dimension"]["values"] == ["40"]


def test_what_an_account_may_have_once_can_be_left_out() -> None:
    found = _built({"anomalies": {"byService": False}})
    assert not found.of(MONITOR)
    assert not found.of(SUBSCRIPTION)
    assert not _built({"anomalies": {"enabled": False}}).of(MONITOR)


def test_the_action_attaches_the_denial_to_the_roles_that_start_training_and_may_do_nothing_else() -> None:
    found = _built({})
    (action,) = found.of("aws:budgets/budgetAction:BudgetAction").values()
    assert action["approvalModel"] == "AUTOMATIC"
    assert action["definition"]["iamActionDefinition"] == {
        "policyArn": STOP,
        "roles": ["groundplan-dev-pipeline"],
    }
    (statements,) = found.policies().values()
    assert statements == [
        {
            "Sid": "AttachTheStopAndTakeItOff",
            "Effect": "Allow",
            "Action": ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
            "Resource": "arn:aws:iam::123456789012:role/groundplan-dev-*",
            "Condition": {"ArnEquals": {"iam:PolicyARN": STOP}},
        }
    ]
    assert not _built({"stopTraining": {"enabled": False}}).of("aws:budgets/budgetAction:BudgetAction")


def test_the_stop_leaves_what_serves_alone_and_the_boundary_lets_it_be_attached() -> None:
    (denied,) = stop_statements()
    assert denied.effect == "Deny"
    assert "sagemaker:CreateTrainingJob" in denied.actions
    assert not [one for one in denied.actions if "Endpoint" in one or "Delete" in one or "Stop" in one]
    (ceiling,) = [one for one in boundary_statements(PLACE) if "iam:AttachRolePolicy" in one.actions]
    assert ceiling.conditions == {"ArnEquals": {"iam:PolicyARN": STOP}}


def test_a_preview_of_it_composes() -> None:
    assert _built({"teams": {"fraud": 1}, "anomalies": {"byTag": True}}, preview=True).of(BUDGET)


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        ({"actualPercents": [], "forecastPercents": []}, "a percentage at least"),
        ({"actualPercents": [50, 50]}, "each percentage once"),
        ({"teams": {"a.b": 1, "a-b": 2}}, "differ in letters and digits"),
        ({"services": {"sagemaker": 10}}, "budget.services"),
        ({"teams": {"fraud": 0}}, "budget.teams.fraud"),
    ],
)
def test_a_budget_that_cannot_be_is_named(budget: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        read_settings("dev", {"budget": budget})


def test_names_become_parts_of_names() -> None:
    assert slug("Amazon SageMaker") == "amazon-sagemaker"
    assert json.dumps(slug("AWS Key Management (KMS)")) == '"aws-key-management-kms"'


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[daemon.SandboxAddress]:
    root = tmp_path_factory.mktemp("sandbox")
    yield daemon.start(root)
    daemon.stop(root)


def test_once_the_budget_is_spent_the_pipelines_role_starts_nothing_until_it_is_lifted(
    sandbox: daemon.SandboxAddress,
) -> None:
    """The documents of the program, in the sandbox: the action is carried out, and a job is refused."""

    def client(service: str, keys: Mapping[str, str] | None = None) -> Any:
        given = keys or {"AccessKeyId": "AKIA0000123456789012", "SecretAccessKey": "x", "SessionToken": "x"}
        return boto3.client(
            service,
            endpoint_url=sandbox.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    iam, budgets = client("iam"), client("budgets")
    trusted = document(trust("sagemaker.amazonaws.com", PLACE.account))
    for purpose in ("pipeline", "budget-action"):
        name = f"{PLACE.prefix}-{purpose}"
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)
    iam.create_policy(PolicyName=stop_policy_name(PLACE), PolicyDocument=document(*stop_statements()))
    account = {"AccountId": PLACE.account}
    budget = {"BudgetName": "monthly", "BudgetType": "COST", "TimeUnit": "MONTHLY"}
    budgets.create_budget(**account, Budget={**budget, "BudgetLimit": {"Amount": "800", "Unit": "USD"}})
    named = {**account, "BudgetName": "monthly"}
    action = budgets.create_budget_action(
        **named,
        NotificationType="ACTUAL",
        ActionType="APPLY_IAM_POLICY",
        ActionThreshold={"ActionThresholdValue": 100, "ActionThresholdType": "PERCENTAGE"},
        Definition={"IamActionDefinition": {"PolicyArn": STOP, "Roles": [f"{PLACE.prefix}-pipeline"]}},
        ExecutionRoleArn=PLACE.role_arn("budget-action"),
        ApprovalModel="AUTOMATIC",
        Subscribers=[{"SubscriptionType": "EMAIL", "Address": "team@example.com"}],
    )["ActionId"]
    role = PLACE.role_arn("pipeline")
    session = client("sts").assume_role(RoleArn=role, RoleSessionName="SageMaker")["Credentials"]
    sagemaker = client("sagemaker", session)
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2"

    def start(name: str) -> None:
        sagemaker.create_processing_job(
            ProcessingJobName=name,
            RoleArn=role,
            ProcessingResources={
                "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
            },
            AppSpecification={"ImageUri": image, "ContainerEntrypoint": ["true"]},
        )

    spent = SandboxClient(sandbox.endpoint_url).spend
    spent(700)
    start("within-the-budget")
    spent(900)
    assert budgets.describe_budget_action(**named, ActionId=action)["Action"]["Status"] == "EXECUTION_SUCCESS"
    with pytest.raises(ClientError, match="CreateProcessingJob.*explicit deny"):
        start("beyond-it")
    budgets.execute_budget_action(**named, ActionId=action, ExecutionType="REVERSE_BUDGET_ACTION")
    start("lifted")
