"""SageMaker: the registry, pipelines, models and endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sandbox.aws.cloud import wait_until
from sandbox.aws.documents import json_failures
from sandbox.aws.lifecycle import perform
from sandbox.aws.rows import given, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure, ProviderError
from sandbox.engine.values import PropertyMap

_NAME_LIMIT = 63
_READY_S = 3600
"""As long as the real provider waits for an endpoint."""


def sagemaker_tags(arn: str, exact: bool = False) -> Tags:
    """Tags by ARN: `arn` is its kind; none where the id is the ARN. The ids of the runtime's own are in
    small letters there; `exact`: as they are."""

    def target(subject: Subject) -> Params:
        if not arn:
            return {"ResourceArn": subject.id}
        name = subject.id if exact else subject.id.lower()
        return {"ResourceArn": subject.cloud.arn("sagemaker", f"{arn}/{name}")}

    return Tags(
        set="AddTags",
        unset="DeleteTags",
        target=target,
        list="ListTags",
    )


def _named(member: str) -> Callable[[Subject], Params]:
    return lambda subject: {member: subject.id}


MODEL_PACKAGE_GROUP = ResourceType(
    type="aws:sagemaker/modelPackageGroup:ModelPackageGroup",
    service="sagemaker",
    tier="native",
    create=Call(operation="CreateModelPackageGroup"),
    id=given("modelPackageGroupName"),
    read=reading("sagemaker", "DescribeModelPackageGroup", _named("ModelPackageGroupName")),
    delete=Call(operation="DeleteModelPackageGroup", sends=(), adds=_named("ModelPackageGroupName")),
    outputs={"arn": "ModelPackageGroupArn"},
    echoes={
        "modelPackageGroupName": "ModelPackageGroupName",
        "modelPackageGroupDescription": "ModelPackageGroupDescription",
    },
    known_id=given("modelPackageGroupName"),
    exclusive=True,
    place=("modelPackageGroupName",),
    tags=sagemaker_tags("model-package-group"),
)

_PIPELINE_NAMES = {"pipelineDefinitionS3Location.objectKey": "ObjectKey"}


def _check_pipeline(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from json_failures(inputs, "pipelineDefinition")
    held = [
        name
        for name in ("pipelineDefinition", "pipelineDefinitionS3Location")
        if inputs.get(name) is not None
    ]
    if len(held) != 1:
        yield CheckFailure(
            "pipelineDefinition",
            "exactly one of pipelineDefinition and pipelineDefinitionS3Location is needed",
        )
    if inputs.get("roleArn") is None:
        yield CheckFailure("roleArn", "is required by the service and was not given")


PIPELINE = ResourceType(
    type="aws:sagemaker/pipeline:Pipeline",
    service="sagemaker",
    tier="run",
    create=Call(operation="CreatePipeline", names=_PIPELINE_NAMES),
    id=given("pipelineName"),
    read=reading("sagemaker", "DescribePipeline", _named("PipelineName")),
    delete=Call(operation="DeletePipeline", sends=(), adds=_named("PipelineName")),
    steps=(
        Step(
            on=(
                "parallelismConfiguration",
                "pipelineDefinition",
                "pipelineDefinitionS3Location",
                "pipelineDescription",
                "pipelineDisplayName",
                "roleArn",
            ),
            do=Call(operation="UpdatePipeline", names=_PIPELINE_NAMES),
            at_create=False,
        ),
    ),
    outputs={"arn": "PipelineArn"},
    echoes={
        "pipelineName": "PipelineName",
        "pipelineDisplayName": "PipelineDisplayName",
        "pipelineDefinition": "PipelineDefinition",
        "roleArn": "RoleArn",
    },
    known_id=given("pipelineName"),
    exclusive=True,
    place=("pipelineName",),
    tags=sagemaker_tags("pipeline"),
    documents=("pipelineDefinition",),
    checks=_check_pipeline,
)


def _check_model(inputs: PropertyMap) -> Iterable[CheckFailure]:
    held = [name for name in ("primaryContainer", "containers") if inputs.get(name) not in (None, [])]
    if len(held) != 1:
        yield CheckFailure("primaryContainer", "exactly one of primaryContainer and containers is needed")
    containers = [("primaryContainer", inputs.get("primaryContainer"))]
    listed = inputs.get("containers")
    if isinstance(listed, list):
        containers += [(f"containers[{index}]", item) for index, item in enumerate(listed)]
    for path, container in containers:
        if isinstance(container, dict) and not {"image", "modelPackageName"} & container.keys():
            yield CheckFailure(path, "needs an image or a modelPackageName")


MODEL = ResourceType(
    type="aws:sagemaker/model:Model",
    service="sagemaker",
    tier="run",
    create=Call(operation="CreateModel", names={"name": "ModelName"}),
    id=given("name"),
    read=reading("sagemaker", "DescribeModel", _named("ModelName")),
    delete=Call(operation="DeleteModel", sends=(), adds=_named("ModelName")),
    outputs={"arn": "ModelArn"},
    echoes={"name": "ModelName", "executionRoleArn": "ExecutionRoleArn"},
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=_NAME_LIMIT, prefix_property=None),
    unordered=("vpcConfig.subnets", "vpcConfig.securityGroupIds"),
    tags=sagemaker_tags("model"),
    checks=_check_model,
)

_INSTANCES = ("initialInstanceCount", "instanceType")


def _check_variant(variant: PropertyMap, path: str) -> Iterable[CheckFailure]:
    """A variant stands on instances or is serverless (SageMaker API: ProductionVariant)."""
    serverless = variant.get("serverlessConfig")
    if serverless is not None:
        for name in (*_INSTANCES, "managedInstanceScaling", "acceleratorType", "volumeSizeInGb"):
            if variant.get(name) is not None:
                yield CheckFailure(f"{path}.{name}", "is not for a serverless variant")
    elif variant.get("instanceType") is None:
        yield CheckFailure(f"{path}.instanceType", "is required where there is no serverlessConfig")
    if isinstance(serverless, dict):
        memory = serverless.get("memorySizeInMb")
        if isinstance(memory, (int, float)) and memory % 1024:
            yield CheckFailure(
                f"{path}.serverlessConfig.memorySizeInMb",
                f"{memory:g} is not one of 1024, 2048, 3072, 4096, 5120, 6144",
            )
        most, held = serverless.get("maxConcurrency"), serverless.get("provisionedConcurrency")
        if isinstance(most, (int, float)) and isinstance(held, (int, float)) and held > most:
            reason = f"{held:g} is more than maxConcurrency, {most:g}"
            yield CheckFailure(f"{path}.serverlessConfig.provisionedConcurrency", reason)
    scaling = variant.get("managedInstanceScaling")
    if isinstance(scaling, dict):
        low, high = scaling.get("minInstanceCount"), scaling.get("maxInstanceCount")
        if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
            reason = f"{low:g} is more than maxInstanceCount, {high:g}"
            yield CheckFailure(f"{path}.managedInstanceScaling.minInstanceCount", reason)


def _check_endpoint_configuration(inputs: PropertyMap) -> Iterable[CheckFailure]:
    """What CreateEndpointConfig refuses of variants that do not go together."""
    kinds = {name: inputs.get(name) for name in ("productionVariants", "shadowProductionVariants")}
    for name, variants in kinds.items():
        for index, variant in enumerate(variants if isinstance(variants, list) else ()):
            if isinstance(variant, dict):
                yield from _check_variant(variant, f"{name}[{index}]")
    live, shadow = kinds.values()
    if not isinstance(live, list):
        return
    serverless = any(isinstance(item, dict) and item.get("serverlessConfig") for item in live)
    if shadow:
        if serverless:
            yield CheckFailure("shadowProductionVariants", "cannot be given beside a serverless variant")
        if len(live) != 1 or (isinstance(shadow, list) and len(shadow) != 1):
            yield CheckFailure("shadowProductionVariants", "one may be given, beside one production variant")
    if inputs.get("asyncInferenceConfig") is not None and serverless:
        yield CheckFailure("asyncInferenceConfig", "cannot be given beside a serverless variant")
    names = [item.get("variantName") for item in live if isinstance(item, dict)]
    twice = sorted({str(name) for name in names if isinstance(name, str) and names.count(name) > 1})
    if twice:
        yield CheckFailure("productionVariants", f"each variantName may be given once: {', '.join(twice)}")


ENDPOINT_CONFIGURATION = ResourceType(
    type="aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    service="sagemaker",
    tier="run",
    create=Call(
        operation="CreateEndpointConfig",
        names={"name": "EndpointConfigName", "kmsKeyArn": "KmsKeyId"},
    ),
    id=given("name"),
    read=reading("sagemaker", "DescribeEndpointConfig", _named("EndpointConfigName")),
    delete=Call(operation="DeleteEndpointConfig", sends=(), adds=_named("EndpointConfigName")),
    outputs={"arn": "EndpointConfigArn"},
    echoes={"name": "EndpointConfigName", "kmsKeyArn": "KmsKeyId"},
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=_NAME_LIMIT),
    tags=sagemaker_tags("endpoint-config"),
    checks=_check_endpoint_configuration,
)


class EndpointFailedError(ProviderError):
    """An endpoint that came up wrong, or an update that was rolled back."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"the endpoint {name} is not in service: {reason}")


