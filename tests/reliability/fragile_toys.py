"""A cloud of toys whose calls fail, or see the engine's process die, as a test plans it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.engine.provider import (
    CheckResult,
    DiffKind,
    DiffResult,
    InitializationError,
    InvokeResult,
    OutcomeUnknown,
    ProviderError,
    ReadResult,
)
from sandbox.engine.urn import name_of
from sandbox.engine.values import UNKNOWN, PropertyMap

Operation = Literal["create", "update", "delete", "read"]


@dataclass
class ToyCloud:
    """What there is, and what shall go wrong. `toys` by id; each knows its `urn`."""

    toys: dict[str, PropertyMap] = field(default_factory=dict)
    serial: int = 0
    failing: set[tuple[str, str]] = field(default_factory=set)
    """Operations that fail, by name of the toy: `create`, `update`, `delete`, `read`; `start`, which is a
    create or an update that does not finish; `lose`, which is a create whose answer is lost."""
    on_moment: Callable[[], None] = lambda: None
    """Called before and after every effect: a moment at which the engine's process could die."""

    def copy(self) -> ToyCloud:
        return ToyCloud(copy.deepcopy(self.toys), self.serial)

    def effect(self, operation: Operation, urn: str, change: Callable[[], None]) -> None:
        """Carries out a change, unless it is to fail."""
        self.on_moment()
        if (operation, name_of(urn)) in self.failing:
            raise ProviderError(f"{operation} is on strike")
        change()
        self.on_moment()

    def remove(self, id: str) -> None:
        """A toy goes, and with it all that stands in it (`home`)."""
        self.toys.pop(id, None)
        for other in [key for key, toy in self.toys.items() if toy.get("home") == id]:
            self.remove(other)


class FragileToys:
    """The provider of the package `toy`: `material` replaces, everything else changes in place."""

    def __init__(self, cloud: Callable[[], ToyCloud]) -> None:
        self._cloud = cloud

    def check_config(self, urn: str, olds: PropertyMap, news: PropertyMap) -> CheckResult:
        return CheckResult(news)

    def diff_config(self, urn: str, olds: PropertyMap, news: PropertyMap) -> DiffResult:
        moved = olds.get("region") != news.get("region")
        return DiffResult(changes=olds != news, replaces=("region",) if moved else ())

    def configure(self, inputs: PropertyMap) -> None:
        pass

    def check(self, urn: str, olds: PropertyMap, news: PropertyMap, random_seed: bytes) -> CheckResult:
        label = olds.get("label") or f"{name_of(urn)}-{random_seed.hex()[:12]}"
        return CheckResult({**news, "label": label})

    def diff(
        self,
        urn: str,
        id: str,
        olds: PropertyMap,
        old_inputs: PropertyMap,
        news: PropertyMap,
        ignore_changes: Sequence[str],
    ) -> DiffResult:
        detailed: dict[str, DiffKind] = {}
        for key in sorted(old_inputs.keys() | news.keys()):
            if key in ignore_changes:
                continue
            if key not in old_inputs:
                detailed[key] = "add"
            elif key not in news:
                detailed[key] = "delete"
            elif old_inputs[key] != news[key]:
                detailed[key] = "update-replace" if key == "material" else "update"
        return DiffResult(
            changes=bool(detailed),
            replaces=tuple(key for key, kind in detailed.items() if kind.endswith("replace")),
            detailed=detailed,
            delete_before_replace=bool(news.get("before")),
        )

    def create(self, urn: str, inputs: PropertyMap, timeout: float, preview: bool) -> tuple[str, PropertyMap]:
        if preview:
            return "", {**inputs, "serial": UNKNOWN}
        cloud = self._cloud()
        cloud.serial += 1
        id, outputs = f"toy-{cloud.serial}", {**inputs, "serial": cloud.serial}

        def make() -> None:
            cloud.toys[id] = {**outputs, "urn": urn}

        cloud.effect("create", urn, make)
        if ("lose", name_of(urn)) in cloud.failing:
            raise OutcomeUnknown("the line went dead")
        self._start(cloud, urn, id, outputs, inputs)
        return id, outputs

    def read(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap) -> ReadResult:
        cloud = self._cloud()
        if ("read", name_of(urn)) in cloud.failing:
            raise ProviderError("read is on strike")
        toy = cloud.toys.get(id)
        if toy is None:
            return ReadResult("", {}, {})
        outputs = {key: value for key, value in toy.items() if key != "urn"}
        known = inputs or {key: value for key, value in outputs.items() if key != "serial"}
        return ReadResult(id, {key: outputs.get(key, value) for key, value in known.items()}, outputs)

    def update(
        self,
        urn: str,
        id: str,
        olds: PropertyMap,
        old_inputs: PropertyMap,
        news: PropertyMap,
        timeout: float,
        ignore_changes: Sequence[str],
        preview: bool,
    ) -> PropertyMap:
        outputs = {**news, "serial": olds.get("serial")}
        if preview:
            return outputs
        cloud = self._cloud()

        def change() -> None:
            if id not in cloud.toys:
                raise ProviderError(f"{id} is gone")
            cloud.toys[id] = {**outputs, "urn": urn}

        cloud.effect("update", urn, change)
        self._start(cloud, urn, id, outputs, news)
        return outputs

    def delete(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap, timeout: float) -> None:
        cloud = self._cloud()
        cloud.effect("delete", urn, lambda: cloud.remove(id))

    def invoke(self, token: str, arguments: PropertyMap) -> InvokeResult:
        return InvokeResult(arguments)

    def recover(self, urn: str, inputs: PropertyMap, taken: Collection[str]) -> ReadResult | None:
        for id, toy in self._cloud().toys.items():
            if toy["label"] == inputs["label"] and id not in taken:
                return ReadResult(id, inputs, {key: value for key, value in toy.items() if key != "urn"})
        return None

    def cancel(self) -> None:
        pass

    def close(self) -> None:
        pass

    @staticmethod
    def _start(cloud: ToyCloud, urn: str, id: str, outputs: Any, inputs: Any) -> None:
        if ("start", name_of(urn)) in cloud.failing:
            raise InitializationError(id, outputs, inputs, ["it does not start"])
