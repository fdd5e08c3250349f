"""Taking resources that exist already into a state without a program (`pulumi import`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.engine import urn as urns
from sandbox.engine.errors import EngineError
from sandbox.engine.registrar import Registrar
from sandbox.engine.session import Session
from sandbox.engine.state import Resource
from sandbox.engine.steps import Step


class ImportRefused(EngineError):
    """An import that cannot be made; nothing has been."""


@dataclass(frozen=True)
class Import:
    """A resource to import. `parent` and `provider` are URNs; empty: the stack, the default provider."""

    type: str
    name: str
    id: str = ""
    parent: str = ""
    provider: str = ""
    version: str = ""
    component: bool = False
    """A component has no id: it is only noted, so that others can stand below it."""

    def urn(self, stack: str, project: str) -> str:
        """The URN that the resource will have."""
        return urns.make(stack, project, self.parent, self.type, self.name)


def import_all(session: Session, imports: Sequence[Import], *, protect: bool) -> None:
    """Reads the resources and writes them to the state; what the state holds already stays as it is."""
    session.open()
    run, planner, executor = session.run, session.planner, session.executor
    wanted = {item.urn(run.stack, run.project): item for item in imports}
    _refuse(session, wanted, len(imports))
    registrar = Registrar(run, session.journal, session.registry, planner, executor, session.config)
    providers = {
        urn: _provider(registrar, item)
        for urn, item in wanted.items()
        if not item.component and urn not in planner.olds
    }
    for old in planner.resources:
        if not old.delete and old.urn not in planner.operated:
            planner.operated.add(old.urn)
            executor.step(Step("same", old, old.copy(), untargeted=True))
    root = urns.make(run.stack, run.project, "", urns.ROOT_STACK_TYPE, f"{run.project}-{run.stack}")
    if root not in planner.olds:
        stack = Resource(urn=root, type=urns.ROOT_STACK_TYPE, custom=False)
        executor.step(Step("create", None, stack))
    for urn in _parents_first(wanted, {*planner.olds, root}):
        if urn in planner.olds:
            continue
        item = wanted[urn]
        new = Resource(
            urn=urn,
            type=item.type,
            custom=not item.component,
            id=item.id,
            parent=item.parent or root,
            provider=providers.get(urn, ""),
            protect=protect,
        )
        adapter = None if item.component else planner.adapter_of(new)
        executor.step(Step("import", None, new, adapter))
        if adapter is not None:
            # The provider's own read should pass its own check; where it does not, a person must know.
            checked = adapter.check(urn, new.inputs, new.inputs, bytes(32))
            for failure in checked.failures:
                run.message("warning", f"imported input {failure.property}: {failure.reason}", urn)


def _provider(registrar: Registrar, item: Import) -> str:
    if item.provider:
        return registrar.reference_of(item.provider)
    return registrar.default_provider(urns.package_of(item.type), item.version)


def _refuse(session: Session, wanted: dict[str, Import], number: int) -> None:
    planner = session.planner
    if len(wanted) < number:
        raise ImportRefused("two of the resources to import have the same type, name and parent")
    for urn, item in wanted.items():
        if not item.component and (item.type.count(":") != 2 or not item.id):
            raise ImportRefused(
                f"'{item.type}' '{item.name}' cannot be imported: it takes a type such as "
                "'package:module/type:Type' and an id"
            )
        old = planner.olds.get(urn)
        if old is not None and item.id not in (old.id, old.import_id):
            raise ImportRefused(
                f"'{urn}' is in the state already, with the id '{old.id}': give the resource another name"
            )
        for what, needed in (("parent", item.parent), ("provider", item.provider)):
            if needed and needed not in planner.olds and needed not in wanted:
                raise ImportRefused(f"the {what} '{needed}' of '{item.name}' is not in the state")


def _parents_first(wanted: dict[str, Import], known: set[str]) -> list[str]:
    ordered: list[str] = []
    left = dict(wanted)
    while left:
        ready = [urn for urn, item in left.items() if not item.parent or item.parent in known]
        if not ready:
            raise ImportRefused(f"the parents of {', '.join(sorted(left))} are each other's children")
        for urn in ready:
            known.add(urn)
            ordered.append(urn)
            del left[urn]
    return ordered
