"""What does each type of pipeline step do? One function a type, over the operations that a client calls."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError
from sandbox.runtime.sagemaker.board import Board
from sandbox.runtime.sagemaker.callbacks import Callbacks
from sandbox.runtime.sagemaker.definition import Step
from sandbox.runtime.sagemaker.expressions import ExpressionError, Scope, holds, resolve, walk
from sandbox.runtime.sagemaker.packages import Packages
from sandbox.runtime.sagemaker.process import Ending, Orders
from sandbox.runtime.sagemaker.processing import ProcessingJobs
from sandbox.runtime.sagemaker.refusals import require_not_denied
from sandbox.runtime.sagemaker.surroundings import split_s3_uri
from sandbox.runtime.sagemaker.training import TrainingJobs
from sandbox.runtime.sagemaker.transform import TransformJobs
from sandbox.runtime.sagemaker.tuning import TuningJobs

_ALPHABET = string.ascii_letters + string.digits


_LOOK_SECONDS = 0.2
_TUNING_NAME = 32
"""Characters of a tuning job's name at most."""


class StepFailedError(Exception):
    """A step that ran and failed; the text is its FailureReason."""


class StepStoppedError(Exception):
    """A step that was stopped with its execution."""


@dataclass(frozen=True)
class StepResult:
    """What a step leaves: `metadata` for the listing of steps, `properties` for references to it."""

    metadata: Params
    properties: Params
    outcome: bool | None = None
    """Of a condition."""


@dataclass(frozen=True)
class Setting:
    """What one step finds around it."""

    pipeline: str
    execution_id: str
    execution_arn: str
    role: str
    caller: Caller
    orders: Orders
    scope: Scope
    announce: Callable[[Params], None]
    """Shows a step's metadata before the step has ended, so that its job's log can be followed."""


