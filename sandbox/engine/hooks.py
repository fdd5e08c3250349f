"""Resource hooks: functions of the program that run before and after operations, and when one has failed.

The state keeps the names of a resource's hooks; the functions are those that the program of this very run
registers under these names (`pkg/resource/deploy/resource_hooks.go`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, Protocol, TypeVar

from sandbox.engine.errors import EngineError
from sandbox.engine.provider import InitializationError, ProviderError
from sandbox.engine.run import Run
from sandbox.engine.state import Resource

Moment = Literal[
    "BeforeCreate", "AfterCreate", "BeforeUpdate", "AfterUpdate", "BeforeDelete", "AfterDelete", "OnError"
]
MOMENTS: Final[Mapping[str, Moment]] = {
    "before_create": "BeforeCreate",
    "after_create": "AfterCreate",
    "before_update": "BeforeUpdate",
    "after_update": "AfterUpdate",
    "before_delete": "BeforeDelete",
    "after_delete": "AfterDelete",
    "on_error": "OnError",
}
"""By the field of a registration, how the state spells it."""
_MOST_RETRIES: Final = 100

Answer = TypeVar("Answer")


class HookRefused(EngineError):
    """A hook that cannot be registered."""


class HooksNeedTheProgram(EngineError):
    """A destroy, which runs no program, of resources with delete hooks."""

    def __init__(self, hooks: Mapping[str, Sequence[str]]) -> None:
        found = "\n".join(f"  - {urn}: {', '.join(names)}" for urn, names in sorted(hooks.items()))
        super().__init__(
            "these resources have delete hooks, which only their program can run, and a destroy runs none:\n"
            f"{found}\ntake the resources out of the program and run an up, or take the hooks away first"
        )


class Program(Protocol):
    """The program, as its hooks are called. Each answers with an error's text, empty where there is none."""

    def call_hook(self, hook: Any, moment: Moment, old: Resource | None, new: Resource | None) -> str: ...

    def call_error_hook(
        self,
        hook: Any,
        operation: str,
        old: Resource | None,
        new: Resource | None,
        failures: Sequence[str],
    ) -> tuple[str, bool]:
        """The error, and whether the operation is to be tried again."""


class Hooks:
    """The hooks of one run's program."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._program: Program | None = None
        self._lock = threading.Lock()
        self._named: dict[str, Any] = {}

    def register(self, program: Program, request: Any) -> None:
        """Takes a hook (of operations or of errors) by its name. Raises `HookRefused`."""
        with self._lock:
            self._program = program
            if not request.name:
                raise HookRefused("resource hook name cannot be empty")
            if request.name in self._named:
                raise HookRefused(f"resource hook already registered for name '{request.name}'")
            self._named[request.name] = request

    def before(self, moment: Moment, old: Resource | None, new: Resource | None) -> None:
        """Runs the hooks before an operation. Raises `ProviderError`: then it does not begin."""
        for name, error in self._failures(moment, old, new):
            raise ProviderError(f"before hook '{name}' failed: {error}")

    def after(self, moment: Moment, old: Resource | None, new: Resource | None) -> None:
        """Runs the hooks after an operation, which stays done whatever they say; the run then fails."""
        for name, error in self._failures(moment, old, new):
            urn = (new or old or Resource(urn="", type="", custom=False)).urn
            self._run.fail(f"after hook '{name}' failed: {error}", urn, stop=not self._run.continue_on_error)
            return

    def retrying(
        self, operation: str, old: Resource | None, new: Resource | None, call: Callable[[], Answer]
    ) -> Answer:
        """Makes a provider call, again as often as the resource's error hooks ask for it."""
        failures: list[str] = []
        resource = new or old
        while True:
            try:
                return call()
            except InitializationError:
                raise
            except ProviderError as error:
                failures.insert(0, str(error))
                asked = resource.hooks.get("OnError", ()) if resource is not None else ()
                if len(failures) >= _MOST_RETRIES or not self._wants_retry(
                    asked, operation, old, new, failures
                ):
                    raise
                self._run.message(
                    "warning",
                    f"retrying {operation} as an error hook asks for ({len(failures)}/{_MOST_RETRIES})",
                    resource.urn if resource is not None else "",
                )

    def _failures(self, moment: Moment, old: Resource | None, new: Resource | None) -> list[tuple[str, str]]:
        resource = new or old
        for name in resource.hooks.get(moment, ()) if resource is not None else ():
            hook = self._named.get(name)
            if hook is None:
                return [(name, "it was not registered by the program")]
            if self._run.preview and not hook.on_dry_run:
                continue
            error = self._known().call_hook(hook, moment, old, new)
            if error and hook.ignore_errors:
                urn = resource.urn if resource is not None else ""
                self._run.message("warning", f"{moment} hook '{name}' failed: {error}", urn)
            elif error:
                return [(name, error)]
        return []

    def _wants_retry(
        self,
        names: Sequence[str],
        operation: str,
        old: Resource | None,
        new: Resource | None,
        failures: Sequence[str],
    ) -> bool:
        wanted = False
        for name in names:
            hook = self._named.get(name)
            if hook is None:
                raise ProviderError(f"error hook '{name}' was not registered")
            error, retry = self._known().call_error_hook(hook, operation, old, new, failures)
            if error:
                raise ProviderError(f"error hook '{name}' failed: {error}")
            wanted = wanted or retry
        return wanted

    def _known(self) -> Program:
        if self._program is None:
            raise AssertionError("hooks are registered by a program that runs")
        return self._program


def delete_hooks(resources: Sequence[Resource]) -> dict[str, list[str]]:
    """By URN, the delete hooks that resources of a state have."""
    found = {
        item.urn: [*item.hooks.get("BeforeDelete", ()), *item.hooks.get("AfterDelete", ())]
        for item in resources
    }
    return {urn: names for urn, names in found.items() if names}
