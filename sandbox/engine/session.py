"""One run with everything that takes part in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.engine.events import ProgramOutput
from sandbox.engine.executor import Executor
from sandbox.engine.interpreters import Interpreter
from sandbox.engine.journal import Journal
from sandbox.engine.packages import Surroundings
from sandbox.engine.planner import Planner
from sandbox.engine.policies import Policies
from sandbox.engine.project import ProgramConfig, Project
from sandbox.engine.registry import Registry
from sandbox.engine.run import Run
from sandbox.engine.services import EngineAddress
from sandbox.engine.urn import ROOT_STACK_TYPE
from sandbox.engine.values import PropertyMap


@dataclass
class Session:
    """A run, its program's settings, and its state once it has been opened."""

    run: Run
    kind: str
    message: str
    project: Project
    config: ProgramConfig
    environment: Mapping[str, str]
    interpreter: Interpreter
    policies: Policies
    engine_address: EngineAddress
    open_state: Callable[[Session], None]
    registry: Registry = field(init=False)
    journal: Journal = field(init=False)
    planner: Planner = field(init=False)
    executor: Executor = field(init=False)
    old_outputs: PropertyMap = field(default_factory=dict)
    is_open: bool = False

    def open(self) -> None:
        """Reads the state, which a program's start does not wait for."""
        self.open_state(self)
        self.is_open = True

    def surroundings(self) -> Surroundings:
        """What plugins are started in."""
        run = self.run
        return Surroundings(
            project=self.project,
            config=self.config,
            environment=self.environment,
            interpreter=self.interpreter.path,
            engine=self.engine_address.get,
            on_print=lambda line: run.emit(ProgramOutput(line)),
            on_line=lambda line: run.message("info", line),
        )

    def outputs(self) -> PropertyMap:
        """The stack's outputs as they stand."""
        if not self.is_open:
            return {}
        if self.run.preview:
            for resource in self.executor.results.values():
                if resource.type == ROOT_STACK_TYPE:
                    return dict(resource.outputs)
            return dict(self.old_outputs)
        for resource in self.journal.resources():
            if resource.type == ROOT_STACK_TYPE and not resource.parent and not resource.delete:
                return dict(resource.outputs)
        return {}
