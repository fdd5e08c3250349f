"""Every type lives its whole life against the sandbox: made, unchanged, read, updated, replaced, deleted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aws_driver import Driver, Made
from lives import LIVES, Life, Make

from sandbox.aws.catalog import TYPES
from sandbox.engine.values import UNKNOWN, PropertyMap, Secret


@pytest.fixture
def make(driver: Driver, request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes what a type needs beside it, and deletes it afterwards, last first."""
    made: list[Made] = []

    def one(token: str, name: str, inputs: PropertyMap) -> PropertyMap:
        resource = driver.make(token, f"{request.node.callspec.indices['life']}-{name}", inputs)
        made.append(resource)
        return resource.outputs

    yield one
    for resource in reversed(made):
        driver.delete(resource)


def test_every_type_of_the_table_has_a_life() -> None:
    assert sorted(life.type for life in LIVES) == sorted(TYPES)


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.type.split(":")[1])
def test_a_type_lives_its_whole_life(life: Life, driver: Driver, make: Make) -> None:
    inputs = life.inputs(make)
    previewed = driver.provider.create(
        f"urn:pulumi:dev::groundplan::{life.type}::x", driver.check(life.type, "x", inputs), 0, True
    )
    made = driver.make(life.type, "x", inputs)
    try:
        assert made.id
        for name, value in previewed[1].items():
            if name in made.outputs:
                assert value in (UNKNOWN, Secret(UNKNOWN), made.outputs[name]), (
                    f"the preview said otherwise of {name}"
                )
            else:
                assert value is UNKNOWN, f"the preview promised {name}"

        again = driver.check(life.type, "x", inputs, made.inputs)
        assert again == made.inputs
        assert driver.diff(made, again).changes is False

        read = driver.read(made)
        assert (read.id, read.inputs) == (made.id, made.inputs)
        assert read.properties == made.outputs

        imported = driver.provider.read(made.urn, made.id, {}, {})
        assert imported.id == (made.id if life.importable else "")

        if life.change is not None:
            made = _changed(life, driver, made, inputs)
        if life.replace:
            replaced = driver.check(life.type, "x", {**inputs, **life.replace}, made.inputs)
            diff = driver.diff(made, replaced)
            assert set(life.replace) & set(diff.replaces)
    finally:
        driver.delete(made)
    assert (driver.read(made).id == "") is life.gone_after_delete
    driver.delete(made)


def _changed(life: Life, driver: Driver, made: Made, inputs: PropertyMap) -> Made:
    wanted = {**inputs, **(life.change or {})}
    news = driver.check(life.type, "x", wanted, made.inputs)
    diff = driver.diff(made, news)
    assert diff.changes
    assert list(diff.replaces) == []
    changed = driver.change(made, news)
    assert changed.id == made.id
    assert driver.diff(changed, news).changes is False
    read = driver.read(changed)
    assert (read.id, read.inputs) == (changed.id, news)
    return changed
