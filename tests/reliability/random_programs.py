"""Random programs of toys: what they hold, how they are edited between runs, and how they register."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from hypothesis import strategies as st
from monitor_driver import VERSION, Registered, Registrations, Wanted

from sandbox.engine.values import Secret

NAMES = tuple("abcde")
Kind = Literal["toy", "box", "toys"]
_TYPES = {"toy": "toy:index:Toy", "box": "test:index:Box", "toys": "pulumi:providers:toy"}


@dataclass(frozen=True, repr=False)
class Spec:
    """A resource of a program: a toy, a box (a component) or an explicit provider of toys.

    References are names of earlier resources; one that is not there does not count.
    """

    name: str
    kind: Kind = "toy"
    parent: str = ""
    needs: tuple[str, ...] = ()
    """What it names in `dependsOn`."""
    source: str = ""
    """The toy whose serial number is this one's size."""
    provider: str = ""
    size: int = 1
    material: str = "wood"
    secret: bool = False
    before: bool = False
    """The provider asks for the deletion before the replacement."""
    region: str = "here"
    """Of a provider: a change replaces it, and all that it made."""
    protect: bool = False
    retain: bool = False
    ignore: tuple[str, ...] = ()
    replace_on: tuple[str, ...] = ()
    delete_before: bool | None = None
    deleted_with: str = ""
    replace_with: tuple[str, ...] = ()
    secret_outputs: tuple[str, ...] = ()
    was: str = ""
    """Its former name, as an alias."""

    def __repr__(self) -> str:
        return shortly(self)


def shortly(item: Any) -> str:
    """A dataclass as the call that makes it: what has its default is left out."""
    said = []
    for field in fields(item):
        value = getattr(item, field.name)
        if value != field.default:
            said.append(f"{field.name}={value!r}")
    return f"{type(item).__name__}({', '.join(said)})"


Program = tuple[Spec, ...]


def sound(program: Sequence[Spec]) -> Program:
    """The program without second uses of a name, and without references to what is not earlier."""
    done: dict[str, Spec] = {}
    names = {spec.name for spec in program}
    aliases: set[str] = set()
    for spec in program:
        if spec.name in done:
            continue
        toys = {name for name, other in done.items() if other.kind == "toy"}
        parent = spec.parent if spec.parent in done and done[spec.parent].kind != "toys" else ""
        was = "" if spec.was in names or spec.was in aliases else spec.was
        aliases.add(was)
        plain = spec.kind == "toy"
        done[spec.name] = replace(
            spec,
            parent=parent,
            needs=tuple(name for name in spec.needs if name in done),
            source=spec.source if plain and spec.source in toys else "",
            provider=spec.provider
            if plain and spec.provider in done and done[spec.provider].kind == "toys"
            else "",
            deleted_with=spec.deleted_with if plain and spec.deleted_with in toys else "",
            replace_with=tuple(name for name in spec.replace_with if plain and name in toys),
            was=was,
        )
    return tuple(done.values())


def calm(program: Program) -> Program:
    """The same program with nothing protected, which would rightly refuse to go on."""
    return tuple(replace(spec, protect=False) for spec in program)


def registers(program: Program) -> Callable[[Registrations], None]:
    """What a driver runs for the program."""

    def run(registrations: Registrations) -> None:
        registrations.stack("test-dev")
        made: dict[str, Registered] = {}
        homes: dict[str, str] = {}
        for spec in program:
            # A child goes with whatever its parent goes with.
            homes[spec.name] = spec.deleted_with or homes.get(spec.parent, "")
            made[spec.name] = registrations.register(_wanted(spec, homes[spec.name], made))
            if spec.kind == "box":
                registrations.outputs(made[spec.name].urn, {"size": spec.size})
        serials = {spec.name: made[spec.name].outputs.get("serial") for spec in program if spec.kind == "toy"}
        registrations.outputs(registrations.root, {"serials": serials})

    return run


