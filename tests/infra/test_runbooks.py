"""Does every alarm, in every environment, lead to a page that says what to do, and every page to an alarm?"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from mocked import Build, build

from infra.foundation.place import Place
from infra.platform import Platform
from infra.settings.loading import read_settings

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
PAGES = sorted(page.stem for page in RUNBOOKS.glob("*.md") if page.stem != "README")
PARTS = ("means", "look", "do", "over")
"""What the four parts of a page begin with, in their order: headings, or words in bold."""

PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/groundplan-dev-flights/3"
EVERYTHING: dict[str, Any] = {
    "release": {"modelPackageArn": PACKAGE},
    "privacy": {"pseudonyms": True},
    "monitoring": {"prometheus": {"enabled": True}, "grafana": {"enabled": True}},
}
ALARMS = ("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm")


@cache
def _platform(environment: str) -> Build:
    def program() -> dict[str, Any]:
        return Platform(read_settings(environment, EVERYTHING), Place.of_this_stack()).exports

    return build(program, stack=environment)


def _alarms(found: Build) -> Iterator[tuple[str, str]]:
    """Each alarm and each event that is told: its name in the program, and the URL that it links."""
    for kind in ALARMS:
        for name, one in found.of(kind).items():
            yield name, str(one.get("alarmDescription") or "").partition("Runbook: ")[2]
    for name, one in found.of("aws:cloudwatch/eventTarget:EventTarget").items():
        template = str((one.get("inputTransformer") or {}).get("inputTemplate") or "")
        if '"alert"' in template:
            alert = template.replace("<aws.events.event.json>", "null")
            yield name, str(json.loads(alert)["alert"]["runbook"])


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_every_alarm_and_every_event_links_a_page_that_is_there(environment: str) -> None:
    found = dict(_alarms(_platform(environment)))
    assert len(found) > 10
    folder = read_settings(environment, EVERYTHING).runbooks
    astray = {
        name: url for name, url in found.items() if url not in {f"{folder}/{page}.md" for page in PAGES}
    }
    assert not astray


def test_every_dashboard_links_pages_that_are_there() -> None:
    folder = read_settings("dev", EVERYTHING).runbooks
    boards = _platform("dev").of("aws:cloudwatch/dashboard:Dashboard")
    assert boards
    for one in boards.values():
        linked = re.findall(re.escape(folder) + r"/([\w-]+)\.md", str(one["dashboardBody"]))
        assert linked
        assert all((RUNBOOKS / f"{page}.md").exists() for page in linked)


def test_what_stands_behind_a_setting_links_pages_that_are_there_too() -> None:
    sources = [file.read_text() for file in (ROOT / "infra").rglob("*.py")]
    named = {page for source in sources for page in re.findall(r'runbook="([\w-]+)"', source)}
    assert named
    assert named <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_it_means_what_to_look_at_what_to_do_and_when_it_is_over(page: str) -> None:
    text = (RUNBOOKS / f"{page}.md").read_text()
    begun = [re.search(rf"(?im)^(?:## |\*\*).*\b{part}\b", text) for part in PARTS]
    assert all(begun), "a part is missing, or has neither a heading nor a bold beginning"
    places = [found.start() for found in begun if found]
    assert places == sorted(places)
    assert "```" in text, "no command to look with"


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_named_by_something_of_the_platform_and_by_the_index(page: str) -> None:
    sources = [file.read_text() for file in (ROOT / "infra").rglob("*.py")]
    assert any(f'"{page}"' in source for source in sources)
    assert f"({page}.md)" in (RUNBOOKS / "README.md").read_text()
