"""IAM: managed and inline policies, attachments, instance profiles, users and groups."""

from __future__ import annotations

from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import answered, given, identified, pages, reading, text_of
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_NAME_LIMIT = 128
_VERSIONS_KEPT = 5
"""IAM keeps five versions of a managed policy (IAM quotas)."""


def _tags(kind: str, member: str) -> Tags:
    return Tags(set=f"Tag{kind}", unset=f"Untag{kind}", target=identified(member), list=f"List{kind}Tags")


def _check_policy(inputs: PropertyMap) -> list[CheckFailure]:
    return list(policy_failures(inputs, "policy"))


def _read_policy(subject: Subject) -> Params | None:
    found = _get_policy(subject)
    if found is None:
        return None
    version = subject.cloud.call(
        "iam", "GetPolicyVersion", {"PolicyArn": subject.id, "VersionId": found["DefaultVersionId"]}
    )
    return {**found, "Document": version["PolicyVersion"]["Document"]}


_get_policy = reading("iam", "GetPolicy", identified("PolicyArn"), "Policy")


def _new_version(subject: Subject) -> None:
    policy = {"PolicyArn": subject.id}
    versions = pages(subject, "iam", "ListPolicyVersions", "Versions", policy)
    spare = [version for version in versions if not version["IsDefaultVersion"]]
    if len(versions) >= _VERSIONS_KEPT:
        oldest = min(spare, key=lambda version: int(version["VersionId"].removeprefix("v")))
        subject.cloud.call("iam", "DeletePolicyVersion", {**policy, "VersionId": oldest["VersionId"]})
    document = {"PolicyDocument": subject.inputs["policy"], "SetAsDefault": True}
    subject.cloud.call("iam", "CreatePolicyVersion", {**policy, **document})


def _delete_policy(subject: Subject) -> None:
    policy = {"PolicyArn": subject.id}
    for version in pages(subject, "iam", "ListPolicyVersions", "Versions", policy):
        if not version["IsDefaultVersion"]:
            subject.cloud.call("iam", "DeletePolicyVersion", {**policy, "VersionId": version["VersionId"]})
    subject.cloud.call("iam", "DeletePolicy", policy)


def _policy_arn(subject: Subject) -> str:
    path = str(subject.inputs.get("path") or "/")
    account = f"arn:{subject.cloud.partition}:iam::{subject.cloud.account_id}"
    return f"{account}:policy{path}{subject.inputs['name']}"


POLICY = ResourceType(
    type="aws:iam/policy:Policy",
    service="iam",
    tier="native",
    create=Call(operation="CreatePolicy", names={"name": "PolicyName", "policy": "PolicyDocument"}),
    id=answered("Policy.Arn"),
    read=_read_policy,
    delete=_delete_policy,
    steps=(Step(on=("policy",), do=_new_version, at_create=False),),
    local=("delayAfterPolicyCreationInMs",),
    outputs={
        "arn": "Arn",
        "policyId": "PolicyId",
        "path": "Path",
        "attachmentCount": "AttachmentCount",
    },
    echoes={
        "name": "PolicyName",
        "path": "Path",
        "description": "Description",
        "policy": text_of("Document"),
    },
    known_id=_policy_arn,
    auto_name=AutoName(limit=_NAME_LIMIT),
    tags=_tags("Policy", "PolicyArn"),
    documents=("policy",),
    checks=_check_policy,
)

_PUT_ROLE_POLICY = Call(
    operation="PutRolePolicy",
    names={"role": "RoleName", "name": "PolicyName", "policy": "PolicyDocument"},
)


def _role_and(subject: Subject, member: str) -> Params:
    role, _, name = subject.id.partition(":" if member == "PolicyName" else "/")
    return {"RoleName": role, member: name}


ROLE_POLICY = ResourceType(
    type="aws:iam/rolePolicy:RolePolicy",
    service="iam",
    tier="native",
    create=_PUT_ROLE_POLICY,
    id=lambda s: f"{s.inputs['role']}:{s.inputs['name']}",
    read=reading("iam", "GetRolePolicy", lambda s: _role_and(s, "PolicyName")),
    delete=Call(operation="DeleteRolePolicy", sends=(), adds=lambda s: _role_and(s, "PolicyName")),
    steps=(Step(on=("policy",), do=_PUT_ROLE_POLICY, at_create=False),),
    echoes={"role": "RoleName", "name": "PolicyName", "policy": text_of("PolicyDocument")},
    known_id=lambda s: f"{s.inputs['role']}:{s.inputs['name']}",
    auto_name=AutoName(limit=_NAME_LIMIT),
    place=("role", "name"),
    documents=("policy",),
    checks=_check_policy,
)


