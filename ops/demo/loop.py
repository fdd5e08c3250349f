"""The whole loop, `groundplan demo loop`: events, features, predictions, outcomes, drift, retraining, shadow,
A/B test, promotion, each shown as it happens.

A champion that knows winter alone meets summer. What happens then is the platform's own doing: the alarm, the
retraining. Only approvals are given here, which only the sandbox may.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final

from ops.approval import decide
from ops.demo.calendar import Calendar
from ops.demo.cool_down import without_cool_down
from ops.demo.replaying import NoStreamError, features_now, replay, report
from ops.deployment import release
from ops.errors import OK, CommandError, UsageError
from ops.executions import RUNNING, execution, executions
from ops.experiment.command import put_beside, take_away, take_over
from ops.experiment.judging import Judgement, judge
from ops.outputs import StackOutputs
from ops.progress import Progress, Step
from ops.registry import APPROVED, ModelPackage, package
from ops.runs import RunOptions
from ops.screen import counted
from ops.session import Session, succeed
from ops.sources import list_sources, upload
from ops.training import follow, train_model
from ops.verification import check_outputs

_STEPS: Final = 15
_SECONDS: Final = 240.0
_POLL: Final = 1.0
_REASON: Final = "the demonstration approves in the sandbox"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the demonstration goes through."""

    first: date = date(2013, 7, 1)
    champion_until: str = "2013-04"
    """The last month that the champion learns from."""
    challenger_until: str = "2013-06"
    """The last month that the retraining finds."""
    drift_days: int = 14
    """Drift is told by windows of up to two weeks, and has to last."""
    shadow_days: int = 1
    trial_days: int = 10
    """Days of the A/B test at most. From 16 July on these models are told apart after 7 to 9 days, whoever is
    asked which (docs/experiments.md).
    """
    speed: float = 1000.0
    """Of the first day; the others come as quickly as they are taken."""

    @property
    def days(self) -> int:
        """How many days are replayed at most."""
        return self.drift_days + self.shadow_days + self.trial_days


class NoDriftError(CommandError):
    """The days did not make the monitoring speak, or the alarm started no training."""

    def __init__(self, what: str) -> None:
        super().__init__(what, "groundplan logs dev; the report lies in the captures zone, monitoring/")


def loop(session: Session, options: RunOptions, plan: Plan) -> int:
    """Raises what its steps raise. Run again, it begins with the champion that is in service."""
    if session.target_kind != "sandbox":
        raise UsageError(
            "demo loop approves models by itself, which only the sandbox may", "leave --target away"
        )
    progress = Progress(session.screen, _STEPS)
    calendar = Calendar(plan.first, datetime.now(UTC).date(), plan.days)
    with progress.step("platform", "bring the stack up") as step:
        outcome = succeed(session.run("up", options), session.stack)
        changed = sum(number for name, number in outcome.changes.items() if name != "same")
        step.done(counted(changed, "resource changed", "resources changed"), idle=not changed)
    outputs = session.outputs()
    if not outputs.events:
        raise NoStreamError(session.stack)
    champion = _champion(session, outputs, options, plan, progress)
    outputs = session.outputs()

    with progress.step("stream", f"replay {plan.first:%-d %B} at {plan.speed:g} times its speed") as step:
        seen = replay(session, outputs, calendar, 0, 1, plan.speed, step, warm_up=1)
        step.done(str(seen))
    with progress.step("features", "what the feature store knows now of an airport") as step:
        _show_features(session, outputs, step)
    more = plan.drift_days - 1
    with progress.step("summer", f"replay {counted(more, 'day')} more, as quickly as they are taken") as step:
        seen = replay(session, outputs, calendar, 1, more, 0, step)
        step.done(str(seen))
    with progress.step("raw zone", f"the months to {plan.challenger_until} have come in meanwhile") as step:
        sources = list_sources(session, outputs.use_case, parts="month", until=plan.challenger_until)
        step.done(counted(len(upload(session, outputs, sources).uploaded), "part") + " uploaded")
    before = {one.arn for one in executions(session, outputs.pipeline)}
    with without_cool_down(session, outputs.pipeline) as hours:
        with progress.step("look", "hold the days against what the champion learned from") as step:
            _look(session, outputs, calendar.shown(plan.drift_days - 1), step)
        with progress.step("retrain", "the drift alarm starts the training pipeline") as step:
            step.note(f"the champion was trained moments ago: the cool-down of {hours} h is not waited for")
            challenger = _retrained(session, outputs, before, step)
    with progress.step("approve", "let the challenger be tried") as step:
        challenger = decide(session, challenger, APPROVED, _REASON, step)

    with progress.step("shadow", "the challenger hears every request, and answers nobody") as step:
        put_beside(session, outputs, "shadow", challenger, 100, replace(options, brief=True), step)
        outputs = session.outputs()
        replay(session, outputs, calendar, plan.drift_days, plan.shadow_days, 0, step)
        shadowed = judge(session, outputs, step)
        if shadowed.decision == "watch on":
            step.note("one would watch on; the demonstration does not, as the A/B test stops for harm itself")
        step.done(f"{shadowed.decision}: {shadowed.why}")
    tried: Judgement | None = None
    with progress.step("A/B test", "the challenger answers half of the requests") as step:
        if may_answer(shadowed):
            put_beside(session, outputs, "ab", challenger, 50, replace(options, brief=True), step)
            outputs = session.outputs()
            tried = _trial(session, outputs, calendar, plan, step)
            step.done(f"{tried.decision}: {tried.why}")
        else:
            step.done("not begun: the shadow says stop", idle=True)
    with progress.step("decide", "take over, or not") as step:
        if tried is not None and tried.decision == "promote":
            champion = take_over(session, options, step)
        else:
            take_away(session, replace(options, brief=True), step)
            step.done(f"{champion.name} stays the champion, and is alone again")
    outputs = session.outputs()
    with progress.step("verify", "compare the live endpoint with what the program intends") as step:
        check_outputs(session, outputs, step)
    session.screen.line(
        f"pages: {shadowed.page.relative_to(session.workspace.folder).parent}/experiment.html, "
        f"s3://{outputs.zones['captures']}/monitoring/{outputs.endpoint}/monitoring.html"
    )
    session.screen.document(
        {
            "command": "demo loop",
            "stack": session.stack,
            "champion": champion.arn,
            "challenger": challenger.arn,
            "shadow": shadowed.decision,
            "trial": tried.decision if tried else None,
            "steps": progress.finished,
        }
    )
    return OK


