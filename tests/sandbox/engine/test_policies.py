"""Policy packs judge previews and updates: real packs, real programs, in processes of their own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine.events import Event, Message, PolicyPackStarted, PolicyRemediation, PolicyViolation
from sandbox.engine.policy_pack import PolicyPack
from sandbox.engine.urn import name_of
from sandbox.engine.values import Secret
from tests.sandbox.engine.conftest import Outcome, Workspace

RULES = '''
import json, os, time
from pulumi_policy import *

def toys(rule):
    """The rule, for toys alone."""
    return lambda args, *more: rule(args, *more) if args.resource_type == "toy:index:Toy" else None

@toys
def small(args, report):
    config = args.get_config()
    if args.props.get("size", 0) > config["max"]:
        report(f"{args.name} is above {int(config['max'])} {config['unit']}")

@toys
def labelled(args, report):
    if args.props.get("label") == "bad":
        report("choose another label")

@toys
def longer(args):
    if args.props.get("label") == "short":
        parts = {key: value if key == "plain" else {**value} for key, value in args.props["parts"].items()}
        return {**args.props, "label": "longer", "parts": parts}

@toys
def sized(args):
    if args.props.get("label") == "longer" and "secret" in args.props:
        return {**args.props, "size": len(args.props["label"]) - 4}

def secrets(args, report):
    print("printing", args.props.get("secret"), flush=True)
    report(f"it is {args.props.get('secret')}")

def seen(args, report):
    options, provider, timeouts = args.opts, args.provider, args.opts.custom_timeouts
    report(json.dumps({
        "protect": options.protect, "ignore": list(options.ignore_changes), "parent": options.parent,
        "before": options.delete_before_replace, "create": timeouts.create_seconds,
        "secrets": list(options.additional_secret_outputs), "region": provider.props["region"],
        "provider": provider.name, "stack": os.environ["PULUMI_STACK"], "dry": os.environ["PULUMI_DRY_RUN"],
    }, sort_keys=True))

def raises(args, report):
    if args.name == os.environ.get("RAISES_AT", "fragile"):
        raise ValueError(f"broken by {args.props['secret']}")

def ends(args, report):
    os._exit(7)

def numbered(args, report):
    for one in args.resources:
        if one.name == "two" and one.props["serial"] > 1:
            report(f"two has {int(one.props['serial'])}", one.urn)

def hangs(args, report):
    print("hanging", flush=True)
    time.sleep(100)

def alone(args, report):
    for one in args.resources:
        if one.resource_type == "toy:index:Toy":
            for needed in one.property_dependencies.get("needs", []):
                report(f"{one.name} needs {needed.name} in {sorted(one.props)}", one.urn)
    report("seen as a whole")

MANDATORY, OFF = EnforcementLevel.MANDATORY, EnforcementLevel.DISABLED
size = PolicyConfigSchema({
    "max": {"type": "integer", "minimum": 1, "default": 3},
    "unit": {"enum": ["cm", "m"], "default": "cm"},
})

def policy(name, validate, level=OFF, **more):
    return ResourceValidationPolicy(name, f"About {name}.", validate, level, **more)

def remedy(name, remediate):
    return ResourceValidationPolicy(
        name, f"About {name}.", remediate=remediate, enforcement_level=EnforcementLevel.REMEDIATE)

PolicyPack("rules", [
    policy("small", small, MANDATORY, config_schema=size, severity=Severity.HIGH),
    policy("labelled", labelled, EnforcementLevel.ADVISORY),
    remedy("longer", longer), remedy("sized", sized),
    policy("secrets", toys(secrets)), policy("seen", toys(seen)),
    policy("raises", toys(raises)), policy("ends", toys(ends)),
    StackValidationPolicy("alone", "Toys stand alone.", alone, OFF),
    StackValidationPolicy("numbered", "Numbers are low.", numbered, OFF),
    StackValidationPolicy("hangs", "Hangs.", hangs, OFF),
])
'''

PROGRAM = """
provider = Toys("workshop", region="there")
box = Box("box")
Toy("big", Opts(parent=box), size=4)
Toy("bad", size=9, label="bad")
one = Toy("one", label="short", secret=pulumi.Output.secret("s3cret!"),
    parts={"plain": ["p"], "deep": {"key": pulumi.Output.secret("t4cit")}})