_describe_endpoint = reading("sagemaker", "DescribeEndpoint", _named("EndpointName"))
_SETTLED = ("InService", "Failed", "UpdateRollbackFailed", "OutOfService")


def _await_service(subject: Subject) -> None:
    """Waits until the endpoint serves the configuration that was asked for.

    Raises EndpointFailedError with the service's reason where it does not, a rollback included.
    """
    latest: Params = {}

    def settled() -> bool:
        latest.clear()
        latest.update(_describe_endpoint(subject) or {"EndpointStatus": "Failed", "FailureReason": "gone"})
        return latest.get("EndpointStatus") in _SETTLED

    wait_until(settled, _READY_S, f"the endpoint {subject.id}", subject.cloud.cancelled)
    reason = str(latest.get("FailureReason") or latest.get("EndpointStatus"))
    if latest.get("EndpointStatus") != "InService":
        raise EndpointFailedError(subject.id, reason)
    if latest.get("EndpointConfigName") != subject.inputs["endpointConfigName"]:
        raise EndpointFailedError(
            subject.id, f"the update was rolled back to {latest.get('EndpointConfigName')} ({reason})"
        )


_UPDATE_ENDPOINT = Call(operation="UpdateEndpoint", names={"name": "EndpointName"})


def _update_endpoint(subject: Subject) -> None:
    # A change of the deployment's settings alone deploys nothing: they are for the next change.
    config = subject.inputs["endpointConfigName"]
    if config == (_describe_endpoint(subject) or {}).get("EndpointConfigName"):
        return
    perform(ENDPOINT, _UPDATE_ENDPOINT, subject)
    _await_service(subject)


