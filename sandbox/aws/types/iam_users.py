"""IAM: what users and groups carry, and the keys of users."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable

from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import answered, given, identified, pages, reading, text_of
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject


def _attachment(word: str, owner: str) -> ResourceType:
    """A managed policy on a user or a group."""
    member = f"{word}Name"

    def key(subject: Subject) -> Params:
        name, _, arn = subject.id.partition("/")
        return {member: name, "PolicyArn": arn}

    def read(subject: Subject) -> Params | None:
        wanted = key(subject)
        params = {member: wanted[member]}
        listed = reading("iam", f"ListAttached{word}Policies", lambda _: params)(subject)
        held = [item["PolicyArn"] for item in (listed or {}).get("AttachedPolicies", ())]
        return wanted if wanted["PolicyArn"] in held else None

    def id(subject: Subject) -> str:
        return f"{subject.inputs[owner]}/{subject.inputs['policyArn']}"

    return ResourceType(
        type=f"aws:iam/{owner}PolicyAttachment:{word}PolicyAttachment",
        service="iam",
        tier="native",
        create=Call(operation=f"Attach{word}Policy", names={owner: member}),
        id=id,
        read=read,
        delete=Call(operation=f"Detach{word}Policy", sends=(), adds=key),
        echoes={owner: member, "policyArn": "PolicyArn"},
        known_id=id,
        place=(owner, "policyArn"),
    )


def _inline(word: str, owner: str) -> ResourceType:
    """An inline policy of a user or a group."""
    member = f"{word}Name"
    put = Call(
        operation=f"Put{word}Policy", names={owner: member, "name": "PolicyName", "policy": "PolicyDocument"}
    )

    def key(subject: Subject) -> Params:
        name, _, policy = subject.id.partition(":")
        return {member: name, "PolicyName": policy}

    def id(subject: Subject) -> str:
        return f"{subject.inputs[owner]}:{subject.inputs['name']}"

    return ResourceType(
        type=f"aws:iam/{owner}Policy:{word}Policy",
        service="iam",
        tier="native",
        create=put,
        id=id,
        read=reading("iam", f"Get{word}Policy", key),
        delete=Call(operation=f"Delete{word}Policy", sends=(), adds=key),
        steps=(Step(on=("policy",), do=put, at_create=False),),
        echoes={owner: member, "name": "PolicyName", "policy": text_of("PolicyDocument")},
        known_id=id,
        auto_name=AutoName(limit=128),
        place=(owner, "name"),
        documents=("policy",),
        checks=lambda inputs: policy_failures(inputs, "policy"),
    )


def _smtp_password(secret: str, region: str) -> str:
    """SES's password out of an access key (SES Developer Guide, "Obtaining Amazon SES SMTP credentials")."""
    signature = ("AWS4" + secret).encode()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.new(signature, part.encode(), hashlib.sha256).digest()
    return base64.b64encode(b"\x04" + signature).decode()


def _read_key(subject: Subject) -> Params | None:
    user = subject.inputs.get("user") or subject.outputs.get("user")
    params = {"UserName": user} if user else {}
    listed = reading("iam", "ListAccessKeys", lambda _: params)(subject)
    for item in (listed or {}).get("AccessKeyMetadata", ()):
        if item["AccessKeyId"] == subject.id:
            # IAM tells a secret once, at the create.
            secret = subject.at("AccessKey.SecretAccessKey") or subject.outputs.get("secret")
            return {**item, "Secret": secret}
    return None


def _find_key(subject: Subject, taken: frozenset[str]) -> str | None:
    """The key that an interrupted create left; its secret is lost, as on AWS."""
    user = {"UserName": subject.inputs["user"]}
    for item in pages(subject, "iam", "ListAccessKeys", "AccessKeyMetadata", user):
        if item["AccessKeyId"] not in taken:
            return str(item["AccessKeyId"])
    return None


def _set_status(subject: Subject) -> None:
    status = subject.inputs.get("status") or "Active"
    params = {"UserName": subject.inputs["user"], "AccessKeyId": subject.id, "Status": status}
    if subject.before or status != "Active":
        subject.cloud.call("iam", "UpdateAccessKey", params)


def _secret(read: Callable[[str, str], str]) -> Callable[[Subject], str | None]:
    def output(subject: Subject) -> str | None:
        secret = subject.at("Secret")
        return None if secret is None else read(str(secret), subject.cloud.region)

    return output


ACCESS_KEY = ResourceType(
    type="aws:iam/accessKey:AccessKey",
    service="iam",
    tier="native",
    create=Call(operation="CreateAccessKey", sends=("user",), names={"user": "UserName"}),
    id=answered("AccessKey.AccessKeyId"),
    read=_read_key,
    delete=Call(
        operation="DeleteAccessKey",
        sends=("user",),
        names={"user": "UserName"},
        adds=identified("AccessKeyId"),
    ),
    steps=(Step(on=("status",), do=_set_status),),
    outputs={
        "createDate": lambda s: s.at("CreateDate").isoformat(),
        "secret": _secret(lambda secret, _: secret),
        "sesSmtpPasswordV4": _secret(_smtp_password),
        "status": "Status",
    },
    echoes={"user": "UserName", "status": "Status"},
    find=_find_key,
    secrets=("secret", "sesSmtpPasswordV4"),
    unsupported=("pgpKey",),
)


def _join(subject: Subject) -> Params:
    _members(
        subject, subject.inputs["group"], set(subject.inputs["users"]), set(subject.before.get("users") or ())
    )
    return {}


def _members(subject: Subject, group: str, wanted: set[str], held: set[str]) -> None:
    for user in sorted(wanted - held):
        subject.cloud.call("iam", "AddUserToGroup", {"GroupName": group, "UserName": user})
    for user in sorted(held - wanted):
        subject.cloud.call("iam", "RemoveUserFromGroup", {"GroupName": group, "UserName": user})


def _leave(subject: Subject) -> None:
    _members(subject, subject.inputs["group"], set(), set(subject.inputs["users"]))


GROUP_MEMBERSHIP = ResourceType(
    type="aws:iam/groupMembership:GroupMembership",
    service="iam",
    tier="native",
    create=_join,
    id=given("name"),
    read=lambda s: _read_members(s),
    delete=_leave,
    steps=(Step(on=("users",), do=_join, at_create=False),),
    echoes={"users": "users"},
    known_id=given("name"),
    auto_name=AutoName(prefix_property=None),
    place=("group",),
    unordered=("users",),
)


def _read_members(subject: Subject) -> Params | None:
    group = subject.inputs.get("group") or subject.outputs.get("group")
    if group is None:
        return None
    found = reading("iam", "GetGroup", lambda _: {"GroupName": group})(subject)
    users = sorted(user["UserName"] for user in (found or {}).get("Users", ()))
    wanted = subject.inputs.get("users") or subject.outputs.get("users") or ()
    held = [user for user in users if user in wanted] or users
    return {"users": held} if set(held) & set(wanted) else None


TYPES = (
    _attachment("User", "user"),
    _attachment("Group", "group"),
    _inline("User", "user"),
    _inline("Group", "group"),
    ACCESS_KEY,
    GROUP_MEMBERSHIP,
)
