"""The platform: which components there are, and what each hands to the next."""

from pathlib import Path
from typing import Any

from infra.audit.audit import Audit, AuditArgs
from infra.backup.backup import Backup, BackupArgs
from infra.cost.budget import Budget, BudgetArgs
from infra.data.declared import declared
from infra.data.features import Features, FeaturesArgs
from infra.data.pipeline import DataPipeline, DataPipelineArgs
from infra.data.streaming import Streaming, StreamingArgs
from infra.foundation.boundary import Boundary, BoundaryArgs
from infra.foundation.encryption import Encryption, EncryptionArgs
from infra.foundation.foundation import Foundation
from infra.foundation.logs import PROCESSING_JOBS, TRAINING_JOBS, TRANSFORM_JOBS, Logs, LogsArgs
from infra.foundation.place import Place
from infra.identity.deployment import DeploymentAccess, DeploymentAccessArgs
from infra.identity.identity import Identity, IdentityArgs
from infra.identity.people import People, PeopleArgs
from infra.monitoring.drift import Drift, DriftArgs
from infra.monitoring.monitoring import Monitoring, MonitoringArgs
from infra.monitoring.served import Served
from infra.network.network import Network, NetworkArgs
from infra.notifications.notifications import Notifications, NotificationsArgs
from infra.packaging.builds import Images, ImagesArgs, images_of
from infra.packaging.images import framework_image
from infra.packaging.source import Packaging, PackagingArgs
from infra.serving.batch import Batch, BatchArgs
from infra.serving.endpoint import Endpoint, EndpointArgs
from infra.serving.endpoint_names import endpoint_called, endpoints_called
from infra.serving.parking import Parking, ParkingArgs
from infra.serving.statements import serving_statements
from infra.settings.loading import PlatformSettings
from infra.settings.parts import parts_in_network
from infra.storage.storage import Storage, StorageArgs
from infra.training.pipeline import TrainingPipeline, TrainingPipelineArgs, pipeline_of
from infra.training.registry import ModelRegistry, ModelRegistryArgs
from infra.training.retraining import Retraining, RetrainingArgs
from infra.training.runs import TrainingRuns, TrainingRunsArgs


