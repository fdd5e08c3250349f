"""May a deployment do what `pulumi up` of the platform needs, and can it not rise above itself?"""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from judged import admitted, allowed
from mocked import ACCOUNT, REGION, build, foundation
from pydantic import ValidationError

from infra.foundation.place import Place
from infra.foundation.policy import Statement, document
from infra.identity import deployment_permissions as permissions
from infra.identity.deployment import DeploymentAccess, DeploymentAccessArgs, DeploymentSettings, workflows
from infra.platform import Platform
from infra.settings.loading import read_settings
from sandbox.aws.catalog import TYPES
from sandbox.aws.table import Call

PLACE = Place(project="groundplan", stack="dev", account=ACCOUNT, region=REGION, partition="aws")
IAM = f"arn:aws:iam::{ACCOUNT}"
BOUNDARIES = [f"{IAM}:policy/groundplan-dev-boundary", f"{IAM}:policy/groundplan-dev-people-boundary"]
PROVIDER = f"{IAM}:oidc-provider/token.actions.githubusercontent.com"
CEILING = permissions.deployment_boundary(PLACE, "us-west-2", BOUNDARIES, PROVIDER)
READING = permissions.reading(PLACE, "us-west-2")
DEPLOY = [
    *READING,
    *permissions.named(PLACE, "us-west-2"),
    *permissions.unnamed(PLACE, "us-west-2"),
    *permissions.roles(PLACE, BOUNDARIES),
    *permissions.state("company-state", None, PLACE, writes=True),
]
PREVIEW = [
    *READING,
    *permissions.previews(PLACE),
    *permissions.state("company-state", None, PLACE, writes=False),
]
PACKAGE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/groundplan-dev-flights/3"

_ACTIONS = {
    "apigateway": lambda operation: "POST" if operation.startswith(("Create", "Put")) else "DELETE",
    "budgets": lambda operation: operation if "Action" in operation else "ModifyBudget",
}
"""Services whose actions are not called as their operations. Source: Service Authorization Reference."""
_OPERATIONS = {
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketReplication": "s3:PutReplicationConfiguration",
    "s3:DeleteBucketReplication": "s3:PutReplicationConfiguration",
}
_PREFIXES = {
    "amp": "aps",
    "apigatewayv2": "apigateway",
    "configservice": "config",
    "config": "config",
    "elbv2": "elasticloadbalancing",
    "kinesisanalyticsv2": "kinesisanalytics",
    "stepfunctions": "states",
    "accessanalyzer": "access-analyzer",
}


def _may(
    policies: list[Statement], action: str, resource: str, context: Mapping[str, str] | None = None
) -> bool:
    return allowed(policies, CEILING, action, resource, {"aws:RequestedRegion": REGION, **(context or {})})


def _calls(kinds: set[str]) -> set[str]:
    """The actions by which the types of a program are made and taken away, as their rows say."""
    found: set[str] = set()
    for kind in kinds:
        row = TYPES[kind]
        for call in (row.create, row.delete, *(step.do for step in row.steps)):
            if isinstance(call, Call):
                service = _PREFIXES.get(row.service, row.service)
                operation = _ACTIONS.get(service, str)(call.operation)
                name = f"{service}:{operation}"
                found.add(_OPERATIONS.get(name, name))
    return found


def _whole_platform() -> set[str]:
    settings = read_settings(
        "prod",
        {
            "release": {"modelPackageArn": PACKAGE},
            "deployment": {"enabled": True, "repository": "company/groundplan"},
        },
    )
    made = build(lambda: Platform(settings, Place.of_this_stack()).exports, stack="prod")
    return {kind for kind in made.kinds if kind.startswith("aws:")}


def test_a_deployment_may_make_and_take_away_every_type_of_the_platform() -> None:
    kinds = _whole_platform() - {"aws:iam/openIdConnectProvider:OpenIdConnectProvider"}
    resources = {"iam": f"{IAM}:role/groundplan-dev-x", "s3": "arn:aws:s3:::groundplan-dev-raw-1"}
    refused = []
    actions = _calls(kinds)
    assert {"kms:CreateKey", "s3:PutBucketPolicy", "sagemaker:CreateModel", "iam:CreateRole"} <= actions
    for action in sorted(actions):
        service, _, operation = action.partition(":")
        named = f"arn:aws:{service}:{REGION}:{ACCOUNT}:x/groundplan-dev-x"
        resource = resources.get(service, named)
        if re.search("Policy(Version)?$", operation) and service == "iam" and "Role" not in operation:
            resource = f"{IAM}:policy/groundplan-dev-x"
        if operation.endswith("ServiceLinkedRole"):
            resource = f"{IAM}:role/aws-service-role/config.amazonaws.com/x"
        if service == "s3control":  # IAM knows its two operations by one name
            action, resource = "s3:PutAccountPublicAccessBlock", "*"
        if operation in ("DeleteObject", "PutObject"):
            resource = f"{PLACE.bucket_arn('models')}/source/x"
        context = {"iam:PermissionsBoundary": BOUNDARIES[0]}
        if not _may(DEPLOY, action, resource, context):
            refused.append(action)
    assert refused == []