Toy("unknown", Opts(protect=True, ignore_changes=["size"], provider=provider, delete_before_replace=False,
    custom_timeouts=pulumi.CustomTimeouts(create="5m"), additional_secret_outputs=["serial"]),
    size=one.serial, needs=one.serial)
"""


class Packs:
    """Writes packs and their configurations into a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def rules(self, **config: Any) -> list[PolicyPack]:
        return [self.pack(RULES, **{name.replace("_", "-"): value for name, value in config.items()})]

    def pack(self, text: str, yaml: str = "version: 1.2.0", **config: Any) -> PolicyPack:
        self._count += 1
        folder = self._folder / f"pack{self._count}"
        folder.mkdir()
        (folder / "PulumiPolicy.yaml").write_text(f"runtime: python\n{yaml}\n")
        (folder / "__main__.py").write_text(text)
        file = self._folder / f"config{self._count}.json"
        file.write_text(json.dumps(config))
        return PolicyPack.load(folder, file)


@pytest.fixture
def packs(tmp_path: Path) -> Packs:
    return Packs(tmp_path)


def violations(outcome: Outcome, policy: str = "") -> list[PolicyViolation]:
    found = [item for item in outcome.events if isinstance(item, PolicyViolation)]
    return [item for item in found if policy in ("", item.policy)]


def told(items: Sequence[PolicyViolation]) -> dict[str, str]:
    """The messages by the resource's name."""
    return {name_of(item.urn): item.message for item in items}


@pytest.fixture(scope="module")
def previewed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Outcome]:
    """A preview in which every rule has something to say, for the tests that look at one each."""
    folder = tmp_path_factory.mktemp("previewed")
    (folder / "project").mkdir()
    workspace = Workspace((folder / "project").resolve()).program(PROGRAM)
    packs = Packs(folder).rules(secrets="advisory", seen="advisory", alone="mandatory")
    return workspace, workspace.run("preview", policy_packs=packs)


def test_a_preview_tells_every_violation_and_fails_at_its_end(previewed: Any) -> None:
    workspace, outcome = previewed
    assert outcome.summary.result == "failed"
    assert told(violations(outcome, "small")) == {
        "big": "About small.\nbig is above 3 cm",
        "bad": "About small.\nbad is above 3 cm",
        "unknown": violations(outcome, "small")[-1].message,
    }
    assert "toy:index:Toy 'big' violates the policy 'small' of rules@v1.2.0" in outcome.summary.errors
    assert outcome.operations["unknown"] == {"create"}
    assert workspace.cloud.toys == {}


def test_a_violation_is_told_with_its_pack_level_and_severity(previewed: Any) -> None:
    _, outcome = previewed
    assert next(item for item in outcome.events if isinstance(item, PolicyPackStarted)).policies == 7
    big = next(item for item in violations(outcome, "small") if name_of(item.urn) == "big")
    assert big.urn == "urn:pulumi:dev::test::test:index:Box$toy:index:Toy::big"
    assert (big.pack, big.version, big.level, big.severity) == ("rules", "1.2.0", "mandatory", "high")
    [bad] = violations(outcome, "labelled")
    assert (bad.level, bad.severity) == ("advisory", "")
    assert bad.message == "About labelled.\nchoose another label"


def test_a_value_that_only_an_update_tells_is_a_note_and_other_rules_go_on(previewed: Any) -> None:
    _, outcome = previewed
    [note] = [item for item in violations(outcome, "small") if name_of(item.urn) == "unknown"]
    assert note.level == "advisory"
    assert "string value at .size can't be known during preview" in note.message
    assert "unknown" in told(violations(outcome, "seen"))


def test_remediations_feed_each_other_before_anything_is_planned(previewed: Any) -> None:
    _, outcome = previewed
    first, second = (item for item in outcome.events if isinstance(item, PolicyRemediation))
    assert (first.policy, first.before["label"], first.after["label"]) == ("longer", "short", "longer")
    assert (second.policy, second.before["label"], second.after["size"]) == ("sized", "longer", 2)
    assert second.after["secret"] == Secret("s3cret!")
    assert second.after["parts"] == {"plain": ["p"], "deep": {"key": Secret("t4cit")}}
    assert outcome.started("one").new_inputs == second.after


