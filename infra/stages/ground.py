"""The ground: keys, topics, zones, network and roles, which every other stage stands on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from infra.data.pseudonyms import reading_statement
from infra.foundation.boundary import Boundary, BoundaryArgs
from infra.foundation.encryption import Encryption, EncryptionArgs
from infra.foundation.foundation import Foundation
from infra.foundation.logs import PROCESSING_JOBS, TRAINING_JOBS, TRANSFORM_JOBS, Logs, LogsArgs
from infra.foundation.place import Place
from infra.identity.deployment import DeploymentAccess, DeploymentAccessArgs
from infra.identity.identity import Identity, IdentityArgs
from infra.identity.people import People, PeopleArgs
from infra.network.network import Network, NetworkArgs
from infra.notifications.notifications import Notifications, NotificationsArgs
from infra.packaging.images import Image, framework_image
from infra.packaging.source import Packaging, PackagingArgs
from infra.serving.endpoint_names import endpoint_called, endpoints_called
from infra.serving.statements import serving_statements
from infra.settings.loading import PlatformSettings
from infra.settings.parts import parts_in_network
from infra.storage.storage import Storage, StorageArgs

BUILD = Path(".groundplan/build")
"""Where archives are put together before they are uploaded."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the ground hands to the stages upon it."""

    foundation: Foundation
    notifications: Notifications
    storage: Storage
    network: Network
    identity: Identity
    people: People
    image: Image
    source_uri: pulumi.Output[str]
    processing_log: pulumi.Output[str]
    stop_policy_arn: pulumi.Output[str]
    endpoint_name: str
    exports: Mapping[str, Any]


def lay_ground(settings: PlatformSettings, place: Place) -> Ground:
    """Makes the ground of a stack."""
    second, mode = settings.recovery.region, settings.endpoint.mode
    serving = f"{place.prefix}-{settings.case}"
    endpoint_name = endpoint_called(serving, mode)
    encryption = Encryption(
        "encryption",
        EncryptionArgs(
            settings=settings.encryption,
            place=place,
            protected=settings.protected,
            recovery_region=second,
            retained=settings.retained_keys,
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
    storage = Storage(
        "storage", StorageArgs(settings=settings.storage, foundation=base, topics=notifications.topics)
    )
    network = Network(
        "network", NetworkArgs(settings=settings.network, foundation=base, parts=parts_in_network(settings))
    )
    endpoints = [f"/aws/sagemaker/Endpoints/{name}" for name in endpoints_called(serving)]
    logs = Logs(
        "logs",
        LogsArgs(foundation=base, groups=[PROCESSING_JOBS, TRAINING_JOBS, TRANSFORM_JOBS, *endpoints]),
    )
    image = framework_image(settings.training, place)
    identity = Identity(
        "identity",
        IdentityArgs(
            foundation=base,
            image_repository_arn=image.repository_arn,
            endpoint_name=endpoint_name,
            processing_statements=[reading_statement(place)] if settings.privacy.pseudonyms else [],
            serving_statements=base.key_arns["messages"].apply(
                lambda key: serving_statements(mode, endpoint_name, place, key)
            ),
        ),
    )
    people = People(
        "people", PeopleArgs(settings=settings.identity, foundation=base, endpoint_name=endpoint_name)
    )
    deployment = None
    if settings.deployment.enabled:
        deployment = DeploymentAccess(
            "deployment", DeploymentAccessArgs(settings=settings.deployment, foundation=base)
        )
    packaging = Packaging(
        "packaging",
        PackagingArgs(source=Path("ml"), build=BUILD, foundation=base, bucket=storage.buckets["models"]),
    )
    return Ground(
        foundation=base,
        notifications=notifications,
        storage=storage,
        network=network,
        identity=identity,
        people=people,
        image=image,
        source_uri=packaging.uri,
        processing_log=logs.names[0],
        stop_policy_arn=boundary.stop_policy_arn,
        endpoint_name=endpoint_name,
        exports={
            "zones": dict(storage.buckets),
            "keys": dict(base.key_arns),
            "topics": dict(notifications.topics),
            "teamTopics": dict(notifications.team_topics),
            "webhookSecret": notifications.secret_names.get("slack"),
            "teamsWebhookSecret": notifications.secret_names.get("teams"),
            "personas": dict(people.role_arns),
            "deployment": deployment.role_arns if deployment else None,
            "useCase": settings.use_case,
            "sourceArchive": packaging.uri,
        },
    )
