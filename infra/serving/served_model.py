"""Served model: the SageMaker model of a model package, called by what is in it."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from infra.network.placement import Placement
from infra.serving.endpoint_names import name_of
from infra.serving.settings import Mode

_ENVIRONMENT = {
    "SAGEMAKER_PROGRAM": "inference.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
}


def served_model(
    resource: str,
    *,
    package: str,
    mode: Mode,
    endpoint_name: str,
    placement: Placement,
    role_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> aws.sagemaker.Model:
    """A model in the VPC, without a way out of its container. `resource` is its name in the program.

    A serverless one has neither: SageMaker refuses both ("Feature exclusions" of serverless inference).
    Controls: SageMaker.5, checkov 370.
    """
    apart = mode != "serverless"
    contents: list[Any] = [role_arn]
    if apart:
        contents += [pulumi.Output.all(*placement.subnet_ids), placement.security_group_id]
    return aws.sagemaker.Model(
        resource,
        name=pulumi.Output.all(*contents).apply(lambda known: name_of(endpoint_name, package, *known)),
        execution_role_arn=role_arn,
        primary_container={"model_package_name": package, "environment": _ENVIRONMENT},
        enable_network_isolation=apart,
        vpc_config={
            "subnets": placement.subnet_ids,
            "security_group_ids": [placement.security_group_id],
        }
        if apart
        else None,
        opts=opts,
    )
