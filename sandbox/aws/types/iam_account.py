"""IAM: identity providers and the account's password policy."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import answered, reading
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

TYPES = (OIDC_PROVIDER, PASSWORD_POLICY)