def test_a_rule_sees_options_provider_and_run(previewed: Any) -> None:
    _, outcome = previewed
    found = told(violations(outcome, "seen"))
    assert json.loads(found["unknown"].split("\n")[1]) == {
        "protect": True,
        "ignore": ["size"],
        "parent": "urn:pulumi:dev::test::pulumi:pulumi:Stack::test-dev",
        "before": False,
        "create": 300,
        "secrets": ["serial"],
        "region": "there",
        "provider": "workshop",
        "stack": "dev",
        "dry": "true",
    }
    big = json.loads(found["big"].split("\n")[1])
    assert (big["parent"], big["before"]) == ("urn:pulumi:dev::test::test:index:Box::box", None)
    assert (big["region"], big["provider"]) == ("here", "default_1_2_3")


def test_a_stack_policy_sees_outputs_and_what_properties_depend_on(previewed: Any) -> None:
    _, outcome = previewed
    assert told(violations(outcome, "alone")) == {
        "unknown": "Toys stand alone.\nunknown needs one in ['label', 'needs', 'serial', 'size']",
        "test-dev": "Toys stand alone.\nseen as a whole",
    }
    assert {item.level for item in violations(outcome, "alone")} == {"mandatory"}


def test_secrets_are_judged_and_never_told(previewed: Any) -> None:
    _, outcome = previewed
    assert told(violations(outcome, "secrets"))["one"] == "About secrets.\nit is [secret]"
    assert "rules: printing [secret]" in outcome.messages("info")


def test_an_update_makes_nothing_where_its_preview_violates_a_policy(workspace: Any, packs: Packs) -> None:
    chosen = packs.rules(small={"max": 1}, alone="remediate")
    outcome = workspace.up("Toy('good', size=1)\nToy('big', size=2)", policy_packs=chosen)
    assert outcome.summary.result == "failed"
    assert {(item.policy, item.level) for item in violations(outcome)} == {
        ("small", "mandatory"),
        ("alone", "mandatory"),
    }
    assert "nothing has been begun" in outcome.messages("info")
    assert (outcome.operations, outcome.summary.changes) == ({}, {})
    assert workspace.cloud.calls == []
    assert workspace.backend.stacks("test") == []


LATE = """
one = Toy('one')
two = Toy('two', size=one.serial)
Toy('three', Opts(depends_on=[two]))
"""


def test_an_update_stops_at_a_violation_that_only_it_could_know(workspace: Any, packs: Packs) -> None:
    workspace.cloud.serial = 8
    outcome = workspace.up(LATE, policy_packs=packs.rules())
    assert outcome.summary.result == "failed"
    assert told(violations(outcome)) == {"two": "About small.\ntwo is above 3 cm"}
    assert workspace.cloud.called("create") == ["one"]
    assert "two" not in workspace.names()


def test_a_stack_that_only_the_update_could_know_is_kept_and_fails(workspace: Any, packs: Packs) -> None:
    outcome = workspace.up(LATE, policy_packs=packs.rules(numbered="mandatory"))
    assert outcome.summary.result == "failed"
    assert told(violations(outcome)) == {"two": "Numbers are low.\ntwo has 2"}
    assert workspace.names() >= {"one", "two", "three"}


def test_what_was_remediated_is_made_and_stays(workspace: Any, packs: Packs) -> None:
    workspace.program(
        "Toy('one', label='short', kind='wood', secret=pulumi.Output.secret('s3cret!'), parts={})"
    )
    chosen = packs.rules()
    assert workspace.run("up", policy_packs=chosen).summary.result == "succeeded"
    one = workspace.state_of("one")
    assert (one.inputs["label"], one.inputs["size"], one.inputs["secret"]) == ("longer", 2, Secret("s3cret!"))
    assert workspace.cloud.toys[one.id]["label"] == "longer"
    again = workspace.run("preview", policy_packs=chosen, expect_no_changes=True)
    assert again.summary.result == "succeeded"
    # A replacement is checked a second time, from the program's own inputs.
    workspace.program(
        "Toy('one', label='short', kind='stone', secret=pulumi.Output.secret('s3cret!'), parts={})"
    )
    replaced = workspace.run("preview", policy_packs=chosen)
    step = replaced.started("one")
    assert step.operation == "create-replacement"
    assert step.new_inputs["label"] == "longer"


