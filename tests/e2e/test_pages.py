"""Are the pages that are made from plans up to date, and do idle stacks cost what was promised?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ops.cost.page import TARGETS, estimates
from ops.pages import pages, plans
from sandbox.engine.state import Resource

ROOT = Path(__file__).parents[2]
Plans = Mapping[str, Sequence[Resource]]

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def planned() -> Plans:
    return plans(ROOT)


def test_the_pages_are_up_to_date(planned: Plans) -> None:
    for path, text in pages(ROOT, planned).items():
        assert (ROOT / path).read_text() == text, f"{path}: run `make pages`"


def test_an_idle_stack_stays_under_its_target(planned: Plans) -> None:
    found = estimates(planned)
    assert {stack: one.idle_usd < TARGETS[stack] for stack, one in found.items() if stack in TARGETS} == {
        "dev": True,
        "staging": True,
    }, {stack: one.idle_usd for stack, one in found.items()}


def test_every_type_that_the_platform_makes_is_priced(planned: Plans) -> None:
    assert {stack: dict(one.not_priced) for stack, one in estimates(planned).items()} == {
        stack: {} for stack in planned
    }
