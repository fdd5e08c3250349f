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
from infra.packaging.builds import Images, ImagesArgs, images_of
from infra.packaging.images import Built, Image, job_image, serving_image
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
    """Of the jobs."""
    serving_image: Image
    source_uri: pulumi.Output[str]
    processing_log: pulumi.Output[str]
    stop_policy_arn: pulumi.Output[str]
    endpoint_name: str
    exports: Mapping[str, Any]


def lay_ground(settings: PlatformSettings, place: Place) -> Ground:
    """Makes the ground of a stack."""
    second, mode = settings.recovery.region, settings.endpoint.mode
    served = f"{place.prefix}-{settings.case}"
    endpoint_name = endpoint_called(served, mode)
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
    endpoints = [f"/aws/sagemaker/Endpoints/{name}" for name in endpoints_called(served)]
    logs = Logs(
        "logs",
        LogsArgs(foundation=base, groups=[PROCESSING_JOBS, TRAINING_JOBS, TRANSFORM_JOBS, *endpoints]),
    )
    built = _built(settings, base, notifications, storage)
    image = job_image(settings.training, place, built)
    serving = serving_image(settings.endpoint, settings.training, place, built)
    # A model in service keeps the image that it was registered with, whatever the settings say since.
    pulled = [image.repository_arn, serving.repository_arn]
    if built is not None:
        pulled.append(built.of("inference", place).repository_arn)
    identity = Identity(
        "identity",
        IdentityArgs(
            foundation=base,
            image_repository_arn=image.repository_arn,
            serving_repository_arns=pulled,
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
        serving_image=serving,
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
            "images": built.known if built is not None else None,
        },
    )


def _built(
    settings: PlatformSettings, base: Foundation, notifications: Notifications, storage: Storage
) -> Built | None:
    """The images that this stack builds, or takes from another."""
    if settings.images.from_stack:
        return Built(images_of(settings.images.from_stack), here=False)
    if not settings.images.built_here:
        return None
    made = Images(
        "images",
        ImagesArgs(
            settings=settings.images,
            foundation=base,
            topics=notifications.topics,
            bucket=storage.buckets["models"],
            build=BUILD,
        ),
    )
    return Built(made.images, here=True)
