"""Amazon Managed Service for Prometheus: workspaces and rule groups."""

from __future__ import annotations

from sandbox.aws.rows import answered, identified, pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags

_WORKSPACE = identified("workspaceId")
_TAGS = Tags(
    style="map",
    at_create="tags",
    set="TagResource",
    unset="UntagResource",
    target=lambda s: {"resourceArn": s.at("arn") or s.outputs["arn"]},
    member="tags",
    keys="tagKeys",
    listed="tags",
)


def _log(subject: Subject) -> None:
    wanted = subject.inputs.get("loggingConfiguration")
    if wanted is None:
        subject.cloud.call("amp", "DeleteLoggingConfiguration", _WORKSPACE(subject))
        return
    operation = "Update" if subject.before.get("loggingConfiguration") else "Create"
    params = {**_WORKSPACE(subject), "logGroupArn": wanted["logGroupArn"]}
    subject.cloud.call("amp", f"{operation}LoggingConfiguration", params)


def _find_workspace(subject: Subject, taken: frozenset[str]) -> str | None:
    for found in pages(subject, "amp", "ListWorkspaces", "workspaces"):
        alias, tags = found.get("alias"), found.get("tags", {})
        same = alias == subject.inputs.get("alias") and tags == (subject.inputs.get("tagsAll") or {})
        if same and found["workspaceId"] not in taken:
            return str(found["workspaceId"])
    return None


WORKSPACE = ResourceType(
    type="aws:amp/workspace:Workspace",
    service="amp",
    tier="native",
    create=Call(operation="CreateWorkspace"),
    id=answered("workspaceId"),
    read=reading("amp", "DescribeWorkspace", _WORKSPACE, "workspace"),
    delete=Call(operation="DeleteWorkspace", sends=(), adds=_WORKSPACE),
    steps=(
        Step(
            on=("alias",),
            do=Call(operation="UpdateWorkspaceAlias", sends=("alias",), adds=_WORKSPACE),
            at_create=False,
        ),
        Step(on=("loggingConfiguration",), do=_log),
    ),
    outputs={"arn": "arn", "prometheusEndpoint": "prometheusEndpoint"},
    echoes={"alias": "alias", "kmsKeyArn": "kmsKeyArn"},
    find=_find_workspace,
    tags=_TAGS,
)


def _key(subject: Subject) -> Params:
    workspace, _, name = subject.id.partition("/")
    return {"workspaceId": workspace, "name": name}


RULE_GROUPS = ResourceType(
    type="aws:amp/ruleGroupNamespace:RuleGroupNamespace",
    service="amp",
    tier="native",
    create=Call(operation="CreateRuleGroupsNamespace"),
    id=lambda s: f"{s.inputs['workspaceId']}/{s.inputs['name']}",
    read=reading("amp", "DescribeRuleGroupsNamespace", _key, "ruleGroupsNamespace"),
    delete=Call(operation="DeleteRuleGroupsNamespace", sends=(), adds=_key),
    steps=(
        Step(
            on=("data",),
            do=Call(operation="PutRuleGroupsNamespace", sends=("data",), adds=_key),
            at_create=False,
        ),
    ),
    outputs={"arn": "arn"},
    echoes={
        "name": "name",
        "data": lambda s: s.at("data").decode(),
        "workspaceId": lambda s: _key(s)["workspaceId"],
    },
    known_id=lambda s: f"{s.inputs['workspaceId']}/{s.inputs['name']}",
    auto_name=AutoName(limit=64, prefix_property=None),
    place=("workspaceId", "name"),
    tags=_TAGS,
)

TYPES = (WORKSPACE, RULE_GROUPS)
