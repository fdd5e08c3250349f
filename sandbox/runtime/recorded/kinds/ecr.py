"""ECR: pull-through caches and templates of repositories; no image is pulled."""

from __future__ import annotations

from sandbox.runtime.recorded.kind import Listing, RecordedKind

_SERVICE = "ecr"
_MADE = {"createdAt": "{now}", "updatedAt": "{now}", "registryId": "{account}"}

PULL_THROUGH = RecordedKind(
    service=_SERVICE,
    name="pull-through cache rule",
    create="CreatePullThroughCacheRule",
    key=("ecrRepositoryPrefix",),
    made=_MADE,
    update="UpdatePullThroughCacheRule",
    touched={"updatedAt": "{now}"},
    delete="DeletePullThroughCacheRule",
    listings=(
        Listing(
            operation="DescribePullThroughCacheRules",
            member="pullThroughCacheRules",
            chosen="ecrRepositoryPrefixes",
        ),
    ),
    exists="PullThroughCacheRuleAlreadyExistsException",
    missing="PullThroughCacheRuleNotFoundException",
)

TEMPLATE = RecordedKind(
    service=_SERVICE,
    name="repository creation template",
    create="CreateRepositoryCreationTemplate",
    key=("prefix",),
    made=_MADE,
    defaults={"imageTagMutability": "MUTABLE"},
    described="repositoryCreationTemplate",
    update="UpdateRepositoryCreationTemplate",
    replaces=True,
    touched={"updatedAt": "{now}"},
    delete="DeleteRepositoryCreationTemplate",
    listings=(
        Listing(
            operation="DescribeRepositoryCreationTemplates",
            member="repositoryCreationTemplates",
            chosen="prefixes",
        ),
    ),
    exists="TemplateAlreadyExistsException",
    missing="TemplateNotFoundException",
)

KINDS = (PULL_THROUGH, TEMPLATE)
