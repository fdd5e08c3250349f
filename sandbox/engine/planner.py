"""Which steps a registration needs: the rules of Pulumi's `pkg/resource/deploy/step_generator.go`.

Callers hold the run's planning lock: registrations are planned one at a time, in the order in which they
come.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final

from sandbox.engine import diffs, paths, untargeted
from sandbox.engine import urn as urns
from sandbox.engine.adapter import Adapter
from sandbox.engine.aliases import former_urns
from sandbox.engine.builtin import contains_unknown
from sandbox.engine.errors import PlanError
from sandbox.engine.goal import Goal, ReadGoal
from sandbox.engine.graph import Graph
from sandbox.engine.policies import Policies
from sandbox.engine.provider import CheckResult, DiffKind, DiffResult
from sandbox.engine.provider_lookup import ProviderLookup
from sandbox.engine.registry import Registry
from sandbox.engine.replacements import dependent_replacements
from sandbox.engine.run import Run, Stopped
from sandbox.engine.state import Resource
from sandbox.engine.steps import Step
from sandbox.engine.targets import Targets
from sandbox.engine.values import PropertyMap

_REASON: Final[DiffKind] = "update-replace"


class Planner:
    """Plans the registrations of one run against the state that it began with."""

    def __init__(
        self,
        run: Run,
        registry: Registry,
        resources: Sequence[Resource],
        targets: Targets,
        policies: Policies | None = None,
    ) -> None:
        self._run = run
        self._registry = registry
        self._policies = policies or Policies(run, ())
        self.targets = targets
        self.resources = list(resources)
        self.graph = Graph(self.resources)
        self.olds = {item.urn: item for item in self.resources if not item.delete}
        self.seen: set[str] = set()
        self.operated: set[str] = set()
        """URNs that the program still has; what is not here goes at the end."""
        self.replaced: set[str] = set()
        self.deleted: set[str] = set()
        """URNs whose old resource is deleted before its replacement and not made again yet."""
        self.deleted_resources: set[int] = set()
        self.aliased: dict[str, str] = {}
        self.alias_of: dict[str, str] = {}
        self.skipped_creates: set[str] = set()
        self.carried: set[str] = set()
        """URNs that stay for the sake of what the targets leave out, registered or not."""
        self.providers = ProviderLookup(registry, self.resources)
        self._forced_keys: dict[str, Mapping[str, DiffKind]] = {}

    # Registrations

    def plan(self, goal: Goal, urn: str, imported: Resource | None = None) -> list[Step]:
        """The steps of a registration; the last one's `new` is the resource as it will stand.

        `imported` is the resource as an import step has just left it. Raises `PlanError`, `Stopped` and the
        provider's errors.
        """
        old = imported or self.old_of(goal, urn)
        new = self.new_state(goal, urn, old)
        if new.is_provider:
            self.providers.seen[urn] = new
        provider = None if new.is_provider or not new.custom else self.adapter_of(new)
        self.targets.note(new)
        if not self._is_targeted(new):
            return self._untargeted(goal, old, new)
        untargeted.refuse_skipped(self, new)
        return [*untargeted.carried(self, new), *self._targeted(goal, old, new, provider)]

    def _targeted(
        self,
        goal: Goal,
        old: Resource | None,
        new: Resource,
        provider: Adapter | None,
    ) -> list[Step]:
        urn = new.urn
        recreating = urn in self.deleted
        was_external = old is not None and old.external
        seed = os.urandom(32)
        afresh = recreating or was_external or old is None or self._is_asked_for(new, old)
        if new.custom:
            given, olds = goal.inputs, {}
            if not afresh and old is not None:
                given, refused = diffs.ignoring(goal.inputs, old.inputs, goal.ignore_changes)
                olds = old.inputs
                if refused:
                    named = ", ".join(refused)
                    self._run.message(
                        "info", f"cannot ignore changes in added or removed elements of: {named}", urn
                    )
            new.inputs = self._check(new, provider, olds, given, seed)
        elif old is not None:
            new.inputs, _ = diffs.ignoring(goal.inputs, old.inputs, goal.ignore_changes)
        self._policies.remediate(new, self.providers.resource)
        self._policies.analyze(new, goal.delete_before_replace, self.providers.resource)
        self.operated.add(urn)

        if recreating and old is not None:
            self.deleted.discard(urn)
            self.replaced.add(urn)
            detailed = self._forced_keys.get(urn, {})
            return [
                Step("replace", old, new, detailed=detailed),
                Step("create-replacement", old, new, provider, detailed),
            ]
        if was_external and old is not None:
            return [
                Step("create-replacement", old, new, provider, leaves_old=True),
                Step("replace", old, new),
            ]
        if old is None:
            return [Step("create", None, new, provider)]
        return self._from_diff(goal, old, new, provider, seed)

    def urn_of(self, parent: str, type: str, name: str) -> str:
        """The URN of a registration, the first with it. Raises `PlanError` for a second one."""
        if parent and parent not in self.seen:
            raise PlanError(f"could not find parent resource {parent}")
        urn = urns.make(self._run.stack, self._run.project, parent, type, name)
        if urn in self.seen:
            raise PlanError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
        self.seen.add(urn)
        return urn

    def old_of(self, goal: Goal | ReadGoal, urn: str) -> Resource | None:
        """The resource in the state that a registration goes on with: by its URN, else by a former one."""
        if urn in self.aliased:
            raise PlanError(
                f"Duplicate resource URN '{urn}' conflicting with alias on resource with URN "
                f"'{self.aliased[urn]}'"
            )
        if urn in self.olds:
            return self.olds[urn]
        if self.alias_of.get(urn):
            return self.olds.get(self.alias_of[urn])
        for former in former_urns(goal, self._run.stack, self._run.project, self.alias_of):
            if former in self.olds:
                if former in self.seen or former in self.aliased:
                    other = self.aliased.get(former, former)
                    raise PlanError(
                        f"Duplicate resource alias '{former}' applied to resource with URN '{urn}': it is "
                        f"already taken by '{other}'"
                    )
                self.aliased[former] = urn
                self.alias_of[urn] = former
                return self.olds[former]
        return None

    # How the decision is made

    def new_state(self, goal: Goal, urn: str, old: Resource | None) -> Resource:
        """The resource as its registration asks for it."""
        return Resource(
            urn=urn,
            type=goal.type,
            custom=goal.custom,
            inputs=dict(goal.inputs),
            parent=goal.parent,
            provider=goal.provider,
            protect=bool(goal.protect),
            retain_on_delete=bool(goal.retain_on_delete),
            deleted_with=goal.deleted_with,
            replace_with=list(goal.replace_with),
            replacement_trigger=goal.replacement_trigger,
            dependencies=sorted(goal.dependencies),
            property_dependencies={
                key: sorted(found) for key, found in goal.property_dependencies.items() if found
            },
            additional_secret_outputs=list(goal.additional_secret_outputs),
            aliases=[self.alias_of[urn]] if self.alias_of.get(urn) else [],
            timeouts=goal.timeouts,
            import_id=goal.import_id,
            ignore_changes=list(goal.ignore_changes),
            replace_on_changes=list(goal.replace_on_changes),
            hide_diff=[list(paths.parse(text)) for text in goal.hide_diffs],
            hooks={moment: list(names) for moment, names in goal.hooks.items()},
            source_position=goal.source_position,
            created=old.created if old else "",
            modified=old.modified if old else "",
        )

    def adapter_of(self, resource: Resource) -> Adapter:
        """The provider of a resource that needs one. Raises `PlanError`."""
        adapter = self._registry.get(resource.provider)
        if adapter is None:
            adapter = self.ensure_provider(resource.provider)
        if adapter is None:
            raise PlanError(f"unknown provider '{resource.provider}' for resource '{resource.urn}'")
        return adapter

    def ensure_provider(self, reference: str) -> Adapter | None:
        """The provider of a reference, configured from the state where the program has not done so."""
        return self.providers.ensure(reference)

    def _check(
        self, new: Resource, provider: Adapter | None, olds: PropertyMap, news: PropertyMap, seed: bytes
    ) -> PropertyMap:
        if provider is None:
            result: CheckResult = self._registry.check(new.urn, olds, news)
        else:
            result = provider.check(new.urn, olds, news, seed)
        for failure in result.failures:
            where = f"property {failure.property}: " if failure.property else ""
            text = f"{new.type} resource '{urns.name_of(new.urn)}': {where}{failure.reason}"
            self._run.fail(text, new.urn)
        if result.failures:
            raise Stopped
        return result.inputs

    def _from_diff(
        self,
        goal: Goal,
        old: Resource,
        new: Resource,
        provider: Adapter | None,
        seed: bytes,
    ) -> list[Step]:
        if not self._run.preview and contains_unknown(new.replacement_trigger):
            raise PlanError(f"the replacement trigger of '{new.urn}' holds a value that is not known")
        triggered = diffs.trigger_fires(old.replacement_trigger, new.replacement_trigger)
        diff = DiffResult(changes=True) if triggered else self._diff(old, new, provider, goal)
        diff = diffs.forced(diff, goal.replace_on_changes, bool(old.init_errors))
        if (diff.changes and diffs.is_replacement(diff)) or triggered or old.pending_replacement:
            return self._replacement(goal, old, new, provider, diff, seed)
        if diff.changes or old.init_errors:
            return [Step("update", old, new, provider, diff.detailed, goal.ignore_changes)]
        return [Step("same", old, new)]

    def _diff(self, old: Resource, new: Resource, provider: Adapter | None, goal: Goal) -> DiffResult:
        if self._is_asked_for(new, old):
            return DiffResult(changes=True, replaces=("id",))
        if any(urn in self.replaced for urn in new.replace_with):
            return DiffResult(changes=True, replaces=("replaceWith",))
        if new.deleted_with in self.replaced:
            return DiffResult(changes=True, replaces=("deletedWith",))
        if self.providers.forces_replacement(old, new, self.aliased):
            return DiffResult(changes=True, replaces=("provider",))
        if new.is_provider:
            return self._registry.diff(old, new.inputs)
        if provider is not None and not provider.known:
            self._run.message(
                "warning",
                "its provider's configuration is not known before the update, so that what changes cannot be "
                "told: this preview may not be what the update does",
                new.urn,
            )
        # A provider knows a renamed resource by its new name.
        known = old if old.urn == new.urn else old.copy(urn=new.urn)
        return diffs.resource_diff(provider, known, new.inputs, goal.ignore_changes)

    def _replacement(
        self,
        goal: Goal,
        old: Resource,
        new: Resource,
        provider: Adapter | None,
        diff: DiffResult,
        seed: bytes,
    ) -> list[Step]:
        if old.protect and new.protect:
            self._run.fail(
                f'unable to replace resource "{new.urn}" as it is currently marked for protection. '
                "To unprotect it, remove the `protect` option from the program and run an update",
                new.urn,
                stop=not self._run.preview,
            )
            if not self._run.preview:
                raise Stopped
        if goal.import_id:
            changed = ", ".join(diff.replaces) or ", ".join(diff.detailed)
            text = (
                "previously-imported resources that still specify an ID may not be replaced; "
                f"please remove the `import` declaration from your program ({new.urn}: {changed})"
            )
            if not self._run.preview:
                raise PlanError(text)
            self._run.message("warning", text, new.urn)
        self.replaced.add(new.urn)
        # What no property says (another provider, `deletedWith`, `--replace`) is a reason all the same.
        detailed = diff.detailed or dict.fromkeys(diff.replaces, _REASON)
        if new.custom and not self._is_asked_for(new, old):
            # Checked again without the old inputs, for a fresh automatic name.
            new.inputs = self._check(new, provider, {}, goal.inputs, seed)
            self._policies.remediate(new, self.providers.resource, told=False)
        before = (
            diff.delete_before_replace if goal.delete_before_replace is None else goal.delete_before_replace
        )
        if not before:
            return [
                Step("create-replacement", old, new, provider, detailed, leaves_old=True),
                Step("replace", old, new, detailed=detailed),
            ]
        steps: list[Step] = []
        for dependent in reversed(dependent_replacements(self, old, new.urn)):
            if id(dependent.resource) in self.deleted_resources:
                continue
            if dependent.resource.delete:
                self.deleted_resources.add(id(dependent.resource))
                steps.append(Step("delete", dependent.resource, None, self._deleter(dependent.resource)))
                continue
            if dependent.resource.protect:
                self._run.fail(
                    f'unable to replace resource "{dependent.resource.urn}" as part of replacing '
                    f'"{new.urn}" as it is currently marked for protection',
                    new.urn,
                )
                raise Stopped
            self._forced_keys[dependent.resource.urn] = dependent.detailed
            steps.append(self._delete_before(dependent.resource))
        if not old.pending_replacement and id(old) not in self.deleted_resources:
            steps.append(self._delete_before(old))
            self.deleted.discard(old.urn)
        return [
            *steps,
            Step("replace", old, new, detailed=detailed),
            Step("create-replacement", old, new, provider, detailed),
        ]

    def _delete_before(self, resource: Resource) -> Step:
        self.deleted.add(resource.urn)
        self.deleted_resources.add(id(resource))
        self._run.condemned.add(resource.urn)
        return Step("delete-replaced", resource, None, self._deleter(resource), leaves_marker=True)

    def _deleter(self, resource: Resource) -> Adapter | None:
        return self.adapter_of(resource) if resource.custom and not resource.is_provider else None

    # Targets

    def _is_asked_for(self, new: Resource, old: Resource | None) -> bool:
        """Whether the resource is replaced because a person says so (`--replace`, `pulumi state taint`)."""
        return self.targets.replace(new.urn) or (old is not None and old.taint)

    def _is_targeted(self, new: Resource) -> bool:
        return new.is_provider or new.type == urns.ROOT_STACK_TYPE or self.targets.include(new)

    def _untargeted(self, goal: Goal, old: Resource | None, new: Resource) -> list[Step]:
        if old is not None:
            # Judged too, as it would be after its remediations, which wait for a run that targets it.
            remediated = old.copy(urn=new.urn, aliases=new.aliases)
            self._policies.remediate(remediated, self.providers.resource, told=False)
            self._policies.analyze(remediated, goal.delete_before_replace, self.providers.resource)
        return untargeted.steps_of(self, old, new)
