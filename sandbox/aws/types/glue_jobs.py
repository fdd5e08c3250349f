"""Glue's work: jobs, crawlers, triggers and workflows."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import echoing, given, identified, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.glue import glue_arn, glue_tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SERVICE = "glue"
_JOB = "aws:glue/job:Job"
_JOB_INPUTS = (
    "command",
    "connections",
    "defaultArguments",
    "description",
    "executionClass",
    "executionProperty",
    "glueVersion",
    "jobMode",
    "jobRunQueuingEnabled",
    "maintenanceWindow",
    "maxCapacity",
    "maxRetries",
    "nonOverridableArguments",
    "notificationProperty",
    "numberOfWorkers",
    "roleArn",
    "securityConfiguration",
    "sourceControlDetails",
    "timeout",
    "workerType",
)
_JOB_NAMES = {"roleArn": "Role", "connections": "Connections.Connections"}
_JOB_UPDATE = {
    **{name: f"JobUpdate.{name[0].upper()}{name[1:]}" for name in _JOB_INPUTS},
    "roleArn": "JobUpdate.Role",
    "connections": "JobUpdate.Connections.Connections",
}


def _check_job(inputs: PropertyMap) -> Iterable[CheckFailure]:
    for name in ("numberOfWorkers", "workerType"):
        if inputs.get(name) is not None and inputs.get("maxCapacity") is not None:
            yield CheckFailure(name, "cannot be given beside maxCapacity")
    if inputs.get("workerType") is not None and inputs.get("numberOfWorkers") is None:
        yield CheckFailure("numberOfWorkers", "is required beside workerType")


JOB = ResourceType(
    type=_JOB,
    service=_SERVICE,
    tier="overlay",
    create=Call(operation="CreateJob", names=_JOB_NAMES),
    id=given("name"),
    read=reading(_SERVICE, "GetJob", identified("JobName"), "Job"),
    delete=Call(operation="DeleteJob", sends=(), adds=identified("JobName")),
    steps=(
        Step(
            on=_JOB_INPUTS,
            do=Call(operation="UpdateJob", sends=_JOB_INPUTS, names=_JOB_UPDATE, adds=identified("JobName")),
            at_create=False,
        ),
    ),
    outputs={
        "arn": glue_arn("job"),
        "glueVersion": "GlueVersion",
        "maxCapacity": "MaxCapacity",
        "numberOfWorkers": "NumberOfWorkers",
        "timeout": "Timeout",
        "workerType": "WorkerType",
    },
    echoes=echoing(_JOB, f"name {' '.join(_JOB_INPUTS)}", names=_JOB_NAMES),
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
    tags=glue_tags(glue_arn("job")),
    checks=_check_job,
)

_CRAWLER = "aws:glue/crawler:Crawler"
_TARGETS = {
    "catalogTargets": "Targets.CatalogTargets",
    "deltaTargets": "Targets.DeltaTargets",
    "dynamodbTargets": "Targets.DynamoDBTargets",
    "hudiTargets": "Targets.HudiTargets",
    "icebergTargets": "Targets.IcebergTargets",
    "jdbcTargets": "Targets.JdbcTargets",
    "mongodbTargets": "Targets.MongoDBTargets",
    "s3Targets": "Targets.S3Targets",
}
_CRAWLER_NAMES = {**_TARGETS, "securityConfiguration": "CrawlerSecurityConfiguration"}
_CRAWLER_INPUTS = (
    "classifiers",
    "configuration",
    "databaseName",
    "description",
    "lakeFormationConfiguration",
    "lineageConfiguration",
    "recrawlPolicy",
    "role",
    "schedule",
    "schemaChangePolicy",
    "securityConfiguration",
    "tablePrefix",
    *_TARGETS,
)


def _check_crawler(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if not any(inputs.get(name) for name in _TARGETS):
        yield CheckFailure("s3Targets", f"at least one of {', '.join(sorted(_TARGETS))} is required")
    schedule = inputs.get("schedule")
    if isinstance(schedule, str) and not (schedule.startswith("cron(") and schedule.endswith(")")):
        yield CheckFailure("schedule", f"{schedule!r} is not cron(...)")


CRAWLER = ResourceType(
    type=_CRAWLER,
    service=_SERVICE,
    tier="overlay",
    create=Call(operation="CreateCrawler", names=_CRAWLER_NAMES),
    id=given("name"),
    read=reading(_SERVICE, "GetCrawler", identified("Name"), "Crawler"),
    delete=Call(operation="DeleteCrawler", sends=(), adds=identified("Name")),
    steps=(
        Step(
            on=_CRAWLER_INPUTS,
            do=Call(operation="UpdateCrawler", names=_CRAWLER_NAMES),
            at_create=False,
        ),
    ),
    outputs={"arn": glue_arn("crawler")},
    echoes={
        **echoing(_CRAWLER, f"name {' '.join(_CRAWLER_INPUTS)}", names=_CRAWLER_NAMES),
        "schedule": "Schedule.ScheduleExpression",
    },
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
    documents=("configuration",),
    tags=glue_tags(glue_arn("crawler")),
    checks=_check_crawler,
)

_TRIGGER = "aws:glue/trigger:Trigger"
_TRIGGER_INPUTS = ("actions", "description", "eventBatchingConditions", "predicate", "schedule")
_TRIGGER_UPDATE = {
    "actions": "TriggerUpdate.Actions",
    "description": "TriggerUpdate.Description",
    "eventBatchingConditions": "TriggerUpdate.EventBatchingCondition",
    "predicate": "TriggerUpdate.Predicate",
    "schedule": "TriggerUpdate.Schedule",
    "name": "Name",
}


def _enable(subject: Subject) -> None:
    # A trigger that is started on demand stands ready; starting it would run its jobs.
    if subject.inputs["type"] == "ON_DEMAND":
        return
    operation = "StopTrigger" if subject.inputs.get("enabled") is False else "StartTrigger"
    subject.cloud.call(_SERVICE, operation, {"Name": subject.id})


def _check_trigger(inputs: PropertyMap) -> Iterable[CheckFailure]:
    kind = inputs.get("type")
    for wanted, name in (("SCHEDULED", "schedule"), ("CONDITIONAL", "predicate")):
        if kind == wanted and inputs.get(name) is None:
            yield CheckFailure(name, f"is required for the type {wanted} and was not given")
    if kind == "ON_DEMAND" and inputs.get("startOnCreation"):
        yield CheckFailure("startOnCreation", "is not for the type ON_DEMAND")


def _started(subject: Subject) -> Params:
    wanted = subject.inputs.get("startOnCreation")
    return {"StartOnCreation": True} if wanted else {}


TRIGGER = ResourceType(
    type=_TRIGGER,
    service=_SERVICE,
    tier="overlay",
    create=Call(operation="CreateTrigger", adds=_started),
    id=given("name"),
    read=reading(_SERVICE, "GetTrigger", identified("Name"), "Trigger"),
    delete=Call(operation="DeleteTrigger", sends=(), adds=identified("Name")),
    steps=(
        Step(
            on=_TRIGGER_INPUTS,
            do=Call(operation="UpdateTrigger", sends=("name", *_TRIGGER_INPUTS), names=_TRIGGER_UPDATE),
            at_create=False,
        ),
        Step(on=("enabled",), do=_enable),
    ),
    local=("startOnCreation",),
    outputs={"arn": glue_arn("trigger"), "state": "State"},
    echoes=echoing(_TRIGGER, f"name type workflowName {' '.join(_TRIGGER_INPUTS)}"),
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
    defaults={"enabled": True},
    tags=glue_tags(glue_arn("trigger")),
    volatile=("state",),
    checks=_check_trigger,
)

_WORKFLOW = "aws:glue/workflow:Workflow"
_WORKFLOW_INPUTS = ("defaultRunProperties", "description", "maxConcurrentRuns")

WORKFLOW = ResourceType(
    type=_WORKFLOW,
    service=_SERVICE,
    tier="overlay",
    create=Call(operation="CreateWorkflow"),
    id=given("name"),
    read=reading(_SERVICE, "GetWorkflow", identified("Name"), "Workflow"),
    delete=Call(operation="DeleteWorkflow", sends=(), adds=identified("Name")),
    steps=(Step(on=_WORKFLOW_INPUTS, do=Call(operation="UpdateWorkflow"), at_create=False),),
    outputs={"arn": glue_arn("workflow")},
    echoes=echoing(_WORKFLOW, f"name {' '.join(_WORKFLOW_INPUTS)}"),
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
    tags=glue_tags(glue_arn("workflow")),
)

TYPES = (JOB, CRAWLER, TRIGGER, WORKFLOW)
