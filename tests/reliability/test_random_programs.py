"""Random programs, edits, failures and kills: the state stays valid, and an undisturbed run converges.

`GROUNDPLAN_EXAMPLES` sets how many are tried; without it the same sixty each time.
"""

from __future__ import annotations

import functools
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from random_programs import Program, Spec, edits, programs
from stack_lives import PASSPHRASE, Life, Step

from sandbox.engine.crypter import Crypter

FEW = 60
MANY = int(os.environ.get("GROUNDPLAN_EXAMPLES", "3000"))
_IN_MEMORY = Path("/dev/shm")


@functools.cache
def _salt() -> str:
    return Crypter.new(PASSPHRASE, "the tests").state


def live(steps: list[Step], last: Program) -> None:
    """A life in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as folder:
        Life(Path(folder).resolve(), _salt()).live(steps, last)


@st.composite
def lives(draw: Any) -> tuple[list[Step], Program]:
    """Some runs of a program that is edited between them, each with what goes wrong."""
    program: Program = draw(programs)
    steps = []
    for number in range(draw(st.integers(2, 5))):
        for _ in range(draw(st.integers(1, 4))) if number else ():
            program = draw(edits(program)).on(program)
        toys = st.sampled_from([spec.name for spec in program] or ["none"])
        calls = st.tuples(st.sampled_from(("create", "update", "delete", "start", "read", "lose")), toys)
        trouble = draw(
            st.sampled_from(("none", "failing", "killed", "failing", "killed", "cancelled", "vanished"))
        )
        steps.append(
            Step(
                program,
                draw(st.sampled_from(("up", "up", "up", "up", "up", "refresh", "destroy", "preview"))),
                failing=tuple(draw(st.lists(calls, min_size=1, max_size=4))) if trouble == "failing" else (),
                killed_at=draw(st.integers(1, 8)) if trouble == "killed" else 0,
                cancelled_at=draw(st.integers(1, 8)) if trouble == "cancelled" else 0,
                vanished=draw(st.integers(1, 6)) if trouble == "vanished" else 0,
            )
        )
    return steps, program


_COMMON: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "database": None,
}


@settings(max_examples=FEW, derandomize=True, phases=[Phase.generate, Phase.shrink], **_COMMON)
@given(lives())
def test_whatever_happens_the_state_stays_valid_and_the_next_run_converges(
    life: tuple[list[Step], Program],
) -> None:
    live(*life)


def test_a_refresh_forgets_everything_that_is_gone_though_one_needs_the_other() -> None:
    program = (Spec("a"), Spec("b", source="a"), Spec("c", needs=("b",)))
    live([Step(program), Step(program, "preview", vanished=1), Step(program, "preview", vanished=1)], program)


def test_a_create_whose_answer_was_lost_is_found_by_the_next_run() -> None:
    program = (Spec("a"), Spec("b", source="a"))
    live([Step(program, failing=(("lose", "a"),))], program)


@pytest.mark.soak
@settings(max_examples=MANY, **_COMMON)
@given(lives())
def test_thousands_of_lives_stay_valid_and_converge(life: tuple[list[Step], Program]) -> None:
    live(*life)
