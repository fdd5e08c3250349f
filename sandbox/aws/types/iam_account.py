"""IAM: identity providers, the account's password policy, and the roles that services bring along."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import answered, pages, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap


def _provider(subject: Subject) -> Params:
    return {"OpenIDConnectProviderArn": subject.id}


def _host(url: str) -> str:
    return url.removeprefix("https://").rstrip("/")


def _provider_arn(subject: Subject) -> str:
    place = f"oidc-provider/{_host(str(subject.inputs['url']))}"
    return f"arn:{subject.cloud.partition}:iam::{subject.cloud.account_id}:{place}"


def _set_clients(subject: Subject) -> None:
    old, new = subject.before.get("clientIdLists") or [], subject.inputs.get("clientIdLists") or []
    for operation, clients in (
        ("RemoveClientIDFromOpenIDConnectProvider", [one for one in old if one not in new]),
        ("AddClientIDToOpenIDConnectProvider", [one for one in new if one not in old]),
    ):
        for client in clients:
            subject.cloud.call("iam", operation, {**_provider(subject), "ClientID": client})


def _check_provider(inputs: PropertyMap) -> Iterable[CheckFailure]:
    url = inputs.get("url")
    if isinstance(url, str) and not url.startswith("https://"):
        yield CheckFailure("url", f"{url!r} must begin with https://")


OIDC_PROVIDER = ResourceType(
    type="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    service="iam",
    tier="native",
    create=Call(
        operation="CreateOpenIDConnectProvider",
        names={"clientIdLists": "ClientIDList", "thumbprintLists": "ThumbprintList"},
    ),
    id=answered("OpenIDConnectProviderArn"),
    read=reading("iam", "GetOpenIDConnectProvider", _provider),
    delete=Call(operation="DeleteOpenIDConnectProvider", sends=(), adds=_provider),
    steps=(
        Step(on=("clientIdLists",), do=_set_clients, at_create=False),
        Step(
            on=("thumbprintLists",),
            do=Call(
                operation="UpdateOpenIDConnectProviderThumbprint",
                sends=("thumbprintLists",),
                names={"thumbprintLists": "ThumbprintList"},
                adds=_provider,
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": lambda s: s.id, "thumbprintLists": "ThumbprintList"},
    echoes={
        # The service answers without the scheme.
        "url": lambda s: f"https://{_host(str(s.at('Url')))}",
        "clientIdLists": "ClientIDList",
        "thumbprintLists": "ThumbprintList",
    },
    known_id=_provider_arn,
    place=("url",),
    tags=Tags(
        set="TagOpenIDConnectProvider",
        unset="UntagOpenIDConnectProvider",
        target=_provider,
        list="ListOpenIDConnectProviderTags",
    ),
    unordered=("clientIdLists", "thumbprintLists"),
    checks=_check_provider,
)

_PASSWORD_NAMES = {
    "hardExpiry": "HardExpiry",
    "passwordReusePrevention": "PasswordReusePrevention",
}
_PUT_PASSWORD = Call(operation="UpdateAccountPasswordPolicy", names=_PASSWORD_NAMES)
_PASSWORD = (
    "allowUsersToChangePassword",
    "hardExpiry",
    "maxPasswordAge",
    "minimumPasswordLength",
    "passwordReusePrevention",
    "requireLowercaseCharacters",
    "requireNumbers",
    "requireSymbols",
    "requireUppercaseCharacters",
)

PASSWORD_POLICY = ResourceType(
    type="aws:iam/accountPasswordPolicy:AccountPasswordPolicy",
    service="iam",
    tier="native",
    create=_PUT_PASSWORD,
    id=lambda _: "iam-account-password-policy",
    read=reading("iam", "GetAccountPasswordPolicy", lambda _: {}, "PasswordPolicy"),
    delete=Call(operation="DeleteAccountPasswordPolicy", sends=()),
    steps=(Step(on=_PASSWORD, do=_PUT_PASSWORD, at_create=False),),
    outputs={"expirePasswords": lambda s: bool(s.at("ExpirePasswords"))},
    echoes={
        "minimumPasswordLength": "MinimumPasswordLength",
        "requireSymbols": "RequireSymbols",
        "requireNumbers": "RequireNumbers",
        "requireUppercaseCharacters": "RequireUppercaseCharacters",
        "requireLowercaseCharacters": "RequireLowercaseCharacters",
        "maxPasswordAge": "MaxPasswordAge",
        "passwordReusePrevention": "PasswordReusePrevention",
    },
    known_id=lambda _: "iam-account-password-policy",
    defaults={"allowUsersToChangePassword": True, "minimumPasswordLength": 6},
    volatile=("expirePasswords",),
)


def _linked_name(subject: Subject) -> Params:
    return {"RoleName": subject.id.rpartition("/")[2]}


def _find_linked(subject: Subject, taken: frozenset[str]) -> str | None:
    """A service's role is one an account, but for a suffix of one's own."""
    path = f"/aws-service-role/{subject.inputs['awsServiceName']}/"
    suffix = subject.inputs.get("customSuffix")
    for role in pages(subject, "iam", "ListRoles", "Roles", {"PathPrefix": path}):
        fits = role["RoleName"].endswith(f"_{suffix}") if suffix else "_" not in role["RoleName"]
        if fits and role["Arn"] not in taken:
            return str(role["Arn"])
    return None


def _check_linked(inputs: PropertyMap) -> Iterable[CheckFailure]:
    service = inputs.get("awsServiceName")
    if isinstance(service, str) and not service.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        yield CheckFailure("awsServiceName", f"{service!r} is no service such as config.amazonaws.com")


SERVICE_LINKED_ROLE = ResourceType(
    type="aws:iam/serviceLinkedRole:ServiceLinkedRole",
    service="iam",
    tier="native",
    create=Call(operation="CreateServiceLinkedRole", names={"awsServiceName": "AWSServiceName"}),
    id=answered("Role.Arn"),
    read=reading("iam", "GetRole", _linked_name, "Role"),
    delete=Call(operation="DeleteServiceLinkedRole", sends=(), adds=_linked_name),
    steps=(
        Step(
            on=("description",),
            do=Call(operation="UpdateRole", sends=("description",), adds=_linked_name),
            at_create=False,
        ),
    ),
    outputs={
        "arn": lambda s: s.id,
        "name": lambda s: s.id.rpartition("/")[2],
        "path": lambda s: f"/aws-service-role/{s.id.split('/')[-2]}/",
        "uniqueId": lambda s: s.at("RoleId") or s.at("Role.RoleId"),
        "createDate": lambda s: (s.at("CreateDate") or s.at("Role.CreateDate")).isoformat(),
    },
    echoes={"description": "Description", "awsServiceName": lambda s: s.id.split("/")[-2]},
    find=_find_linked,
    place=("awsServiceName", "customSuffix"),
    tags=Tags(set="TagRole", unset="UntagRole", target=_linked_name, list="ListRoleTags", at_create=None),
    checks=_check_linked,
)

TYPES = (OIDC_PROVIDER, PASSWORD_POLICY, SERVICE_LINKED_ROLE)