def _read_attachment(subject: Subject) -> Params | None:
    role, _, arn = subject.id.partition("/")
    listed = reading("iam", "ListAttachedRolePolicies", lambda _: {"RoleName": role})(subject)
    for policy in (listed or {}).get("AttachedPolicies", ()):
        if policy["PolicyArn"] == arn:
            return {"RoleName": role, "PolicyArn": arn}
    return None


ROLE_POLICY_ATTACHMENT = ResourceType(
    type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    service="iam",
    tier="native",
    create=Call(operation="AttachRolePolicy", names={"role": "RoleName"}),
    id=lambda s: f"{s.inputs['role']}/{s.inputs['policyArn']}",
    read=_read_attachment,
    delete=Call(operation="DetachRolePolicy", sends=(), adds=lambda s: _role_and(s, "PolicyArn")),
    echoes={"role": "RoleName", "policyArn": "PolicyArn"},
    known_id=lambda s: f"{s.inputs['role']}/{s.inputs['policyArn']}",
    place=("role", "policyArn"),
)


def _put_role(subject: Subject) -> None:
    profile = {"InstanceProfileName": subject.id}
    held = subject.cloud.call("iam", "GetInstanceProfile", profile)["InstanceProfile"].get("Roles", ())
    wanted = subject.inputs.get("role")
    for role in held:
        if role["RoleName"] != wanted:
            params = {**profile, "RoleName": role["RoleName"]}
            subject.cloud.call("iam", "RemoveRoleFromInstanceProfile", params)
    if wanted and wanted not in [role["RoleName"] for role in held]:
        subject.cloud.call("iam", "AddRoleToInstanceProfile", {**profile, "RoleName": wanted})


def _delete_profile(subject: Subject) -> None:
    profile = {"InstanceProfileName": subject.id}
    for role in subject.cloud.call("iam", "GetInstanceProfile", profile)["InstanceProfile"]["Roles"]:
        params = {**profile, "RoleName": role["RoleName"]}
        subject.cloud.call("iam", "RemoveRoleFromInstanceProfile", params)
    subject.cloud.call("iam", "DeleteInstanceProfile", profile)


INSTANCE_PROFILE = ResourceType(
    type="aws:iam/instanceProfile:InstanceProfile",
    service="iam",
    tier="native",
    create=Call(operation="CreateInstanceProfile", names={"name": "InstanceProfileName", "role": ""}),
    id=given("name"),
    read=reading("iam", "GetInstanceProfile", identified("InstanceProfileName"), "InstanceProfile"),
    delete=_delete_profile,
    steps=(Step(on=("role",), do=_put_role),),
    outputs={
        "arn": "Arn",
        "uniqueId": "InstanceProfileId",
        "createDate": lambda s: s.at("CreateDate").isoformat(),
        "path": "Path",
    },
    echoes={"name": "InstanceProfileName", "path": "Path", "role": "Roles.0.RoleName"},
    known_id=given("name"),
    auto_name=AutoName(limit=_NAME_LIMIT),
    tags=Tags(
        set="TagInstanceProfile",
        unset="UntagInstanceProfile",
        target=identified("InstanceProfileName"),
    ),
)

USER = ResourceType(
    type="aws:iam/user:User",
    service="iam",
    tier="native",
    create=Call(operation="CreateUser", names={"name": "UserName"}),
    id=given("name"),
    read=reading("iam", "GetUser", identified("UserName"), "User"),
    delete=Call(operation="DeleteUser", sends=(), adds=identified("UserName")),
    steps=(
        Step(
            on=("permissionsBoundary",),
            do=Call(
                operation="PutUserPermissionsBoundary",
                sends=("permissionsBoundary",),
                adds=identified("UserName"),
            ),
            undo=Call(operation="DeleteUserPermissionsBoundary", sends=(), adds=identified("UserName")),
            at_create=False,
        ),
    ),
    local=("forceDestroy",),
    outputs={"arn": "Arn", "uniqueId": "UserId", "path": "Path"},
    echoes={"name": "UserName", "path": "Path"},
    known_id=given("name"),
    auto_name=AutoName(limit=64, prefix_property=None),
    tags=_tags("User", "UserName"),
)

GROUP = ResourceType(
    type="aws:iam/group:Group",
    service="iam",
    tier="native",
    create=Call(operation="CreateGroup", names={"name": "GroupName"}),
    id=given("name"),
    read=reading("iam", "GetGroup", identified("GroupName"), "Group"),
    delete=Call(operation="DeleteGroup", sends=(), adds=identified("GroupName")),
    outputs={"arn": "Arn", "uniqueId": "GroupId", "path": "Path"},
    echoes={"name": "GroupName", "path": "Path"},
    known_id=given("name"),
    auto_name=AutoName(limit=_NAME_LIMIT, prefix_property=None),
)

TYPES = (POLICY, ROLE_POLICY, ROLE_POLICY_ATTACHMENT, INSTANCE_PROFILE, USER, GROUP)
