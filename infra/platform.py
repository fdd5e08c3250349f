"""The platform: which components there are, and what each hands to the next."""

from pathlib import Path
from typing import Any

from infra.boundary import Boundary, BoundaryArgs
from infra.budget import Budget, BudgetArgs
from infra.encryption import Encryption, EncryptionArgs
from infra.endpoint import Endpoint, EndpointArgs
from infra.identity import Identity, IdentityArgs
from infra.images import framework_image
from infra.logs import PROCESSING_JOBS, TRAINING_JOBS, Logs, LogsArgs
from infra.network import Network, NetworkArgs
from infra.notifications import Notifications, NotificationsArgs
from infra.packaging import Packaging, PackagingArgs
from infra.pipeline import TrainingPipeline, TrainingPipelineArgs
from infra.place import Place
from infra.registry import ModelRegistry, ModelRegistryArgs
from infra.settings import PlatformSettings
from infra.storage import Storage, StorageArgs


class Platform:
    """The whole of a stack, in reading order."""

    exports: dict[str, Any]
    """What the stack gives to the command and to other programs; docs/architecture.md, "Outputs"."""

    def __init__(self, settings: PlatformSettings, place: Place) -> None:
        case = settings.use_case.rpartition(".")[2]
        endpoint_name = f"{place.prefix}-{case}"
        image = framework_image(settings.training, place)

        encryption = Encryption("encryption", EncryptionArgs(settings=settings.encryption, place=place))
        keys = encryption.key_arns
        boundary = Boundary("boundary", BoundaryArgs(place=place))
        storage = Storage(
            "storage",
            StorageArgs(
                settings=settings.storage, place=place, data_key_arn=keys["data"], model_key_arn=keys["model"]
            ),
        )
        zones = storage.buckets
        network = Network(
            "network",
            NetworkArgs(
                settings=settings.network,
                logs=settings.logs,
                place=place,
                logs_key_arn=keys["logs"],
                boundary_arn=boundary.policy_arn,
            ),
        )
        Logs(
            "logs",
            LogsArgs(
                settings=settings.logs,
                key_arn=keys["logs"],
                groups=[PROCESSING_JOBS, TRAINING_JOBS, f"/aws/sagemaker/Endpoints/{endpoint_name}"],
            ),
        )
        identity = Identity(
            "identity",
            IdentityArgs(
                place=place,
                boundary_arn=boundary.policy_arn,
                data_key_arn=keys["data"],
                model_key_arn=keys["model"],
                image_repository_arn=image.repository_arn,
                endpoint_name=endpoint_name,
            ),
        )
        packaging = Packaging(
            "packaging",
            PackagingArgs(
                source=Path("ml"),
                build=Path(".groundplan/build"),
                bucket=zones["models"],
                key_arn=keys["model"],
            ),
        )
        registry = ModelRegistry("registry", ModelRegistryArgs(place=place, case=case))
        pipeline = TrainingPipeline(
            "training",
            TrainingPipelineArgs(
                settings=settings.training,
                place=place,
                use_case=settings.use_case,
                image=image.uri,
                source_uri=packaging.uri,
                raw_bucket=zones["raw"],
                curated_bucket=zones["curated"],
                models_bucket=zones["models"],
                data_key_arn=keys["data"],
                model_key_arn=keys["model"],
                pipeline_role_arn=identity.role_arns["pipeline"],
                processing_role_arn=identity.role_arns["processing"],
                training_role_arn=identity.role_arns["training"],
                subnet_ids=network.subnet_ids,
                security_group_id=network.workload_group_id,
                group_name=registry.group_name,
            ),
        )
        notifications = Notifications(
            "notifications",
            NotificationsArgs(
                settings=settings.notifications,
                logs=settings.logs,
                place=place,
                messages_key_arn=keys["messages"],
                logs_key_arn=keys["logs"],
                boundary_arn=boundary.policy_arn,
            ),
        )
        budget = Budget(
            "budget",
            BudgetArgs(settings=settings.budget, place=place, topic_arn=notifications.topic_arn),
        )
        endpoint = None
        if settings.release is not None:
            endpoint = Endpoint(
                "endpoint",
                EndpointArgs(
                    settings=settings.endpoint,
                    endpoint_name=endpoint_name,
                    model_package_arn=settings.release.model_package_arn,
                    role_arn=identity.role_arns["inference"],
                    subnet_ids=network.subnet_ids,
                    security_group_id=network.workload_group_id,
                    captures_bucket=zones["captures"],
                    data_key_arn=keys["data"],
                    model_key_arn=keys["model"],
                    topic_arn=notifications.topic_arn,
                ),
            )

        self.exports = {
            "zones": dict(zones),
            "pipeline": pipeline.pipeline_name,
            "modelPackageGroup": registry.group_name,
            "endpoint": endpoint.endpoint_name if endpoint else None,
            "intended": endpoint.intended if endpoint else None,
            "topic": notifications.topic_arn,
            "webhookSecret": notifications.secret_name,
            "budget": budget.budget_name,
            "useCase": settings.use_case,
            "keys": dict(keys),
            "sourceArchive": packaging.uri,
        }