class Platform:
    """The whole of a stack, in reading order."""

    exports: dict[str, Any]
    """What the stack gives to the command and to other programs; docs/architecture.md, "Outputs"."""

    def __init__(self, settings: PlatformSettings, place: Place) -> None:
        case = settings.use_case.rpartition(".")[2]
        mode, serving = settings.endpoint.mode, f"{place.prefix}-{case}"
        endpoint_name = endpoint_called(serving, mode)
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
                retained=frozenset({"logs"}) if settings.storage.retained("audit") else frozenset(),
            ),
        )
        boundary = Boundary("boundary", BoundaryArgs(place=place, recovery_region=second))
        base = Foundation(
            place=place,
            key_arns=encryption.key_arns,
            boundary_arn=boundary.policy_arn,
            log_days=settings.logs.retention_days,
            protected=settings.protected,
            runbooks=settings.runbooks,
            recovery_region=second,
            replica_key_arns=encryption.replica_key_arns,
        )
        notifications = Notifications(
            "notifications", NotificationsArgs(settings=settings.notifications, foundation=base)
        )
        topics = notifications.topics
        storage = Storage("storage", StorageArgs(settings=settings.storage, foundation=base, topics=topics))
        zones = storage.buckets
        network = Network(
            "network",
            NetworkArgs(settings=settings.network, foundation=base, parts=parts_in_network(settings)),
        )
        Logs(
            "logs",
            LogsArgs(
                foundation=base,
                groups=[
                    PROCESSING_JOBS,
                    TRAINING_JOBS,
                    TRANSFORM_JOBS,
                    *(f"/aws/sagemaker/Endpoints/{name}" for name in endpoints_called(serving)),
                ],
            ),
        )
        identity = Identity(
            "identity",
            IdentityArgs(
                foundation=base,
                image_repository_arn=image.repository_arn,
                endpoint_name=endpoint_name,
                serving_statements=base.key_arns["messages"].apply(
                    lambda key: serving_statements(mode, endpoint_name, place, key)
                ),
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
        data = declared(settings.use_case)
        data_pipeline = DataPipeline(
            "data",
            DataPipelineArgs(
                settings=settings.data_pipeline,
                foundation=base,
                topics=topics,
                zones=zones,
                placement=network.workloads,
                declared=data,
                use_case=settings.use_case,
                source_uri=packaging.uri,
                image=image.uri,
                processing_role_arn=identity.role_arns["processing"],
            ),
        )
        features = None
        if settings.features.enabled:
            features = Features(
                "features",
                FeaturesArgs(
                    settings=settings.features, foundation=base, zones=zones, case=case, groups=data.groups
                ),
            )
        streaming = None
        if settings.streaming.kind != "none":
            streaming = Streaming(
                "streaming",
                StreamingArgs(
                    settings=settings.streaming,
                    foundation=base,
                    topics=topics,
                    zones=zones,
                    brokers=network.isolated,
                    clients=network.workloads,
                    groups=[(one, features.group_names[one.name]) for one in data.groups] if features else [],
                    database=data_pipeline.catalog.databases["archive"],
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
        registry = ModelRegistry(
            "registry", ModelRegistryArgs(place=place, case=case, settings=settings.registry)
        )
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

        pipeline_name = pipeline_of(place, settings.use_case)
        runs = TrainingRuns(
            "training-runs",
            TrainingRunsArgs(
                settings=settings.training, foundation=base, topics=topics, pipeline_name=pipeline_name
            ),
        )

        # From a registered model to answers.
        endpoint, batch, parking = None, None, None
        if settings.release is not None and mode == "batch":
            batch = Batch(
                "batch",
                BatchArgs(
                    settings=settings.endpoint,
                    release=settings.release,
                    foundation=base,
                    placement=network.workloads,
                    zones=zones,
                    topics=topics,
                    name=endpoint_name,
                    role_arn=identity.role_arns["inference"],
                ),
            )
        elif settings.release is not None:
            endpoint = Endpoint(
                "endpoint",
                EndpointArgs(
                    settings=settings.endpoint,
                    release=settings.release,
                    foundation=base,
                    placement=network.workloads,
                    zones=zones,
                    topics=topics,
                    endpoint_name=endpoint_name,
                    role_arn=identity.role_arns["inference"],
                ),
            )
            if settings.parking.enabled and settings.endpoint.on_instances:
                parking = Parking(
                    "parking",
                    ParkingArgs(
                        settings=settings.parking,
                        foundation=base,
                        topics=topics,
                        endpoint_name=endpoint_name,
                        instances=endpoint.instances,
                    ),
                )
        served = endpoint or batch

        # What watches over it.
        if endpoint is not None:
            drift = Drift(
                "drift",
                DriftArgs(
                    settings=settings.drift,
                    foundation=base,
                    placement=network.workloads,
                    zones=zones,
                    role_arns=identity.role_arns,
                    topics=topics,
                    endpoint_name=endpoint_name,
                    endpoint=endpoint.endpoint_name,
                    captures=settings.endpoint.capture_percent > 0,
                    undelivered_arn=runs.undelivered_arn,
                ),
            )
            if settings.retraining.on_drift:
                Retraining(
                    "retraining",
                    RetrainingArgs(
                        settings=settings.retraining,
                        foundation=base,
                        topics=topics,
                        pipeline_name=pipeline_name,
                        alarm_names=drift.alarm_names,
                        undelivered_arn=runs.undelivered_arn,
                    ),
                )
        budget = Budget(
            "budget",
            BudgetArgs(
                settings=settings.budget,
                foundation=base,
                topics=topics,
                team_topics=notifications.team_topics,
                stop_policy_arn=boundary.stop_policy_arn,
                stopped_roles=[identity.role_arns["pipeline"]],
            ),
        )
        monitoring = Monitoring(
            "monitoring",
            MonitoringArgs(
                settings=settings.monitoring,
                foundation=base,
                topics=topics,
                monthly_usd=settings.budget.monthly_usd,
                served=Served(endpoint_name=endpoint_name, variants=endpoint.variant_names)
                if endpoint
                else None,
            ),
        )
        Backup("backup", BackupArgs(settings=settings.backup, foundation=base, topics=topics))
        Audit(
            "audit",
            AuditArgs(
                settings=settings.audit,
                foundation=base,
                topics=topics,
                trail_bucket=zones["audit"],
                config_bucket=zones["logs"],
            ),
        )

        self.exports = {
            "zones": dict(zones),
            "pipeline": pipeline.pipeline_name,
            "modelPackageGroup": registry.group_name,
            "endpoint": endpoint.endpoint_name if endpoint else None,
            "intended": served.intended if served else None,
            "parking": parking.parked if parking else None,
            "topics": dict(topics),
            "teamTopics": dict(notifications.team_topics),
            "webhookSecret": notifications.secret_names.get("slack"),
            "teamsWebhookSecret": notifications.secret_names.get("teams"),
            "budget": budget.budget_name,
            "dashboards": dict(monitoring.dashboards),
            "prometheus": monitoring.prometheus_endpoint,
            "grafana": monitoring.grafana_endpoint,
            "useCase": settings.use_case,
            "keys": dict(base.key_arns),
            "sourceArchive": packaging.uri,
            "images": images,
            "personas": dict(people.role_arns),
            "dataWorkflow": data_pipeline.machine_arn,
            "queries": data_pipeline.workgroup_name,
            "featureGroups": dict(features.group_names) if features else {},
            "events": streaming.source if streaming else None,
            "deployment": deployment.role_arns if deployment else None,
        }