SHOUT = """
from pulumi_policy import *

def shout(args):
    if args.resource_type == "toy:index:Toy":
        args.props["label"] = args.props["label"] + "!"
        return args.props

def quiet(args, report):
    if args.resource_type == "toy:index:Toy" and args.props["label"].endswith("!"):
        report(args.props["label"])

PolicyPack("shouts", [
    ResourceValidationPolicy("shout", "S.", quiet, EnforcementLevel.REMEDIATE, remediate=shout)])
"""


def test_packs_remediate_in_their_order_and_what_still_violates_is_mandatory(
    workspace: Any, packs: Packs
) -> None:
    workspace.program("Toy('one', label='short', parts={})")
    outcome = workspace.run("preview", policy_packs=[*packs.rules(), packs.pack(SHOUT)])
    remediations = [item for item in outcome.events if isinstance(item, PolicyRemediation)]
    assert [(item.pack, item.after["label"]) for item in remediations] == [
        ("rules", "longer"),
        ("shouts", "longer!"),
    ]
    [found] = violations(outcome)
    assert (found.pack, found.policy, found.level) == ("shouts", "shout", "mandatory")


def test_a_rule_that_raises_fails_the_run_and_is_named(workspace: Any, packs: Packs) -> None:
    text = "Toy('fragile', secret=pulumi.Output.secret('s3cret!'))"
    outcome = workspace.program(text).run("preview", policy_packs=packs.rules(raises="advisory"))
    assert outcome.summary.result == "failed"
    [error] = outcome.summary.errors
    assert error.startswith(
        "the policy pack rules@v1.2.0 failed: at urn:pulumi:dev::test::toy:index:Toy::fragile"
    )
    assert "policy 'raises'" in error
    assert error.endswith("ValueError: broken by [secret]")


def test_a_pack_that_ends_is_a_named_failure(workspace: Any, packs: Packs) -> None:
    outcome = workspace.program("Toy('one')").run("preview", policy_packs=packs.rules(ends="advisory"))
    [error] = outcome.summary.errors
    assert error.startswith(
        "the policy pack rules@v1.2.0 failed: at urn:pulumi:dev::test::toy:index:Toy::one"
    )
    assert "its process ended with status 7" in error


def test_a_rule_that_hangs_is_ended_by_hand(workspace: Any, packs: Packs) -> None:
    engine = workspace.program("Toy('one')").engine()

    def on_event(event: Event) -> None:
        if isinstance(event, Message) and event.text == "rules: hanging":
            engine.cancel()
            engine.cancel()

    chosen = packs.rules(hangs="advisory")
    summary = engine.preview("dev", workspace.config(), on_event, policy_packs=chosen)
    assert (summary.result, summary.errors) == ("cancelled", ())


def test_a_pack_that_does_not_start_is_a_named_failure(workspace: Any, packs: Packs) -> None:
    broken = packs.pack("import nothing_of_that_name")
    outcome = workspace.program("Toy('one')").run("preview", policy_packs=[broken])
    [error] = outcome.summary.errors
    assert error.startswith(f"the policy pack {broken.folder} failed: its process ended with status 1")
    assert "No module named 'nothing_of_that_name'" in error
    assert outcome.operations == {}


def test_a_wrong_configuration_is_told_whole_before_anything_is_planned(workspace: Any, packs: Packs) -> None:
    chosen = packs.rules(small={"max": 0, "unit": "ft"}, nobody="mandatory")
    outcome = workspace.program("Toy('one')").run("preview", policy_packs=chosen)
    assert outcome.summary.errors == (
        f"the policy configuration in {chosen[0].config_file} cannot be used:\n"
        "  small: max must be at least 1, not 0\n"
        '  small: unit must be one of "cm", "m", not "ft"',
    )
    assert outcome.operations == {}


def test_what_the_targets_leave_out_is_judged_as_it_stays(workspace: Any, packs: Packs) -> None:
    workspace.succeed("Toy('a', size=1)\nToy('big', size=4)")
    outcome = workspace.program("Toy('a', size=2)\nToy('big', size=1)").run(
        "preview",
        policy_packs=packs.rules(nobody="advisory"),
        targets=["urn:pulumi:dev::test::toy:index:Toy::a"],
    )
    assert told(violations(outcome)) == {"big": "About small.\nbig is above 3 cm"}
    assert "the policy pack rules@v1.2.0 has no policy 'nobody'" in outcome.messages("warning")
