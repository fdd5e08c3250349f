"""A running policy pack: its process, and the calls of Pulumi's analyzer protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from sandbox.engine import analyzer_messages as messages
from sandbox.engine.analyzer_messages import Diagnostic, Judged, PackInfo, Remediation
from sandbox.engine.channels import channel_to
from sandbox.engine.errors import EngineError
from sandbox.engine.events import EnforcementLevel
from sandbox.engine.plugins import PluginFailed, PluginProcess
from sandbox.engine.policy_config import PolicySettings, reconciled, unknown_policies
from sandbox.engine.policy_pack import PolicyPack, Surroundings

_ORGANIZATION: Final = "organization"
_NO_SDK: Final = "No module named 'pulumi_policy'"


class PolicyPackFailed(EngineError):
    """A pack that does not start, breaks off, or has a policy that raises."""

    def __init__(self, pack: str, reason: str) -> None:
        super().__init__(f"the policy pack {pack} failed: {reason}")
        self.pack = pack
        self.reason = reason


class Analyzer:
    """One pack at work. The constructor starts its process and does not wait; `open` does.

    `hide` takes the secrets out of what the pack says went wrong.
    """

    def __init__(
        self,
        pack: PolicyPack,
        surroundings: Surroundings,
        engine_address: str,
        on_line: Callable[[str], None],
        hide: Callable[[str], str],
    ) -> None:
        self.pack = pack
        self._hide = hide
        self.warnings: tuple[str, ...] = ()
        self.settings: Mapping[str, PolicySettings] = {}
        self._surroundings = surroundings
        self._engine_address = engine_address
        self._channel: grpc.Channel | None = None
        self._name = str(pack.folder)
        self._process = PluginProcess(
            pack.command(engine_address, surroundings.environment.get("PATH")),
            environment={**surroundings.environment, **_environment(surroundings)},
            folder=pack.folder,
            name=f"of the policy pack in {pack.folder}",
            on_line=on_line,
        )

    def open(self) -> None:
        """Waits until the pack serves, tells it of the run, asks what it holds, and configures it.

        Raises `PolicyPackFailed` and `PolicyConfigInvalid`.
        """
        try:
            address = self._process.address
        except PluginFailed as error:
            raise self._broken_off(error) from error
        channel = channel_to(address)
        self._channel = channel
        self._stub = analyzer_pb2_grpc.AnalyzerStub(channel)
        folder = str(self.pack.folder)
        here = self._surroundings
        self._answer(
            self._stub.Handshake.future(
                analyzer_pb2.AnalyzerHandshakeRequest(
                    engine_address=self._engine_address, root_directory=folder, program_directory=folder
                )
            ),
            "the handshake",
        )
        self._answer(
            self._stub.ConfigureStack.future(
                analyzer_pb2.AnalyzerStackConfigureRequest(
                    stack=here.stack,
                    project=here.project,
                    organization=_ORGANIZATION,
                    dry_run=here.preview,
                    config=dict(here.config.values),
                    config_secret_keys=sorted(here.config.secret_keys),
                )
            ),
            "being told of the stack",
        )
        told = self._answer(self._stub.GetAnalyzerInfo.future(empty_pb2.Empty()), "telling its policies")
        if told is None:
            raise PolicyPackFailed(self._name, "it does not tell its policies (GetAnalyzerInfo)")
        self.info: PackInfo = messages.pack_info(told)
        self.version = self.pack.version or self.info.version
        self._name = f"{self.info.name}@v{self.version}"
        self._configure()
        self._remediates = "remediate" in self.levels.values()

    @property
    def levels(self) -> dict[str, EnforcementLevel]:
        """Every policy's level, as it was configured."""
        return {
            one.name: (self.settings[one.name].level if one.name in self.settings else None) or one.level
            for one in self.info.policies
        }

    def remediate(self, judged: Judged) -> list[Remediation]:
        """The resource's inputs as the pack's remediations leave them, one after the other."""
        if not self._remediates:
            return []
        call = self._stub.Remediate.future(messages.resource_request(judged, internal=True))
        answer = self._answer(call, judged.resource.urn)
        return [] if answer is None else messages.remediations(answer, self._surroundings.folder)

    def analyze(self, judged: Judged) -> Callable[[], list[Diagnostic]]:
        """Asks what is wrong with one resource; the function that is returned waits for the answer."""
        call = self._stub.Analyze.future(messages.resource_request(judged, internal=False))
        return lambda: self._diagnostics(call, judged.resource.urn)

    def analyze_stack(self, resources: Iterable[Judged]) -> Callable[[], list[Diagnostic]]:
        """Asks what is wrong with the whole stack; the function that is returned waits for the answer."""
        call = self._stub.AnalyzeStack.future(messages.stack_request(resources))
        return lambda: self._diagnostics(call, "the stack")

    def close(self) -> None:
        """Ends the process."""
        if self._channel is not None:
            self._channel.close()
        self._process.stop()

    def _configure(self) -> None:
        file = self.pack.config_file
        where = str(file) if file else f"the policy pack {self._name}"
        if not self.info.takes_config:
            if file is not None:
                raise PolicyPackFailed(self._name, f"it takes no configuration, but {file} was given for it")
            return
        self.settings = reconciled(self.info.policies, self.info.initial, self.pack.settings, where)
        self.warnings = tuple(
            f"{where}: the policy pack {self._name} has no policy '{name}'"
            for name in unknown_policies(self.info.policies, self.pack.settings)
        )
        self._answer(self._stub.Configure.future(messages.configuration(self.settings)), "being configured")

    def _diagnostics(self, call: Any, about: str) -> list[Diagnostic]:
        answer = self._answer(call, about)
        return [] if answer is None else messages.diagnostics(answer, self.info)

    def _answer(self, call: Any, about: str) -> Any:
        """The answer of a call; None where the pack does not know it. Raises `PolicyPackFailed`."""
        try:
            return call.result()
        except grpc.RpcError as error:
            # What a future raises is the call itself.
            failed: Any = error
            if failed.code() is grpc.StatusCode.UNIMPLEMENTED:
                return None
            if failed.code() is grpc.StatusCode.UNAVAILABLE:
                raise self._broken_off(self._process.ended(), f"at {about}, ") from error
            text = f"at {about}: {failed.details().rstrip()}"
            raise PolicyPackFailed(self._name, self._hide(text)) from error

    def _broken_off(self, error: PluginFailed, where: str = "") -> PolicyPackFailed:
        lines = self._process.last_lines
        text = f"{where}its process {error.reason}" + (f":\n{lines}" if lines else "")
        if _NO_SDK in lines:
            text += "\nInstall pulumi-policy into the pack's virtual environment, or into the sandbox's own"
        return PolicyPackFailed(self._name, self._hide(text))


def _environment(surroundings: Surroundings) -> dict[str, str]:
    return {
        "PULUMI_ORGANIZATION": _ORGANIZATION,
        "PULUMI_PROJECT": surroundings.project,
        "PULUMI_STACK": surroundings.stack,
        "PULUMI_DRY_RUN": "true" if surroundings.preview else "false",
        "PULUMI_CONFIG": json.dumps(dict(surroundings.config.values)),
    }
