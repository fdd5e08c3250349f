"""What would the SageMaker Python SDK say for our training pipeline? Written to `training_pipeline.json`.

The SDK cannot live in our environment (decision 0052), so this runs in one of its own, without network:

    uv venv --python 3.11 /tmp/sdk && uv pip install --python /tmp/sdk sagemaker-mlops==1.27.0
    /tmp/sdk/bin/python tests/infra/sdk/record_training_pipeline.py

The pipeline is written with the SDK's own classes, as its manual would have it; nothing of `infra` is used.
"""

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

RECORD = Path(__file__).with_name("training_pipeline.json")
PACKAGES = ("sagemaker-core", "sagemaker-mlops", "sagemaker-serve", "sagemaker-train")

KEYS = "arn:aws:kms:us-east-1:123456789012:key/"
ROLES = "arn:aws:iam::123456789012:role/"
SITE: dict[str, Any] = {
    "use_case": "ml.flights",
    "image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0",
    "source_uri": "s3://models/source/abc/source.tar.gz",
    "raw_uri": "s3://raw",
    "curated_uri": "s3://curated",
    "models_uri": "s3://models",
    "data_key": f"{KEYS}11111111-2222-3333-4444-555555555555",
    "model_key": f"{KEYS}66666666-7777-8888-9999-000000000000",
    "processing_role": f"{ROLES}processing",
    "training_role": f"{ROLES}training",
    "subnets": ["subnet-0a1b2c3d", "subnet-1a2b3c4d"],
    "security_group": "sg-0a1b2c3d",
    "group": "groundplan-dev-flights",
    "champion_function": "arn:aws:lambda:us-east-1:123456789012:function:groundplan-dev-champion",
}
SETTINGS: dict[str, Any] = {
    "processing_instance": "ml.m5.xlarge",
    "training_instance": "ml.g5.xlarge",
    "max_run_minutes": 60,
    "max_wait_minutes": 120,
    "minimum_pr_auc": 0.31,
    "minimum_auc": 0.75,
    "hyperparameters": {"max_depth": 6},
}


