"""What the emulator lacks of alarms: composite ones, the whole of DescribeAlarms, and refusals of what could
never be evaluated."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sandbox.runtime.alarms.composite import CompositeRule, RuleError, read
from sandbox.runtime.alarms.mathematics import MathError, is_band, names_in
from sandbox.runtime.host.emulator import Emulator

_PAGE = 100
_BAND_REASON = "The sandbox evaluates no anomaly detection: this alarm is kept, and never changes its state."


def install(emulator: Emulator, wake: Callable[[], None]) -> None:
    """Installs every hook; `wake` is called when an alarm's state has changed. To be called once."""
    _hook_states(emulator, wake)
    _hook_alarms(emulator, wake)
    _hook_descriptions()


def _hook_states(emulator: Emulator, wake: Callable[[], None]) -> None:
    from moto.cloudwatch.models import Alarm

    updated = Alarm.update_state

    def update(self: Any, reason: str, reason_data: str, state_value: str) -> None:
        updated(self, reason, reason_data, state_value)
        emulator.after(wake)

    Alarm.update_state = update  # type: ignore[method-assign]


def _hook_alarms(emulator: Emulator, wake: Callable[[], None]) -> None:
    from moto.cloudwatch.exceptions import ValidationError
    from moto.cloudwatch.models import CloudWatchBackend
    from moto.cloudwatch.responses import CloudWatchResponse
    from moto.core.responses import ActionResult, EmptyResult

    put = CloudWatchBackend.put_metric_alarm

    def put_checked(self: Any, name: str, *given: Any, **named: Any) -> Any:
        try:
            _check_queries(named.get("metric_data_queries") or ())
        except MathError as wrong:
            raise ValidationError(f"Invalid metrics list: {wrong}") from wrong
        kept = self.alarms.get(name)
        if kept is not None and (kept.rule is None) != (named.get("rule") is None):
            raise ValidationError(f"An alarm of another kind has the name {name}.")
        alarm = put(self, name, *given, **named)
        queries = alarm.metric_data_queries
        if any(is_band(query.expression) for query in queries) or alarm.threshold_metric_id:
            alarm.state_reason = _BAND_REASON
        return alarm

    def put_composite(self: Any) -> ActionResult:
        alarms = self.cloudwatch_backend.alarms
        name, rule = self._get_param("AlarmName"), self._get_param("AlarmRule")
        try:
            named = read(rule).alarms
        except RuleError as wrong:
            raise ValidationError(str(wrong)) from wrong
        suppressor = self._get_param("ActionsSuppressor")
        wanted = [*named, *([suppressor.rpartition(":alarm:")[2]] if suppressor else [])]
        missing = sorted(one for one in wanted if one not in alarms)
        if missing:
            raise ValidationError(
                f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm rule do "
                "not exist"
            )
        alarm = self.cloudwatch_backend.put_metric_alarm(
            name=name,
            namespace=None,
            metric_name=None,
            comparison_operator=None,
            evaluation_periods=None,
            period=None,
            threshold=None,
            statistic=None,
            description=self._get_param("AlarmDescription"),
            dimensions=[],
            alarm_actions=self._get_param("AlarmActions", []),
            ok_actions=self._get_param("OKActions", []),
            insufficient_data_actions=self._get_param("InsufficientDataActions", []),
            actions_enabled=self._get_bool_param("ActionsEnabled"),
            rule=rule,
            tags=self._get_param("Tags", []),
        )
        alarm.actions_suppressor = suppressor
        alarm.actions_suppressor_wait_period = self._get_param("ActionsSuppressorWaitPeriod")
        alarm.actions_suppressor_extension_period = self._get_param("ActionsSuppressorExtensionPeriod")
        emulator.after(wake)
        return EmptyResult()

    CloudWatchBackend.put_metric_alarm = put_checked  # type: ignore[method-assign]
    CloudWatchResponse.put_composite_alarm = put_composite  # type: ignore[attr-defined]


