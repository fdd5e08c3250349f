"""What the provider is told: region, default tags, whom it asks as, and the accounts that it may touch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.aws.identity import AssumedRole, assumed_roles, member, role_failures
from sandbox.aws.plain import plain_map
from sandbox.engine.provider import CheckFailure, ProviderError
from sandbox.engine.values import UNKNOWN, PropertyMap

DEFAULT_REGION = "us-east-1"


class WrongAccountError(ProviderError):
    """The credentials belong to an account that the configuration does not allow."""

    def __init__(self, account_id: str, rule: str, listed: tuple[str, ...]) -> None:
        super().__init__(
            f"AWS account {account_id} is not allowed: aws:{rule} is {', '.join(listed)}. "
            "The sandbox answers as its own account; leave it out of the refused ones or list it."
        )


@dataclass(frozen=True)
class Configuration:
    """The provider's configuration, as far as the sandbox heeds it: no endpoints and no profiles."""

    region: str = DEFAULT_REGION
    default_tags: Mapping[str, str] = field(default_factory=dict)
    ignored_tag_keys: tuple[str, ...] = ()
    ignored_tag_prefixes: tuple[str, ...] = ()
    allowed_account_ids: tuple[str, ...] = ()
    forbidden_account_ids: tuple[str, ...] = ()
    access_key: str = ""
    """Empty: that of the environment."""
    secret_key: str = field(default="", repr=False)
    roles: tuple[AssumedRole, ...] = ()

    def ignores(self, key: str) -> bool:
        """Whether a tag is somebody else's (`ignoreTags`)."""
        return key in self.ignored_tag_keys or key.startswith(self.ignored_tag_prefixes)

    def refuse_wrong_account(self, account_id: str) -> None:
        """Raises WrongAccountError as the real provider does before its first call."""
        if self.allowed_account_ids and account_id not in self.allowed_account_ids:
            raise WrongAccountError(account_id, "allowedAccountIds", self.allowed_account_ids)
        if account_id in self.forbidden_account_ids:
            raise WrongAccountError(account_id, "forbiddenAccountIds", self.forbidden_account_ids)


def configuration(inputs: PropertyMap) -> Configuration:
    """Reads the provider's inputs: structured values, or JSON texts as the SDK and stack files send them."""
    values = plain_map(inputs)
    ignored = _structured(values.get("ignoreTags")) or {}
    default_tags = _structured(values.get("defaultTags")) or {}
    web = _structured(values.get("assumeRoleWithWebIdentity"))
    region = values.get("region")
    return Configuration(
        region=region if isinstance(region, str) and region else DEFAULT_REGION,
        default_tags={key: str(value) for key, value in (default_tags.get("tags") or {}).items()},
        ignored_tag_keys=tuple(ignored.get("keys") or ()),
        ignored_tag_prefixes=tuple(member(ignored, "keyPrefixes") or ()),
        allowed_account_ids=tuple(str(item) for item in _structured(values.get("allowedAccountIds")) or ()),
        forbidden_account_ids=tuple(
            str(item) for item in _structured(values.get("forbiddenAccountIds")) or ()
        ),
        access_key=_text(values.get("accessKey")),
        secret_key=_text(values.get("secretKey")),
        roles=(*assumed_roles([web] if web else []), *assumed_roles(_structured(values.get("assumeRoles")))),
    )


def configuration_failures(inputs: PropertyMap) -> list[CheckFailure]:
    """Configuration that cannot be read."""
    failures = []
    for name, expected in (
        ("defaultTags", dict),
        ("ignoreTags", dict),
        ("allowedAccountIds", list),
        ("forbiddenAccountIds", list),
        ("assumeRoles", list),
        ("assumeRoleWithWebIdentity", dict),
    ):
        value = plain_map(inputs).get(name)
        if value is None or value is UNKNOWN:
            continue
        try:
            structured = _structured(value)
        except ValueError as error:
            failures.append(CheckFailure(name, f"is no valid JSON: {error}"))
            continue
        if not isinstance(structured, expected):
            shape = "an object" if expected is dict else "a list"
            failures.append(CheckFailure(name, f"must be {shape}, not {structured!r}"))
        elif name.startswith("assume"):
            failures += role_failures(structured, name)
    return failures


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _structured(value: Any) -> Any:
    if value is UNKNOWN or value == "":
        return None
    return json.loads(value) if isinstance(value, str) else value
