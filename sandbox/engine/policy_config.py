"""How a policy pack is configured: its defaults, its own initial configuration, then a file's.

The rules are those of `pkg/resource/analyzer/config.go`. The file is JSON, an entry a policy:
`{"all": "mandatory", "rule": "disabled", "other": {"enforcementLevel": "advisory", "maxSize": 3}}`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, get_args

from sandbox.engine.errors import EngineError
from sandbox.engine.events import EnforcementLevel, PolicySeverity
from sandbox.engine.policy_schema import violations

LEVELS: Final[tuple[EnforcementLevel, ...]] = get_args(EnforcementLevel)
ALL: Final = "all"
"""The entry whose level is every policy's."""
_LEVEL_KEY: Final = "enforcementLevel"
_ENVIRONMENTS: Final = "environments"


class PolicyConfigInvalid(EngineError):
    """A configuration that a policy pack cannot take; all that is wrong with it at once."""

    def __init__(self, where: str, wrong: Sequence[str]) -> None:
        lines = "".join(f"\n  {item}" for item in wrong)
        super().__init__(f"the policy configuration in {where} cannot be used:{lines}")
        self.where = where
        self.wrong = tuple(wrong)


@dataclass(frozen=True)
class PolicySettings:
    """A policy's level (None: as it stands) and its properties."""

    level: EnforcementLevel | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PolicyInfo:
    """What a pack tells of one of its policies."""

    name: str
    level: EnforcementLevel
    severity: PolicySeverity = ""
    properties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The JSON schema of each property of its configuration."""
    required: Sequence[str] = ()


def read_settings(path: Path) -> dict[str, PolicySettings]:
    """The entries of a configuration file. Raises `PolicyConfigInvalid`."""
    where = str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PolicyConfigInvalid(where, [f"it cannot be read: {reason}"]) from error
    if not text.strip():
        return {}
    try:
        plain = json.loads(text)
    except json.JSONDecodeError as error:
        reason = f"not valid JSON in line {error.lineno}, column {error.colno}: {error.msg}"
        raise PolicyConfigInvalid(where, [reason]) from error
    if not isinstance(plain, dict):
        raise PolicyConfigInvalid(where, ["it must be an object with an entry for each policy"])
    found: dict[str, PolicySettings] = {}
    wrong: list[str] = []
    for name, given in plain.items():
        if name == _ENVIRONMENTS:
            wrong.append(f"'{_ENVIRONMENTS}' takes Pulumi Cloud, which this state is not kept in")
            continue
        if not isinstance(given, str | dict):
            wrong.append(f"{name}: must be a level or an object, not {json.dumps(given)}")
            continue
        properties = {} if isinstance(given, str) else dict(given)
        level = given if isinstance(given, str) else properties.pop(_LEVEL_KEY, None)
        if level is not None and level not in LEVELS:
            wrong.append(f"{name}: {json.dumps(level)} is no enforcement level; allowed: {', '.join(LEVELS)}")
            continue
        if level is not None or properties:
            found[name] = PolicySettings(level, properties)
    if wrong:
        raise PolicyConfigInvalid(where, wrong)
    return found


def reconciled(
    policies: Sequence[PolicyInfo],
    initial: Mapping[str, PolicySettings],
    given: Mapping[str, PolicySettings],
    where: str,
) -> dict[str, PolicySettings]:
    """Every policy's settings: the schema's defaults, then the pack's own, then the file's.

    `where` stands in the error. Raises `PolicyConfigInvalid`.
    """
    settings = {policy.name: _defaults(policy) for policy in policies}
    for layer in (initial, given):
        settings = _applied(settings, layer)
    wrong = [
        f"{policy.name}: {text}"
        for policy in policies
        for text in violations(
            {"type": "object", "properties": policy.properties, "required": policy.required},
            settings[policy.name].properties,
        )
    ]
    if wrong:
        raise PolicyConfigInvalid(where, sorted(wrong))
    return settings


def unknown_policies(policies: Sequence[PolicyInfo], given: Mapping[str, PolicySettings]) -> list[str]:
    """The entries that no policy of the pack takes. The official CLI passes over them in silence."""
    return sorted(set(given) - {policy.name for policy in policies} - {ALL})


def _defaults(policy: PolicyInfo) -> PolicySettings:
    properties = {
        name: schema["default"] for name, schema in policy.properties.items() if "default" in schema
    }
    return PolicySettings(policy.level, properties)


def _applied(
    settings: Mapping[str, PolicySettings], layer: Mapping[str, PolicySettings]
) -> dict[str, PolicySettings]:
    result = dict(settings)
    everybody = layer.get(ALL)
    if everybody is not None and everybody.level is not None:
        result = {name: replace(one, level=everybody.level) for name, one in result.items()}
    for name, given in layer.items():
        if name in result:
            old = result[name]
            result[name] = PolicySettings(given.level or old.level, {**old.properties, **given.properties})
    return result
