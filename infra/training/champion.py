"""Champion: the function that tells the training pipeline which approved model a new one stands against."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra.foundation.foundation import Foundation
from infra.foundation.function import Function, FunctionArgs
from infra.foundation.place import Place
from infra.foundation.policy import Statement

PURPOSE = "champion"


@dataclass(frozen=True, kw_only=True)
class ChampionArgs:
    """What the rest of the platform hands over. `no_model` is an object that is there and is no model."""

    foundation: Foundation
    group_name: pulumi.Input[str]
    models_uri: pulumi.Input[str]
    no_model: pulumi.Input[str]


class Champion(pulumi.ComponentResource):
    """A function that looks at the registry and changes nothing.

    A step asks it, rather than whoever starts the pipeline: a schedule and an alarm start runs as well, and
    none of them could look it up.
    """

    function_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ChampionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Champion", name, opts=opts)
        place = args.foundation.place
        function = Function(
            f"{name}-function",
            FunctionArgs(
                purpose=PURPOSE,
                description="Tells the training pipeline which approved model a new one stands against",
                foundation=args.foundation,
                statements=pulumi.Output.from_input(args.group_name).apply(
                    lambda group: [
                        Statement(
                            sid="FindPackages",
                            actions=["sagemaker:ListModelPackages"],
                            resources=["*"],
                            any_resource_because="the action knows no kind of resource",
                        ),
                        Statement(
                            sid="ReadPackages",
                            actions=["sagemaker:DescribeModelPackage"],
                            resources=[place.arn("sagemaker", f"model-package/{group}/*")],
                        ),
                    ]
                ),
                environment={
                    "GROUP": args.group_name,
                    "MODELS": args.models_uri,
                    "NO_MODEL": args.no_model,
                },
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.function_arn = function.arn
        self.register_outputs({"function_arn": self.function_arn})


def function_arn(place: Place) -> str:
    """The function's ARN, which the pipeline's role is allowed to call."""
    return place.arn("lambda", f"function:{place.prefix}-{PURPOSE}")