@dataclass(frozen=True)
class StepRunner:
    """Runs steps by their type."""

    cloud: Cloud
    board: Board
    training: TrainingJobs
    processing: ProcessingJobs
    tuning: TuningJobs
    transform: TransformJobs
    packages: Packages
    create_model: Callable[[Params, Caller], Params]
    callbacks: Callbacks
    by_type: Mapping[str, str] = field(
        default_factory=lambda: {
            "Training": "_train",
            "Processing": "_process",
            "Tuning": "_tune",
            "Transform": "_transform",
            "Condition": "_decide",
            "RegisterModel": "_register",
            "Model": "_model",
            "Lambda": "_invoke",
            "Callback": "_call_back",
            "Fail": "_fail",
        }
    )

    def run(self, step: Step, setting: Setting) -> StepResult:
        """Raises StepFailedError, StepStoppedError, ExpressionError or the ServiceError of an operation."""
        method: Callable[[Step, Setting], StepResult] = getattr(self, self.by_type[step.type])
        return method(step, setting)

    def recall(self, step: Step, metadata: Params, caller: Caller) -> StepResult:
        """The result of a job step that ran before, from what is kept of its job."""
        if step.type == "Training":
            name = metadata["TrainingJob"]["Arn"].rpartition("/")[2]
            return StepResult(metadata, self.training.describe({"TrainingJobName": name}, caller))
        if step.type == "Tuning":
            name = metadata["TuningJob"]["Arn"].rpartition("/")[2]
            named = {"HyperParameterTuningJobName": name}
            return StepResult(metadata, self.tuning.describe(named, caller))
        name = metadata["ProcessingJob"]["Arn"].rpartition("/")[2]
        return StepResult(metadata, self.processing.describe({"ProcessingJobName": name}, caller))

    def read_property_file(self, step: Step, properties: Params, name: str, caller: Caller) -> str:
        """The text of a property file that a processing step has written."""
        entry = next(e for e in step.body["PropertyFiles"] if e["PropertyFileName"] == name)
        outputs = (properties.get("ProcessingOutputConfig") or {}).get("Outputs") or []
        uri = walk(outputs, f"['{entry['OutputName']}'].S3Output.S3Uri")
        bucket, key = split_s3_uri(f"{uri.rstrip('/')}/{entry['FilePath']}")
        try:
            body: bytes = self.cloud.client("s3", caller).get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            raise ExpressionError(
                f"property file {name!r} cannot be read from s3://{bucket}/{key}: "
                f"{error.response['Error']['Message']}"
            ) from error
        return body.decode("utf-8")

    def _require_allowed(self, operation: str, params: Params, setting: Setting) -> None:
        """It is the pipeline's role that starts the jobs of its steps."""
        require_not_denied(self.cloud, setting.role, operation, params, setting.caller)

    def _train(self, step: Step, setting: Setting) -> StepResult:
        params = resolve(step.arguments, setting.scope)
        name = _job_name(step, setting)
        params = {"RoleArn": setting.role, **params, "TrainingJobName": name}
        hyperparameters = params.get("HyperParameters") or {}
        params["HyperParameters"] = {key: _string(value) for key, value in hyperparameters.items()}
        params["Environment"] = {k: _string(v) for k, v in (params.get("Environment") or {}).items()}
        self._require_allowed("CreateTrainingJob", params, setting)
        arn = self.training.create(params, setting.caller)["TrainingJobArn"]
        metadata = {"TrainingJob": {"Arn": arn}}
        setting.announce(metadata)
        self._await(arn, setting, lambda: self.training.stop({"TrainingJobName": name}, setting.caller))
        job = self.training.describe({"TrainingJobName": name}, setting.caller)
        _require_completed(job, "TrainingJobStatus", job["SecondaryStatus"])
        return StepResult(metadata, job)

    def _process(self, step: Step, setting: Setting) -> StepResult:
        params = resolve(step.arguments, setting.scope)
        name = _job_name(step, setting)
        params = {"RoleArn": setting.role, **params, "ProcessingJobName": name}
        params["Environment"] = {k: _string(v) for k, v in (params.get("Environment") or {}).items()}
        specification = dict(params["AppSpecification"])
        for member in ("ContainerEntrypoint", "ContainerArguments"):
            if member in specification:
                specification[member] = [_string(item) for item in specification[member]]
        params["AppSpecification"] = specification
        self._require_allowed("CreateProcessingJob", params, setting)
        arn = self.processing.create(params, setting.caller)["ProcessingJobArn"]
        metadata = {"ProcessingJob": {"Arn": arn}}
        setting.announce(metadata)
        self._await(arn, setting, lambda: self.processing.stop({"ProcessingJobName": name}, setting.caller))
        job = self.processing.describe({"ProcessingJobName": name}, setting.caller)
        _require_completed(job, "ProcessingJobStatus", job["ProcessingJobStatus"])
        return StepResult(metadata, job)

    def _tune(self, step: Step, setting: Setting) -> StepResult:
        params = resolve(step.arguments, setting.scope)
        name = _job_name(step, setting)[:_TUNING_NAME].rstrip("-")
        definition = {"RoleArn": setting.role, **params["TrainingJobDefinition"]}
        static = definition.get("StaticHyperParameters") or {}
        definition["StaticHyperParameters"] = {key: _string(value) for key, value in static.items()}
        params = {**params, "TrainingJobDefinition": definition, "HyperParameterTuningJobName": name}
        self._require_allowed("CreateHyperParameterTuningJob", params, setting)
        arn = self.tuning.create(params, setting.caller)["HyperParameterTuningJobArn"]
        metadata = {"TuningJob": {"Arn": arn}}
        setting.announce(metadata)
        named = {"HyperParameterTuningJobName": name}
        self._await(arn, setting, lambda: self.tuning.stop(named, setting.caller))
        job = self.tuning.describe(named, setting.caller)
        status = job["HyperParameterTuningJobStatus"]
        _require_completed(job, "HyperParameterTuningJobStatus", status)
        return StepResult(metadata, job)

    def _transform(self, step: Step, setting: Setting) -> StepResult:
        named = {"TransformJobName": _job_name(step, setting)}
        params = {**resolve(step.arguments, setting.scope), **named}
        self._require_allowed("CreateTransformJob", params, setting)
        arn = self.transform.create(params, setting.caller)["TransformJobArn"]
        metadata = {"TransformJob": {"Arn": arn}}
        setting.announce(metadata)
        self._await(arn, setting, lambda: self.transform.stop(named, setting.caller))
        job = self.transform.describe(named, setting.caller)
        _require_completed(job, "TransformJobStatus", job["TransformJobStatus"])
        return StepResult(metadata, job)

    def _decide(self, step: Step, setting: Setting) -> StepResult:
        outcome = all(holds(condition, setting.scope) for condition in step.arguments["Conditions"])
        text = "True" if outcome else "False"
        return StepResult({"Condition": {"Outcome": text}}, {"Outcome": text}, outcome)

    def _register(self, step: Step, setting: Setting) -> StepResult:
        params = resolve(step.arguments, setting.scope)
        metadata = params.get("CustomerMetadataProperties")
        if metadata:
            params["CustomerMetadataProperties"] = {key: _string(v) for key, v in metadata.items()}
        arn = self.packages.create_package(params, setting.caller)["ModelPackageArn"]
        return StepResult({"RegisterModel": {"Arn": arn}}, {**params, "ModelPackageArn": arn})

    def _model(self, step: Step, setting: Setting) -> StepResult:
        params = resolve(step.arguments, setting.scope)
        params = {"ExecutionRoleArn": setting.role, **params, "ModelName": _job_name(step, setting)}
        arn = self.create_model(params, setting.caller)["ModelArn"]
        return StepResult({"Model": {"Arn": arn}}, {**params, "ModelArn": arn})

    def _invoke(self, step: Step, setting: Setting) -> StepResult:
        function = resolve(step.body["FunctionArn"], setting.scope)
        payload = json.dumps(resolve(step.arguments, setting.scope)).encode()
        client = self.cloud.client("lambda", setting.caller)
        try:
            answer = client.invoke(FunctionName=function, Payload=payload)
        except ClientError as error:
            raise StepFailedError(f"ClientError: {error.response['Error']['Message']}") from error
        text = answer["Payload"].read().decode("utf-8")
        if answer.get("FunctionError"):
            raise StepFailedError(f"ClientError: the function {function} failed: {text}")
        returned = json.loads(text) if text else {}
        outputs = [entry["OutputName"] for entry in step.body.get("OutputParameters") or []]
        missing = [name for name in outputs if not isinstance(returned, dict) or name not in returned]
        if missing:
            raise StepFailedError(f"ClientError: the function {function} returned no {', '.join(missing)}")
        values = {name: returned[name] for name in outputs}
        shown = [{"Name": name, "Value": _string(value)} for name, value in values.items()]
        return StepResult(
            {"Lambda": {"Arn": function, "OutputParameters": shown}}, {"OutputParameters": values}
        )

    def _call_back(self, step: Step, setting: Setting) -> StepResult:
        url = str(resolve(step.body["SqsQueueUrl"], setting.scope))
        token = self.callbacks.new_token(setting.execution_arn)
        message = {
            "pipelineExecutionArn": setting.execution_arn,
            "token": token,
            "arguments": resolve(step.arguments, setting.scope),
        }
        metadata: Params = {"CallbackToken": token, "SqsQueueUrl": url}
        setting.announce({"Callback": metadata})
        try:
            self.cloud.client("sqs", setting.caller).send_message(
                QueueUrl=url, MessageBody=json.dumps(message)
            )
        except ClientError as error:
            raise StepFailedError(f"ClientError: {error.response['Error']['Message']}") from error
        while (answer := self.callbacks.answered(token)) is None and setting.orders.ending is None:
            setting.orders.wait(_LOOK_SECONDS)
        self.callbacks.forget(token)
        if answer is None:
            raise StepStoppedError
        if answer.failed:
            raise StepFailedError(answer.failure)
        shown = [{"Name": name, "Value": value} for name, value in answer.outputs.items()]
        properties = {"OutputParameters": dict(answer.outputs)}
        return StepResult({"Callback": {**metadata, "OutputParameters": shown}}, properties)

    def _fail(self, step: Step, setting: Setting) -> StepResult:
        message = str(resolve(step.arguments.get("ErrorMessage", ""), setting.scope))
        setting.announce({"Fail": {"ErrorMessage": message}})
        raise StepFailedError(message or "The pipeline failed itself")

    def _await(self, arn: str, setting: Setting, stop: Callable[[], Params]) -> None:
        asked = False
        while not self.board.wait(arn, 0.1):
            if setting.orders.ending is Ending.STOPPED and not asked:
                asked = True
                # The job may have ended by itself at this moment; then there is nothing to stop.
                with suppress(ServiceError):
                    stop()


def _require_completed(job: Params, status: str, shown: str) -> None:
    if job[status] == "Stopped" and shown == "Stopped":
        raise StepStoppedError
    if job[status] != "Completed":
        raise StepFailedError(job.get("FailureReason") or f"ClientError: the job ended as {shown}")


def _job_name(step: Step, setting: Setting) -> str:
    """`pipelines-<execution>-<step>-<random>`, the service's form, within its 63 characters."""
    tail = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    name = step.name.replace("_", "-")[: 63 - len(setting.execution_id) - 22].rstrip("-")
    return f"pipelines-{setting.execution_id}-{name}-{tail}"


def _string(value: Any) -> str:
    """The API takes only text where a pipeline's parameter may be a number."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)
