"""What may a deployment do? What `pulumi up` of this platform needs, by name where AWS knows names.

Sources: Service Authorization Reference; IAM guide, "Permissions boundaries for IAM entities" (delegating
responsibility to others).
"""

from collections.abc import Sequence

from infra.foundation.place import Place
from infra.foundation.policy import Conditions, Statement
from infra.identity.deployed_services import BY_ACCOUNT, BY_NAME, actions_of

_READ = ("Describe*", "Get*", "List*")
_CHANGES = ("Create", "Delete", "Put", "Update")
_GLOBAL_REGION = "us-east-1"
_GUARDED = ("Add", "Attach", "Create", "Delete", "Detach", "Pass", "Put", "Remove", "Set", "Update")
_HANDED_TO = (
    "apigateway",
    "backup",
    "budgets",
    "cloudtrail",
    "codebuild",
    "config",
    "emr-serverless",
    "events",
    "firehose",
    "glue",
    "grafana",
    "kinesisanalytics",
    "lambda",
    "pipes",
    "s3",
    "sagemaker",
    "scheduler",
    "states",
    "vpc-flow-logs",
)
_DATA = ("raw", "curated", "features", "captures", "archive")


def in_regions(place: Place, second: str | None) -> Conditions:
    """The platform's regions, and the one that answers for global services."""
    regions = {place.region, _GLOBAL_REGION} | ({second} if second else set())
    return {"StringEquals": {"aws:RequestedRegion": sorted(regions)}}


def named(place: Place, second: str | None) -> list[Statement]:
    """Writes to what bears the platform's name."""
    arns = [f"arn:{place.partition}:{one}:*:{place.account}:*{place.prefix}*" for one in sorted(BY_NAME)]
    buckets = [f"arn:{place.partition}:s3:::{place.prefix}-*"]
    return [
        Statement(
            sid="WriteNamed",
            actions=actions_of(BY_NAME),
            resources=arns,
            conditions=in_regions(place, second),
        ),
        Statement(
            sid="WriteBuckets",
            actions=["s3:CreateBucket", "s3:DeleteBucket*", "s3:PutBucket*", "s3:Put*Configuration"],
            resources=buckets,
        ),
        Statement(
            sid="KeepTheAccountsBucketsPrivate",
            actions=["s3:PutAccountPublicAccessBlock"],
            resources=["*"],
            any_resource_because="an account has one, without an ARN",
        ),
        Statement(
            sid="WriteSourcesAndImageContexts",
            actions=["s3:DeleteObject*", "s3:PutObject", "s3:PutObjectTagging"],
            resources=_sources(place),
        ),
    ]


def unnamed(place: Place, second: str | None) -> list[Statement]:
    """Writes to what bears an id of AWS's."""
    return [
        Statement(
            sid="WriteUnnamed",
            actions=actions_of(BY_ACCOUNT),
            resources=["*"],
            any_resource_because="AWS chooses the ids of these; the account and the regions are the limit",
            conditions=in_regions(place, second),
        )
    ]


def reading(place: Place, second: str | None) -> list[Statement]:
    """What a preview and a refresh look at."""
    services = {*BY_NAME, *BY_ACCOUNT, "iam", "tag"} - {"apigateway", "backup-storage", "budgets"}
    return [
        Statement(
            sid="Look",
            actions=[
                "apigateway:GET",
                "budgets:ViewBudget",
                *(f"{service}:{verb}" for service in sorted(services) for verb in _READ),
                *(f"{service}:BatchGet*" for service in ("codebuild", "inspector2", "securityhub")),
                "s3:Get*Configuration",
                "s3:GetAccountPublicAccessBlock",
                "s3:GetBucket*",
                "s3:List*",
            ],
            resources=["*"],
            any_resource_because="a listing has no resource; what holds data is denied",
            conditions=in_regions(place, second),
        ),
        Statement(sid="LookAtSources", actions=["s3:GetObject*"], resources=_sources(place)),
    ]


def previews(place: Place) -> list[Statement]:
    """A preview changes nothing, should the policy that it reads by ever grow too wide."""
    return [
        Statement(
            sid="PreviewsChangeNothing",
            effect="Deny",
            actions=[
                *(f"{one}:{verb}*" for one in ("iam", "lambda", "s3", "sagemaker") for verb in _CHANGES),
                "iam:PassRole",
            ],
            resources=["*"],
        )
    ]