def sdk_definition() -> dict[str, Any]:
    """The definition of the pipeline by the SDK. Needs the SDK; reaches nothing."""
    os.environ.update(
        AWS_ACCESS_KEY_ID="none",
        AWS_SECRET_ACCESS_KEY="none",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
        SAGEMAKER_VALIDATE_ROLE="false",
    )
    from sagemaker.core import shapes
    from sagemaker.core.lambda_helper import Lambda
    from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
    from sagemaker.core.network import NetworkConfig
    from sagemaker.core.processing import Processor
    from sagemaker.core.workflow.conditions import ConditionGreaterThanOrEqualTo
    from sagemaker.core.workflow.execution_variables import ExecutionVariables
    from sagemaker.core.workflow.functions import Join, JsonGet
    from sagemaker.core.workflow.parameters import ParameterFloat, ParameterString
    from sagemaker.core.workflow.pipeline_context import PipelineSession
    from sagemaker.core.workflow.properties import PropertyFile
    from sagemaker.mlops.workflow.condition_step import ConditionStep
    from sagemaker.mlops.workflow.fail_step import FailStep
    from sagemaker.mlops.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep
    from sagemaker.mlops.workflow.model_step import ModelStep
    from sagemaker.mlops.workflow.pipeline import Pipeline
    from sagemaker.mlops.workflow.retry import (
        SageMakerJobExceptionTypeEnum,
        SageMakerJobStepRetryPolicy,
        StepExceptionTypeEnum,
        StepRetryPolicy,
    )
    from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, TrainingStep
    from sagemaker.serve.model_builder import ModelBuilder
    from sagemaker.train.configs import Compute, InputData, Networking
    from sagemaker.train.model_trainer import ModelTrainer

    no_telemetry = {"SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}
    session = PipelineSession(
        default_bucket="models", sagemaker_config={"SchemaVersion": "1.0", **no_telemetry}
    )
    raw = ParameterString("RawData", default_value="s3://raw/flights")
    inputs = ParameterString("InputsFingerprint")
    floors = {
        "pr_auc": ParameterFloat("MinimumPrAuc", default_value=SETTINGS["minimum_pr_auc"]),
        "auc": ParameterFloat("MinimumAuc", default_value=SETTINGS["minimum_auc"]),
    }
    cache = CacheConfig(enable_caching=True, expire_after="P30D")
    retry = [
        StepRetryPolicy(
            exception_types=[StepExceptionTypeEnum.SERVICE_FAULT, StepExceptionTypeEnum.THROTTLING],
            interval_seconds=10,
            max_attempts=4,
        ),
        SageMakerJobStepRetryPolicy(
            exception_types=[
                SageMakerJobExceptionTypeEnum.INTERNAL_ERROR,
                SageMakerJobExceptionTypeEnum.CAPACITY_ERROR,
                SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT,
            ],
            interval_seconds=60,
            max_attempts=5,
        ),
    ]

    def processor(command: str, key: str) -> Any:
        return Processor(
            role=SITE["processing_role"],
            image_uri=SITE["image"],
            instance_count=1,
            instance_type=SETTINGS["processing_instance"],
            entrypoint=[
                "/bin/sh",
                "-c",
                "cd /opt/ml/processing/input/code && tar -xzf source.tar.gz && exec python3 -m ml "
                f'{command} --case ml.flights "$@"',
                command,
            ],
            volume_size_in_gb=30,
            volume_kms_key=key,
            output_kms_key=key,
            max_runtime_in_seconds=SETTINGS["max_run_minutes"] * 60,
            sagemaker_session=session,
            env={"INPUTS_FINGERPRINT": inputs},
            network_config=NetworkConfig(
                enable_network_isolation=True,
                encrypt_inter_container_traffic=True,
                security_group_ids=[SITE["security_group"]],
                subnets=SITE["subnets"],
            ),
        )

    def given(name: str, uri: Any) -> Any:
        return shapes.ProcessingInput(
            input_name=name,
            app_managed=False,
            s3_input=shapes.ProcessingS3Input(
                s3_uri=uri,
                local_path=f"/opt/ml/processing/input/{name}",
                s3_data_type="S3Prefix",
                s3_input_mode="File",
                s3_data_distribution_type="FullyReplicated",
                s3_compression_type="None",
            ),
        )

    def made(name: str, uri: Any, path: str) -> Any:
        return shapes.ProcessingOutput(
            output_name=name,
            app_managed=False,
            s3_output=shapes.ProcessingS3Output(s3_uri=uri, local_path=path, s3_upload_mode="EndOfJob"),
        )

    out = "/opt/ml/processing/output"
    prepare = ProcessingStep(
        name="Prepare",
        step_args=processor("prepare", SITE["data_key"]).run(
            arguments=["--raw", "/opt/ml/processing/input/raw", "--out", out],
            inputs=[given("code", SITE["source_uri"]), given("raw", raw)],
            outputs=[
                made(name, Join(values=["s3://curated/flights/", inputs, f"/{name}"]), f"{out}/{name}")
                for name in ("train", "validation", "test", "examples", "report", "quarantine")
            ],
        ),
        cache_config=cache,
        retry_policies=retry,
    )

    def prepared(name: str) -> Any:
        return prepare.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri

    trainer = ModelTrainer(
        sagemaker_session=session,
        role=SITE["training_role"],
        training_image=SITE["image"],
        training_input_mode="File",
        compute=Compute(
            instance_type=SETTINGS["training_instance"],
            instance_count=1,
            volume_size_in_gb=30,
            enable_managed_spot_training=True,
        ),
        networking=Networking(
            subnets=SITE["subnets"],
            security_group_ids=[SITE["security_group"]],
            enable_network_isolation=True,
            enable_inter_container_traffic_encryption=True,
        ),
        stopping_condition=shapes.StoppingCondition(
            max_runtime_in_seconds=SETTINGS["max_run_minutes"] * 60,
            max_wait_time_in_seconds=SETTINGS["max_wait_minutes"] * 60,
        ),
        output_data_config=shapes.OutputDataConfig(
            s3_output_path="s3://models/flights/trained", kms_key_id=SITE["model_key"]
        ),
        checkpoint_config=shapes.CheckpointConfig(
            s3_uri=Join(values=["s3://models/flights/checkpoints/", inputs]), local_path="/opt/ml/checkpoints"
        ),
        environment={
            "INPUTS_FINGERPRINT": inputs,
            "SM_CHANNEL_TRAIN": "/opt/ml/input/data/train",
            "SM_CHANNEL_VALIDATION": "/opt/ml/input/data/validation",
            "SM_MODEL_DIR": "/opt/ml/model",
            "SM_OUTPUT_DIR": "/opt/ml/output",
        },
        hyperparameters=SETTINGS["hyperparameters"],
    )
    train = TrainingStep(
        name="Train",
        step_args=trainer.train(
            input_data_config=[
                InputData(channel_name=name, data_source=source, content_type=kind)
                for name, source, kind in [
                    ("code", SITE["source_uri"], "application/gzip"),
                    ("train", prepared("train"), "application/x-parquet"),
                    ("validation", prepared("validation"), "application/x-parquet"),
                ]
            ]
        ),
        cache_config=cache,
        retry_policies=retry,
    )
    model = train.properties.ModelArtifacts.S3ModelArtifacts

    champion = LambdaStep(
        name="Champion",
        lambda_func=Lambda(function_arn=SITE["champion_function"], session=session),
        outputs=[LambdaOutput(output_name="Model", output_type=LambdaOutputTypeEnum.String)],
    )

    evaluated = ["s3://models/flights/evaluated/", ExecutionVariables.PIPELINE_EXECUTION_ID]
    report = PropertyFile(name="Evaluation", output_name="evaluation", path="evaluation.json")
    evaluate = ProcessingStep(
        name="Evaluate",
        step_args=processor("evaluate", SITE["model_key"]).run(
            arguments=[
                *("--model", "/opt/ml/processing/input/model", "--test", "/opt/ml/processing/input/test"),
                *("--champion", "/opt/ml/processing/input/champion", "--out", out),
                *("--gate", Join(values=["minimum_pr_auc=", floors["pr_auc"]])),
                *("--gate", Join(values=["minimum_auc=", floors["auc"]])),
                *("--gate", "maximum_calibration_error=0.03", "--gate", "minimum_segment_auc=0.6"),
                *("--gate", "champion_margin=0.02"),
            ],
            inputs=[
                given("code", SITE["source_uri"]),
                given("model", model),
                given("test", prepared("test")),
                given("champion", champion.properties.Outputs["Model"]),
            ],
            outputs=[made("evaluation", Join(values=evaluated), out)],
        ),
        property_files=[report],
        retry_policies=retry,
    )

    def metric(name: str) -> Any:
        path = f"binary_classification_metrics.{name}.value"
        return JsonGet(step_name=evaluate.name, property_file=report, json_path=path)

    builder = ModelBuilder(
        sagemaker_session=session,
        role_arn=SITE["training_role"],
        image_uri=SITE["image"],
        s3_model_data_url=model,
        env_vars={
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        },
    )
    # Otherwise it asks S3 whether the session's bucket exists.
    builder.bucket = "models"
    register = ModelStep(
        name="Register",
        step_args=builder.register(
            model_package_group_name=SITE["group"],
            content_types=["application/json", "text/csv"],
            response_types=["application/json", "text/csv"],
            approval_status="PendingManualApproval",
            description="Trained by the pipeline of flights",
            customer_metadata_properties={"inputs": inputs},
            model_metrics=ModelMetrics(
                model_statistics=MetricsSource(
                    s3_uri=Join(values=[*evaluated, "/evaluation.json"]), content_type="application/json"
                )
            ),
        ),
    )

    def judged(name: str) -> Any:
        return JsonGet(step_name=evaluate.name, property_file=report, json_path=name)

    shortfall = Join(values=["The model is not good enough: ", judged("shortfall"), "."])
    verdict = ConditionStep(
        name="GoodEnough",
        conditions=[
            *(
                ConditionGreaterThanOrEqualTo(left=metric(name), right=floor)
                for name, floor in floors.items()
            ),
            ConditionGreaterThanOrEqualTo(left=judged("verdict"), right=1.0),
        ],
        if_steps=[register],
        else_steps=[FailStep(name="NotGoodEnough", error_message=shortfall)],
    )
    pipeline = Pipeline(
        name="groundplan-dev-flights",
        parameters=[raw, inputs, *floors.values()],
        steps=[prepare, train, champion, evaluate, verdict],
        sagemaker_session=session,
    )
    told: dict[str, Any] = json.loads(pipeline.definition())
    return told


def content() -> dict[str, Any]:
    """The record: who made it, of what, and the definition."""
    return {
        "made_by": {package: version(package) for package in PACKAGES},
        "site": SITE,
        "settings": SETTINGS,
        "definition": sdk_definition(),
    }


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else RECORD
    target.write_text(json.dumps(content(), indent=2, sort_keys=True) + "\n")
