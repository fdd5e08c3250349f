"""Values on their way through a program: unknown, secret, nested, large, and what functions make of them."""

from __future__ import annotations

from typing import Any

from sandbox.engine.values import UNKNOWN, ResourceReference, Secret


def test_unknown_elements_stand_where_they_are_in_a_preview(workspace: Any) -> None:
    text = """
        a = Toy("a")
        whole = a.serial.apply(lambda n: [n])
        Toy("b", parts={"list": [1, a.serial], "map": {"x": a.serial, "y": 2}, "all": whole})
        pulumi.export("nested", {"list": [a.serial, "known"], "word": "w"})
        """
    looked = workspace.program(text).run("preview")
    assert looked.started("b").new_inputs["parts"] == {
        "list": [1, UNKNOWN],
        "map": {"x": UNKNOWN, "y": 2},
        "all": UNKNOWN,
    }
    assert looked.summary.outputs["nested"] == {"list": [UNKNOWN, "known"], "word": "w"}
    made = workspace.succeed()
    assert workspace.state_of("b").inputs["parts"]["map"] == {"x": 1, "y": 2}
    assert made.summary.outputs["nested"] == {"list": [1, "known"], "word": "w"}


def test_secrets_stay_secret_through_what_is_made_of_them(workspace: Any) -> None:
    outcome = workspace.succeed(
        """
        word = pulumi.Output.secret("hush")
        a = Toy("a", secret=word, parts={"deep": [{"word": word.apply(str.upper)}]})
        pulumi.export("made", pulumi.Output.all(a.secret, a.serial).apply(lambda both: {"both": both}))
        pulumi.export("inside", {"plain": 1, "word": word})
        pulumi.export("open", pulumi.Output.unsecret(a.secret))
        """
    )
    outputs = outcome.summary.outputs
    assert outputs["made"] == Secret({"both": ["hush", 1]})
    assert outputs["inside"] == {"plain": 1, "word": Secret("hush")} or outputs["inside"] == Secret(
        {"plain": 1, "word": "hush"}
    )
    assert outputs["open"] == "hush"
    assert workspace.state_of("a").inputs["secret"] == Secret("hush")
    workspace.succeed("a = Toy('a', secret=pulumi.Output.secret('hush'))")
    state = workspace.backend.path("test", "dev").read_text()
    assert "hush" not in state
    assert "HUSH" not in state


def test_large_and_foreign_texts_survive(workspace: Any) -> None:
    text = """
        big = "Größe 漢字 🦉 " * 300_000
        a = Toy("a", label="Straße-🦉", parts={"ключ": big})
        pulumi.export("size", a.parts.apply(lambda parts: len(parts["ключ"])))
        pulumi.export("größe", "ß\\u2028\\n")
        """
    workspace.program(text)
    toys = workspace.folder / "toys.py"
    toys.write_text(toys.read_text().replace("    secret: ", "    parts: pulumi.Output[dict]\n    secret: "))
    outcome = workspace.succeed()
    assert outcome.summary.outputs["size"] == len("Größe 漢字 🦉 ") * 300_000
    assert outcome.summary.outputs["größe"] == "ß\u2028\n"
    assert workspace.state_of("a").inputs["label"] == "Straße-🦉"
    assert workspace.succeed(expect_no_changes=True).summary.changes == {"same": 2}


def test_a_resource_as_a_value_is_a_reference(workspace: Any) -> None:
    workspace.succeed(
        """
        a = Toy("a")
        box = Box("box", owner=a)
        Toy("b", parts={"of": a})
        box.register_outputs({"toy": a})
        pulumi.export("toy", a)
        """
    )
    a = workspace.state_of("a")
    for reference in (workspace.state_of("box").inputs["owner"], workspace.state_of("box").outputs["toy"]):
        assert isinstance(reference, ResourceReference)
        assert (reference.urn, reference.id) == (a.urn, a.id)
    # The SDK exports a resource as the object that it is.
    assert workspace.engine().outputs("dev")["toy"]["id"] == a.id
    # A provider that takes no references gets the id, and gives it back from its check.
    assert workspace.cloud.toys[workspace.state_of("b").id]["parts"] == {"of": a.id}
    assert workspace.state_of("b").inputs["parts"] == {"of": a.id}
    assert workspace.succeed(expect_no_changes=True).summary.result == "succeeded"


def test_assets_and_archives_change_with_their_content(workspace: Any) -> None:
    (workspace.folder / "files").mkdir()
    (workspace.folder / "files" / "one.txt").write_text("hello")
    text = """
        Toy("file", source=pulumi.FileAsset("files/one.txt"))
        Toy("folder", source=pulumi.FileArchive("files"))
        members = {"a": pulumi.StringAsset("x"), "b": pulumi.FileArchive("files")}
        Toy("made", source=pulumi.AssetArchive(members))
        """
    workspace.succeed(text)
    (workspace.folder / "files" / "one.txt").touch()
    assert workspace.succeed(expect_no_changes=True).summary.changes == {"same": 4}
    (workspace.folder / "files" / "one.txt").write_text("changed")
    outcome = workspace.succeed()
    assert set(outcome.operations) == {"file", "folder", "made"}
    assert "source" in outcome.started("made").detailed


FUNCTIONS = """
def ask(question, **options):
    return pulumi.runtime.invoke_output(
        "toy:index:ask", {"question": question}, pulumi.InvokeOutputOptions(**options)
    ).apply(lambda answer: answer["answer"])
"""


def test_functions_wait_for_what_they_need(workspace: Any) -> None:
    text = (
        FUNCTIONS
        + """
a = Toy("a", size=SIZE)
box = Box("box")
Toy("inside", Opts(parent=box))
pulumi.export("known", ask("now"))
pulumi.export("unknown", ask(a.serial))
pulumi.export("after", ask("later", depends_on=[a]))
pulumi.export("after-box", ask("much later", depends_on=[box]))
"""
    )
    looked = workspace.program(text.replace("SIZE", "1")).run("preview")
    assert looked.summary.result == "succeeded", looked.summary.errors
    assert looked.summary.outputs["known"] == "now in here"
    for name in ("unknown", "after", "after-box"):
        assert looked.summary.outputs[name] is UNKNOWN, name
    made = workspace.succeed()
    assert made.summary.outputs["unknown"].endswith("in here")
    assert made.summary.outputs["after"] == "later in here"
    # With an update in view, what is there already counts as known.
    again = workspace.program(text.replace("SIZE", "2")).run("preview")
    assert again.summary.outputs["after"] == "later in here"


def test_transforms_of_functions_change_what_is_asked(workspace: Any) -> None:
    outcome = workspace.succeed(
        FUNCTIONS
        + """
from pulumi import InvokeTransformArgs, InvokeTransformResult

def louder(args: InvokeTransformArgs):
    return InvokeTransformResult(args={**args.args, "question": args.args["question"] + "!"}, opts=args.opts)

pulumi.runtime.register_invoke_transform(louder)
pulumi.export("answer", ask("where"))
"""
    )
    assert outcome.summary.outputs["answer"] == "where! in here"


def test_a_failing_function_fails_the_program_that_needs_it(workspace: Any) -> None:
    outcome = workspace.up("pulumi.runtime.invoke('toy:index:fail', {})\nToy('a')")
    assert outcome.summary.result == "failed"
    assert "nobody is in" in outcome.messages("error")
    assert workspace.names() == {"test-dev", "default"} or workspace.names() == {"test-dev"}
