"""What follows from an alarm's new state: a message to its topics, a call of its functions, and an event."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.runtime.alarms.evaluation import INSUFFICIENT_DATA, OK
from sandbox.runtime.alarms.suppression import ACTION
from sandbox.runtime.delivery.hooks import Put
from sandbox.runtime.delivery.outbox import Delivery, Outbox, UndeliverableError
from sandbox.runtime.delivery.reach import Enqueue
from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.overlay import Caller, Cloud
from sandbox.runtime.policies.services import why_not_invoke, why_not_publish

EVENT = "alarm-event"
_PRINCIPAL, _OF_FUNCTIONS = "cloudwatch.amazonaws.com", "lambda.alarms.cloudwatch.amazonaws.com"
_UNCHECKED = "Unchecked: Initial alarm creation"


Hold = Callable[[Mapping[str, Any], list[str], Caller], None]
"""Takes a notice and whom it is for, until it is known whether it is suppressed."""


class AlarmActions:
    """Carries out the actions of alarms."""

    def __init__(self, cloud: Cloud, emulator: Emulator, outbox: Outbox, hold: Hold) -> None:
        self._cloud = cloud
        self._enqueue: Enqueue = lambda *_: None
        _hook(emulator, outbox.put, hold)
        outbox.register(ACTION, self._act)
        outbox.register(EVENT, self._emit)

    def call_functions_by(self, enqueue: Enqueue) -> None:
        """Says who invokes functions; nothing is delivered before that."""
        self._enqueue = enqueue

    def _act(self, delivery: Delivery) -> None:
        target, notice = str(delivery.content["target"]), delivery.content["notice"]
        service = target.split(":")[2]
        if service == "lambda":
            self._call(target, delivery)
            return
        if service != "sns":
            raise UndeliverableError(
                f"the sandbox carries out actions of alarms on topics and functions, not on {service}"
            )
        why_not = why_not_publish(
            self._cloud.emulate, _PRINCIPAL, target, notice["AlarmArn"], delivery.caller
        )
        if why_not:
            raise UndeliverableError(why_not)
        subject = f'{notice["NewStateValue"]}: "{notice["AlarmName"]}" in {notice["Region"]}'
        message = {"TopicArn": target, "Subject": subject[:100], "Message": json.dumps(notice)}
        self._cloud.emulate("sns", "Publish", message, delivery.caller)

    def _call(self, function: str, delivery: Delivery) -> None:
        """Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html"""
        notice = delivery.content["notice"]
        why_not = why_not_invoke(
            self._cloud.emulate, _OF_FUNCTIONS, function, notice["AlarmArn"], delivery.caller
        )
        if why_not:
            raise UndeliverableError(why_not)
        event = {
            "source": "aws.cloudwatch",
            "alarmArn": notice["AlarmArn"],
            "accountId": notice["AWSAccountId"],
            "time": notice["StateChangeTime"],
            "region": notice["Region"],
            "alarmData": {
                "alarmName": notice["AlarmName"],
                "state": {
                    "value": notice["NewStateValue"],
                    "reason": notice["NewStateReason"],
                    "timestamp": notice["StateChangeTime"],
                },
                "previousState": {"value": notice["OldStateValue"]},
                "configuration": {"description": notice["AlarmDescription"]},
            },
        }
        self._enqueue(function, event, delivery.caller)

    def _emit(self, delivery: Delivery) -> None:
        detail, alarm = delivery.content["detail"], str(delivery.content["alarm"])
        self._cloud.emit("aws.cloudwatch", "CloudWatch Alarm State Change", detail, delivery.caller, [alarm])


def _hook(emulator: Emulator, put: Put, hold: Hold) -> None:
    """A new alarm has no data yet, one that is put again keeps its state, and a new state has its actions,
    unless another alarm may suppress them."""
    from moto.cloudwatch.models import Alarm, CloudWatchBackend

    put_alarm, updated = CloudWatchBackend.put_metric_alarm, Alarm.update_state

    def put_and_keep(self: Any, name: str, *given: Any, **named: Any) -> Any:
        before = self.alarms.get(name)
        alarm = put_alarm(self, name, *given, **named)
        if before is None:
            alarm.state_value = INSUFFICIENT_DATA
        else:
            for kept in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp"):
                setattr(alarm, kept, getattr(before, kept))
            alarm.history = before.history
        return alarm

    def update(self: Any, reason: str, reason_data: str, state_value: str) -> None:
        before = {"value": self.state_value, "reason": self.state_reason, "timestamp": _moment(self)}
        updated(self, reason, reason_data, state_value)
        if before["value"] == state_value:
            return
        caller = Caller(self.alarm_arn.split(":")[4], self.region_name)
        detail = {
            "alarmName": self.name,
            "configuration": _configuration(self),
            "state": {
                "value": state_value,
                "reason": reason,
                "reasonData": reason_data,
                "timestamp": _moment(self),
            },
            "previousState": before,
        }
        emulator.after(lambda: put(EVENT, {"alarm": self.alarm_arn, "detail": detail}, caller))
        # AWS tells of the first look too; here nobody is woken to hear that all is well.
        if not self.actions_enabled or (before["reason"] == _UNCHECKED and state_value == OK):
            return
        notice = _notice(self, str(before["value"]), caller)
        targets = _actions(self, state_value)
        if getattr(self, "actions_suppressor", None):
            emulator.after(lambda: hold(notice, targets, caller))
            return
        for target in targets:
            content = {"target": target, "notice": notice}
            emulator.after(lambda content=content: put(ACTION, content, caller))  # type: ignore[misc]

    CloudWatchBackend.put_metric_alarm = put_and_keep  # type: ignore[method-assign]
    Alarm.update_state = update  # type: ignore[method-assign]


def _actions(alarm: Any, state: str) -> list[str]:
    if state == OK:
        return list(alarm.ok_actions or ())
    return list(
        (alarm.insufficient_data_actions if state == INSUFFICIENT_DATA else alarm.alarm_actions) or ()
    )


def _configuration(alarm: Any) -> Mapping[str, Any]:
    """What an alarm is on, as its event tells it.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html"""
    told: dict[str, Any] = {"description": alarm.description}
    if alarm.rule is not None:
        return {**told, "alarmRule": alarm.rule}
    if alarm.metric_name:
        metric = {
            "namespace": alarm.namespace,
            "name": alarm.metric_name,
            "dimensions": {one.name: one.value for one in alarm.dimensions},
        }
        stat = {
            "metric": metric,
            "period": alarm.period,
            "stat": alarm.extended_statistic or alarm.statistic,
        }
        told["metrics"] = [{"id": "m1", "metricStat": stat, "returnData": True}]
    return told


def _moment(alarm: Any) -> str:
    return str(alarm.state_updated_timestamp.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000")


def _notice(alarm: Any, before: str, caller: Caller) -> Mapping[str, Any]:
    """The message as a topic's subscribers get it.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html"""
    notice = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": caller.account_id,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": _moment(alarm),
        "Region": caller.region,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": before,
        "OKActions": list(alarm.ok_actions or ()),
        "AlarmActions": list(alarm.alarm_actions or ()),
        "InsufficientDataActions": list(alarm.insufficient_data_actions or ()),
    }
    if alarm.rule is not None:
        return {**notice, "AlarmRule": alarm.rule}
    kind = "ExtendedStatistic" if alarm.extended_statistic else "Statistic"
    return {
        **notice,
        "Trigger": {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "StatisticType": kind,
            kind: alarm.extended_statistic or (alarm.statistic or "").upper(),
            "Unit": alarm.unit,
            "Dimensions": [{"name": one.name, "value": one.value} for one in alarm.dimensions],
            "Period": alarm.period,
            "EvaluationPeriods": alarm.evaluation_periods,
            "DatapointsToAlarm": alarm.datapoints_to_alarm,
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": alarm.threshold,
            "TreatMissingData": alarm.treat_missing_data or "missing",
        },
    }