def _hook_descriptions() -> None:
    from moto.cloudwatch.responses import CloudWatchResponse
    from moto.core.responses import ActionResult

    def describe(self: Any) -> ActionResult:
        chosen = _chosen(list(self.cloudwatch_backend.alarms.values()), self._get_param)
        token = self._get_param("NextToken")
        start = int(base64.b64decode(token)) if token else 0
        end = start + int(self._get_param("MaxRecords") or _PAGE)
        page = chosen[start:end]
        answer: dict[str, Any] = {
            "MetricAlarms": [alarm for alarm in page if alarm.rule is None],
            "CompositeAlarms": [_shown(alarm) for alarm in page if alarm.rule is not None],
        }
        if end < len(chosen):
            answer["NextToken"] = base64.b64encode(str(end).encode()).decode()
        return ActionResult(answer)

    CloudWatchResponse.describe_alarms = describe  # type: ignore[method-assign]


def _chosen(alarms: Sequence[Any], asked: Callable[..., Any]) -> list[Any]:
    """The alarms that a DescribeAlarms asks for: metric alarms alone, unless it names other kinds."""
    kinds = asked("AlarmTypes") or ["MetricAlarm"]
    names, prefix = asked("AlarmNames") or [], asked("AlarmNamePrefix")
    action, state = asked("ActionPrefix"), asked("StateValue")
    family: Iterable[str] | None = None
    if parent := asked("ChildrenOfAlarmName"):
        rules = [alarm.rule for alarm in alarms if alarm.name == parent and alarm.rule]
        family, kinds = (
            [name for rule in rules for name in read(rule).alarms],
            ["MetricAlarm", "CompositeAlarm"],
        )
    if child := asked("ParentsOfAlarmName"):
        family = [alarm.name for alarm in alarms if alarm.rule and child in read(alarm.rule).alarms]
        kinds = ["CompositeAlarm"]
    found = []
    for alarm in alarms:
        kind = "MetricAlarm" if alarm.rule is None else "CompositeAlarm"
        actions = [*(alarm.alarm_actions or ()), *(alarm.ok_actions or ())]
        if (
            kind in kinds
            and (not names or alarm.name in names)
            and (not prefix or alarm.name.startswith(prefix))
            and (not state or alarm.state_value == state)
            and (not action or any(one.startswith(action) for one in actions))
            and (family is None or alarm.name in family)
        ):
            found.append(alarm)
    return found


def _shown(alarm: Any) -> dict[str, Any]:
    members = {
        "AlarmName": alarm.name,
        "AlarmArn": alarm.alarm_arn,
        "AlarmDescription": alarm.description,
        "AlarmRule": alarm.rule,
        "ActionsEnabled": alarm.actions_enabled,
        "AlarmActions": alarm.alarm_actions,
        "OKActions": alarm.ok_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "AlarmConfigurationUpdatedTimestamp": alarm.configuration_updated_timestamp,
        "StateReason": alarm.state_reason,
        "StateReasonData": alarm.state_reason_data,
        "StateValue": alarm.state_value,
        "StateUpdatedTimestamp": alarm.state_updated_timestamp,
        "StateTransitionedTimestamp": alarm.state_updated_timestamp,
        "ActionsSuppressor": getattr(alarm, "actions_suppressor", None),
        "ActionsSuppressorWaitPeriod": getattr(alarm, "actions_suppressor_wait_period", None),
        "ActionsSuppressorExtensionPeriod": getattr(alarm, "actions_suppressor_extension_period", None),
        "ActionsSuppressedBy": getattr(alarm, "actions_suppressed_by", None),
    }
    return {name: value for name, value in members.items() if value is not None}


def rule_of(alarm: Any) -> CompositeRule:
    """The rule of a composite alarm, which was checked when it was put."""
    return read(alarm.rule)


def _check_queries(queries: Sequence[Any]) -> None:
    """Raises MathError for what no evaluation could follow."""
    ids = {query.id for query in queries}
    for query in queries:
        if not query.expression or is_band(query.expression):
            continue
        unknown = sorted(names_in(query.expression) - ids)
        if unknown:
            raise MathError(f"{query.expression!r} reads {', '.join(unknown)}; the ids are {sorted(ids)}")
