"""A real program in a sandbox of its own: brought up, broken and counted by the test's own process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from inventory import Inventory, inventory

from ops.workspace import Workspace
from sandbox.aws.provider import AwsProvider
from sandbox.engine.engine import Engine
from sandbox.engine.events import Event, StepDone, Summary
from sandbox.engine.state import Resource
from sandbox.runtime import daemon
from sandbox.runtime.client import SandboxClient

ACCOUNT = "123456789012"
REGION = "us-east-1"


class Stack:
    """The stack `dev` of a project's folder, and its sandbox."""

    def __init__(self, folder: Path) -> None:
        self.workspace = Workspace.find(folder)
        self.address = daemon.start(self.workspace.sandbox_root, account_id=ACCOUNT, region=REGION)
        self.client = SandboxClient(self.address.endpoint_url)
        self.keys = daemon.environment(self.address)
        self.told: list[Event] = []

    def provider(self) -> AwsProvider:
        return AwsProvider(
            self.address.endpoint_url,
            access_key=self.keys["AWS_ACCESS_KEY_ID"],
            secret_key=self.keys["AWS_SECRET_ACCESS_KEY"],
        )

    def run(self, action: str) -> Summary:
        """An up, a refresh or a destroy."""
        workspace = self.workspace
        environment = {**os.environ, **self.keys, "PYTHONPATH": str(workspace.folder)}
        engine = Engine(
            workspace.project, workspace.backend, {"aws": self.provider}, environment, Path(sys.executable)
        )
        self.told = []
        summary: Summary = getattr(engine, action)("dev", workspace.config("dev"), self.told.append)
        return summary

    def succeed(self, action: str) -> Summary:
        summary = self.run(action)
        assert summary.result == "succeeded", summary.errors
        return summary

    def unchanged(self) -> None:
        """A refresh and an up find nothing to do."""
        for action in ("refresh", "up"):
            assert changes(self.succeed(action)) == {}, action

    def done(self, operation: str) -> set[str]:
        """The URNs of what the last run did."""
        return {item.urn for item in self.told if isinstance(item, StepDone) and item.operation == operation}

    def resources(self) -> list[Resource]:
        project = self.workspace.project.name
        return self.workspace.backend.load(
            project, "dev", self.workspace.backend.crypter(project, "dev")
        ).resources

    def managed(self) -> list[Resource]:
        """The resources that stand for something in the cloud."""
        return [
            item for item in self.resources() if item.custom and not item.is_provider and not item.external
        ]

    def inventory(self) -> Inventory:
        return inventory(self.workspace.sandbox_root)

    def stop(self) -> None:
        daemon.stop(self.workspace.sandbox_root)


def changes(summary: Summary) -> dict[str, int]:
    """What a run did, without what it left as it was."""
    return {
        str(name): count for name, count in summary.changes.items() if count and name not in ("same", "read")
    }


def names(resources: Iterable[Resource]) -> set[str]:
    return {item.urn for item in resources}
