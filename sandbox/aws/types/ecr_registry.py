"""ECR: what repositories keep and share, and the settings of the registry."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from sandbox.aws.documents import json_failures, policy_failures
from sandbox.aws.rows import echoing, given, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SERVICE = "ecr"


def _repository(subject: Subject) -> Params:
    return {"repositoryName": subject.id}


def _text(name: str) -> Callable[[Subject], Params]:
    """A policy as text; Pulumi lets it be an object too, which the check has made text."""
    return lambda s: {name: s.inputs["policy"]}


def _check_lifecycle(inputs: PropertyMap) -> Iterable[CheckFailure]:
    """The grammar of lifecycle policies (ECR user guide: lifecycle policy parameters)."""
    text = inputs.get("policy")
    failures = list(json_failures(inputs, "policy"))
    yield from failures
    if failures or not isinstance(text, str):
        return
    document = json.loads(text)
    rules = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(rules, list) or not rules:
        yield CheckFailure("policy", "must be a JSON object with at least one of rules")
        return
    seen: set[object] = set()
    for index, rule in enumerate(rules):
        path = f"policy.rules[{index}]"
        selection = rule.get("selection") if isinstance(rule, dict) else None
        if not isinstance(selection, dict):
            yield CheckFailure(f"{path}.selection", "is required and was not given")
            continue
        if rule.get("rulePriority") in seen or rule.get("rulePriority") is None:
            yield CheckFailure(f"{path}.rulePriority", "is required, and each may be given once")
        seen.add(rule.get("rulePriority"))
        status = selection.get("tagStatus")
        if status not in ("tagged", "untagged", "any"):
            yield CheckFailure(f"{path}.selection.tagStatus", f"{status!r} is not tagged, untagged or any")
        tagged = selection.get("tagPrefixList") or selection.get("tagPatternList")
        if status == "tagged" and not tagged:
            yield CheckFailure(f"{path}.selection", "needs tagPrefixList or tagPatternList for tagged images")
        if (rule.get("action") or {}).get("type") not in ("expire", "transition"):
            yield CheckFailure(f"{path}.action.type", "must be expire or transition")


LIFECYCLE_POLICY = ResourceType(
    type="aws:ecr/lifecyclePolicy:LifecyclePolicy",
    service=_SERVICE,
    tier="native",
    create=Call(
        operation="PutLifecyclePolicy",
        names={"repository": "repositoryName", "policy": ""},
        adds=_text("lifecyclePolicyText"),
    ),
    id=given("repository"),
    read=reading(_SERVICE, "GetLifecyclePolicy", _repository),
    delete=Call(operation="DeleteLifecyclePolicy", sends=(), adds=_repository),
    outputs={"registryId": "registryId"},
    echoes={"repository": "repositoryName", "policy": "lifecyclePolicyText"},
    known_id=given("repository"),
    place=("repository",),
    documents=("policy",),
    checks=_check_lifecycle,
)

_PUT_POLICY = Call(
    operation="SetRepositoryPolicy",
    names={"repository": "repositoryName", "policy": ""},
    adds=_text("policyText"),
)

REPOSITORY_POLICY = ResourceType(
    type="aws:ecr/repositoryPolicy:RepositoryPolicy",
    service=_SERVICE,
    tier="native",
    create=_PUT_POLICY,
    id=given("repository"),
    read=reading(_SERVICE, "GetRepositoryPolicy", _repository),
    delete=Call(operation="DeleteRepositoryPolicy", sends=(), adds=_repository),
    steps=(Step(on=("policy",), do=_PUT_POLICY, at_create=False),),
    outputs={"registryId": "registryId"},
    echoes={"repository": "repositoryName", "policy": "policyText"},
    known_id=given("repository"),
    place=("repository",),
    documents=("policy",),
    checks=lambda inputs: policy_failures(inputs, "policy", principals=True),
)


def _registry_id(subject: Subject) -> str:
    return subject.cloud.account_id


_PUT_REGISTRY_POLICY = Call(operation="PutRegistryPolicy", names={"policy": ""}, adds=_text("policyText"))

REGISTRY_POLICY = ResourceType(
    type="aws:ecr/registryPolicy:RegistryPolicy",
    service=_SERVICE,
    tier="native",
    create=_PUT_REGISTRY_POLICY,
    id=_registry_id,
    read=reading(_SERVICE, "GetRegistryPolicy", lambda _: {}),
    delete=Call(operation="DeleteRegistryPolicy", sends=()),
    steps=(Step(on=("policy",), do=_PUT_REGISTRY_POLICY, at_create=False),),
    outputs={"registryId": "registryId"},
    echoes={"policy": "policyText"},
    known_id=_registry_id,
    place=("policy",),
    documents=("policy",),
    checks=lambda inputs: policy_failures(inputs, "policy", principals=True),
)

_SCANNING = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
_PUT_SCANNING = Call(operation="PutRegistryScanningConfiguration")
_READ_SCANNING = reading(_SERVICE, "GetRegistryScanningConfiguration", lambda _: {})


def _check_scanning(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if inputs.get("scanType") != "BASIC":
        return
    for index, rule in enumerate(inputs.get("rules") or ()):
        if isinstance(rule, dict) and rule.get("scanFrequency") == "CONTINUOUS_SCAN":
            path = f"rules[{index}].scanFrequency"
            yield CheckFailure(path, "CONTINUOUS_SCAN is for the scan type ENHANCED only")


REGISTRY_SCANNING = ResourceType(
    type=_SCANNING,
    service=_SERVICE,
    tier="native",
    create=_PUT_SCANNING,
    id=_registry_id,
    read=_READ_SCANNING,
    delete=Call(
        operation="PutRegistryScanningConfiguration",
        sends=(),
        adds=lambda _: {"scanType": "BASIC", "rules": []},
    ),
    steps=(
        Step(
            on=("rules", "scanType"),
            do=Call(
                operation="PutRegistryScanningConfiguration",
                adds=lambda s: {} if s.inputs.get("rules") else {"rules": []},
            ),
            at_create=False,
        ),
    ),
    outputs={"registryId": "registryId"},
    echoes=echoing(_SCANNING, "rules scanType", "scanningConfiguration"),
    known_id=_registry_id,
    place=("scanType",),
    unordered=("rules",),
    checks=_check_scanning,
)

_REPLICATION = "aws:ecr/replicationConfiguration:ReplicationConfiguration"


def _put_replication(subject: Subject) -> Params:
    return {} if subject.inputs.get("replicationConfiguration") else _NO_REPLICATION


_NO_REPLICATION: Params = {"replicationConfiguration": {"rules": []}}
_PUT_REPLICATION = Call(operation="PutReplicationConfiguration", adds=_put_replication)

REPLICATION = ResourceType(
    type=_REPLICATION,
    service=_SERVICE,
    tier="native",
    create=_PUT_REPLICATION,
    id=_registry_id,
    read=reading(_SERVICE, "DescribeRegistry", lambda _: {}),
    delete=Call(operation="PutReplicationConfiguration", sends=(), adds=lambda _: _NO_REPLICATION),
    steps=(Step(on=("replicationConfiguration",), do=_PUT_REPLICATION, at_create=False),),
    outputs={"registryId": "registryId"},
    echoes=echoing(_REPLICATION, "replicationConfiguration"),
    known_id=_registry_id,
    place=("replicationConfiguration",),
)

_PULL = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"


def _prefix_listed(operation: str, asked: str, member: str) -> Callable[[Subject], Params | None]:
    return reading(_SERVICE, operation, lambda s: {asked: [s.id]}, f"{member}.0")


PULL_THROUGH = ResourceType(
    type=_PULL,
    service=_SERVICE,
    tier="recorded",
    create=Call(operation="CreatePullThroughCacheRule"),
    id=given("ecrRepositoryPrefix"),
    read=_prefix_listed("DescribePullThroughCacheRules", "ecrRepositoryPrefixes", "pullThroughCacheRules"),
    delete=Call(
        operation="DeletePullThroughCacheRule", sends=(), adds=lambda s: {"ecrRepositoryPrefix": s.id}
    ),
    steps=(
        Step(
            on=("credentialArn", "customRoleArn"),
            do=Call(operation="UpdatePullThroughCacheRule"),
            at_create=False,
        ),
    ),
    outputs={"registryId": "registryId"},
    echoes=echoing(
        _PULL, "credentialArn customRoleArn ecrRepositoryPrefix upstreamRegistryUrl upstreamRepositoryPrefix"
    ),
    known_id=given("ecrRepositoryPrefix"),
    exclusive=True,
    place=("ecrRepositoryPrefix",),
)

_TEMPLATE = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
_TEMPLATE_INPUTS = (
    "appliedFors",
    "customRoleArn",
    "description",
    "encryptionConfigurations",
    "imageTagMutability",
    "imageTagMutabilityExclusionFilters",
    "lifecyclePolicy",
    "repositoryPolicy",
    "resourceTags",
)

TEMPLATE = ResourceType(
    type=_TEMPLATE,
    service=_SERVICE,
    tier="recorded",
    create=Call(operation="CreateRepositoryCreationTemplate"),
    id=given("prefix"),
    read=_prefix_listed("DescribeRepositoryCreationTemplates", "prefixes", "repositoryCreationTemplates"),
    delete=Call(operation="DeleteRepositoryCreationTemplate", sends=(), adds=lambda s: {"prefix": s.id}),
    steps=(
        Step(on=_TEMPLATE_INPUTS, do=Call(operation="UpdateRepositoryCreationTemplate"), at_create=False),
    ),
    outputs={"registryId": "registryId"},
    echoes=echoing(_TEMPLATE, f"prefix {' '.join(_TEMPLATE_INPUTS)}"),
    known_id=given("prefix"),
    exclusive=True,
    place=("prefix",),
    defaults={"imageTagMutability": "MUTABLE"},
    documents=("lifecyclePolicy", "repositoryPolicy"),
    unordered=("appliedFors",),
)

TYPES = (
    LIFECYCLE_POLICY,
    REPOSITORY_POLICY,
    REGISTRY_POLICY,
    REGISTRY_SCANNING,
    REPLICATION,
    PULL_THROUGH,
    TEMPLATE,
)
