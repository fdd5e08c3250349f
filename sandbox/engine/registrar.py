"""What a program's requests come to: registrations, reads, invokes and outputs, on plain Python values."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from sandbox.engine import urn as urns
from sandbox.engine.adapter import Adapter
from sandbox.engine.builtin import contains_unknown
from sandbox.engine.executor import Executor
from sandbox.engine.goal import Goal, ReadGoal
from sandbox.engine.journal import Journal
from sandbox.engine.planner import PlanError, Planner
from sandbox.engine.project import ProgramConfig
from sandbox.engine.provider import InvokeResult
from sandbox.engine.registry import Registry
from sandbox.engine.run import Run
from sandbox.engine.state import Resource
from sandbox.engine.values import PropertyMap


class Registrar:
    """Serves one run of a program. Its methods are called from many threads."""

    def __init__(
        self,
        run: Run,
        journal: Journal,
        registry: Registry,
        planner: Planner,
        executor: Executor,
        config: ProgramConfig,
    ) -> None:
        self._run = run
        self._journal = journal
        self._registry = registry
        self._planner = planner
        self._executor = executor
        self._config = config
        self._planning = threading.Lock()
        self._defaults_lock = threading.Lock()
        self._defaults: dict[tuple[str, str], str] = {}
        self._goals: dict[str, Goal] = {}
        self._component_providers: dict[str, dict[str, str]] = {}
        self._parents: dict[str, str] = {}
        self.root = ""
        self.stack_outputs: PropertyMap | None = None

    # Registrations

    def inherit(self, goal: Goal, providers: Mapping[str, str]) -> dict[str, str]:
        """Fills in what a resource takes from its parent; the providers that it hands on to its children."""
        parent = self._goals.get(goal.parent)
        package = urns.package_of(goal.type)
        if parent is not None:
            goal.deleted_with = goal.deleted_with or parent.deleted_with
            goal.protect = parent.protect if goal.protect is None else goal.protect
            if goal.retain_on_delete is None:
                goal.retain_on_delete = parent.retain_on_delete
            if not goal.provider and parent.provider:
                fits = urns.package_of(urns.type_of(urns.split_reference(parent.provider)[0])) == package
                if not goal.custom or fits:
                    goal.provider = parent.provider
        inherited = self._component_providers.get(goal.parent, {})
        if goal.custom:
            goal.provider = goal.provider or providers.get(package) or inherited.get(package, "")
            return dict(providers)
        return {**inherited, **providers}

    def register(self, goal: Goal, providers: Mapping[str, str], version: str) -> tuple[Resource, bool]:
        """Registers a resource: as it stands now, and whether it was left out (`--target`).

        Raises `Stopped`, `PlanError` and the provider's errors.
        """
        self._run.check()
        handed_on = self.inherit(goal, providers)
        if goal.custom and not urns.is_provider_type(goal.type) and not goal.provider:
            goal.provider = self.default_provider(urns.package_of(goal.type), version)
        resource, skipped = self._carry_out(goal)
        self._goals[resource.urn] = goal
        self._parents[resource.urn] = goal.parent
        if not goal.custom:
            self._component_providers[resource.urn] = handed_on
        if goal.type == urns.ROOT_STACK_TYPE:
            self.root = resource.urn
        return resource, skipped

    def _carry_out(self, goal: Goal) -> tuple[Resource, bool]:
        with self._planning:
            self._run.check()
            urn = self._planner.urn_of(goal.parent, goal.type, goal.name)
            import_step = self._planner.import_step(goal, urn)
            steps = [] if import_step else self._planner.plan(goal, urn)
        if import_step is not None:
            imported = self._executor.run([import_step])
            with self._planning:
                steps = self._planner.plan(goal, urn, imported)
            if steps[-1].operation == "same":
                return imported, False
        return self._executor.run(steps), steps[-1].skipped

    def ancestors(self, urn: str) -> list[str]:
        """A resource's parents, nearest first, itself included."""
        found = []
        while urn:
            found.append(urn)
            urn = self._parents.get(urn, "")
        return found

    def read(self, goal: ReadGoal, version: str) -> Resource:
        """Reads a resource that the program does not own."""
        self._run.check()
        if not goal.provider:
            package = urns.package_of(goal.type)
            inherited = self._component_providers.get(goal.parent, {})
            goal.provider = inherited.get(package) or self.default_provider(package, version)
        with self._planning:
            step = self._planner.plan_read(goal)
        return self._executor.run([step])

    def register_outputs(self, urn: str, outputs: PropertyMap) -> None:
        """Sets a component's outputs. Those of the stack wait for the end of the run."""
        self._run.check()
        if urns.type_of(urn) == urns.ROOT_STACK_TYPE:
            self.stack_outputs = outputs
            return
        resource = self._executor.results.get(urn)
        if resource is None:
            if urn in self._planner.skipped_creates:
                return
            raise PlanError(f"cannot complete a resource '{urn}' whose registration isn't pending")
        self._set_outputs(resource, outputs)

    def finish_stack_outputs(self, errored: bool) -> None:
        """Sets the stack's outputs; a run that failed adds to the old ones and takes none away."""
        resource = self._executor.results.get(self.root)
        if resource is None or self.stack_outputs is None:
            return
        outputs = {**resource.outputs, **self.stack_outputs} if errored else self.stack_outputs
        self._set_outputs(resource, outputs)

    def _set_outputs(self, resource: Resource, outputs: PropertyMap) -> None:
        if resource.outputs == outputs:
            return

        def action() -> None:
            resource.outputs = outputs
            resource.rendered = None

        # A component has no effect outside: its outputs reach the disk with the next write.
        self._journal.change(action, write=False)

    # Functions

    def invoke(
        self, token: str, arguments: PropertyMap, provider: str, version: str, parent: str
    ) -> InvokeResult | None:
        """A data function's answer; None where it cannot be known before an update."""
        package = urns.package_of(token)
        if not provider and parent:
            provider = self._component_providers.get(parent, {}).get(package, "")
        reference = provider or self.default_provider(package, version)
        adapter: Adapter | None = self._registry.get(reference)
        if adapter is None:
            raise PlanError(f"unknown provider '{reference}' for the function '{token}'")
        if not adapter.known or contains_unknown(arguments):
            return None
        return adapter.invoke(token, arguments)

    # Default providers

    def default_provider(self, package: str, version: str) -> str:
        """The reference of a package's default provider, registered on first use."""
        with self._defaults_lock:
            version = version or self._default_version(package)
            known = self._defaults.get((package, version))
            if known:
                return known
            self._refuse_denied(package)
            inputs: dict[str, Any] = dict(self._config.of_package(package))
            if version:
                inputs["version"] = version
                inputs["__internal"] = {}
            name = f"default_{_identifier(version)}" if version else "default"
            resource, _ = self._carry_out(
                Goal(type=f"{urns.PROVIDER_PREFIX}{package}", name=name, custom=True, inputs=inputs)
            )
            self._defaults[package, version] = resource.reference
            return resource.reference

    def _default_version(self, package: str) -> str:
        """The version that the state's default provider has, where the program asks for none."""
        for item in self._planner.resources:
            if item.type == f"{urns.PROVIDER_PREFIX}{package}" and urns.name_of(item.urn).startswith(
                "default"
            ):
                version = item.inputs.get("version", "")
                return version if isinstance(version, str) else ""
        return ""

    def _refuse_denied(self, package: str) -> None:
        text = self._config.values.get("pulumi:disable-default-providers", "")
        if package != "pulumi" and text and {"*", package} & set(json.loads(text)):
            raise PlanError(
                f"Default provider for '{package}' disabled by pulumi:disable-default-providers: "
                "give the resource an explicit provider"
            )


def _identifier(version: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in version)
