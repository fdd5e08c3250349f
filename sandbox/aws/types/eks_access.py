"""EKS: add-ons, and who gets in: access entries, their policies, and pod identities."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.documents import json_failures
from sandbox.aws.rows import pages, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.eks import cluster_and, keyed, tags_of
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_ADDON_KEY = keyed("addonName")
_ADDON_CHANGES = (
    "addonVersion",
    "configurationValues",
    "podIdentityAssociations",
    "resolveConflictsOnUpdate",
    "serviceAccountRoleArn",
)

_ADDON_NAMES = {
    "resolveConflictsOnCreate": "resolveConflicts",
    "resolveConflictsOnUpdate": "",
    "preserve": "",
}


def _check_addon(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if inputs.get("resolveConflictsOnCreate") == "PRESERVE":
        yield CheckFailure("resolveConflictsOnCreate", "'PRESERVE' is not one of NONE, OVERWRITE")
    text = inputs.get("configurationValues")
    if isinstance(text, str) and text.lstrip().startswith("{"):
        yield from json_failures(inputs, "configurationValues")


ADDON = ResourceType(
    type="aws:eks/addon:Addon",
    service="eks",
    tier="recorded",
    create=Call(operation="CreateAddon", names=_ADDON_NAMES),
    id=cluster_and("addonName"),
    read=reading("eks", "DescribeAddon", _ADDON_KEY, "addon"),
    delete=Call(operation="DeleteAddon", sends=("preserve",), adds=_ADDON_KEY),
    steps=(
        Step(
            on=_ADDON_CHANGES,
            do=Call(
                operation="UpdateAddon",
                sends=_ADDON_CHANGES,
                names={"resolveConflictsOnUpdate": "resolveConflicts"},
                adds=_ADDON_KEY,
            ),
            at_create=False,
        ),
    ),
    local=("preserve", "resolveConflictsOnCreate"),
    outputs={
        "addonVersion": "addonVersion",
        "arn": "addonArn",
        "createdAt": lambda s: s.at("createdAt").isoformat(),
        "modifiedAt": lambda s: s.at("modifiedAt").isoformat(),
    },
    echoes={
        "addonName": "addonName",
        "addonVersion": "addonVersion",
        "clusterName": "clusterName",
        "configurationValues": "configurationValues",
        "serviceAccountRoleArn": "serviceAccountRoleArn",
    },
    known_id=cluster_and("addonName"),
    exclusive=True,
    place=("clusterName", "addonName"),
    tags=tags_of("addonArn"),
    unordered=("podIdentityAssociations",),
    volatile=("addonVersion", "modifiedAt"),
    checks=_check_addon,
)

_IDENTITY_CHANGES = ("disableSessionTags", "policy", "roleArn", "targetRoleArn")


def _clusters(subject: Subject) -> list[str]:
    """The association's cluster; all of them where only its id is known, as in an import."""
    known = subject.inputs.get("clusterName") or subject.outputs.get("clusterName")
    return [str(known)] if known else list(pages(subject, "eks", "ListClusters", "clusters"))


def _read_identity(subject: Subject) -> Params | None:
    for cluster in _clusters(subject):
        params = {"clusterName": cluster, "associationId": subject.id}
        found = reading("eks", "DescribePodIdentityAssociation", lambda _, p=params: p, "association")(  # type: ignore[misc]
            subject
        )
        if found is not None:
            return found
    return None


def _identity_key(subject: Subject) -> Params:
    return {"clusterName": _clusters(subject)[0], "associationId": subject.id}


def _find_identity(subject: Subject, taken: frozenset[str]) -> str | None:
    params = {name: subject.inputs[name] for name in ("clusterName", "namespace", "serviceAccount")}
    reader = reading("eks", "ListPodIdentityAssociations", lambda _: params, "associations.0")
    found = reader(subject)
    return None if found is None or found["associationId"] in taken else str(found["associationId"])


POD_IDENTITY = ResourceType(
    type="aws:eks/podIdentityAssociation:PodIdentityAssociation",
    service="eks",
    tier="recorded",
    create=Call(operation="CreatePodIdentityAssociation"),
    id=lambda s: str(s.at("association.associationId")),
    read=_read_identity,
    delete=Call(operation="DeletePodIdentityAssociation", sends=(), adds=_identity_key),
    steps=(
        Step(
            on=_IDENTITY_CHANGES,
            do=Call(operation="UpdatePodIdentityAssociation", sends=_IDENTITY_CHANGES, adds=_identity_key),
            at_create=False,
        ),
    ),
    outputs={
        "associationArn": "associationArn",
        "associationId": "associationId",
        "disableSessionTags": "disableSessionTags",
        "externalId": "externalId",
    },
    echoes={
        "clusterName": "clusterName",
        "namespace": "namespace",
        "serviceAccount": "serviceAccount",
        "roleArn": "roleArn",
        "targetRoleArn": "targetRoleArn",
        "disableSessionTags": "disableSessionTags",
    },
    find=_find_identity,
    place=("clusterName", "namespace", "serviceAccount"),
    tags=tags_of("associationArn", "associationArn"),
)

