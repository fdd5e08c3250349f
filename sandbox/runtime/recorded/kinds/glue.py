"""Glue: what the emulator has no update for, or loses half of; its jobs and crawls run on its own copies."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.runtime.overlay import Params
from sandbox.runtime.recorded.kind import Listing, RecordedKind, TagOperations

_SERVICE = "glue"
_ARN = "arn:{partition}:glue:{region}:{account}:"
_MISSING = "EntityNotFoundException"
_EXISTS = "AlreadyExistsException"

JOB = RecordedKind(
    service=_SERVICE,
    name="job",
    create="CreateJob",
    key=("Name",),
    arn=_ARN + "job/{Name}",
    made={"CreatedOn": "{now}", "LastModifiedOn": "{now}"},
    defaults={"MaxRetries": 0, "GlueVersion": "5.0", "ExecutionProperty": {"MaxConcurrentRuns": 1}},
    answer=("Name",),
    describe="GetJob",
    described="Job",
    update="UpdateJob",
    body="JobUpdate",
    replaces=True,
    asks={"JobName": "Name"},
    touched={"LastModifiedOn": "{now}"},
    delete="DeleteJob",
    missing=_MISSING,
    exists=_EXISTS,
    copied=True,
)


def _schedule(document: Params) -> Params | None:
    expression = document.get("Schedule")
    return {"ScheduleExpression": expression, "State": "SCHEDULED"} if expression else None


CRAWLER = RecordedKind(
    service=_SERVICE,
    name="crawler",
    create="CreateCrawler",
    key=("Name",),
    arn=_ARN + "crawler/{Name}",
    made={"State": "READY", "CreationTime": "{now}", "LastUpdated": "{now}", "Version": lambda _: 1},
    defaults={
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
        "LineageConfiguration": {"CrawlerLineageSettings": "DISABLE"},
    },
    answer=(),
    describe="GetCrawler",
    described="Crawler",
    shows={"Schedule": _schedule},
    update="UpdateCrawler",
    replaces=True,
    touched={"LastUpdated": "{now}"},
    delete="DeleteCrawler",
    missing=_MISSING,
    exists=_EXISTS,
    copied=True,
)


def _state(state: str) -> Callable[[Params, Params], tuple[Params, Params | None]]:
    def act(_: Params, document: Params) -> tuple[Params, Params | None]:
        moved = document if document.get("Type") == "ON_DEMAND" else {**document, "State": state}
        return {"Name": document["Name"]}, moved

    return act


TRIGGER = RecordedKind(
    service=_SERVICE,
    name="trigger",
    create="CreateTrigger",
    key=("Name",),
    arn=_ARN + "trigger/{Name}",
    made={"State": lambda document: "ACTIVATED" if document.get("StartOnCreation") else "CREATED"},
    answer=("Name",),
    describe="GetTrigger",
    described="Trigger",
    update="UpdateTrigger",
    body="TriggerUpdate",
    replaces=True,
    delete="DeleteTrigger",
    others={"StartTrigger": _state("ACTIVATED"), "StopTrigger": _state("DEACTIVATED")},
    missing=_MISSING,
    exists=_EXISTS,
    copied=True,
)

WORKFLOW = RecordedKind(
    service=_SERVICE,
    name="workflow",
    create="CreateWorkflow",
    key=("Name",),
    arn=_ARN + "workflow/{Name}",
    made={"CreatedOn": "{now}", "LastModifiedOn": "{now}"},
    answer=("Name",),
    describe="GetWorkflow",
    described="Workflow",
    update="UpdateWorkflow",
    replaces=True,
    touched={"LastModifiedOn": "{now}"},
    delete="DeleteWorkflow",
    missing=_MISSING,
    exists=_EXISTS,
    copied=True,
)

CONNECTION = RecordedKind(
    service=_SERVICE,
    name="connection",
    create="CreateConnection",
    body="ConnectionInput",
    key=("Name",),
    arn=_ARN + "connection/{Name}",
    made={"CreationTime": "{now}", "LastUpdatedTime": "{now}", "Status": "READY"},
    answer=(),
    describe="GetConnection",
    described="Connection",
    update="UpdateConnection",
    replaces=True,
    touched={"LastUpdatedTime": "{now}"},
    delete="DeleteConnection",
    asks={"ConnectionName": "Name"},
    listings=(Listing(operation="GetConnections", member="ConnectionList"),),
    missing=_MISSING,
    exists=_EXISTS,
)

REGISTRY = RecordedKind(
    service=_SERVICE,
    name="schema registry",
    create="CreateRegistry",
    key=("RegistryName",),
    body="RegistryId",
    arn=_ARN + "registry/{RegistryName}",
    arn_member="RegistryArn",
    made={"Status": "AVAILABLE", "CreatedTime": "{now}", "UpdatedTime": "{now}"},
    describe="GetRegistry",
    update="UpdateRegistry",
    replaces=True,
    touched={"UpdatedTime": "{now}"},
    delete="DeleteRegistry",
    asks={"RegistryArn": "arn"},
    missing=_MISSING,
    exists=_EXISTS,
    copied=True,
)

RULESET = RecordedKind(
    service=_SERVICE,
    name="data quality ruleset",
    create="CreateDataQualityRuleset",
    key=("Name",),
    arn=_ARN + "dataQualityRuleset/{Name}",
    made={"CreatedOn": "{now}", "LastModifiedOn": "{now}"},
    answer=("Name",),
    describe="GetDataQualityRuleset",
    update="UpdateDataQualityRuleset",
    replaces=True,
    touched={"LastModifiedOn": "{now}"},
    delete="DeleteDataQualityRuleset",
    listings=(Listing(operation="ListDataQualityRulesets", member="Rulesets"),),
    missing=_MISSING,
    exists=_EXISTS,
)

_CLASSIFIERS = ("CsvClassifier", "GrokClassifier", "JsonClassifier", "XMLClassifier")


def _classified(params: Params) -> Params:
    """The name, which stands in the description of each kind of classifier."""
    named = [params[name]["Name"] for name in _CLASSIFIERS if params.get(name)]
    return {"Name": named[0]} if named else {}


CLASSIFIER = RecordedKind(
    service=_SERVICE,
    name="classifier",
    create="CreateClassifier",
    key=("Name",),
    made={"Name": lambda document: _classified(document)["Name"]},
    answer=(),
    describe="GetClassifier",
    described="Classifier",
    update="UpdateClassifier",
    replaces=True,
    delete="DeleteClassifier",
    finds=_classified,
    listings=(Listing(operation="GetClassifiers", member="Classifiers"),),
    missing=_MISSING,
    exists=_EXISTS,
)

KINDS = (JOB, CRAWLER, TRIGGER, WORKFLOW, CONNECTION, REGISTRY, RULESET, CLASSIFIER)

TAGGING = (
    TagOperations(
        service=_SERVICE,
        list="GetTags",
        added="TagsToAdd",
        keys="TagsToRemove",
        as_map=True,
        missing=_MISSING,
        missing_status=400,
        emulated=True,
    ),
)