def _champion(
    session: Session, outputs: StackOutputs, options: RunOptions, plan: Plan, progress: Progress
) -> ModelPackage:
    """A model of the winter months, in service."""
    with progress.step("data", f"put the months to {plan.champion_until} into the raw zone") as step:
        sources = list_sources(session, outputs.use_case, parts="month", until=plan.champion_until)
        done = upload(session, outputs, sources)
        step.done(counted(len(done.uploaded), "part") + " uploaded", idle=not done.uploaded)
    with progress.step("train", "train the champion on them") as step:
        # Winter alone makes no good model: the bars of production would refuse it.
        low = {"MinimumPrAuc": "0.05", "MinimumAuc": "0.55"}
        trained = train_model(session, outputs, sources, done.prefix, low, step)
    with progress.step("release", "approve it and put it in service") as step:
        approved = decide(session, trained.package, APPROVED, _REASON, step)
        release(session, approved, options, step)
    return approved


def _show_features(session: Session, outputs: StackOutputs, step: Step) -> None:
    known = features_now(session, outputs, "airports", "LGA")
    for name, value in sorted(known.items()):
        step.note(f"  {name:<24} {value}")
    step.done(counted(len(known), "feature") + " of LGA")


def _look(session: Session, outputs: StackOutputs, until: date, step: Step) -> None:
    sagemaker = session.client("sagemaker")
    arn = sagemaker.start_pipeline_execution(
        PipelineName=outputs.monitoring,
        PipelineParameters=[{"Name": "Until", "Value": until.isoformat()}],
    )["PipelineExecutionArn"]
    while (state := execution(session, arn)).status in RUNNING:
        time.sleep(_POLL)
    if state.status != "Succeeded":
        raise NoDriftError(f"the look has failed: {state.reason}")
    found = report(session, outputs)
    for day in found["days"]:
        step.note(f"  {_day(day)}")
    step.done(f"{found['verdict']}: {', '.join(found['drifted'][:6]) or 'no feature'}")
    if found["verdict"] != "drifted":
        raise NoDriftError("the days have not drifted from what the champion learned from")


def _day(told: dict[str, Any]) -> str:
    return (
        f"{told['day']}  {told['verdict']:<9} {told['predictions']:>5,} predictions, {told['outcomes']:>5,} "
        f"outcomes; furthest {told['furthest']} at {told['furthest_relative']:.2f} of its bound"
    )


def _retrained(session: Session, outputs: StackOutputs, before: set[str], step: Step) -> ModelPackage:
    """The package of the execution that the alarm has started."""
    deadline = time.monotonic() + _SECONDS
    while not (new := [one for one in executions(session, outputs.pipeline) if one.arn not in before]):
        if time.monotonic() > deadline:
            raise NoDriftError("no training was started within four minutes of the look")
        time.sleep(_POLL)
    step.note(f"execution {new[0].id} was started by the alarm {outputs.endpoint}-drift")
    made = package(session, follow(session, new[0].arn, step))
    step.done(f"trained and registered {made.name}")
    return made


def may_answer(shadowed: Judgement) -> bool:
    """Whether a challenger may get requests: not where its shadow says that it is worse."""
    return shadowed.decision != "stop"


def until_decided(days: Sequence[int], after: Callable[[int], Judgement]) -> Judgement:
    """The first judgement that is one, else the last. Raises `UsageError` where there is no day."""
    found: Judgement | None = None
    for number in days:
        found = after(number)
        if found.decision != "go on":
            break
    if found is None:
        raise UsageError("an A/B test needs a day at least", "give --trial-days 1 or more")
    return found


def _trial(session: Session, outputs: StackOutputs, calendar: Calendar, plan: Plan, step: Step) -> Judgement:
    """Days are replayed until the test decides, or all have been."""

    def after(number: int) -> Judgement:
        replay(session, outputs, calendar, number, 1, 0, step)
        found = judge(session, outputs, step)
        step.note(f"after {calendar.real(number):%-d %B}: {found.decision}: {found.why}")
        return found

    begin = plan.drift_days + plan.shadow_days
    return until_decided(range(begin, begin + plan.trial_days), after)
