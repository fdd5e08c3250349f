"""The platform: which components there are, and what each hands to the next."""

from pathlib import Path
from typing import Any

from infra.cost.budget import Budget, BudgetArgs
from infra.foundation.boundary import Boundary, BoundaryArgs
from infra.foundation.encryption import Encryption, EncryptionArgs
from infra.foundation.foundation import Foundation
from infra.foundation.logs import PROCESSING_JOBS, TRAINING_JOBS, Logs, LogsArgs
from infra.foundation.place import Place
from infra.identity.deployment import DeploymentAccess, DeploymentAccessArgs
from infra.identity.identity import Identity, IdentityArgs
from infra.identity.people import People, PeopleArgs
from infra.network.network import Network, NetworkArgs
from infra.notifications.notifications import Notifications, NotificationsArgs
from infra.packaging.builds import Images, ImagesArgs, images_of
from infra.packaging.images import framework_image
from infra.packaging.source import Packaging, PackagingArgs
from infra.serving.endpoint import Endpoint, EndpointArgs
from infra.serving.front_door import FrontDoor, FrontDoorArgs
from infra.settings.loading import PlatformSettings
from infra.storage.storage import Storage, StorageArgs
from infra.training.pipeline import TrainingPipeline, TrainingPipelineArgs
from infra.training.registry import ModelRegistry, ModelRegistryArgs


class Platform:
    """The whole of a stack, in reading order."""

    exports: dict[str, Any]
    """What the stack gives to the command and to other programs; docs/architecture.md, "Outputs"."""

    def __init__(self, settings: PlatformSettings, place: Place) -> None:
        case = settings.use_case.rpartition(".")[2]
        endpoint_name = f"{place.prefix}-{case}"
        image = framework_image(settings.training, place)
        second = settings.recovery.region

        # What everything stands on.
        encryption = Encryption(
            "encryption",
            EncryptionArgs(
                settings=settings.encryption,
                place=place,
                protected=settings.protected,
                recovery_region=second,
            ),
        )
        boundary = Boundary("boundary", BoundaryArgs(place=place))
        base = Foundation(
            place=place,
            key_arns=encryption.key_arns,
            boundary_arn=boundary.policy_arn,
            log_days=settings.logs.retention_days,
            protected=settings.protected,
            runbooks=settings.runbooks,
            recovery_region=second,
        )
        notifications = Notifications(
            "notifications", NotificationsArgs(settings=settings.notifications, foundation=base)
        )
        topics = notifications.topics
        storage = Storage("storage", StorageArgs(settings=settings.storage, foundation=base))
        zones = storage.buckets
        network = Network("network", NetworkArgs(settings=settings.network, foundation=base))
        Logs(
            "logs",
            LogsArgs(
                foundation=base,
                groups=[PROCESSING_JOBS, TRAINING_JOBS, f"/aws/sagemaker/Endpoints/{endpoint_name}"],
            ),
        )
        identity = Identity(
            "identity",
            IdentityArgs(
                foundation=base, image_repository_arn=image.repository_arn, endpoint_name=endpoint_name
            ),
        )
        people = People(
            "people",
            PeopleArgs(settings=settings.identity, foundation=base, endpoint_name=endpoint_name),
        )
        deployment = None
        if settings.deployment.enabled:
            deployment = DeploymentAccess(
                "deployment", DeploymentAccessArgs(settings=settings.deployment, foundation=base)
            )

        # From data to a registered model.
        packaging = Packaging(
            "packaging",
            PackagingArgs(
                source=Path("ml"), build=Path(".groundplan/build"), foundation=base, bucket=zones["models"]
            ),
        )
        images = None
        if settings.images.from_stack:
            images = images_of(settings.images.from_stack)
        elif settings.images.enabled:
            images = Images(
                "images",
                ImagesArgs(
                    settings=settings.images,
                    foundation=base,
                    topics=topics,
                    bucket=zones["models"],
                    build=Path(".groundplan/build"),
                ),
            ).images
        registry = ModelRegistry("registry", ModelRegistryArgs(place=place, case=case))
        pipeline = TrainingPipeline(
            "training",
            TrainingPipelineArgs(
                settings=settings.training,
                foundation=base,
                placement=network.workloads,
                zones=zones,
                role_arns=identity.role_arns,
                use_case=settings.use_case,
                image=image.uri,
                source_uri=packaging.uri,
                group_name=registry.group_name,
            ),
        )

        # From a registered model to answers.
        endpoint = None
        if settings.release is not None:
            endpoint = Endpoint(
                "endpoint",
                EndpointArgs(
                    settings=settings.endpoint,
                    foundation=base,
                    placement=network.workloads,
                    zones=zones,
                    topics=topics,
                    endpoint_name=endpoint_name,
                    model_package_arn=settings.release.model_package_arn,
                    role_arn=identity.role_arns["inference"],
                ),
            )
        front_door = None
        if endpoint is not None and settings.front_door.enabled:
            front_door = FrontDoor(
                "front-door",
                FrontDoorArgs(
                    settings=settings.front_door,
                    foundation=base,
                    topics=topics,
                    endpoint_name=endpoint.endpoint_name,
                ),
            )

        # What watches over it.
        budget = Budget("budget", BudgetArgs(settings=settings.budget, foundation=base, topics=topics))

        self.exports = {
            "zones": dict(zones),
            "pipeline": pipeline.pipeline_name,
            "modelPackageGroup": registry.group_name,
            "endpoint": endpoint.endpoint_name if endpoint else None,
            "frontDoor": front_door.url if front_door else None,
            "intended": endpoint.intended if endpoint else None,
            "topics": dict(topics),
            "webhookSecret": notifications.secret_name,
            "budget": budget.budget_name,
            "useCase": settings.use_case,
            "keys": dict(base.key_arns),
            "sourceArchive": packaging.uri,
            "images": images,
            "personas": dict(people.role_arns),
            "deployment": deployment.role_arns if deployment else None,
        }
