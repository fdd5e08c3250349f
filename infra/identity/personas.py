"""What may each persona do, and what may it not? One table, which the tests hold the policies to.

Every row is a deed, every persona may do it or is refused: there is no third. `docs/components/identity.md`
shows the table; `python -m infra.identity.personas_page` writes it there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from infra.foundation.place import Place
from infra.identity.persona_permissions import Persona

PERSONAS: Mapping[Persona, str] = {
    "data-scientist": "explores data, trains models, compares them",
    "ml-engineer": "approves models, steers what serves, keeps the pipelines going",
    "data-engineer": "brings data in, keeps the catalog, runs Spark and workflows",
    "analyst": "asks questions of curated data",
    "domain-expert": "tries the model, reviews its answers, labels",
    "product-manager": "reads reports, dashboards and costs",
    "auditor": "reads configuration, findings and logs, no data",
}

_DS: Final = "data-scientist"
_ML: Final = "ml-engineer"
_DE: Final = "data-engineer"
_AN: Final = "analyst"
_EX: Final = "domain-expert"
_PM: Final = "product-manager"
_AU: Final = "auditor"

TEAM, OTHER_TEAM = "risk", "fraud"
"""The caller's team in every row, and another one."""

_FRESH = {
    "aws:RequestTag/Team": TEAM,
    "sagemaker:OutputKmsKey": "arn:aws:kms:us-east-1:123456789012:key/model",
    "sagemaker:VpcSecurityGroupIds": "sg-1",
    "sagemaker:VpcSubnets": "subnet-1",
}
_OPEN = {name: value for name, value in _FRESH.items() if "Vpc" not in name}
_TO_SAGEMAKER = {"iam:PassedToService": "sagemaker.amazonaws.com"}


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One request to AWS in a person's words, and who may make it.

    `resource` is an ARN with `{partition}`, `{region}`, `{account}`, `{prefix}` and `{database}`; `context`
    holds the condition keys that the request has beside those of every session.
    """

    does: str
    action: str
    resource: str
    may: frozenset[Persona]
    context: Mapping[str, str] = field(default_factory=dict)

    def arn(self, place: Place) -> str:
        return self.resource.format(
            partition=place.partition,
            region=place.region,
            account=place.account,
            prefix=place.prefix,
            database=place.prefix.replace("-", "_"),
        )


def _deed(
    does: str, action: str, resource: str, *may: Persona, context: Mapping[str, str] | None = None
) -> Deed:
    return Deed(does=does, action=action, resource=resource, may=frozenset(may), context=context or {})


def _object(zone: str, key: str) -> str:
    return f"arn:{{partition}}:s3:::{{prefix}}-{zone}-{{account}}/{key}"


def _own(service: str, rest: str) -> str:
    return f"arn:{{partition}}:{service}:{{region}}:{{account}}:{rest}"


def _role(purpose: str) -> str:
    return f"arn:{{partition}}:iam::{{account}}:role/{{prefix}}-{purpose}"


_JOB = _own("sagemaker", "training-job/try-7")
_PACKAGE = _own("sagemaker", "model-package/{prefix}-flights/3")
_ENDPOINT = _own("sagemaker", "endpoint/{prefix}-flights")
_WEBHOOK = _own("secretsmanager", "secret:{prefix}-chat-webhook-AbCdEf")
_ANY = "*"
_BUCKET = "arn:{partition}:s3:::{prefix}-curated-{account}"
_REPORT = _object("models", "flights/evaluated/x/evaluation.html")

DEEDS: tuple[Deed, ...] = (
    # Data.
    _deed("read raw data", "s3:GetObject", _object("raw", "flights/flights.csv"), _DE),
    _deed("write raw data", "s3:PutObject", _object("raw", "flights/flights.csv"), _DE),
    _deed("read curated data", "s3:GetObject", _object("curated", "x.parquet"), _DS, _ML, _DE, _AN),
    _deed("write curated data", "s3:PutObject", _object("curated", "flights/x.parquet"), _DE),
    _deed(
        "write to the team's folder",
        "s3:PutObject",
        _object("curated", f"teams/{TEAM}/x.parquet"),
        *(_DS, _ML, _DE),
    ),
    _deed("write to another team's folder", "s3:PutObject", _object("curated", f"teams/{OTHER_TEAM}/x"), _DE),
    _deed("label examples", "s3:PutObject", _object("raw", "labels/x.json"), _DE, _EX),
    _deed("read captured requests", "s3:GetObject", _object("captures", "x.jsonl"), _DS, _ML, _DE, _EX),
    _deed("delete curated data, of which versions stay", "s3:DeleteObject", _object("curated", "x"), _DE),
    _deed("delete a version of data", "s3:DeleteObjectVersion", _object("raw", "flights/flights.csv")),
    _deed(
        "query", "athena:StartQueryExecution", _own("athena", "workgroup/{prefix}-sql"), _DS, _ML, _DE, _AN
    ),
    _deed(
        "query past the limits of the workgroup",
        "athena:StartQueryExecution",
        _own("athena", "workgroup/primary"),
    ),
    _deed("change a table", "glue:UpdateTable", _own("glue", "table/{database}/flights"), _DE),
    _deed(
        "read features",
        "sagemaker:GetRecord",
        _own("sagemaker", "feature-group/{prefix}-flights"),
        _DS,
        _ML,
        _DE,
    ),
    _deed("decrypt by hand", "kms:Decrypt", _own("kms", "key/data")),
    # Experiments and training.
    _deed(
        "start the training pipeline",
        "sagemaker:StartPipelineExecution",
        _own("sagemaker", "pipeline/{prefix}-flights-training"),
        _DS,
        _ML,
    ),
    _deed(
        "change the training pipeline",
        "sagemaker:UpdatePipeline",
        _own("sagemaker", "pipeline/{prefix}-flights-training"),
    ),
    _deed("train in the team's name", "sagemaker:CreateTrainingJob", _JOB, _DS, _ML, context=_FRESH),
    _deed(
        "train in another team's name",
        "sagemaker:CreateTrainingJob",
        _JOB,
        context={**_FRESH, "aws:RequestTag/Team": OTHER_TEAM},
    ),
    _deed("train outside the network", "sagemaker:CreateTrainingJob", _JOB, context=_OPEN),
    _deed(
        "stop a job of the team",
        "sagemaker:StopTrainingJob",
        _JOB,
        _DS,
        _ML,
        context={"aws:ResourceTag/Team": TEAM},
    ),
    _deed(
        "stop a job of another team",
        "sagemaker:StopTrainingJob",
        _JOB,
        context={"aws:ResourceTag/Team": OTHER_TEAM},
    ),
    _deed(
        "take over a job by another tag",
        "sagemaker:AddTags",
        _JOB,
        context={"aws:RequestTag/Team": TEAM, "aws:ResourceTag/Team": OTHER_TEAM},
    ),
    _deed(
        "hand the training role to SageMaker",
        "iam:PassRole",
        _role("training"),
        _DS,
        _ML,
        context=_TO_SAGEMAKER,
    ),
    _deed(
        "hand the training role to a function",
        "iam:PassRole",
        _role("training"),
        context={"iam:PassedToService": "lambda.amazonaws.com"},
    ),
    _deed("hand the deploying role to SageMaker", "iam:PassRole", _role("deploy"), context=_TO_SAGEMAKER),
    _deed(
        "open a notebook instance",
        "sagemaker:CreateNotebookInstance",
        _own("sagemaker", "notebook-instance/mine"),
    ),
    # Models and what serves them.
    _deed("read a model", "s3:GetObject", _object("models", "flights/trained/x/model.tar.gz"), _DS, _ML),
    _deed("read an evaluation report", "s3:GetObject", _REPORT, _DS, _ML, _EX, _PM, _AU),
    _deed(
        "look at the registered models", "sagemaker:DescribeModelPackage", _PACKAGE, _DS, _ML, _EX, _PM, _AU
    ),
    _deed("approve a model", "sagemaker:UpdateModelPackage", _PACKAGE, _ML),
    _deed("delete a registered model", "sagemaker:DeleteModelPackage", _PACKAGE),
    _deed("ask the model", "sagemaker:InvokeEndpoint", _ENDPOINT, _DS, _ML, _EX),
    _deed("shift traffic between variants", "sagemaker:UpdateEndpointWeightsAndCapacities", _ENDPOINT, _ML),
    _deed("deploy another model past the pipeline", "sagemaker:UpdateEndpoint", _ENDPOINT),
    # Operation.
    _deed("see dashboards", "cloudwatch:GetDashboard", _ANY, *PERSONAS),
    _deed(
        "read the logs of jobs",
        "logs:GetLogEvents",
        _own("logs", "log-group:/aws/sagemaker/TrainingJobs"),
        _DS,
        _ML,
        _AU,
    ),
    _deed(
        "run a workflow", "states:StartExecution", _own("states", "stateMachine:{prefix}-ingest"), _ML, _DE
    ),
    _deed("put the chat webhook", "secretsmanager:PutSecretValue", _WEBHOOK, _ML),
    _deed("read the chat webhook", "secretsmanager:GetSecretValue", _WEBHOOK),
    _deed("see the costs", "ce:GetCostAndUsage", _ANY, _ML, _PM, _AU),
    # Audit.
    _deed("look up who did what", "cloudtrail:LookupEvents", _ANY, _AU),
    _deed("read the audit logs", "s3:GetObject", _object("logs", "raw/x"), _AU),
    _deed("read policies of roles", "iam:GetRolePolicy", _role("training"), _AU),
    _deed("read compliance", "config:DescribeComplianceByConfigRule", _ANY, _AU),
    _deed("stop the audit trail", "cloudtrail:StopLogging", _own("cloudtrail", "trail/{prefix}-audit")),
    # What nobody does by hand.
    _deed("make a role", "iam:CreateRole", _role("mine")),
    _deed("change a role's policy", "iam:PutRolePolicy", _role("training")),
    _deed("take a boundary away", "iam:DeleteRolePermissionsBoundary", _role("data-scientist")),
    _deed("take on another role", "sts:AssumeRole", _role("deploy")),
    _deed("delete a key", "kms:ScheduleKeyDeletion", _own("kms", "key/data")),
    _deed("change a key's policy", "kms:PutKeyPolicy", _own("kms", "key/data")),
    _deed("delete a bucket", "s3:DeleteBucket", _BUCKET),
    _deed("open a bucket", "s3:PutBucketPolicy", _BUCKET),
    _deed("delete a recovery point", "backup:DeleteRecoveryPoint", _own("backup", "recovery-point:x")),
    _deed("delete logs", "logs:DeleteLogGroup", _own("logs", "log-group:/aws/sagemaker/TrainingJobs")),
)
