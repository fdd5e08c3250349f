"""A run of the program: started, served while the state is read, then what it left out is deleted."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from sandbox.engine import deletions
from sandbox.engine.events import ProgramOutput
from sandbox.engine.policy_pack import Surroundings
from sandbox.engine.program import ProgramProcess
from sandbox.engine.registrar import Registrar
from sandbox.engine.run import Run, Stopped
from sandbox.engine.session import Session

if TYPE_CHECKING:
    from sandbox.engine.monitor import EngineService, Monitor

_PATIENCE: Final = 10.0
"""Seconds that a program gets to end by itself once its monitor has gone."""
_CANCELLED_PATIENCE: Final = 0.5
"""The same where a person has asked to end: what the program would still do reaches nobody."""


def run_program(session: Session) -> None:
    """Runs the program for a preview or an up. Raises `Stopped` where the run went no further."""
    run = session.run
    if session.interpreter.note:
        run.message("info", session.interpreter.note)
    program = ProgramProcess(
        session.project,
        run.stack,
        session.config,
        interpreter=session.interpreter.path,
        environment=session.environment,
        parallel=run.parallel,
        preview=run.preview,
        on_line=lambda line: run.emit(ProgramOutput(line)),
        on_end=lambda: run.signals.put("program ended"),
    )
    try:
        _serve(session, program)
    except BaseException:
        if not run.stopping and program.status is None:
            # Nobody may begin anything more.
            run.cancelled = True
        raise
    finally:
        _stop(run, program)


def _stop(run: Run, program: ProgramProcess) -> None:
    program.stop(patience=0.5 if run.abandoned else 2.0)


def _serve(session: Session, program: ProgramProcess) -> None:
    # The program takes a second to start; gRPC is loaded and the state is read meanwhile.
    from sandbox.engine.monitor import EngineService, Monitor, MonitorServer

    run = session.run
    opened = threading.Event()
    registrars: list[Registrar] = []

    def registrar() -> Registrar:
        opened.wait()
        run.check()
        return registrars[0]

    monitor = Monitor(run, registrar, session.config, session.project)
    service = EngineService(run)
    server = MonitorServer(monitor, service)
    try:
        session.engine_address.use(server.address)
        program.connect(server.address)
        session.policies.start(
            server.address,
            Surroundings(
                project=session.project.name,
                folder=session.project.folder,
                stack=run.stack,
                preview=run.preview,
                config=session.config,
                environment=session.environment,
            ),
        )
        session.open()
        session.policies.open()
        registrars.append(
            Registrar(
                run, session.journal, session.registry, session.planner, session.executor, session.config
            )
        )
        opened.set()
        _follow(session, program, monitor, service, registrars[0])
    finally:
        if not opened.is_set():
            run.cancelled = True
            opened.set()
        session.policies.close()
        # Before its monitor goes: a program that asks while that shuts down may ask for ever (decision 0148).
        _stop(run, program)
        server.close()


def _follow(
    session: Session, program: ProgramProcess, monitor: Monitor, service: EngineService, registrar: Registrar
) -> None:
    run = session.run
    ready = False
    while not (ready or run.stopping or program.status is not None):
        ready = run.signals.get() == "program ready"
    if not ready and not run.stopping:
        program.wait(_PATIENCE)
        if not run.stopping:
            _report_end(session, program, service)
    if ready and not run.stopping:
        try:
            session.planner.targets.require_matches(
                [*session.planner.seen, *(item.urn for item in session.planner.resources)]
            )
            deletions.delete_leftovers(run, session.planner, session.executor)
        except Stopped:
            pass
    while not run.idle and not run.abandoned:
        run.signals.get()
    registrar.finish_stack_outputs(errored=run.stopping or bool(run.errors))
    if ready and not run.stopping:
        session.policies.analyze_stack(session.executor.results.values(), session.planner.providers.resource)
    monitor.release()
    patience = _CANCELLED_PATIENCE if run.cancelled else _PATIENCE
    if not run.abandoned and program.wait(patience) and ready and not run.stopping and program.status:
        _report_end(session, program, service)
    run.check()


def _report_end(session: Session, program: ProgramProcess, service: EngineService) -> None:
    """Says how a program ended that did not get through."""
    run = session.run
    if service.last_error:
        run.fail(_short(service.last_error), told=True)
    elif program.status == 0:
        run.fail("the program ended before it had registered its stack: it must not call exit or os._exit")
    else:
        last = program.last_lines
        run.fail(f"the program ended with status {program.status}" + (f":\n{last}" if last else ""))


def _short(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else text
