"""IAM: roles, policies, and what ties them together."""

from __future__ import annotations

from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import given, identified, pages, reading, text_of
from sandbox.aws.table import AutoName, Call, ResourceType, Step, Subject, Tags

_ROLE_LIMIT = 64
_NAME_LIMIT = 128


def _attach_managed(subject: Subject) -> None:
    wanted = set(subject.inputs.get("managedPolicyArns") or ())
    held = set(subject.before.get("managedPolicyArns") or ())
    for arn in sorted(wanted - held):
        subject.cloud.call("iam", "AttachRolePolicy", {"RoleName": subject.id, "PolicyArn": arn})
    for arn in sorted(held - wanted):
        subject.cloud.call("iam", "DetachRolePolicy", {"RoleName": subject.id, "PolicyArn": arn})


def _put_inline(subject: Subject) -> None:
    wanted = {item["name"]: item["policy"] for item in subject.inputs.get("inlinePolicies") or () if item}
    held = {item["name"] for item in subject.before.get("inlinePolicies") or () if item}
    for name, policy in wanted.items():
        params = {"RoleName": subject.id, "PolicyName": name, "PolicyDocument": policy}
        subject.cloud.call("iam", "PutRolePolicy", params)
    for name in sorted(held - wanted.keys()):
        subject.cloud.call("iam", "DeleteRolePolicy", {"RoleName": subject.id, "PolicyName": name})


def _delete_role(subject: Subject) -> None:
    role = {"RoleName": subject.id}
    for item in subject.inputs.get("inlinePolicies") or ():
        subject.cloud.call("iam", "DeleteRolePolicy", {**role, "PolicyName": item["name"]})
    attached = set(subject.inputs.get("managedPolicyArns") or ())
    if subject.inputs.get("forceDetachPolicies"):
        for name in pages(subject, "iam", "ListRolePolicies", "PolicyNames", role):
            subject.cloud.call("iam", "DeleteRolePolicy", {**role, "PolicyName": name})
        listed = pages(subject, "iam", "ListAttachedRolePolicies", "AttachedPolicies", role)
        attached |= {policy["PolicyArn"] for policy in listed}
    for arn in sorted(attached):
        subject.cloud.call("iam", "DetachRolePolicy", {**role, "PolicyArn": arn})
    subject.cloud.call("iam", "DeleteRole", role)


def _tags(kind: str, member: str) -> Tags:
    return Tags(
        set=f"Tag{kind}",
        unset=f"Untag{kind}",
        target=identified(member),
        list=f"List{kind}Tags",
    )


ROLE = ResourceType(
    type="aws:iam/role:Role",
    service="iam",
    tier="native",
    create=Call(
        operation="CreateRole",
        names={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
    ),
    id=given("name"),
    read=reading("iam", "GetRole", identified("RoleName"), "Role"),
    delete=_delete_role,
    steps=(
        Step(
            on=("assumeRolePolicy",),
            do=Call(
                operation="UpdateAssumeRolePolicy",
                sends=("assumeRolePolicy",),
                names={"assumeRolePolicy": "PolicyDocument"},
                adds=identified("RoleName"),
            ),
            at_create=False,
        ),
        Step(
            on=("description", "maxSessionDuration"),
            do=Call(
                operation="UpdateRole",
                sends=("description", "maxSessionDuration"),
                adds=identified("RoleName"),
            ),
            at_create=False,
        ),
        Step(
            on=("permissionsBoundary",),
            do=Call(
                operation="PutRolePermissionsBoundary",
                sends=("permissionsBoundary",),
                adds=identified("RoleName"),
            ),
            undo=Call(operation="DeleteRolePermissionsBoundary", sends=(), adds=identified("RoleName")),
            at_create=False,
        ),
        Step(on=("managedPolicyArns",), do=_attach_managed),
        Step(on=("inlinePolicies",), do=_put_inline),
    ),
    local=("forceDetachPolicies",),
    outputs={
        "arn": "Arn",
        "uniqueId": "RoleId",
        "createDate": lambda s: s.at("CreateDate").isoformat(),
        "path": "Path",
        "maxSessionDuration": lambda s: s.at("MaxSessionDuration") or 3600,
    },
    echoes={
        "name": "RoleName",
        "path": "Path",
        "description": "Description",
        "assumeRolePolicy": text_of("AssumeRolePolicyDocument"),
        "permissionsBoundary": "PermissionsBoundary.PermissionsBoundaryArn",
    },
    known_id=given("name"),
    auto_name=AutoName(limit=_ROLE_LIMIT),
    tags=_tags("Role", "RoleName"),
    documents=("assumeRolePolicy",),
    unordered=("managedPolicyArns",),
    checks=lambda inputs: policy_failures(inputs, "assumeRolePolicy", principals=True),
)

TYPES: tuple[ResourceType, ...] = (ROLE,)