ROLE = f"{IAM}:role/groundplan-dev-training"
UNDER = {"iam:PermissionsBoundary": BOUNDARIES[0]}


@pytest.mark.parametrize(
    ("action", "resource", "context", "may"),
    [
        ("iam:CreateRole", ROLE, UNDER, True),
        ("iam:CreateRole", ROLE, {}, False),
        ("iam:CreateRole", ROLE, {"iam:PermissionsBoundary": f"{IAM}:policy/mine"}, False),
        ("iam:CreateRole", f"{IAM}:role/other", UNDER, False),
        ("iam:PutRolePolicy", ROLE, UNDER, True),
        ("iam:PutRolePolicy", ROLE, {"iam:PermissionsBoundary": f"{IAM}:policy/AdministratorAccess"}, False),
        ("iam:PutRolePermissionsBoundary", ROLE, UNDER, True),
        ("iam:DeleteRolePermissionsBoundary", ROLE, UNDER, False),
        ("iam:CreatePolicyVersion", f"{IAM}:policy/groundplan-dev-other", {}, True),
        ("iam:CreatePolicyVersion", BOUNDARIES[0], {}, False),
        ("iam:CreatePolicyVersion", f"{IAM}:policy/groundplan-dev-deployment-boundary", {}, False),
        ("iam:DeletePolicy", BOUNDARIES[1], {}, False),
        ("iam:PutRolePolicy", f"{IAM}:role/groundplan-dev-deploy", UNDER, False),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}:role/groundplan-dev-deploy", {}, False),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}:role/groundplan-dev-preview", {}, False),
        ("iam:AddClientIDToOpenIDConnectProvider", PROVIDER, {}, False),
        ("iam:CreateUser", f"{IAM}:user/groundplan-dev-me", {}, False),
        ("iam:CreateAccessKey", f"{IAM}:user/me", {}, False),
        ("iam:PassRole", ROLE, {"iam:PassedToService": "sagemaker.amazonaws.com"}, True),
        ("iam:PassRole", ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}, False),
        ("iam:PassRole", f"{IAM}:role/admin", {"iam:PassedToService": "lambda.amazonaws.com"}, False),
        ("sts:AssumeRole", f"{IAM}:role/admin", {}, False),
        ("s3:PutBucketPolicy", "arn:aws:s3:::groundplan-dev-raw-1", {}, True),
        ("s3:PutBucketPolicy", "arn:aws:s3:::payroll", {}, False),
        ("s3:GetObject", f"{PLACE.bucket_arn('raw')}/flights.csv", {}, False),
        ("s3:GetObject", "arn:aws:s3:::payroll/salaries.csv", {}, False),
        ("s3:GetObject", "arn:aws:s3:::company-state/.pulumi/stacks/groundplan/dev.json", {}, True),
        ("s3:PutObject", "arn:aws:s3:::company-state/.pulumi/stacks/groundplan/dev.json", {}, True),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x", {}, False),
        ("sagemaker:InvokeEndpoint", PLACE.arn("sagemaker", "endpoint/groundplan-dev-flights"), {}, False),
        ("sagemaker:CreateEndpoint", PLACE.arn("sagemaker", "endpoint/groundplan-dev-flights"), {}, True),
        ("sagemaker:DeleteEndpoint", PLACE.arn("sagemaker", "endpoint/others"), {}, False),
        ("cloudtrail:StopLogging", "*", {}, False),
        ("ec2:RunInstances", "*", {}, False),
        ("ec2:CreateVpc", "*", {"aws:RequestedRegion": "eu-central-1"}, False),
        ("kms:CreateKey", "*", {"aws:RequestedRegion": "us-west-2"}, True),
    ],
)
def test_a_deployment_writes_the_platform_and_cannot_rise_above_itself(
    action: str, resource: str, context: dict[str, str], may: bool
) -> None:
    assert _may(DEPLOY, action, resource, context) is may


