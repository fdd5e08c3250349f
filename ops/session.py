"""One command at work on one stack: its workspace, screen, cloud and engine, each made when first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from ops.cloud_use import uses_aws
from ops.errors import InterruptedRunError, UpFailedError, UsageError
from ops.outputs import StackOutputs
from ops.runs import Action, Outcome, RunOptions, StackRunner
from ops.screen import Screen
from ops.target import Kind, Sandbox, Target, connect_aws
from ops.workspace import SANDBOX_PASSPHRASE, Workspace
from sandbox.engine.urn import name_of

if TYPE_CHECKING:
    from sandbox.engine.importing import Import
    from sandbox.engine.state import Resource

EngineName = Literal["embedded", "pulumi"]


class Session:
    """What a subcommand gets. Opening one checks the stack's name; the cloud is reached when asked for.

    A command that `makes` stacks may be given the name of one that is not there yet (`Workspace.require`).
    """

    def __init__(
        self,
        workspace: Workspace,
        stack: str,
        screen: Screen,
        *,
        target: Kind = "sandbox",
        engine: EngineName | None = None,
        makes: bool = False,
        new: bool = False,
    ) -> None:
        workspace.require(stack, makes=makes, new=new)
        self.workspace = workspace
        self.stack = stack
        self.screen = screen
        self.target_kind: Kind = target
        self.sandbox = Sandbox(workspace, stack)
        self.engine: EngineName = engine or ("pulumi" if target == "aws" else "embedded")
        if self.engine == "embedded" and target == "aws":
            raise UsageError(
                "the embedded engine has a provider for the sandbox only",
                f"a real account takes the official CLI: groundplan up {stack} --target aws --engine pulumi",
            )

    @cached_property
    def target(self) -> Target:
        """The cloud, ready; said aloud before anything is done to it."""
        aws = self.target_kind == "aws"
        target = connect_aws(self.workspace, self.stack) if aws else self.sandbox.reach()
        self._say(f"Stack {self.stack} on {target}")
        return target

    @cached_property
    def reached(self) -> Target | None:
        """The cloud, said aloud, where the stack may use one; None where nothing in the project speaks of it.

        A program that uses AWS all the same starts the sandbox then.
        """
        if self.target_kind == "aws" or self.engine == "pulumi":
            return self.target
        if uses_aws(self.workspace, self.stack, self.workspace.config(self.stack)):
            return self.target
        self._say(
            f"Stack {self.stack} of {self.workspace.project.name}, which does not speak of AWS: no sandbox"
        )
        return None

    def announce(self) -> None:
        """Reaches the cloud where one is needed, and says which, before anything else is said."""
        self.reached  # noqa: B018 - a property that speaks

    def _say(self, where: str) -> None:
        self.screen.line(self.screen.paint(where, "bold"))
        workspace = self.workspace
        begins = self.stack not in workspace.backend.stacks(workspace.project.name)
        if self.target_kind == "sandbox" and begins and workspace.passphrase.value == SANDBOX_PASSPHRASE:
            note = f"Secrets in the state are encrypted with the passphrase '{SANDBOX_PASSPHRASE}'"
            self.screen.line(self.screen.paint(f"{note}; PULUMI_CONFIG_PASSPHRASE sets another", "dim"))

    def client(self, service: str) -> Any:
        """A boto3 client of the cloud."""
        return self.target.client(service)

    def run(self, action: Action, options: RunOptions | None = None) -> Outcome:
        """Runs the stack; how it ended is the caller's to judge (`succeed`)."""
        if self.engine == "pulumi":
            from ops.official import require_cli

            require_cli(self.stack)  # before a sandbox is started for it
        from ops.parking import bring_back

        self.announce()
        chosen = options or RunOptions()
        bring_back(self, action, chosen)
        return self._runner().run(action, chosen)

    def refresh_quietly(self, urns: Sequence[str]) -> None:
        """Makes the state say what the cloud has of these URNs, before a run that makes what is missing.

        Raises as `succeed`.
        """
        options = RunOptions(only=tuple(urns), brief=True, assume_yes=True)
        succeed(self._runner().run("refresh", options), self.stack)

    def plain_outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """The program's outputs in JSON's terms; the sandbox need not run for it."""
        return self._runner().outputs(show_secrets=show_secrets)

    def outputs(self) -> StackOutputs:
        """The program's outputs as commands need them. Raises `StackNotUpError`."""
        return StackOutputs.read(self.stack, self.plain_outputs())

    def import_resources(self, imports: Sequence[Import], options: RunOptions, *, protect: bool) -> Outcome:
        """Takes resources that exist already into the state."""
        self.announce()
        return self._runner().import_resources(imports, options, protect=protect)

    def resources(self) -> Sequence[Resource]:
        """What the state holds; the sandbox need not run for it."""
        return self._runner().resources()

    def plan(self) -> Sequence[Resource]:
        """The state that an `up` would leave. Raises `PlanFailedError`; the official CLI tells none."""
        from ops.embedded import EmbeddedRunner

        runner = self._runner()
        if not isinstance(runner, EmbeddedRunner):
            raise UsageError("only the embedded engine tells a plan as a state", "leave --engine away")
        return runner.plan()

    def edit_state(self, edit: Callable[[Sequence[Resource]], list[Resource]]) -> None:
        """Replaces what the state holds; nothing in the cloud changes."""
        self._runner().edit_state(edit)

    def urns_by_name(self) -> dict[str, str]:
        """The URNs of the state's resources by their names, those of which there is one."""
        found: dict[str, list[str]] = {}
        for item in self.resources():
            found.setdefault(name_of(item.urn), []).append(item.urn)
        return {name: urns[0] for name, urns in found.items() if len(urns) == 1}

    def unlock(self) -> None:
        """Takes away the lock of a run that has died."""
        self._runner().unlock()

    def _runner(self) -> StackRunner:
        if self.engine == "pulumi":
            from ops.official import OfficialRunner
            from ops.official_sandbox import SandboxedCli

            if self.target_kind == "sandbox":
                sandboxed = SandboxedCli(self.workspace, self.stack, self.sandbox.reached)
                return OfficialRunner(self.workspace, self.stack, self.screen, sandboxed)
            self.announce()
            return OfficialRunner(self.workspace, self.stack, self.screen)
        from ops.embedded import EmbeddedRunner

        return EmbeddedRunner(self.workspace, self.stack, self.screen, self.sandbox)


def succeed(outcome: Outcome, stack: str, document: Mapping[str, Any] | None = None) -> Outcome:
    """The outcome where it is a success. Raises `UpFailedError` and `InterruptedRunError`.

    `document` is what the command tells of the run whether it has succeeded or not.
    """
    told = document or {}
    if outcome.result == "cancelled":
        text = "interrupted; everything made so far is kept"
        raise InterruptedRunError(text, "run it again to go on").telling(told)
    if outcome.result == "failed":
        raise UpFailedError(stack, outcome.errors).telling(told)
    return outcome
