"""Which rules and schedules are there that fire by the clock? Read from the emulator's own objects."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.overlay import Caller
from sandbox.runtime.schedules.expressions import At, ExpressionError, Rate, parse, zone_of


@dataclass(frozen=True)
class Timed:
    """A rule of EventBridge or a schedule of its scheduler, enabled. Times are seconds since 1970."""

    arn: str
    name: str
    caller: Caller
    expression: str
    timezone: str
    targets: tuple[Mapping[str, Any], ...]
    is_rule: bool
    begin: float | None = None
    """When its first period begins, where the service tells: of a schedule alone."""
    end: float | None = None
    window: float = 0.0
    """Seconds after its time within which it may fire."""
    delete_after: bool = False
    group: str = ""

    @property
    def signature(self) -> str:
        """Differs once it is to fire at other times."""
        parts = (self.expression, self.timezone, self.begin, self.end, self.window)
        return "|".join(str(part) for part in parts)


def timed(emulator: Emulator) -> list[Timed]:
    """Every one of them, in every account and region."""
    with emulator.lock:
        return [*_rules(), *_schedules()]


def install() -> None:
    """Has the emulator refuse what the services refuse: expressions that name no times, groups that are not
    there. To be called once, before the first request."""
    from moto.events.exceptions import ValidationException as RuleRefused
    from moto.events.models import EventsBackend
    from moto.scheduler.exceptions import ValidationException as ScheduleRefused
    from moto.scheduler.models import EventBridgeSchedulerBackend
    from moto.scheduler.responses import EventBridgeSchedulerResponse

    put, create, update = (
        EventsBackend.put_rule,
        EventBridgeSchedulerBackend.create_schedule,
        EventBridgeSchedulerBackend.update_schedule,
    )
    answered = EventBridgeSchedulerResponse.update_schedule

    def put_checked(self: Any, name: str, *given: Any, **named: Any) -> Any:
        expression = named.get("scheduled_expression")
        if expression:
            try:
                if isinstance(parse(expression), At):
                    raise ExpressionError(expression, "a rule fires by rate or cron")
            except ExpressionError as wrong:
                raise RuleRefused(f"Parameter ScheduleExpression is not valid. {wrong}") from wrong
        return put(self, name, *given, **named)

    def check(self: Any, named: Mapping[str, Any]) -> None:
        self.get_schedule_group(named["group_name"])
        try:
            parse(named["schedule_expression"])
            zone_of(named["schedule_expression_timezone"] or "")
        except ExpressionError as wrong:
            raise ScheduleRefused(message=f"Invalid Schedule Expression {wrong}") from wrong

    def create_checked(self: Any, **named: Any) -> Any:
        check(self, named)
        return create(self, **named)

    def update_checked(self: Any, **named: Any) -> Any:
        check(self, named)
        return update(self, **named)

    def answer_update(self: Any) -> str:
        answer = answered(self)
        name = self.uri.split("?")[0].split("/")[-1]
        kept = self.scheduler_backend.get_schedule(self._get_param("GroupName"), name)
        # The emulator forgets what is to follow, and that an update names everything anew.
        kept.action_after_completion = self._get_param("ActionAfterCompletion")
        kept.state = kept.state or "ENABLED"
        return answer

    EventsBackend.put_rule = put_checked  # type: ignore[method-assign]
    EventBridgeSchedulerBackend.create_schedule = create_checked  # type: ignore[method-assign, assignment]
    EventBridgeSchedulerBackend.update_schedule = update_checked  # type: ignore[method-assign, assignment]
    EventBridgeSchedulerResponse.update_schedule = answer_update  # type: ignore[method-assign]


def _rules() -> Iterator[Timed]:
    if "moto.events.models" not in sys.modules:
        return
    from moto.events.models import events_backends

    every: list[tuple[str, str, Any]] = list(events_backends.iter_backends())
    for account, region, backend in every:
        for bus in backend.event_buses.values():
            for rule in bus.rules.values():
                if rule.scheduled_expression and rule.state == "ENABLED":
                    yield Timed(
                        rule.arn,
                        rule.name,
                        Caller(account, region),
                        rule.scheduled_expression,
                        "UTC",
                        tuple(dict(target) for target in rule.targets),
                        is_rule=True,
                    )


def _schedules() -> Iterator[Timed]:
    if "moto.scheduler.models" not in sys.modules:
        return
    from moto.scheduler.models import scheduler_backends

    every: list[tuple[str, str, Any]] = list(scheduler_backends.iter_backends())
    for account, region, backend in every:
        for group in backend.schedule_groups.values():
            for one in group.schedules.values():
                if one.state != "ENABLED":
                    continue
                window = one.flexible_time_window or {}
                minutes = window.get("MaximumWindowInMinutes") if window.get("Mode") == "FLEXIBLE" else 0
                yield Timed(
                    one.arn,
                    one.name,
                    Caller(account, region),
                    one.schedule_expression,
                    one.schedule_expression_timezone,
                    (dict(one.target),),
                    is_rule=False,
                    begin=_begin(one),
                    end=float(one.end_date) if one.end_date else None,
                    window=60.0 * (minutes or 0),
                    delete_after=one.action_after_completion == "DELETE",
                    group=group.name,
                )


def _begin(schedule: Any) -> float:
    """A schedule counts from its start date, or from when it was last changed."""
    changed = float(schedule.last_modified_date)
    start = float(schedule.start_date) if schedule.start_date else changed
    return start if isinstance(parse(schedule.schedule_expression), Rate) else max(start, changed)