def _wanted(spec: Spec, home: str, made: dict[str, Registered]) -> Wanted:
    inputs: dict[str, Any] = {}
    uses: dict[str, list[str]] = {}
    options: dict[str, Any] = {
        "protect": spec.protect,
        "retainOnDelete": spec.retain,
        "ignoreChanges": list(spec.ignore) if spec.kind == "toy" else [],
        "replaceOnChanges": list(spec.replace_on) if spec.kind == "toy" else [],
        "additionalSecretOutputs": list(spec.secret_outputs) if spec.kind == "toy" else [],
        "deletedWith": made[spec.deleted_with].urn if spec.deleted_with else "",
        "replace_with": [made[name].urn for name in spec.replace_with],
    }
    if spec.delete_before is not None:
        options |= {"deleteBeforeReplace": spec.delete_before, "deleteBeforeReplaceDefined": True}
    if spec.kind == "toys":
        inputs["region"] = spec.region
        options["version"] = VERSION
    if spec.kind == "toy":
        inputs = {"material": spec.material, "size": spec.size}
        if spec.before:
            inputs["before"] = True
        if spec.secret:
            inputs["key"] = Secret(f"key of {spec.name}")
        if spec.source:
            inputs["size"] = made[spec.source].outputs.get("serial")
            uses["size"] = [made[spec.source].urn]
        if home:
            inputs["home"] = made[home].id
            uses["home"] = [made[home].urn]
        if spec.retain:
            inputs["retained"] = True
    options.pop("version", None)
    return Wanted(
        type=_TYPES[spec.kind],
        name=spec.name,
        custom=spec.kind != "box",
        parent=made[spec.parent].urn if spec.parent else "",
        provider=made[spec.provider].reference if spec.provider else "",
        inputs=inputs,
        dependencies=sorted(
            {made[name].urn for name in spec.needs} | {urn for found in uses.values() for urn in found}
        ),
        property_dependencies={key: uses.get(key, []) for key in inputs},
        former_name=spec.was,
        options=options,
    )


# Strategies

names = st.sampled_from(NAMES)
_paths = st.lists(st.sampled_from(("size", "material", "key")), max_size=2, unique=True).map(tuple)
specs = st.builds(
    Spec,
    name=names,
    kind=st.sampled_from(("toy", "toy", "toy", "toy", "box", "toys")),
    parent=st.one_of(st.just(""), names),
    needs=st.lists(names, max_size=2, unique=True).map(tuple),
    source=st.one_of(st.just(""), names),
    provider=st.one_of(st.just(""), names),
    size=st.integers(1, 3),
    material=st.sampled_from(("wood", "steel")),
    secret=st.booleans(),
    before=st.booleans(),
    region=st.sampled_from(("here", "there")),
    protect=st.sampled_from((False, False, False, True)),
    retain=st.sampled_from((False, False, False, True)),
    ignore=_paths,
    replace_on=_paths,
    delete_before=st.sampled_from((None, None, True, False)),
    deleted_with=st.one_of(st.just(""), st.just(""), names),
    replace_with=st.one_of(st.just(()), st.just(()), st.lists(names, max_size=1).map(tuple)),
    secret_outputs=st.sampled_from(((), (), ("serial",))),
)
programs = st.lists(specs, min_size=2, max_size=6, unique_by=lambda spec: spec.name).map(sound)


@dataclass(frozen=True)
class Edit:
    """A change of a program: a resource added or put in another's place, removed, or renamed."""

    what: Literal["put", "change", "remove", "rename"]
    spec: Spec
    field: str = ""
    place: int = 0

    def on(self, program: Program) -> Program:
        """The program after the edit."""
        name = self.spec.name
        there = [spec for spec in program if spec.name == name]
        if self.what == "remove":
            return sound([spec for spec in program if spec.name != name])
        if self.what == "put":
            rest = [spec for spec in program if spec.name != name]
            place = self.place % (len(rest) + 1)
            return sound([*rest[:place], self.spec, *rest[place:]])
        if not there:
            return program
        if self.what == "change":
            changed = replace(there[0], **{self.field: getattr(self.spec, self.field)})
            return sound([changed if spec is there[0] else spec for spec in program])
        new = f"{name}{name}" if f"{name}{name}" not in {spec.name for spec in program} else name
        return sound([_renamed(spec, name, new) for spec in program])


def _renamed(spec: Spec, old: str, new: str) -> Spec:
    def right(name: str) -> str:
        return new if name == old else name

    return replace(
        spec,
        name=right(spec.name),
        was=old if spec.name == old and new != old else spec.was,
        parent=right(spec.parent),
        needs=tuple(map(right, spec.needs)),
        source=right(spec.source),
        provider=right(spec.provider),
        deleted_with=right(spec.deleted_with),
        replace_with=tuple(map(right, spec.replace_with)),
    )


_FIELDS = tuple(name for name in Spec.__dataclass_fields__ if name not in ("name", "was"))


@st.composite
def edits(draw: Any, program: Program) -> Edit:
    """An edit of this program."""
    what = draw(st.sampled_from(("change", "change", "change", "change", "put", "remove", "rename")))
    spec = draw(specs)
    if what != "put" and program:
        spec = replace(spec, name=draw(st.sampled_from([other.name for other in program])))
    field = draw(st.sampled_from((*_FIELDS, "size", "size", "material", "material", "material", "source")))
    return Edit(what, spec, field, draw(st.integers(0, 6)))
