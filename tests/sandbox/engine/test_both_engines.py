"""The official CLI and this engine do the same with the same programs. Needs `pulumi` on PATH."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(
    not (shutil.which("pulumi") and shutil.which("pulumi-language-python")),
    reason="the official Pulumi CLI is not on PATH",
)

URN = "urn:pulumi:dev::test::toy:index:Toy::"


def load(name: str) -> Any:
    """A module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Turn:
    """One run of both engines; without a program, that of the turn before."""

    program: str | None = None
    verb: str = "up"
    drift: Callable[[dict[str, Any]], Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)


def up(program: str | None = None, **options: Any) -> Turn:
    return Turn(program, "up", options=options)


def preview(program: str | None = None, **options: Any) -> Turn:
    return Turn(program, "preview", options=options)


def refresh(drift: Callable[[dict[str, Any]], Any] | None = None, **options: Any) -> Turn:
    return Turn(None, "refresh", drift, options)


def destroy(**options: Any) -> Turn:
    return Turn(None, "destroy", options=options)


def found(**toy: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda toys: toys.update({"toy-90": {"serial": 9, "urn": "x::x::x::x", **toy}})


STACK = """
b = Box("b", word="x")
a = Toy("a", Opts(parent=b), kind="KIND", size=1)
c = Toy("c", size=a.serial)
Toy("d", Opts(depends_on=[b]), secret=pulumi.Output.secret("hush"))
b.register_outputs({"deep": [a.serial, {"none": None}], "self": b})
pulumi.export("c", {"x": [c.id, c.urn]})
"""
DELETED_FIRST = """
a = Toy("a", kind="KIND", before=True)
must = Toy("must", needs=a.serial)
Toy("may", size=a.serial)
Toy("waits", Opts(depends_on=[a]))
Toy("kid", Opts(parent=a))
Toy("further", needs=must.serial)
Toy("lamp", Opts(deleted_with=a))
"""
TOGETHER = """
house = Toy("house", kind="KIND"MORE)
lamp = Toy("lamp", Opts(deleted_with=house))
Toy("bulb", Opts(deleted_with=lamp))
Toy("follower", Opts(replace_with=[house]))
"""
CHAIN = """
a = Toy("a", size=SIZE)
b = Toy("b", size=a.serial)
Toy("c", size=SIZE)
Toy("d", Opts(depends_on=[b]), size=SIZE)
"""
PROVIDERS = """
p = Toys("p", region="a")
q = Toys("q", region="REGION")
Toy("t", Opts(provider=WHICH))
box = Box("box", Opts(providers=[WHICH]))
Toy("k", Opts(parent=box))
"""
OPTIONS = """
stash = pulumi.Stash("stash", input={"a": [N]})
ignored = Opts(ignore_changes=["size", "parts.a", "parts.list[0]"])
Toy("ignored", ignored, size=N, parts={"a": N, "list": [N, 2]})
Toy("forced", Opts(replace_on_changes=["parts"]), parts={"a": N})
Toy("triggered", Opts(replacement_trigger="N"))
Toy("patient", Opts(custom_timeouts=pulumi.CustomTimeouts(create="1h30m"), retain_on_delete=True))
pulumi.export("kept", stash.output)
"""
SECRETS = """
a = Toy("a", Opts(additional_secret_outputs=EXTRA), secret=SECRET("x"), parts={"l": ["p", SECRET("q")]})
pulumi.export("serial", a.serial)
"""
HIDE = "pulumi.Output.secret"


def text(program: str, **words: Any) -> str:
    for word, value in words.items():
        program = program.replace(word, str(value))
    return program


CASES: dict[str, list[Turn]] = {
    "a stack's life": [
        preview(text(STACK, KIND="wood")),
        up(),
        up(),
        preview(text(STACK, KIND="steel")),
        up(),
        refresh(),
        destroy(),
    ],
    "deleted before replaced": [
        up(text(DELETED_FIRST, KIND="wood")),
        preview(text(DELETED_FIRST, KIND="steel")),
        up(),
        destroy(),
    ],
    "replaced together": [
        up(text(TOGETHER, KIND="wood", MORE="")),
        up(text(TOGETHER, KIND="steel", MORE="")),
        up(text(TOGETHER, KIND="glass", MORE=", before=True")),
        destroy(),
    ],
    "aliases": [
        up("box = Box('old')\nToy('old-child', Opts(parent=box))\nToy('was')\nToy('moved')"),
        preview(
            "box = Box('new', Opts(aliases=[pulumi.Alias(name='old')]))\n"
            "Toy('new-child', Opts(parent=box))\n"
            f"Toy('is', Opts(aliases=['{URN}was']))\n"
            "Toy('moved', Opts(parent=box, aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]))"
        ),
        up(),
        up(),
    ],
    "read, managed and read again": [
        Turn("f = Toy('f', Opts(id='toy-90'))\nToy('g', size=f.size)", drift=found(label="found", size=7)),
        up(),
        refresh(),
        up("f = Toy('f', size=3, label='mine')\nToy('g', size=f.size)"),
        up("f = Toy('f', Opts(id='toy-90'))\nToy('g', size=f.size)"),
        up("Toy('g', size=7)"),
        destroy(),
    ],
    "imported": [
        Turn(
            "Toy('mine', Opts(import_='toy-90'), label='old', size=8, kind='k')",
            "preview",
            found(label="old", size=7, kind="k"),
        ),
        up(),
        up("Toy('mine', label='old', size=8, kind='k')"),
        preview("Toy('mine', Opts(import_='toy-90'), label='old', size=8, kind='new')"),
        up("Toy('other', Opts(import_='toy-90'), label='old', kind='q')"),
        up("Toy('other', Opts(import_='nothing'))"),
    ],
    "targets": [
        up(text(CHAIN, SIZE=1)),
        preview(text(CHAIN, SIZE=2), targets=[f"{URN}a"]),
        up(targets=[f"{URN}a"], target_dependents=True),
        up(text(CHAIN, SIZE=3), exclude=[f"{URN}a"]),
        up(text(CHAIN, SIZE=4), exclude=[f"{URN}a"], exclude_dependents=True),
        up(replace=[f"{URN}b"]),
        up("Toy('b', size=9)\nToy('c', size=7)", targets=[f"{URN}c"]),
        up("Toy('c', size=8)", targets=[f"{URN}a"]),
        up(targets=[f"{URN}a"], target_dependents=True),
    ],
    "destroyed in parts": [
        up(text(CHAIN, SIZE=1)),
        destroy(targets=[f"{URN}a"]),
        destroy(targets=[f"{URN}b"], target_dependents=True),
        destroy(exclude=[f"{URN}a"]),
        destroy(),
    ],
    "providers": [
        up(text(PROVIDERS, REGION="a", WHICH="p")),
        up(text(PROVIDERS, REGION="a", WHICH="q")),
        up(text(PROVIDERS, REGION="b", WHICH="q")),
        destroy(),
    ],
    "options": [up(text(OPTIONS, N=1)), up(text(OPTIONS, N=2)), up("pass"), destroy()],
    "secrets": [
        up(text(SECRETS, EXTRA="['serial']", SECRET=HIDE)),
        up(text(SECRETS, EXTRA="[]", SECRET=HIDE)),
        up(text(SECRETS, EXTRA="[]", SECRET="str")),
        refresh(),
    ],
    "drift": [
        up("a = Toy('a', size=1)\nToy('b', size=a.serial)\nToy('c')"),
        refresh(lambda toys: (toys.pop("a-1"), toys["c-1"].update(label="painted"))),
        up(),
    ],
    "failures": [
        up("a = Toy('a')\nx = Toy('x', size=a.serial, fail='create')\npulumi.export('w', a.serial)"),
        up("a = Toy('a')\nx = Toy('x', size=a.serial)\npulumi.export('v', x.serial)"),
        up("a = Toy('a')\nx = Toy('x', size=a.serial, fail='update')\npulumi.export('z', a.serial)"),
        up("Toy('a', fail='delete')"),
        up("Toy('a', kind='other')"),
        destroy(),
    ],
    "unfinished": [
        up("Toy('one', fail='start')"),
        up(),
        up("Toy('one')"),
        up("Toy('w', kind='w', before=True)"),
        up("Toy('w', kind='s', before=True, fail='create')"),
        up("pass"),
    ],
    "protected": [
        up("Toy('kept', Opts(protect=True))\nToy('other')\nBox('box', Opts(protect=True))"),
        preview("pass"),
        up(),
        destroy(),
    ],
    "going on": [
        up(
            "x = Toy('x', fail='create')\ny = Toy('y', size=x.serial)\nz = Toy('z')\n"
            "Box('box', Opts(depends_on=[x]))\npulumi.export('z', z.serial)",
            continue_on_error=True,
        ),
        up("x = Toy('x')\nToy('y', size=x.serial)\nToy('z', size=x.serial, fail='delete')\nToy('q')"),
        destroy(continue_on_error=True),
    ],
    "components with outputs": [
        up(
            "b = Box('b', w={'a': 1}, s=pulumi.Output.secret('x'))\nc = Box('c', Opts(parent=b))\n"
            "Toy('t', Opts(parent=c))\nb.register_outputs({'o': [1, {'z': None}], 'r': c})"
        ),
        up(
            "b = Box('b', w={'a': 2}, s='x')\nc = Box('c', Opts(parent=b))\n"
            "Toy('t', Opts(parent=c))\nb.register_outputs({'o': [2]})"
        ),
        up(),
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_both_engines_do_the_same(workspace: Any, name: str) -> None:
    pytest.importorskip("sandbox.engine.provider_service")
    twins = load("twins").Twins(workspace)
    for number, turn in enumerate(CASES[name]):
        if turn.drift is not None:
            twins.drift(turn.drift)
        if turn.program is not None:
            twins.program(turn.program)
        ours, theirs = twins.run(turn.verb, **turn.options)
        for what, value in theirs.items():
            assert ours[what] == value, f"{name}, run {number} ({turn.verb}): {what}\n{twins.said}"
