"""Identity: the roles that the pipeline, its jobs and the endpoint act as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi

from infra.foundation.foundation import Foundation
from infra.foundation.policy import Statement
from infra.foundation.role import Role, RoleArgs
from infra.identity.permissions import Grants, inference, monitoring, pipeline, processing, training

Work = Literal["processing", "training", "inference", "pipeline", "monitoring"]
"""What a service role is for."""


@dataclass(frozen=True, kw_only=True)
class IdentityArgs:
    """What the rest of the platform hands to the roles."""

    foundation: Foundation
    image_repository_arn: pulumi.Input[str]
    serving_repository_arns: Sequence[pulumi.Input[str]]
    endpoint_name: str
    processing_statements: Sequence[Statement] = ()
    """What the role of processing does beside its own."""
    serving_statements: pulumi.Input[Sequence[Statement]] = ()
    """What the role of serving does beside what every way of serving does."""


class Identity(pulumi.ComponentResource):
    """A role for each part of the work, with what that part needs and the boundary above it.

    Controls: IAM.1, IAM.21, CIS AWS 1.15; conditions against confused deputies, no PassRole beyond our own.
    """

    role_arns: Mapping[Work, pulumi.Output[str]]

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Identity", name, opts=opts)
        place, keys = args.foundation.place, args.foundation.key_arns
        grants = pulumi.Output.all(
            data=keys["data"],
            model=keys["model"],
            image=args.image_repository_arn,
            serving=pulumi.Output.all(*args.serving_repository_arns),
        ).apply(
            lambda keys: Grants(
                place=place,
                data_key=keys["data"],
                model_key=keys["model"],
                image_repository=keys["image"],
                serving_repositories=keys["serving"],
                endpoint=args.endpoint_name,
            )
        )

        def role(work: Work, description: str, statements: pulumi.Output[Sequence[Statement]]) -> Role:
            return Role(
                f"{name}-{work}",
                RoleArgs(
                    purpose=work,
                    description=description,
                    service="sagemaker.amazonaws.com",
                    statements=statements,
                    boundary_arn=args.foundation.boundary_arn,
                    place=place,
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )

        preparing = grants.apply(lambda known: [*processing(known), *args.processing_statements])
        serving = pulumi.Output.all(grants, args.serving_statements).apply(
            lambda known: [*inference(known[0]), *known[1]]
        )
        self.role_arns = {
            "processing": role("processing", "Prepares data, evaluates models", preparing).arn,
            "training": role("training", "Trains models", grants.apply(training)).arn,
            "inference": role("inference", "Serves models", serving).arn,
            "pipeline": role("pipeline", "Starts the pipeline's jobs", grants.apply(pipeline)).arn,
            "monitoring": role("monitoring", "Looks at what was captured", grants.apply(monitoring)).arn,
        }
        self.register_outputs({"role_arns": dict(self.role_arns)})
