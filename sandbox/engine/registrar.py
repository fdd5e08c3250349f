"""What a program's requests come to: registrations, reads, invokes and outputs, on plain Python values."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.engine import adoption
from sandbox.engine import urn as urns
from sandbox.engine.adapter import Adapter
from sandbox.engine.builtin import contains_unknown
from sandbox.engine.errors import PlanError
from sandbox.engine.executor import Executor
from sandbox.engine.goal import Goal, ReadGoal, Registered
from sandbox.engine.journal import Journal
from sandbox.engine.planner import Planner
from sandbox.engine.project import ProgramConfig
from sandbox.engine.provider import InvokeResult
from sandbox.engine.registry import Registry
from sandbox.engine.run import Run, Stopped
from sandbox.engine.signatures import UNKNOWN_STRING
from sandbox.engine.state import Resource
from sandbox.engine.steps import Step
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
        self._unmade: set[str] = set()
        """URNs of what failed, and of what was skipped for it (`--continue-on-error`)."""
        self._parents: dict[str, str] = {}
        self.hooks = executor.hooks
        self.root = ""
        self.stack_outputs: PropertyMap | None = None

    # Registrations

    def inherit(self, goal: Goal, providers: Mapping[str, str]) -> None:
        """Fills in what a resource takes from its parent, before its transforms see it."""
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
        if goal.custom:
            inherited = self._component_providers.get(goal.parent, {})
            goal.provider = goal.provider or providers.get(package) or inherited.get(package, "")

    def register(self, goal: Goal, providers: Mapping[str, str], version: str) -> Registered:
        """Registers a resource that has inherited. Raises `Stopped`, `PlanError`, the provider's errors."""
        self._run.check()
        if goal.custom and not urns.is_provider_type(goal.type) and not goal.provider:
            goal.provider = self.default_provider(urns.package_of(goal.type), version)
        registered = self._carry_out(goal)
        resource = registered.resource
        self._goals[resource.urn] = goal
        self._parents[resource.urn] = goal.parent
        if not goal.custom:
            inherited = self._component_providers.get(goal.parent, {})
            self._component_providers[resource.urn] = {**inherited, **providers}
        if goal.type == urns.ROOT_STACK_TYPE:
            self.root = resource.urn
        return registered

    def _carry_out(self, goal: Goal) -> Registered:
        with self._planning:
            self._run.check()
            urn = self._planner.urn_of(goal.parent, goal.type, goal.name)
            import_steps = adoption.import_steps(self._planner, goal, urn)
            steps = [] if import_steps else self._planner.plan(goal, urn)
        if import_steps:
            try:
                imported = self._executor.run(import_steps)
            except Stopped:
                return self._failed(import_steps)
            with self._planning:
                steps = self._planner.plan(goal, urn, imported)
            if steps[-1].operation == "same":
                return Registered(imported)
        if self._unmade and not self._unmade.isdisjoint(steps[-1].resource.depends_on()):
            self._unmade.add(urn)
            return Registered(steps[-1].resource, "skipped")
        try:
            return Registered(self._executor.run(steps), "left out" if steps[-1].skipped else "done")
        except Stopped:
            return self._failed(steps)

    def _failed(self, steps: Sequence[Step]) -> Registered:
        """What a failed registration comes to where the run goes on (`--continue-on-error`)."""
        if self._run.stopping or not self._run.continue_on_error:
            raise
        resource = steps[-1].resource
        self._unmade.add(resource.urn)
        return Registered(resource, "failed")

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
            steps = adoption.read_steps(self._planner, goal)
        try:
            return self._executor.run(steps)
        except Stopped:
            return self._failed(steps).resource

    def register_outputs(self, urn: str, outputs: PropertyMap) -> None:
        """Sets a component's outputs. Those of the stack wait for the end of the run."""
        self._run.check()
        if urns.type_of(urn) == urns.ROOT_STACK_TYPE:
            self.stack_outputs = outputs
            return
        resource = self._executor.results.get(urn)
        if resource is None:
            if urn in self._planner.skipped_creates or urn in self._unmade:
                return
            raise PlanError(f"cannot complete a resource '{urn}' whose registration isn't pending")
        self._set_outputs(resource, outputs)
        self._executor.component_is_complete(resource)

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
        self,
        token: str,
        arguments: PropertyMap,
        provider: str,
        version: str,
        parent: str,
        depends_on: Sequence[str] = (),
    ) -> InvokeResult | None:
        """A data function's answer; None where it cannot be known before an update."""
        package = urns.package_of(token)
        if not provider and parent:
            provider = self._component_providers.get(parent, {}).get(package, "")
        reference = provider or self.default_provider(package, version)
        adapter: Adapter | None = self._registry.get(reference)
        if adapter is None:
            raise PlanError(f"unknown provider '{reference}' for the function '{token}'")
        if not adapter.known or contains_unknown(arguments) or any(map(self._is_unmade, depends_on)):
            return None
        return adapter.invoke(token, arguments)

    def _is_unmade(self, urn: str) -> bool:
        """Whether a resource, or one below a component, has not been made yet, as in a preview."""
        resource = self._executor.results.get(urn)
        if resource is None:
            return urn in self._unmade or urn in self._planner.skipped_creates
        if resource.custom:
            return resource.id in ("", UNKNOWN_STRING)
        return any(self._is_unmade(child) for child, parent in list(self._parents.items()) if parent == urn)

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
            registered = self._carry_out(
                Goal(type=f"{urns.PROVIDER_PREFIX}{package}", name=name, custom=True, inputs=inputs)
            )
            if registered.result == "failed":
                raise Stopped
            resource = registered.resource
            self._defaults[package, version] = resource.reference
            return resource.reference

    def reference_of(self, urn: str) -> str:
        """The reference of a provider that the state holds. Raises `PlanError`."""
        old = self._planner.olds.get(urn)
        if old is None or not old.is_provider:
            raise PlanError(f"'{urn}' is no provider of this stack")
        return old.reference

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
