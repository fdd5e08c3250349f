"""CloudWatch: alarms, dashboards, log groups and metric filters."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.alarm_limits import limit_failures
from sandbox.aws.documents import json_failures
from sandbox.aws.lifecycle import perform
from sandbox.aws.rows import echoed, given, identified, pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_RETENTIONS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
)  # fmt: skip
"""Days that PutRetentionPolicy takes (CloudWatch Logs API Reference); 0 in Pulumi: for ever."""


def _retain(subject: Subject) -> None:
    days = int(subject.inputs.get("retentionInDays") or 0)
    group = {"logGroupName": subject.id}
    if days:
        subject.cloud.call("logs", "PutRetentionPolicy", {**group, "retentionInDays": days})
    elif subject.before.get("retentionInDays"):
        subject.cloud.call("logs", "DeleteRetentionPolicy", group)


def _read_group(subject: Subject) -> Params | None:
    groups = pages(subject, "logs", "DescribeLogGroups", "logGroups", {"logGroupNamePrefix": subject.id})
    return next((group for group in groups if group["logGroupName"] == subject.id), None)


def _group_arn(subject: Subject) -> str:
    return subject.cloud.arn("logs", f"log-group:{subject.id}")


def _check_group(inputs: PropertyMap) -> Iterable[CheckFailure]:
    days = inputs.get("retentionInDays")
    if isinstance(days, (int, float)) and days not in (0, *_RETENTIONS):
        allowed = ", ".join(str(item) for item in (0, *_RETENTIONS))
        yield CheckFailure("retentionInDays", f"{days:g} is not one of {allowed}")


def _delete_group(subject: Subject) -> None:
    if not subject.inputs.get("skipDestroy"):
        subject.cloud.call("logs", "DeleteLogGroup", {"logGroupName": subject.id})


LOG_GROUP = ResourceType(
    type="aws:cloudwatch/logGroup:LogGroup",
    service="logs",
    tier="native",
    create=Call(
        operation="CreateLogGroup",
        names={"name": "logGroupName", "deletionProtectionEnabled": ""},
    ),
    id=given("name"),
    read=_read_group,
    delete=_delete_group,
    steps=(
        Step(on=("retentionInDays",), do=_retain),
        Step(
            on=("kmsKeyId",),
            do=Call(operation="AssociateKmsKey", sends=("kmsKeyId",), adds=identified("logGroupName")),
            undo=Call(operation="DisassociateKmsKey", sends=(), adds=identified("logGroupName")),
            at_create=False,
        ),
    ),
    local=("skipDestroy", "deletionProtectionEnabled"),
    outputs={"arn": _group_arn},
    echoes={
        "name": "logGroupName",
        "retentionInDays": "retentionInDays",
        "kmsKeyId": "kmsKeyId",
    },
    known_id=given("name"),
    auto_name=AutoName(limit=512),
    tags=Tags(
        style="map",
        at_create="tags",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"resourceArn": _group_arn(s)},
        member="tags",
        keys="tagKeys",
        list="ListTagsForResource",
        listed="tags",
    ),
    checks=_check_group,
)

_FILTER_NAMES = {
    "name": "filterName",
    "pattern": "filterPattern",
    "metricTransformation": "metricTransformations",
    "metricTransformation.name": "metricName",
    "metricTransformation.namespace": "metricNamespace",
    "metricTransformation.value": "metricValue",
}
_PUT_FILTER = Call(operation="PutMetricFilter", names=_FILTER_NAMES)


def _filter_id(subject: Subject) -> str:
    return f"{subject.inputs['logGroupName']}:{subject.inputs['name']}"


def _filter_key(subject: Subject) -> Params:
    group, _, name = subject.id.rpartition(":")
    return {"logGroupName": group, "filterName": name}


def _read_filter(subject: Subject) -> Params | None:
    key = _filter_key(subject)
    answer = reading(
        "logs",
        "DescribeMetricFilters",
        lambda _: {"logGroupName": key["logGroupName"], "filterNamePrefix": key["filterName"]},
    )(subject)
    found = (answer or {}).get("metricFilters", ())
    return next((item for item in found if item["filterName"] == key["filterName"]), None)


def _replace_filter(subject: Subject) -> None:
    """The emulator keeps the old one beside the new; AWS replaces it."""
    subject.cloud.call("logs", "DeleteMetricFilter", _filter_key(subject))
    perform(LOG_METRIC_FILTER, _PUT_FILTER, subject)


LOG_METRIC_FILTER = ResourceType(
    type="aws:cloudwatch/logMetricFilter:LogMetricFilter",
    service="logs",
    tier="run",
    create=_PUT_FILTER,
    id=_filter_id,
    read=_read_filter,
    delete=Call(operation="DeleteMetricFilter", sends=(), adds=_filter_key),
    steps=(
        Step(
            on=("pattern", "metricTransformation", "applyOnTransformedLogs"),
            do=_replace_filter,
            at_create=False,
        ),
    ),
    echoes={
        "name": "filterName",
        "logGroupName": "logGroupName",
        "pattern": "filterPattern",
        "metricTransformation": echoed(
            "aws:cloudwatch/logMetricFilter:LogMetricFilter",
            "metricTransformation",
            "metricTransformations",
            _FILTER_NAMES,
        ),
    },
    known_id=_filter_id,
    auto_name=AutoName(limit=512, prefix_property=None),
    place=("logGroupName", "name"),
)

_ALARM_NAMES = {
    "name": "AlarmName",
    "metricQueries": "Metrics",
    "metricQueries.metric": "MetricStat",
    "metricQueries.metric.metricName": "Metric.MetricName",
    "metricQueries.metric.namespace": "Metric.Namespace",
    "metricQueries.metric.dimensions": "Metric.Dimensions",
}
_PUT_ALARM = Call(
    operation="PutMetricAlarm",
    names=_ALARM_NAMES,
    omits=("evaluationCriteria", "evaluationInterval", "evaluationWindow", "warmUpConfiguration"),
)
_ALARM_PROPERTIES = (
    "actionsEnabled",
    "alarmActions",
    "alarmDescription",
    "comparisonOperator",
    "datapointsToAlarm",
    "dimensions",
    "evaluateLowSampleCountPercentiles",
    "evaluationPeriods",
    "extendedStatistic",
    "insufficientDataActions",
    "metricName",
    "metricQueries",
    "namespace",
    "okActions",
    "period",
    "statistic",
    "threshold",
    "thresholdMetricId",
    "treatMissingData",
    "unit",
)
_MISSING_DATA = ("breaching", "notBreaching", "ignore", "missing")


def _check_alarm(inputs: PropertyMap) -> Iterable[CheckFailure]:
    held = [name for name in ("metricName", "metricQueries") if inputs.get(name) not in (None, [])]
    if len(held) != 1:
        yield CheckFailure("metricName", "exactly one of metricName and metricQueries is needed")
    if inputs.get("metricName") is not None:
        for name in ("namespace", "period"):
            if inputs.get(name) is None:
                yield CheckFailure(name, "is required beside metricName and was not given")
        if inputs.get("statistic") is None and inputs.get("extendedStatistic") is None:
            yield CheckFailure("statistic", "statistic or extendedStatistic is required beside metricName")
    period = inputs.get("period")
    if isinstance(period, (int, float)) and period not in (10, 20, 30) and period % 60:
        yield CheckFailure("period", f"{period:g} is not 10, 20, 30 or a multiple of 60 (seconds)")
    yield from limit_failures(inputs)
    treatment = inputs.get("treatMissingData")
    if isinstance(treatment, str) and treatment not in _MISSING_DATA:
        yield CheckFailure("treatMissingData", f"{treatment!r} is not one of {', '.join(_MISSING_DATA)}")


def _alarm_arn(subject: Subject) -> str:
    return subject.cloud.arn("cloudwatch", f"alarm:{subject.id}")


METRIC_ALARM = ResourceType(
    type="aws:cloudwatch/metricAlarm:MetricAlarm",
    service="cloudwatch",
    tier="run",
    create=_PUT_ALARM,
    id=given("name"),
    read=reading("cloudwatch", "DescribeAlarms", lambda s: {"AlarmNames": [s.id]}, "MetricAlarms.0"),
    delete=Call(operation="DeleteAlarms", sends=(), adds=lambda s: {"AlarmNames": [s.id]}),
    steps=(Step(on=_ALARM_PROPERTIES, do=_PUT_ALARM, at_create=False),),
    outputs={"arn": _alarm_arn},
    echoes={
        "name": "AlarmName",
        "threshold": "Threshold",
        "comparisonOperator": "ComparisonOperator",
        "evaluationPeriods": "EvaluationPeriods",
        "actionsEnabled": "ActionsEnabled",
        "alarmActions": "AlarmActions",
    },
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
    defaults={"actionsEnabled": True, "treatMissingData": "missing"},
    unordered=("alarmActions", "okActions", "insufficientDataActions"),
    tags=Tags(
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceARN": _alarm_arn(s)},
        list="ListTagsForResource",
    ),
    unsupported=("evaluationCriteria", "evaluationInterval", "evaluationWindow", "warmUpConfiguration"),
    checks=_check_alarm,
)

_PUT_DASHBOARD = Call(operation="PutDashboard")


def _check_dashboard(inputs: PropertyMap) -> Iterable[CheckFailure]:
    return json_failures(inputs, "dashboardBody")


DASHBOARD = ResourceType(
    type="aws:cloudwatch/dashboard:Dashboard",
    service="cloudwatch",
    tier="native",
    create=_PUT_DASHBOARD,
    id=given("dashboardName"),
    read=reading("cloudwatch", "GetDashboard", identified("DashboardName")),
    delete=Call(operation="DeleteDashboards", sends=(), adds=lambda s: {"DashboardNames": [s.id]}),
    steps=(Step(on=("dashboardBody",), do=_PUT_DASHBOARD, at_create=False),),
    outputs={"dashboardArn": "DashboardArn"},
    echoes={"dashboardName": "DashboardName", "dashboardBody": "DashboardBody"},
    known_id=given("dashboardName"),
    place=("dashboardName",),
    documents=("dashboardBody",),
    checks=_check_dashboard,
)

TYPES = (LOG_GROUP, LOG_METRIC_FILTER, METRIC_ALARM, DASHBOARD)