def roles(place: Place, boundaries: Sequence[str]) -> list[Statement]:
    """Roles and policies of the platform's name, each under one of the boundaries."""
    own = [f"arn:{place.partition}:iam::{place.account}:role/{place.prefix}-*"]
    linked = f"arn:{place.partition}:iam::{place.account}:role/aws-service-role/*"
    return [
        Statement(
            sid="WriteRolesUnderABoundary",
            actions=[
                "iam:AttachRolePolicy",
                "iam:CreateRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePermissionsBoundary",
                "iam:PutRolePolicy",
            ],
            resources=own,
            conditions={"StringEquals": {"iam:PermissionsBoundary": list(boundaries)}},
        ),
        Statement(
            sid="WriteWhatABoundaryCannotTell",
            actions=[
                "iam:DeleteRole",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
                "iam:UpdateRoleDescription",
            ],
            resources=own,
        ),
        Statement(
            sid="WritePolicies",
            actions=["iam:CreatePolicy*", "iam:DeletePolicy*", "iam:TagPolicy", "iam:UntagPolicy"],
            resources=[f"arn:{place.partition}:iam::{place.account}:policy/{place.prefix}-*"],
        ),
        Statement(
            sid="WritePasswordPolicy",
            actions=["iam:DeleteAccountPasswordPolicy", "iam:UpdateAccountPasswordPolicy"],
            resources=["*"],
            any_resource_because="an account has one, without an ARN",
        ),
        Statement(
            sid="HandOnRoles",
            actions=["iam:PassRole"],
            resources=own,
            conditions={
                "StringEquals": {"iam:PassedToService": [f"{one}.amazonaws.com" for one in _HANDED_TO]}
            },
        ),
        Statement(
            sid="LetServicesHaveTheirRoles",
            actions=["iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole"],
            resources=[linked],
        ),
    ]


def state(bucket: str, key_arn: str | None, place: Place, *, writes: bool) -> list[Statement]:
    """The Pulumi state in a bucket of one's own, and the key of its secrets."""
    arn = f"arn:{place.partition}:s3:::{bucket}"
    found = [
        Statement(sid="FindState", actions=["s3:GetBucketLocation", "s3:ListBucket"], resources=[arn]),
        Statement(
            sid="KeepState" if writes else "ReadState",
            actions=["s3:GetObject", *(["s3:DeleteObject", "s3:PutObject"] if writes else [])],
            resources=[f"{arn}/.pulumi/*"],
        ),
    ]
    if key_arn:
        actions = [
            "kms:Decrypt",
            "kms:DescribeKey",
            *(["kms:Encrypt", "kms:GenerateDataKey"] if writes else []),
        ]
        found.append(Statement(sid="UseStateKey", actions=actions, resources=[key_arn]))
    return found


def deployment_boundary(
    place: Place, second: str | None, boundaries: Sequence[str], provider: str
) -> list[Statement]:
    """The ceiling of deployments, which they cannot raise: whoever changes a boundary is a person.

    `boundaries` are those of the roles that a deployment makes, `provider` is GitHub's in this account.
    """
    services = sorted({*BY_NAME, *BY_ACCOUNT, "iam", "s3", "tag"})
    iam = f"arn:{place.partition}:iam::{place.account}"
    return [
        Statement(
            sid="ServicesOfThePlatform",
            actions=[f"{service}:*" for service in services],
            resources=["*"],
            any_resource_because="a ceiling grants nothing; the deploying role's policies name resources",
            conditions=in_regions(place, second),
        ),
        Statement(
            sid="NoRoleWithoutABoundary",
            effect="Deny",
            actions=["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRole*"],
            resources=["*"],
            conditions={"StringNotEquals": {"iam:PermissionsBoundary": list(boundaries)}},
        ),
        Statement(
            sid="NoBoundaryTakenAway",
            effect="Deny",
            actions=[
                "iam:DeleteRolePermissionsBoundary",
                "iam:*User*",
                "iam:*AccessKey*",
                "iam:*LoginProfile",
            ],
            resources=["*"],
        ),
        Statement(
            sid="GuardsStayAsTheyAre",
            effect="Deny",
            actions=[f"iam:{verb}*" for verb in _GUARDED],
            resources=[
                f"{iam}:policy/{place.prefix}-*boundary",
                f"{iam}:policy/{place.prefix}-deploy*",
                f"{iam}:role/{place.prefix}-deploy",
                f"{iam}:role/{place.prefix}-preview",
                provider,
            ],
        ),
        Statement(
            sid="NoData",
            effect="Deny",
            actions=[
                "athena:GetQueryResults*",
                "dynamodb:*Item",
                "dynamodb:Query",
                "dynamodb:Scan",
                "kinesis:GetRecords",
                "logs:*Events",
                "logs:GetQueryResults",
                "sagemaker:*Record",
                "sagemaker:Invoke*",
                "secretsmanager:*SecretValue",
                "sqs:ReceiveMessage",
            ],
            resources=["*"],
        ),
        Statement(
            sid="NoObjects",
            effect="Deny",
            actions=["s3:GetObject*"],
            resources=[f"{place.bucket_arn(zone)}/*" for zone in _DATA],
        ),
    ]


def _sources(place: Place) -> list[str]:
    return [f"{place.bucket_arn('models')}/{one}/*" for one in ("images", "source")]
