"""Model registry: the group that every trained model is a version of, and who else may read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.place import Place
from infra.foundation.policy import Statement, document
from infra.settings.block import Settings

AccountId = Annotated[str, Field(pattern=r"^[0-9]{12}$")]


class RegistrySettings(Settings):
    """`groundplan:registry`: who may look at the models beside this account."""

    readers: tuple[AccountId, ...] = Field(
        default=(),
        max_length=20,
        description="Accounts that may list and describe the model packages, such as the one of production.",
    )


@dataclass(frozen=True, kw_only=True)
class ModelRegistryArgs:
    """What the rest of the platform hands to the registry. `case` is such as `flights`."""

    place: Place
    case: str
    settings: RegistrySettings


class ModelRegistry(pulumi.ComponentResource):
    """A model package group. Nothing is served that is not an approved version in it.

    Reading a package is not reading its archive: the models' bucket and key admit nobody by this.
    """

    group_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: ModelRegistryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("groundplan:infra:ModelRegistry", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        group_name = f"{args.place.prefix}-{args.case}"
        group = aws.sagemaker.ModelPackageGroup(
            f"{name}-group",
            model_package_group_name=group_name,
            model_package_group_description=f"Models of {args.case}, each with its metrics and its inputs",
            opts=child,
        )
        if args.settings.readers:
            aws.sagemaker.ModelPackageGroupPolicy(
                f"{name}-readers",
                model_package_group_name=group.model_package_group_name,
                resource_policy=document(*reader_statements(args.place, group_name, args.settings.readers)),
                opts=child,
            )
        self.group_name = group.model_package_group_name
        self.register_outputs({"group_name": self.group_name})


def reader_statements(place: Place, group: str, accounts: tuple[str, ...]) -> list[Statement]:
    """What other accounts may do with a group: look at it and at its packages, and change nothing."""
    readers = {"AWS": sorted(f"arn:{place.partition}:iam::{account}:root" for account in accounts)}
    return [
        Statement(
            sid="ReadGroup",
            principals=readers,
            actions=["sagemaker:DescribeModelPackageGroup", "sagemaker:ListModelPackages"],
            resources=[place.arn("sagemaker", f"model-package-group/{group}")],
        ),
        Statement(
            sid="ReadPackages",
            principals=readers,
            actions=["sagemaker:DescribeModelPackage"],
            resources=[place.arn("sagemaker", f"model-package/{group}/*")],
        ),
    ]
