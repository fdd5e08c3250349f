"""MSK: configurations of clusters and the secrets of SASL/SCRAM."""

from __future__ import annotations

from typing import Any

from sandbox.aws.rows import answered, echoing, identified, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.msk import find_by_name

_SERVICE = "kafka"
_CONFIGURATION = "aws:msk/configuration:Configuration"


def _properties(subject: Subject) -> Params:
    return {"ServerProperties": str(subject.inputs["serverProperties"]).encode()}


def _read_configuration(subject: Subject) -> Params | None:
    found = reading(_SERVICE, "DescribeConfiguration", identified("Arn"))(subject)
    if found is None:
        return None
    revision: Any = found["LatestRevision"]["Revision"]
    params = {"Arn": subject.id, "Revision": revision}
    properties = subject.cloud.call(_SERVICE, "DescribeConfigurationRevision", params)["ServerProperties"]
    return {**found, "$properties": properties.decode()}


CONFIGURATION = ResourceType(
    type=_CONFIGURATION,
    service=_SERVICE,
    tier="recorded",
    create=Call(operation="CreateConfiguration", names={"serverProperties": ""}, adds=_properties),
    id=answered("Arn"),
    read=_read_configuration,
    delete=Call(operation="DeleteConfiguration", sends=(), adds=identified("Arn")),
    steps=(
        Step(
            on=("description", "serverProperties"),
            do=Call(
                operation="UpdateConfiguration",
                sends=("description",),
                adds=lambda s: {"Arn": s.id, **_properties(s)},
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": "Arn", "latestRevision": "LatestRevision.Revision"},
    echoes={
        **echoing(_CONFIGURATION, "kafkaVersions name"),
        "serverProperties": "$properties",
    },
    find=find_by_name("ListConfigurations", "Configurations", "Arn"),
    auto_name=AutoName(prefix_property=None),
    unordered=("kafkaVersions",),
    volatile=("latestRevision",),
)


def _read_secrets(subject: Subject) -> Params | None:
    found = reading(_SERVICE, "ListScramSecrets", identified("ClusterArn"))(subject)
    return found if found and found.get("SecretArnList") else None


def _change_secrets(subject: Subject) -> None:
    old, new = (set(v.get("secretArnLists") or ()) for v in (subject.before, subject.inputs))
    for operation, arns in (
        ("BatchAssociateScramSecret", new - old),
        ("BatchDisassociateScramSecret", old - new),
    ):
        if arns:
            params = {"ClusterArn": subject.id, "SecretArnList": sorted(arns)}
            subject.cloud.call(_SERVICE, operation, params)


SCRAM_SECRETS = ResourceType(
    type="aws:msk/scramSecretAssociation:ScramSecretAssociation",
    service=_SERVICE,
    tier="recorded",
    create=Call(operation="BatchAssociateScramSecret"),
    id=lambda s: str(s.inputs["clusterArn"]),
    read=_read_secrets,
    delete=Call(
        operation="BatchDisassociateScramSecret",
        sends=("secretArnLists",),
        adds=identified("ClusterArn"),
    ),
    steps=(Step(on=("secretArnLists",), do=_change_secrets, at_create=False),),
    echoes={"clusterArn": lambda s: s.id, "secretArnLists": "SecretArnList"},
    known_id=lambda s: str(s.inputs["clusterArn"]),
    place=("clusterArn",),
    unordered=("secretArnLists",),
)

TYPES = (CONFIGURATION, SCRAM_SECRETS)
