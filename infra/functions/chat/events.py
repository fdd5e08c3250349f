"""What do events of AWS services say? Which of their details a person wants to see, by the service.

The message is an `EventAlert`'s, `{"alert": {says, runbook, severity}, "event": {…}}`, or an event as the bus
hands it on. Shapes: each service's guide on EventBridge events; the event's own `detail`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .notice import MOODS, Body, Facts, Links, Notice

_WANTED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "aws.sagemaker": (
        ("Training job", "TrainingJobName"),
        ("Processing job", "ProcessingJobName"),
        ("Transform job", "TransformJobName"),
        ("Tuning job", "HyperParameterTuningJobName"),
        ("Endpoint", "EndpointName"),
        ("Pipeline", "pipelineArn"),
        ("Execution", "pipelineExecutionArn"),
        ("Step", "stepName"),
        ("Model package", "ModelPackageArn"),
        ("Status", "TrainingJobStatus"),
        ("Status", "ProcessingJobStatus"),
        ("Status", "TransformJobStatus"),
        ("Status", "HyperParameterTuningJobStatus"),
        ("Status", "EndpointStatus"),
        ("Status", "currentPipelineExecutionStatus"),
        ("Status", "currentStepStatus"),
        ("Status", "ModelApprovalStatus"),
    ),
    "aws.states": (
        ("State machine", "stateMachineArn"),
        ("Execution", "name"),
        ("Status", "status"),
        ("Error", "error"),
    ),
    "aws.backup": (
        ("Resource", "resourceArn"),
        ("Kind", "resourceType"),
        ("Vault", "backupVaultName"),
        ("Vault", "destinationBackupVaultArn"),
        ("Status", "state"),
        ("Status", "status"),
    ),
    "aws.guardduty": (
        ("Finding", "type"),
        ("Severity", "severity"),
        ("Resource", "resource.resourceType"),
        ("Account", "accountId"),
    ),
    "aws.securityhub": (
        ("Finding", "findings.0.Title"),
        ("Severity", "findings.0.Severity.Label"),
        ("Resource", "findings.0.Resources.0.Id"),
        ("Account", "findings.0.AwsAccountId"),
    ),
    "aws.codebuild": (
        ("Project", "project-name"),
        ("Status", "build-status"),
        ("Phase", "current-phase"),
        ("Started by", "additional-information.initiator"),
    ),
    "aws.glue-dataquality": (
        ("Ruleset", "rulesetNames.0"),
        ("Table", "context.tableName"),
        ("Job", "context.jobName"),
        ("Score", "score"),
        ("Rules failed", "numRulesFailed"),
        ("Status", "state"),
    ),
    "aws.glue": (("Job", "jobName"), ("Status", "state"), ("Run", "jobRunId")),
    "aws.emr-serverless": (("Job", "jobRunName"), ("Run", "jobRunId"), ("Status", "state")),
    "aws.config": (
        ("Rule", "configRuleName"),
        ("Resource", "resourceId"),
        ("Compliance", "newEvaluationResult.complianceType"),
    ),
    "aws.inspector2": (("Finding", "title"), ("Severity", "severity"), ("Resource", "resources.0.id")),
    "aws.macie": (("Finding", "type"), ("Severity", "severity.description")),
    "aws.access-analyzer": (("Resource", "resource"), ("Status", "status"), ("Account", "accountId")),
    "aws.ce": (("Monitor", "monitorName"), ("Impact", "impact.totalImpact")),
}
"""Source → label and place of each detail; of those with the same label, the first that is there."""

_REASONS = (
    "FailureReason",
    "failureReason",
    "cause",
    "statusMessage",
    "description",
    "findings.0.Description",
    "stateDetails",
    "message",
    "newEvaluationResult.annotation",
)
_MOST_FACTS = 8
_LINKS = (
    ("Open the build's log", "additional-information.logs.deep-link"),
    ("How to remedy it", "findings.0.Remediation.Recommendation.Url"),
)


def is_event(body: Body) -> bool:
    """Whether it is an event as the bus hands it on."""
    return {"source", "detail-type", "detail"} <= body.keys()


def event_alert(body: Body) -> Notice:
    """What an `EventAlert` says of its event."""
    told, event = body["alert"], body.get("event")
    event = event if isinstance(event, Mapping) else {}
    runbook = str(told.get("runbook") or "")
    links = (("Runbook", runbook),) if runbook.startswith("https://") else ()
    return _worded(str(told.get("says") or "Something happened."), str(told.get("severity")), event, links)


def event(body: Body, severity: str) -> Notice:
    """What an event says by itself."""
    return _worded(str(body["detail-type"]), severity, body, ())


def _worded(says: str, severity: str, event: Body, links: Links) -> Notice:
    detail = event.get("detail")
    detail = detail if isinstance(detail, Mapping) else {}
    reasons = [str(found) for path in _REASONS if (found := _at(detail, path))]
    source = str(event.get("source") or "")
    around = [("Event", event.get("detail-type")), ("Region", event.get("region")), ("At", event.get("time"))]
    facts = _facts(source, detail)[:_MOST_FACTS] + tuple((name, str(one)) for name, one in around if one)
    further = tuple((label, str(url)) for label, path in _LINKS if (url := _at(detail, path)))
    return Notice(
        mood=MOODS.get(severity, "neutral"),
        heading=says.rstrip("."),
        texts=tuple(reasons[:1]),
        facts=facts,
        links=(*links, *(one for one in further if one[1].startswith("https://"))),
    )


def _facts(source: str, detail: Body) -> Facts:
    if source not in _WANTED:
        return tuple((name, str(one)) for name, one in _plain(detail))
    found: dict[str, str] = {}
    for label, path in _WANTED[source]:
        value = _at(detail, path)
        if value not in (None, ""):
            found.setdefault(label, _short(str(value)))
    return tuple(found.items())


def _plain(detail: Body) -> Iterator[tuple[str, Any]]:
    for name, one in detail.items():
        if isinstance(one, str | int | float) and name not in _REASONS and len(str(one)) < 200:
            yield name, one


def _at(detail: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(detail, list):
            detail = detail[int(name)] if name.isdigit() and int(name) < len(detail) else None
        else:
            detail = detail.get(name) if isinstance(detail, Mapping) else None
    return detail


def _short(value: str) -> str:
    """Of an ARN what names the resource: `execution/…` of a pipeline, `table/…`, a bucket."""
    return value.split(":", 5)[-1] if value.startswith("arn:") else value