def _delete_endpoint(subject: Subject) -> None:
    subject.cloud.call("sagemaker", "DeleteEndpoint", {"EndpointName": subject.id})
    wait_until(
        lambda: _describe_endpoint(subject) is None,
        _READY_S,
        f"the deletion of the endpoint {subject.id}",
        subject.cloud.cancelled,
    )


ENDPOINT = ResourceType(
    type="aws:sagemaker/endpoint:Endpoint",
    service="sagemaker",
    tier="run",
    create=Call(operation="CreateEndpoint", names={"name": "EndpointName"}),
    id=given("name"),
    read=_describe_endpoint,
    delete=_delete_endpoint,
    steps=(
        Step(on=(), do=_await_service),
        Step(on=("endpointConfigName", "deploymentConfig"), do=_update_endpoint, at_create=False),
    ),
    outputs={"arn": "EndpointArn"},
    echoes={"name": "EndpointName", "endpointConfigName": "EndpointConfigName"},
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=_NAME_LIMIT, prefix_property=None),
    tags=sagemaker_tags("endpoint"),
    checked=(_UPDATE_ENDPOINT,),
)

TYPES = (MODEL_PACKAGE_GROUP, PIPELINE, MODEL, ENDPOINT_CONFIGURATION, ENDPOINT)
