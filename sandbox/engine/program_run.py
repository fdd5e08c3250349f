"""A run of the program: started, served while the state is read, then what it left out is deleted."""

from __future__ import annotations

import threading
from typing import Final

from sandbox.engine import deletions
from sandbox.engine.events import ProgramOutput
from sandbox.engine.monitor import EngineService, Monitor, MonitorServer
from sandbox.engine.program import ProgramProcess
from sandbox.engine.registrar import Registrar
from sandbox.engine.run import Stopped
from sandbox.engine.session import Session

_PATIENCE: Final = 10.0
"""Seconds that a program gets to end by itself once its monitor has gone."""


def run_program(session: Session) -> None:
    """Runs the program for a preview or an up. Raises `Stopped` where the run went no further."""
    run = session.run
    opened = threading.Event()
    registrars: list[Registrar] = []

    def registrar() -> Registrar:
        opened.wait()
        run.check()
        return registrars[0]

    monitor = Monitor(run, registrar, session.config, session.project.folder)
    service = EngineService(run)
    server = MonitorServer(monitor, service)
    program = None
    try:
        program = ProgramProcess(
            session.project,
            run.stack,
            session.config,
            interpreter=session.interpreter,
            environment=session.environment,
            address=server.address,
            parallel=run.parallel,
            preview=run.preview,
            on_line=lambda line: run.emit(ProgramOutput(line)),
            on_end=lambda: run.signals.put("program ended"),
        )
        # The program takes its time to start; the state is read meanwhile.
        session.open()
        registrars.append(
            Registrar(
                run, session.journal, session.registry, session.planner, session.executor, session.config
            )
        )
        opened.set()
        _serve(session, program, monitor, service, registrars[0])
    finally:
        opened.set()
        if not run.stopping and (program is None or program.status is None):
            # Left by an exception: nobody may begin anything more.
            run.cancelled = True
        monitor.release()
        if program is not None:
            program.stop(patience=0.5 if run.abandoned else 2.0)
        server.close()


def _serve(
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
    monitor.release()
    if not run.abandoned and program.wait(_PATIENCE) and ready and not run.stopping and program.status:
        _report_end(session, program, service)
    run.check()


def _report_end(session: Session, program: ProgramProcess, service: EngineService) -> None:
    """Says how a program ended that did not get through."""
    run = session.run
    if program.error_was_shown and service.last_error:
        run.fail(_short(service.last_error), told=True)
    elif program.status == 0:
        run.fail("the program ended before it had registered its stack: it must not call exit or os._exit")
    elif service.last_error:
        run.fail(_short(service.last_error), told=True)
    else:
        last = program.last_lines
        run.fail(f"the program ended with status {program.status}" + (f":\n{last}" if last else ""))


def _short(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else text
