"""Model registry: the group that every trained model is a version of."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.foundation.place import Place


@dataclass(frozen=True, kw_only=True)
class ModelRegistryArgs:
    """What the rest of the platform hands to the registry. `case` is such as `flights`."""

    place: Place
    case: str


class ModelRegistry(pulumi.ComponentResource):
    """A model package group. Nothing is served that is not an approved version in it."""

    group_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: ModelRegistryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("groundplan:infra:ModelRegistry", name, opts=opts)
        group = aws.sagemaker.ModelPackageGroup(
            f"{name}-group",
            model_package_group_name=f"{args.place.prefix}-{args.case}",
            model_package_group_description=f"Models of {args.case}, each with its metrics and its inputs",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.group_name = group.model_package_group_name
        self.register_outputs({"group_name": self.group_name})
