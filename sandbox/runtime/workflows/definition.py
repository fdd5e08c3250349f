"""Is a state machine's definition sound? The Amazon States Language, as far as an execution follows it.

Source: https://states-language.net/spec.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Definition = Mapping[str, Any]
_TYPES = frozenset({"Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"})
_ENDS = frozenset({"Succeed", "Fail"})
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "Task": ("Resource",),
    "Choice": ("Choices",),
    "Parallel": ("Branches",),
}


class DefinitionError(Exception):
    """A definition that no execution could follow; the text lists every fault with its place."""


def parse(text: str) -> Definition:
    """Reads and checks a definition. Raises DefinitionError."""
    try:
        document = json.loads(text)
    except ValueError as wrong:
        raise DefinitionError(f"INVALID_JSON_DESCRIPTION: {wrong}") from wrong
    if not isinstance(document, dict):
        raise DefinitionError("INVALID_JSON_DESCRIPTION: the definition is no object")
    faults = list(_faults(document, ""))
    if faults:
        raise DefinitionError("SCHEMA_VALIDATION_FAILED: " + "; ".join(faults))
    return document


def query_language(document: Definition) -> str:
    """`JSONPath`, or `JSONata` where the machine or one of its states asks for it."""
    if document.get("QueryLanguage") == "JSONata":
        return "JSONata"
    for state in document["States"].values():
        inner = [
            *state.get("Branches", ()),
            *(state[key] for key in ("ItemProcessor", "Iterator") if key in state),
        ]
        if state.get("QueryLanguage") == "JSONata" or any(query_language(one) == "JSONata" for one in inner):
            return "JSONata"
    return "JSONPath"


def _faults(machine: Mapping[str, Any], place: str) -> Iterator[str]:
    states = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield f"States must be an object with states, at {place or '/'}"
        return
    if machine.get("StartAt") not in states:
        yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {machine.get('StartAt')} at {place}/StartAt"
    for name, state in states.items():
        yield from _state_faults(name, state, states, f"{place}/States/{name}")


def _state_faults(name: str, state: Any, states: Mapping[str, Any], place: str) -> Iterator[str]:
    kind = state.get("Type") if isinstance(state, dict) else None
    if kind not in _TYPES:
        yield f"Type {kind!r} of {name} must be one of {', '.join(sorted(_TYPES))}, at {place}/Type"
        return
    for member in _REQUIRED.get(kind, ()):
        if not state.get(member):
            yield f"{kind} state {name} needs {member}, at {place}"
    if kind == "Map" and not ("ItemProcessor" in state or "Iterator" in state):
        yield f"Map state {name} needs ItemProcessor, at {place}"
    if kind == "Wait" and len({"Seconds", "SecondsPath", "Timestamp", "TimestampPath"} & state.keys()) != 1:
        yield f"Wait state {name} needs one of Seconds, SecondsPath, Timestamp, TimestampPath, at {place}"
    if kind not in _ENDS and kind != "Choice" and ("Next" in state) == bool(state.get("End")):
        yield f"State {name} needs either Next or End, at {place}"
    targets = [state.get("Next"), state.get("Default")]
    targets += [one.get("Next") for key in ("Choices", "Catch") for one in state.get(key, ())]
    for target in targets:
        if target is not None and target not in states:
            yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target} at {place}"
    for number, branch in enumerate(state.get("Branches", ())):
        yield from _faults(branch, f"{place}/Branches[{number}]")
    for key in ("ItemProcessor", "Iterator"):
        if key in state:
            yield from _faults(state[key], f"{place}/{key}")
