"""An ordinary AWS program, run by the embedded engine against a sandbox."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.aws.provider import AwsProvider
from sandbox.engine.backend import Backend
from sandbox.engine.crypter import Crypter
from sandbox.engine.engine import Engine
from sandbox.engine.events import Event, Message, StepFailed, Summary
from sandbox.engine.project import Project, StackConfig
from sandbox.engine.urn import name_of

_PASSPHRASE = "open sesame"
_QUIET = ("same", "read", "discard")


@functools.cache
def _salt() -> str:
    return Crypter.new(_PASSPHRASE, "the tests").state


@dataclass
class AwsProgram:
    """A project in a folder. `config` by key, such as `aws:region`."""

    folder: Path
    endpoint_url: str
    config: Mapping[str, Any] = field(default_factory=dict)
    stack: str = "dev"

    def write(self, text: str) -> AwsProgram:
        (self.folder / "Pulumi.yaml").write_text("name: program\nruntime: python\n")
        (self.folder / "__main__.py").write_text(text)
        return self

    def run(self, verb: str, **options: Any) -> Summary:
        """Runs a verb of the engine; every failure is in the summary's errors."""
        project = Project.load(self.folder)
        path = project.stack_file(self.stack)
        lines = [f"encryptionsalt: {_salt()}", "config:"]
        lines += [f"  {key}: {value!r}" for key, value in {"aws:region": "eu-west-1", **self.config}.items()]
        path.write_text("\n".join(lines) + "\n")
        engine = Engine(
            project,
            Backend(self.folder / ".state", _PASSPHRASE),
            {"aws": lambda: AwsProvider(self.endpoint_url)},
            {},
            Path(sys.executable),
        )
        events: list[Event] = []
        config = StackConfig.load(project, self.stack)
        summary: Summary = getattr(engine, verb)(self.stack, config, events.append, **options)
        self.failures = {name_of(item.urn): item.message for item in events if isinstance(item, StepFailed)}
        self.messages = [
            item.text for item in events if isinstance(item, Message) and item.severity == "error"
        ]
        return summary

    def told(self, summary: Summary) -> str:
        """Why a run failed, for a failing test to show."""
        return "\n".join([*summary.errors, *self.messages, *map(str, self.failures.items())])


def changed(summary: Summary) -> dict[str, int]:
    """What a run changed, by operation."""
    return {name: number for name, number in summary.changes.items() if number and name not in _QUIET}
