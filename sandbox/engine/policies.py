"""What the policy packs of a run decide: inputs are remediated, resources and the stack are judged.

The order and the consequences are those of `step_generator.go`: each resource is remediated pack by pack,
then judged by all; a preview goes on after a mandatory violation and fails at its end, an update stops there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sandbox.engine import urn as urns
from sandbox.engine.builtin import contains_secret
from sandbox.engine.errors import EngineError
from sandbox.engine.events import (
    EnforcementLevel,
    PolicyPackStarted,
    PolicyRemediation,
    PolicySeverity,
    PolicyViolation,
)
from sandbox.engine.policy_pack import PolicyPack, Surroundings
from sandbox.engine.run import Run
from sandbox.engine.secret_texts import SecretTexts
from sandbox.engine.state import Resource
from sandbox.engine.values import PropertyMap, PropertyValue, Secret

if TYPE_CHECKING:
    from sandbox.engine.analyzer_messages import Diagnostic, Judged
    from sandbox.engine.analyzers import Analyzer

ProviderOf = Callable[[str], Resource | None]
"""The provider resource that a reference names."""


class Policies:
    """The packs of one run. Without packs, everything passes.

    `start` begins their processes and `open` waits for them, so that they start beside the program.
    """

    def __init__(self, run: Run, packs: Sequence[PolicyPack]) -> None:
        self._run = run
        self._packs = tuple(packs)
        self._analyzers: list[Analyzer] = []
        self._secrets = SecretTexts()
        self._before: dict[str, bool | None] = {}
        """By URN, what a registration says of deleteBeforeReplace, which the state does not hold."""
        self._printing = threading.Lock()
        self._early: dict[int, list[str]] = {}
        """By pack, what it has printed while it was not open yet."""

    def start(self, engine_address: str, surroundings: Surroundings) -> None:
        """Starts the packs' processes. Raises `PluginFailed` and `PolicyPackInvalid`."""
        if not self._packs:
            return
        from sandbox.engine.analyzers import Analyzer

        config = surroundings.config
        self._folder = surroundings.folder
        self._secrets = SecretTexts(config.values[key] for key in config.secret_keys if key in config.values)
        for index, pack in enumerate(self._packs):
            self._early[index] = []

            def printed(line: str, index: int = index) -> None:
                self._printed(index, line)

            self._analyzers.append(Analyzer(pack, surroundings, engine_address, printed, self._secrets.hide))

    def open(self) -> None:
        """Waits for the packs and configures them. Raises `PolicyPackFailed` and `PolicyConfigInvalid`."""
        for index, analyzer in enumerate(self._analyzers):
            with self._unless_ended():
                analyzer.open()
            # What a pack printed on its way up; had it failed, its error would tell.
            with self._printing:
                early = self._early.pop(index)
            for line in early:
                self._printed(index, line)
            for warning in analyzer.warnings:
                self._run.message("warning", warning)
            self._run.emit(
                PolicyPackStarted(
                    name=analyzer.info.name,
                    version=analyzer.version,
                    folder=str(analyzer.pack.folder),
                    policies=sum(level != "disabled" for level in analyzer.levels.values()),
                )
            )

    def analyze(self, new: Resource, delete_before_replace: bool | None, provider_of: ProviderOf) -> None:
        """Has all packs judge the inputs of `new`, as they stand after `remediate`.

        Raises `Stopped` after a mandatory violation in an update, and `PolicyPackFailed`.
        """
        if not self._analyzers:
            return
        self._before[new.urn] = delete_before_replace
        judged = self._judged(new, new.inputs, provider_of)
        answers = [(one, one.analyze(judged)) for one in self._analyzers]
        for analyzer, answer in answers:
            for found in answer():
                self._tell(analyzer, found, new.urn, stop=not self._run.preview)
        self._run.check()

    def remediate(self, new: Resource, provider_of: ProviderOf, *, told: bool = True) -> None:
        """Changes the inputs of `new` as the packs' remediations do. Raises `PolicyPackFailed`."""
        if not self._analyzers:
            return
        from sandbox.engine.analyzer_messages import as_seen

        for analyzer in self._analyzers:
            for found in analyzer.remediate(self._judged(new, new.inputs, provider_of)):
                if found.problem:
                    problem = self._violation(analyzer, found.policy, new.urn, "advisory", found.problem)
                    if told:
                        self._run.emit(problem)
                    continue
                after = {
                    key: _marked_again(value, new.inputs.get(key)) for key, value in found.properties.items()
                }
                if after == as_seen(new.inputs, self._folder):
                    continue
                before, new.inputs = new.inputs, after
                if told:
                    self._run.emit(
                        PolicyRemediation(
                            urn=new.urn,
                            policy=found.policy,
                            pack=analyzer.info.name,
                            version=analyzer.version,
                            before=before,
                            after=new.inputs,
                        )
                    )

    def analyze_stack(self, resources: Iterable[Resource], provider_of: ProviderOf) -> None:
        """Has all packs judge the stack as it stands at the end of a run, by its resources' outputs.

        A mandatory violation fails the run; in an update everything has been made by then, which is why an
        update is preceded by a preview. Raises `PolicyPackFailed`.
        """
        if not self._analyzers:
            return
        root = urns.make(
            self._run.stack,
            self._run.project,
            "",
            urns.ROOT_STACK_TYPE,
            f"{self._run.project}-{self._run.stack}",
        )
        present = {item.urn: item for item in resources}
        judged = [self._judged(item, item.outputs, provider_of) for item in present.values()]
        answers = [(one, one.analyze_stack(judged)) for one in self._analyzers]
        for analyzer, answer in answers:
            with self._unless_ended():
                diagnostics = answer()
            for found in diagnostics:
                self._tell(analyzer, found, found.urn if found.urn in present else root, stop=False)

    def cancel(self) -> None:
        """Ends a judgement under way, whose pack is asked nothing more."""
        self.close()

    def close(self) -> None:
        """Ends the packs' processes."""
        for analyzer in self._analyzers:
            analyzer.close()

    @contextmanager
    def _unless_ended(self) -> Iterator[None]:
        """Where a person has ended the run, that is why a pack has gone: raises `Stopped` then."""
        try:
            yield
        except EngineError:
            self._run.check()
            raise

    def _judged(self, resource: Resource, properties: PropertyMap, provider_of: ProviderOf) -> Judged:
        from sandbox.engine.analyzer_messages import Judged

        provider = provider_of(resource.provider) if resource.provider else None
        self._secrets.learn(properties)
        if provider is not None:
            self._secrets.learn(provider.inputs)
        return Judged(resource, properties, provider, self._before.get(resource.urn))

    def _tell(self, analyzer: Analyzer, found: Diagnostic, urn: str, *, stop: bool) -> None:
        """Shows a violation. A mandatory one fails the run, with `stop` at once."""
        # Still there after the remediations, or a policy on the stack, which cannot remediate.
        level = "mandatory" if found.level == "remediate" else found.level
        violation = self._violation(analyzer, found.policy, urn, level, found.message, found.severity)
        self._run.emit(violation)
        if violation.level != "mandatory":
            return
        where = f"{urns.type_of(urn)} '{urns.name_of(urn)}'"
        text = f"{where} violates the policy '{found.policy}' of {violation.pack}@v{violation.version}"
        self._run.fail(text, urn, told=True, stop=stop)

    def _violation(
        self,
        analyzer: Analyzer,
        policy: str,
        urn: str,
        level: EnforcementLevel,
        message: str,
        severity: PolicySeverity = "",
    ) -> PolicyViolation:
        return PolicyViolation(
            urn=urn,
            policy=policy,
            pack=analyzer.info.name,
            version=analyzer.version,
            level="mandatory" if level == "mandatory" else "advisory",
            message=self._secrets.hide(message),
            severity=severity,
        )

    def _printed(self, index: int, line: str) -> None:
        with self._printing:
            if index in self._early:
                self._early[index].append(line)
                return
        if line.strip():
            name = self._analyzers[index].info.name
            self._run.message("info", f"{name}: {self._secrets.hide(line)}")


def _marked_again(after: PropertyValue, before: PropertyValue) -> PropertyValue:
    """The value with the marks of secrets that copying it (`{**args.props}`) takes off in the SDK."""
    if not contains_secret(before) or isinstance(after, Secret):
        return after
    if isinstance(before, dict) and isinstance(after, dict):
        return {key: _marked_again(value, before.get(key)) for key, value in after.items()}
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [_marked_again(*pair) for pair in zip(after, before, strict=True)]
    return after if contains_secret(after) else Secret(after)