@pytest.mark.parametrize(
    ("action", "resource", "may"),
    [
        ("ec2:DescribeVpcs", "*", True),
        ("sagemaker:DescribeEndpoint", "*", True),
        ("s3:GetBucketPolicy", "arn:aws:s3:::groundplan-dev-raw-1", True),
        ("s3:GetObject", f"{PLACE.bucket_arn('models')}/source/x/source.tar.gz", True),
        ("s3:GetObject", "arn:aws:s3:::company-state/.pulumi/stacks/groundplan/dev.json", True),
        ("s3:PutObject", "arn:aws:s3:::company-state/.pulumi/stacks/groundplan/dev.json", False),
        ("s3:GetObject", f"{PLACE.bucket_arn('curated')}/x", False),
        ("secretsmanager:GetSecretValue", "*", False),
        ("logs:GetLogEvents", "*", False),
        ("kinesis:GetRecords", "*", False),
        ("dynamodb:GetItem", "*", False),
        ("iam:CreateRole", ROLE, False),
        ("ec2:CreateVpc", "*", False),
        ("sagemaker:CreateEndpoint", PLACE.arn("sagemaker", "endpoint/groundplan-dev-flights"), False),
    ],
)
def test_a_preview_looks_and_changes_nothing(action: str, resource: str, may: bool) -> None:
    assert _may(PREVIEW, action, resource, UNDER) is may


def test_every_policy_fits_into_iams_limits() -> None:
    long = Place(
        project="groundplan",
        stack="production-europe",
        account=ACCOUNT,
        region="ap-southeast-1",
        partition="aws",
    )
    for statements in (
        permissions.named(long, "us-west-2"),
        permissions.unnamed(long, "us-west-2"),
        permissions.reading(long, "us-west-2"),
        permissions.deployment_boundary(long, "us-west-2", BOUNDARIES, PROVIDER),
    ):
        assert len(re.sub(r"\s", "", document(*statements))) <= 6_144
    assert len(re.sub(r"\s", "", document(*permissions.roles(long, BOUNDARIES)))) <= 10_240


@pytest.mark.parametrize(
    ("subject", "audience", "enters"),
    [
        ("repo:company/groundplan:environment:prod", "sts.amazonaws.com", True),
        ("repo:company/groundplan:environment:dev", "sts.amazonaws.com", False),
        ("repo:company/groundplan:pull_request", "sts.amazonaws.com", False),
        ("repo:company/groundplan:ref:refs/heads/main", "sts.amazonaws.com", False),
        ("repo:stranger/groundplan:environment:prod", "sts.amazonaws.com", False),
        ("repo:company/groundplan:environment:prod", "https://github.com/company", False),
    ],
)
def test_only_workflows_of_the_environment_deploy(subject: str, audience: str, enters: bool) -> None:
    trust = workflows(PROVIDER, "repo:company/groundplan:environment:prod")
    github = "token.actions.githubusercontent.com"
    context = {f"{github}:sub": subject, f"{github}:aud": audience}
    caller = {"Federated": frozenset({PROVIDER})}
    assert admitted(trust, caller, "sts:AssumeRoleWithWebIdentity", context) is enters
    assert not admitted(trust, {"AWS": frozenset({IAM + ":root"})}, "sts:AssumeRole", context)
    assert "*" not in document(trust)


def _access(preview: bool = False, **settings: Any) -> Any:
    def program() -> dict[str, object]:
        chosen = DeploymentSettings(enabled=True, repository="company/groundplan", **settings)
        access = DeploymentAccess(
            "deployment", DeploymentAccessArgs(settings=chosen, foundation=foundation())
        )
        return {} if preview else {"roles": access.role_arns}

    return build(program, preview=preview)


def test_both_roles_stand_under_the_deployments_boundary_and_trust_one_subject_each() -> None:
    _access(preview=True)
    found = _access(state_bucket="company-state", state_key=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/state")
    assert found.outputs["roles"] == {
        "preview": f"{IAM}:role/groundplan-dev-preview",
        "deploy": f"{IAM}:role/groundplan-dev-deploy",
    }
    roles = {one["name"]: one for one in found.of("aws:iam/role:Role").values()}
    ceiling = f"{IAM}:policy/groundplan-dev-deployment-boundary"
    assert {one["permissionsBoundary"] for one in roles.values()} == {ceiling}
    assert "repo:company/groundplan:environment:dev" in roles["groundplan-dev-deploy"]["assumeRolePolicy"]
    assert "repo:company/groundplan:pull_request" in roles["groundplan-dev-preview"]["assumeRolePolicy"]
    attached = found.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment").values()
    assert sorted(one["role"] for one in attached) == ["groundplan-dev-deploy"] * 3 + [
        "groundplan-dev-preview"
    ]
    assert len(found.of("aws:iam/openIdConnectProvider:OpenIdConnectProvider")) == 1


def test_the_accounts_own_provider_is_used_where_it_is_named() -> None:
    found = _access(provider=PROVIDER, environment="company-dev")
    assert not found.of("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    roles = {one["name"]: one for one in found.of("aws:iam/role:Role").values()}
    assert PROVIDER in roles["groundplan-dev-deploy"]["assumeRolePolicy"]
    assert "environment:company-dev" in roles["groundplan-dev-deploy"]["assumeRolePolicy"]


def test_a_deployment_needs_a_repository() -> None:
    with pytest.raises(ValidationError, match="a repository, such as company/groundplan"):
        DeploymentSettings(enabled=True)