_ENTRY_KEY = keyed("principalArn")
_ENTRY_CHANGES = ("kubernetesGroups", "userName")


def _check_entry(inputs: PropertyMap) -> Iterable[CheckFailure]:
    kind = inputs.get("type")
    if isinstance(kind, str) and kind != "STANDARD":
        for name in ("kubernetesGroups", "userName"):
            if inputs.get(name):
                yield CheckFailure(name, f"can be chosen for the type STANDARD alone, not {kind}")


ACCESS_ENTRY = ResourceType(
    type="aws:eks/accessEntry:AccessEntry",
    service="eks",
    tier="recorded",
    create=Call(operation="CreateAccessEntry"),
    id=cluster_and("principalArn"),
    read=reading("eks", "DescribeAccessEntry", _ENTRY_KEY, "accessEntry"),
    delete=Call(operation="DeleteAccessEntry", sends=(), adds=_ENTRY_KEY),
    steps=(
        Step(
            on=_ENTRY_CHANGES,
            do=Call(
                operation="UpdateAccessEntry",
                sends=_ENTRY_CHANGES,
                adds=lambda s: {
                    **_ENTRY_KEY(s),
                    "kubernetesGroups": list(s.inputs.get("kubernetesGroups") or ()),
                },
            ),
            at_create=False,
        ),
    ),
    outputs={
        "accessEntryArn": "accessEntryArn",
        "createdAt": lambda s: s.at("createdAt").isoformat(),
        "kubernetesGroups": "kubernetesGroups",
        "modifiedAt": lambda s: s.at("modifiedAt").isoformat(),
        "userName": "username",
    },
    echoes={
        "clusterName": "clusterName",
        "kubernetesGroups": "kubernetesGroups",
        "principalArn": "principalArn",
        "type": "type",
        "userName": "username",
    },
    known_id=cluster_and("principalArn"),
    exclusive=True,
    place=("clusterName", "principalArn"),
    defaults={"type": "STANDARD"},
    tags=tags_of("accessEntryArn", "accessEntryArn"),
    unordered=("kubernetesGroups",),
    volatile=("modifiedAt", "userName"),
    checks=_check_entry,
)


def _policy_id(subject: Subject) -> str:
    return "#".join(str(subject.inputs[name]) for name in ("clusterName", "principalArn", "policyArn"))


def _policy_key(subject: Subject) -> Params:
    cluster, principal, policy = subject.id.split("#")
    return {"clusterName": cluster, "principalArn": principal, "policyArn": policy}


def _read_policy(subject: Subject) -> Params | None:
    key = _policy_key(subject)
    entry = {name: key[name] for name in ("clusterName", "principalArn")}
    found = reading("eks", "ListAssociatedAccessPolicies", lambda _: entry)(subject) or {}
    policies = found.get("associatedAccessPolicies", ())
    return next(({**entry, **one} for one in policies if one["policyArn"] == key["policyArn"]), None)


def _check_policy(inputs: PropertyMap) -> Iterable[CheckFailure]:
    scope = inputs.get("accessScope")
    if not isinstance(scope, dict):
        return
    if scope.get("type") == "namespace" and not scope.get("namespaces"):
        yield CheckFailure("accessScope.namespaces", "is required where the type is namespace")
    if scope.get("type") == "cluster" and scope.get("namespaces"):
        yield CheckFailure("accessScope.namespaces", "cannot stand where the type is cluster")


ACCESS_POLICY = ResourceType(
    type="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    service="eks",
    tier="recorded",
    create=Call(operation="AssociateAccessPolicy"),
    id=_policy_id,
    read=_read_policy,
    delete=Call(operation="DisassociateAccessPolicy", sends=(), adds=_policy_key),
    outputs={
        "associatedAt": lambda s: s.at("associatedAt").isoformat(),
        "modifiedAt": lambda s: s.at("modifiedAt").isoformat(),
    },
    echoes={"clusterName": "clusterName", "principalArn": "principalArn", "policyArn": "policyArn"},
    known_id=_policy_id,
    place=("clusterName", "principalArn", "policyArn"),
    unordered=("accessScope.namespaces",),
    checks=_check_policy,
)

TYPES = (ADDON, POD_IDENTITY, ACCESS_ENTRY, ACCESS_POLICY)
