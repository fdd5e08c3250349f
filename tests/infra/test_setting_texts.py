"""Do the texts that settings take hold nothing that AWS would refuse?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.settings.loading import PlatformSettings, SettingsError, read_settings

SCHEDULED = {
    "dataPipeline": "schedule",
    "training": "schedule",
}


def _patterns(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            yield part["pattern"]
        for one in part.values():
            yield from _patterns(one)
    elif isinstance(part, list):
        for one in part:
            yield from _patterns(one)


@pytest.mark.parametrize("loose", [r"\d", r"\w", r"\s", r"\S", "[^", ".+", ".*"])
def test_no_pattern_lets_through_letters_and_digits_of_other_alphabets(loose: str) -> None:
    patterns = sorted(set(_patterns(PlatformSettings.model_json_schema())))
    assert len(patterns) > 20
    assert [one for one in patterns if loose in one] == []


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 day)",
        "rate(15 minutes)",
        "cron(0 3 * * ? *)",
        "cron(0/15 8-17 ? * MON-FRI 2026-2030)",
        "cron(0 3 L * ? *)",
        "cron(0 3 15W JAN,JUL ? *)",
        "cron(0 3 ? * 6#3 *)",
        "cron(0 3 ? * FRIL *)",
    ],
)
@pytest.mark.parametrize("block", sorted(SCHEDULED))
def test_a_schedule_of_eventbridge_is_taken(block: str, expression: str) -> None:
    assert read_settings("dev", {block: {SCHEDULED[block]: expression}})


@pytest.mark.parametrize(
    "expression",
    [
        "daily",
        "at(2030-01-01T00:00:00)",
        "rate(0 days)",
        "rate(2 weeks)",
        "cron(0 3 * * *)",
        "cron(0 3 * * * *)",
        "cron(0 3 ? * ? *)",
        "cron(60 3 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 3 32 * ? *)",
        "cron(0 3 * 13 ? *)",
        "cron(0 3 ? * SUNDAY *)",
        "cron(0 3 ? * 8 *)",
        "cron(0 3 * * ? 1969)",
        "cron(0 3/0 * * ? *)",
        "cron(٣ 3 * * ? *)",
    ],
)
@pytest.mark.parametrize("block", sorted(SCHEDULED))
def test_what_eventbridge_refuses_is_told_with_the_form(block: str, expression: str) -> None:
    with pytest.raises(SettingsError) as failure:
        read_settings("dev", {block: {SCHEDULED[block]: expression}})
    told = str(failure.value)
    assert f"groundplan:{block}.schedule: given {json.dumps(expression)}; allowed: rate(7 days)" in told
    assert "? as one of day and weekday" in told


def test_scheduled_bounds_begin_by_the_clock_alone() -> None:
    bounds = {"name": "morning", "at": "rate(1 day)", "instances": 4, "mostInstances": 8}
    with pytest.raises(SettingsError, match=r"scheduledScaling\.0\.at: .*; allowed: cron\(minutes hours"):
        read_settings("dev", {"endpoint": {"scheduledScaling": [bounds]}})


@pytest.mark.parametrize(
    "module", ["ml.late_flights", "ml._flights", "ml.flights_", "ml." + "f" * 21, "flights"]
)
def test_a_use_case_whose_name_no_resource_can_carry_is_refused(module: str) -> None:
    with pytest.raises(SettingsError, match="groundplan:useCase: given"):
        read_settings("dev", {"useCase": module})
    assert read_settings("dev", {"useCase": "ml.travel_data.flights2"}).case == "flights2"


def test_an_instance_of_no_family_of_sagemakers_is_refused_with_those_that_come_close() -> None:
    with pytest.raises(SettingsError, match=r"given .ml.mm5.large.; allowed: .*such as m5"):
        read_settings("dev", {"endpoint": {"instance": "ml.mm5.large"}})
    with pytest.raises(SettingsError, match=r"training.trainingInstance: given .ml.g5.huge.; allowed: "):
        read_settings("dev", {"training": {"trainingInstance": "ml.g5.huge"}})
