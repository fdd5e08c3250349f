"""Is every stack's file a platform that previews, or an error that names what is wrong?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from hypothesis import HealthCheck, given, settings
from mocked import REGION, build
from random_settings import stacks

from infra.foundation.place import Place
from infra.platform import Platform
from infra.settings.loading import SettingsError, read_settings

_QUICK = settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
_LONG = settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@_QUICK
@given(stacks())
def test_random_settings_make_a_platform_or_a_named_error(stack: tuple[str, dict[str, Any]]) -> None:
    _previews_or_names_what_is_wrong(*stack)


@pytest.mark.soak
@_LONG
@given(stacks())
def test_ten_thousand_settings_make_a_platform_or_a_named_error(stack: tuple[str, dict[str, Any]]) -> None:
    _previews_or_names_what_is_wrong(*stack)


def _previews_or_names_what_is_wrong(environment: str, given: dict[str, Any]) -> None:
    told = _told(lambda: _preview(environment, given))
    assert all(line.startswith("  groundplan") for line in told), told


def _preview(environment: str, given: dict[str, Any]) -> None:
    chosen = read_settings(environment, given, region=REGION)

    def program() -> dict[str, Any]:
        return Platform(chosen, Place.of_this_stack()).exports

    assert build(program, stack=environment, preview=True).made


def _told(run: Callable[[], None]) -> list[str]:
    """The faults that a named error lists, a line each; none where there is no error."""
    try:
        run()
    except SettingsError as error:
        return [line for line in str(error).splitlines() if line.startswith("  ")] or ["?"]
    except pulumi.RunError as error:
        return [f"  {error}"]
    return []
