"""How does an execution go from state to state? Data flow, choices, waits, branches, retries and catches.

Source: https://states-language.net/spec.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.workflows.choices import holds
from sandbox.runtime.workflows.definition import Definition
from sandbox.runtime.workflows.errors import RUNTIME, StateError, covers
from sandbox.runtime.workflows.halting import Either, HaltedError, Halting, OverdueError
from sandbox.runtime.workflows.memory import Memory
from sandbox.runtime.workflows.paths import Scope, put_at, value_at
from sandbox.runtime.workflows.templates import filled, worked_out

_TRIES, _INTERVAL, _BACKOFF = 3, 1.0, 2.0
"""A retrier's defaults: attempts, seconds, factor."""
_BRANCHES_AT_ONCE = 40
"""Of a map without MaxConcurrency; the service's own limit for inline maps."""


@dataclass(frozen=True)
class Visit:
    """One attempt at a task: where, with which input, and until when (seconds since 1970)."""

    path: str
    state: Mapping[str, Any]
    scope: Scope
    deadline: float | None
    halt: Halting


Perform = Callable[[Visit], Any]
"""Carries out a task, and returns its raw result. Raises StateError or HaltedError."""


class Machine:
    """Runs the states of one execution. Its threads end when `halt` is set."""

    def __init__(self, memory: Memory, perform: Perform, halt: Halting, deadline: float | None) -> None:
        self._memory = memory
        self._perform = perform
        self._halt = halt
        self._deadline = deadline

    def run(self, definition: Definition, scope: Scope, path: str = "") -> Any:
        """The output of a machine, or of a branch. Raises StateError or HaltedError."""
        name: str | None = definition["StartAt"]
        number = 0
        while name is not None:
            self._check_time()
            state = definition["States"][name]
            at = f"{path}/{number}:{name}"
            ended = self._memory.recall(at) or self._visit(name, state, scope, at)
            scope = Scope(ended["output"], scope.context, {**scope.variables, **ended["variables"]})
            name, number = ended["next"], number + 1
        return scope.input

    def _visit(self, name: str, state: Mapping[str, Any], scope: Scope, at: str) -> Any:
        """What a state comes to: its output, the next state, the variables that it assigns."""
        entered = self._memory.recall(f"{at}/entered") or self._memory.keep(
            f"{at}/entered", {"time": time.time()}
        )
        own = {"Name": name, "EnteredTime": _written(entered["time"]), "RetryCount": 0}
        scope = Scope(scope.input, {**scope.context, "State": own}, scope.variables)
        kind = state["Type"]
        event = "Wait" if kind == "Wait" else kind
        self._memory.tell(
            at, f"{event}StateEntered", "stateEnteredEventDetails", name=name, input=_text(scope.input)
        )
        if kind == "Fail":
            raise self._failure(state, scope)
        try:
            output, following, effective = self._work(kind, state, scope, at, entered["time"])
        except StateError as failed:
            output, following, effective = self._caught(state, scope, failed)
        variables = filled(state.get("Assign") or {}, effective)
        self._memory.tell(
            at, f"{event}StateExited", "stateExitedEventDetails", name=name, output=_text(output)
        )
        return self._memory.keep(at, {"output": output, "next": following, "variables": variables})

    def _work(
        self, kind: str, state: Mapping[str, Any], scope: Scope, at: str, entered: float
    ) -> tuple[Any, str | None, Scope]:
        given = _selected(state.get("InputPath", "$"), scope)
        inner = scope.with_input(given)
        following = None if kind == "Succeed" or state.get("End") else state.get("Next")
        if kind == "Choice":
            following = self._choose(state, inner)
        if kind == "Wait":
            self._wait_until(_moment(state, inner, entered))
        if kind in {"Choice", "Wait", "Succeed"}:
            return _selected(state.get("OutputPath", "$"), inner), following, inner
        if kind == "Pass":
            raw = state["Result"] if "Result" in state else _parameters(state, inner)
        else:
            raw = self._with_retries(kind, state, inner, at)
        if kind != "Pass" and "ResultSelector" in state:
            raw = filled(state["ResultSelector"], inner.with_input(raw))
        effective = inner.with_input(raw)
        path = state.get("ResultPath", "$")
        output = given if path is None else put_at(path, given, raw)
        return _selected(state.get("OutputPath", "$"), inner.with_input(output)), following, effective

    def _with_retries(self, kind: str, state: Mapping[str, Any], scope: Scope, at: str) -> Any:
        """The raw result of a task, a map or branches, tried as often as its retriers say."""
        kept = self._memory.recall(f"{at}/tries") or {"number": 0, "counts": {}, "until": 0.0}
        number, counts = int(kept["number"]), dict(kept["counts"])
        self._wait_until(float(kept["until"]))
        while True:
            own = {**scope.context["State"], "RetryCount": number}
            tried = Scope(scope.input, {**scope.context, "State": own}, scope.variables)
            try:
                return self._once(kind, state, tried, f"{at}/try{number}")
            except StateError as failed:
                place, retrier = _retrier(state, failed.error)
                used = int(counts.get(str(place), 0))
                if retrier is None or used >= retrier.get("MaxAttempts", _TRIES):
                    raise
                pause = (
                    retrier.get("IntervalSeconds", _INTERVAL) * retrier.get("BackoffRate", _BACKOFF) ** used
                )
                until = time.time() + min(pause, retrier.get("MaxDelaySeconds", pause))
                number, counts = number + 1, {**counts, str(place): used + 1}
                self._memory.keep(f"{at}/tries", {"number": number, "counts": counts, "until": until})
                self._wait_until(until)

    def _once(self, kind: str, state: Mapping[str, Any], scope: Scope, at: str) -> Any:
        if kind == "Task":
            seconds = state.get("TimeoutSeconds")
            if "TimeoutSecondsPath" in state:
                seconds = value_at(state["TimeoutSecondsPath"], scope)
            began = self._memory.recall(f"{at}/began") or self._memory.keep(
                f"{at}/began", {"time": time.time()}
            )
            deadline = None if seconds is None else float(began["time"]) + float(seconds)
            return self._perform(Visit(at, state, scope, deadline, self._halt))
        if kind == "Parallel":
            given = scope.with_input(_parameters(state, scope))
            self._memory.tell(at, "ParallelStateStarted")
            works = [
                lambda machine, branch=branch, place=place: machine.run(branch, given, f"{at}/{place}")
                for place, branch in enumerate(state["Branches"])
            ]
            results = self._together(works, len(works))
            self._memory.tell(at, "ParallelStateSucceeded")
            return results
        return self._map(state, scope, at)

    def _map(self, state: Mapping[str, Any], scope: Scope, at: str) -> list[Any]:
        if "ItemReader" in state:
            raise StateError(RUNTIME, "The sandbox runs maps over a list of the input, not ItemReader")
        items = value_at(state.get("ItemsPath", "$"), scope)
        if not isinstance(items, list):
            raise StateError(RUNTIME, f"ItemsPath of a Map state names no list but {items!r}")
        processor = state.get("ItemProcessor") or state["Iterator"]
        selector = state.get("ItemSelector", state.get("Parameters"))
        self._memory.tell(at, "MapStateStarted", "mapStateStartedEventDetails", length=len(items))

        def work(machine: Machine, place: int, item: Any) -> Any:
            context = {**scope.context, "Map": {"Item": {"Index": place, "Value": item}}}
            around = Scope(scope.input, context, scope.variables)
            given = item if selector is None else filled(selector, around)
            name = str(scope.context["State"]["Name"])
            own, member = f"{at}/{place}", "mapIterationStartedEventDetails"
            self._memory.tell(own, "MapIterationStarted", member, name=name, index=place)
            output = machine.run(processor, around.with_input(given), own)
            member = "mapIterationSucceededEventDetails"
            self._memory.tell(own, "MapIterationSucceeded", member, name=name, index=place)
            return output

        works = [
            lambda machine, place=place, item=item: work(machine, place, item)
            for place, item in enumerate(items)
        ]
        results = self._together(works, int(state.get("MaxConcurrency") or _BRANCHES_AT_ONCE))
        self._memory.tell(at, "MapStateSucceeded")
        return results

    def _together(self, works: Sequence[Callable[[Machine], Any]], at_once: int) -> list[Any]:
        """The results in order. The first failure ends the other branches, and is raised."""
        if not works:
            return []
        over = Either(self._halt)
        inner = Machine(self._memory, self._perform, over, self._deadline)
        with ThreadPoolExecutor(min(at_once, len(works)), "branch") as pool:
            futures = [pool.submit(work, inner) for work in works]
            wait(futures, return_when=FIRST_EXCEPTION)
            over.own.set()
            for future in futures:
                future.cancel()
        errors = [future.exception() for future in futures if not future.cancelled()]
        failures = [one for one in errors if one is not None and not isinstance(one, HaltedError)]
        for failure in failures or [one for one in errors if one is not None]:
            raise failure
        return [future.result() for future in futures]

    def _choose(self, state: Mapping[str, Any], scope: Scope) -> str:
        for rule in state["Choices"]:
            if holds(rule, scope):
                return str(rule["Next"])
        if "Default" not in state:
            name = scope.context["State"]["Name"]
            raise StateError("States.NoChoiceMatched", f"No choice of {name} matches, and it has no Default")
        return str(state["Default"])

    def _caught(self, state: Mapping[str, Any], scope: Scope, failed: StateError) -> tuple[Any, str, Scope]:
        for catcher in state.get("Catch", ()):
            if covers(catcher["ErrorEquals"], failed.error):
                told = {"Error": failed.error, "Cause": failed.cause}
                path = catcher.get("ResultPath", "$")
                output = scope.input if path is None else put_at(path, scope.input, told)
                return output, str(catcher["Next"]), scope.with_input(told)
        raise failed

    def _failure(self, state: Mapping[str, Any], scope: Scope) -> StateError:
        def said(member: str) -> str:
            path = state.get(f"{member}Path")
            return str(worked_out(path, scope)) if path else str(state.get(member, ""))

        return StateError(said("Error"), said("Cause"))

    def _wait_until(self, moment: float) -> None:
        while (left := moment - time.time()) > 0:
            self._check_time()
            if self._halt.wait(min(left, 1.0)):
                raise HaltedError

    def _check_time(self) -> None:
        if self._halt.is_set():
            raise HaltedError
        if self._deadline is not None and time.time() > self._deadline:
            raise OverdueError("The execution ran longer than its TimeoutSeconds")


def _retrier(state: Mapping[str, Any], error: str) -> tuple[int, Mapping[str, Any] | None]:
    for place, retrier in enumerate(state.get("Retry", ())):
        if covers(retrier["ErrorEquals"], error):
            return place, retrier
    return 0, None


def _selected(path: str | None, scope: Scope) -> Any:
    """The part of its input that a state takes or gives; `null` stands for an empty object."""
    return {} if path is None else value_at(path, scope)


def _parameters(state: Mapping[str, Any], scope: Scope) -> Any:
    return filled(state["Parameters"], scope) if "Parameters" in state else scope.input


def _moment(state: Mapping[str, Any], scope: Scope, entered: float) -> float:
    """Until when a Wait state waits."""
    if "Seconds" in state or "SecondsPath" in state:
        seconds = state["Seconds"] if "Seconds" in state else value_at(state["SecondsPath"], scope)
        return entered + float(seconds)
    text = state["Timestamp"] if "Timestamp" in state else value_at(state["TimestampPath"], scope)
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, TypeError) as wrong:
        raise StateError(RUNTIME, f"{text!r} is no timestamp of a Wait state") from wrong


def _written(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=str)
