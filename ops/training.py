"""Training: the pipeline is started where anything has changed, and followed to its model package."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.errors import OK, InterruptedRunError, TrainingFailedError
from ops.executions import (
    FAILED,
    RUNNING,
    Execution,
    JobLog,
    execution,
    executions,
    parameters,
    steps,
)
from ops.executions import Step as PipelineStep
from ops.fingerprint import fingerprint, request_token
from ops.images import await_image
from ops.outputs import StackOutputs
from ops.progress import Progress, Step
from ops.registry import APPROVED, PENDING, ModelPackage, package, packages
from ops.screen import counted, duration
from ops.session import Session
from ops.sources import Source, Upload, list_sources, upload

_POLL_SECONDS: Final = {"sandbox": 0.4, "aws": 5.0}
_LOOKED_BACK: Final = 50
"""How many of the newest executions are searched for one of the same inputs."""
_TAIL_LINES: Final = 15
_ANY_METRIC: Final = r"\b(?:train|validation|test)[-_:][\w-]+\s*[=:]\s*-?[\d.]"
"""Lines that count as metrics where the job itself defines none."""


@dataclass(frozen=True)
class Trained:
    """The model package of the present inputs. `execution` is empty where nothing had to be trained."""

    package: ModelPackage
    inputs: str
    execution: str = ""


def train(session: Session, chosen: Mapping[str, str], folder: Path | None, *, again: bool) -> int:
    """`groundplan train`."""
    session.announce()
    outputs = session.outputs()
    progress = Progress(session.screen)
    with progress.step("data", "put the use case's sources into the raw zone") as step:
        sources, prefix = put_sources(session, outputs, step, folder)
    with progress.step("train", "run the training pipeline, where anything has changed") as step:
        trained = train_model(session, outputs, sources, prefix, chosen, step, again=again)
    session.screen.document(
        {
            "command": "train",
            "stack": session.stack,
            "trained": bool(trained.execution),
            "execution": trained.execution or None,
            "modelPackage": trained.package.arn,
            "approval": trained.package.approval,
            "inputs": trained.inputs,
            "steps": progress.finished,
        }
    )
    if trained.package.approval == PENDING:
        session.screen.line(f"next: groundplan approve {session.stack}, groundplan deploy {session.stack}")
    return OK


def put_sources(
    session: Session, outputs: StackOutputs, step: Step, folder: Path | None = None
) -> tuple[Sequence[Source], str]:
    """Uploads what is not there yet: the sources, and the S3 prefix where they lie."""
    sources = list_sources(session, outputs.use_case, folder)
    done = upload(session, outputs, sources)
    step.done(_told(done), idle=not done.uploaded)
    return sources, done.prefix


def _told(done: Upload) -> str:
    if not done.uploaded:
        return f"{counted(len(done.kept), 'source')} unchanged in {done.prefix}"
    kept = f"; {len(done.kept)} unchanged" if done.kept else ""
    return (
        f"{counted(len(done.uploaded), 'source')} uploaded to {done.prefix}, {done.bytes / 1e6:.1f} MB{kept}"
    )


def train_model(
    session: Session,
    outputs: StackOutputs,
    sources: Sequence[Source],
    prefix: str,
    chosen: Mapping[str, str],
    step: Step,
    *,
    again: bool = False,
) -> Trained:
    """The model package of these inputs: the one there is, else the one that a run of the pipeline makes.

    Raises `TrainingFailedError`, and `InterruptedRunError` on Ctrl-C, after which the training goes on.
    """
    sagemaker = session.client("sagemaker")
    definition = sagemaker.describe_pipeline(PipelineName=outputs.pipeline)["PipelineDefinition"]
    wanted = {"RawData": prefix, **chosen}
    inputs = fingerprint(sources, definition, wanted)
    if not again:
        there = _trained_before(session, outputs.model_package_group, inputs)
        if there is not None:
            step.done(f"nothing has changed since {there.name} was trained", idle=True)
            return Trained(there, inputs)

    same = _executions_of(session, outputs.pipeline, inputs)
    running = next((one for one in same if one.status in RUNNING), None)
    if running is not None:
        arn = running.arn
        step.note(f"execution {running.id} of the same inputs is under way: following it")
    else:
        for image in outputs.images.values():
            if _runs_in(definition, image.uri):
                await_image(session, outputs, image.uri, step)
        values = {**wanted, "InputsFingerprint": inputs}
        arn = sagemaker.start_pipeline_execution(
            PipelineName=outputs.pipeline,
            ClientRequestToken=request_token(inputs, len(same)),
            PipelineParameters=[{"Name": name, "Value": value} for name, value in values.items()],
        )["PipelineExecutionArn"]
        step.note(f"execution {arn.rsplit('/', 1)[-1]} of {outputs.pipeline} started")
    try:
        made = follow(session, arn, step)
    except KeyboardInterrupt as stopped:
        raise InterruptedRunError(
            "the training goes on without you",
            f"follow it again: groundplan train {session.stack}; read it: groundplan logs {session.stack}",
        ) from stopped
    registered = (
        package(session, made) if made else _trained_before(session, outputs.model_package_group, inputs)
    )
    if registered is None:
        raise TrainingFailedError(
            "Succeeded", "", "it registered no model package", (), "look at the pipeline's last steps", arn
        )
    step.done(f"trained and registered {registered.name}")
    return Trained(registered, inputs, arn)


def _runs_in(definition: str, uri: str) -> bool:
    """Whether a job of the pipeline is to run in the image; a model is registered without it."""
    return f'"ImageUri": "{uri}"' in definition or f'"TrainingImage": "{uri}"' in definition


def _trained_before(session: Session, group: str, inputs: str) -> ModelPackage | None:
    for one in packages(session, group):
        if one.inputs == inputs and one.approval in (APPROVED, PENDING):
            return one
    return None


def _executions_of(session: Session, pipeline: str, inputs: str) -> list[Execution]:
    found = []
    for number, one in enumerate(executions(session, pipeline)):
        if number >= _LOOKED_BACK:
            break
        if parameters(session, one.arn).get("InputsFingerprint") == inputs:
            found.append(one)
    return found


def follow(session: Session, arn: str, step: Step) -> str:
    """Follows an execution to its end, a line for each step; the ARN of the model package that it registered.

    The jobs' own metrics are shown as they come. Raises `TrainingFailedError`.
    """
    told: dict[str, str] = {}
    logs: dict[str, _Metrics] = {}
    while True:
        # In this order: steps that ended before the execution did are then told before it.
        state = execution(session, arn)
        now = steps(session, arn)
        for one in now:
            if one.name not in logs and one.kind == "TrainingJob" and one.job:
                logs[one.name] = _Metrics(session, one)
            if one.name in logs:
                for line in logs[one.name].read():
                    step.note(f"  {line}")
            if told.get(one.name) != one.status:
                told[one.name] = one.status
                step.note(_step_line(one))
        if state.status not in RUNNING:
            break
        time.sleep(_POLL_SECONDS[session.target_kind])
    if state.status in FAILED or state.status != "Succeeded":
        raise _failure(session, state, now)
    return next((one.job for one in now if one.kind == "RegisterModel"), "")


def _step_line(one: PipelineStep) -> str:
    if one.status in RUNNING:
        return f"{one.name:<14} running"
    how = "taken from an earlier run" if one.cached else one.status.lower()
    return f"{one.name:<14} {how} ({duration(one.seconds)})"


class _Metrics:
    """The lines of a training job's log that carry one of its metrics."""

    def __init__(self, session: Session, one: PipelineStep) -> None:
        group = one.log_group
        self._log = JobLog(session, group, one.log_prefix) if group else None
        job = session.client("sagemaker").describe_training_job(TrainingJobName=one.job_name)
        definitions = job.get("AlgorithmSpecification", {}).get("MetricDefinitions", [])
        patterns = [definition["Regex"] for definition in definitions] or [_ANY_METRIC]
        self._patterns = [re.compile(pattern) for pattern in patterns]

    def read(self) -> list[str]:
        lines = self._log.read() if self._log is not None else []
        return [line for line in lines if any(pattern.search(line) for pattern in self._patterns)]


def _failure(session: Session, state: Execution, now: Sequence[PipelineStep]) -> TrainingFailedError:
    failed = next((one for one in now if one.status == "Failed"), None)
    tail: list[str] = []
    if failed is not None and failed.log_group and failed.job:
        tail = JobLog(session, failed.log_group, failed.log_prefix).read()[-_TAIL_LINES:]
    reason = (failed.reason if failed is not None else "") or state.reason or "no reason was given"
    # A job that ends with a reason has logged it too; the log's end then says nothing more.
    tail = [line for line in tail if line.strip().removeprefix("error: ") not in reason]
    return TrainingFailedError(
        state.status,
        failed.name if failed is not None else "",
        reason,
        tail,
        _next_step(session.stack, failed),
        state.arn,
    )


def _next_step(stack: str, failed: PipelineStep | None) -> str:
    again = f"correct the cause and run groundplan train {stack} again"
    if failed is not None and failed.job:
        return f"the whole log: groundplan logs {stack} {failed.name}; then {again}"
    return again
