"""What does the stack's file say? All of it, read and checked at once."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pulumi
from pulumi.runtime import config
from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from infra.cost.budget import BudgetSettings
from infra.foundation.encryption import EncryptionSettings
from infra.foundation.logs import LogSettings
from infra.identity.deployment import DeploymentSettings
from infra.identity.people import IdentitySettings
from infra.network.network import NetworkSettings
from infra.notifications.notifications import NotificationSettings
from infra.packaging.builds import ImageSettings
from infra.serving.endpoint import EndpointSettings
from infra.serving.front_door_settings import FrontDoorSettings
from infra.settings import stack_file
from infra.settings.block import Settings
from infra.settings.environments import DEFAULTS, with_defaults
from infra.storage.storage import StorageSettings
from infra.training.steps import TrainingSettings

NAMESPACE = "groundplan"
Environment = Literal["dev", "staging", "prod"]


_ALLOWED: Mapping[str, str] = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "a text",
    "too_short": "{min_length} or more of them",
    "too_long": "{max_length} of them at most",
    "string_pattern_mismatch": "a text of the form {pattern}",
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "settings of its own, one a line",
    "dict_type": "settings of its own, one a line",
}
"""What pydantic words for programmers, as a person at a settings file needs it."""


class ReleaseSettings(Settings):
    """`groundplan:release`: what is served."""

    model_package_arn: str = Field(
        pattern=r"^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package/[A-Za-z0-9-]+(/\d+)?$",
        description="ARN of the approved model package.",
    )


class RecoverySettings(Settings):
    """`groundplan:recovery`: where the platform goes on when its region does not."""

    region: str | None = Field(
        default=None,
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        description="The second region, with replicas of keys, data and recovery points.",
    )


class PlatformSettings(Settings):
    """Every block under `groundplan:` in a stack's file."""

    environment: Environment
    use_case: str = Field(
        default="ml.flights",
        pattern=r"^ml(\.[a-z_][a-z0-9_]*)+$",
        description="Python module of the use case.",
    )
    protected: bool = Field(
        default=True,
        description="Whether what holds data refuses deletion; take it back by an `up` before a destroy.",
    )
    runbooks: str = Field(
        default="https://github.com/groundplan/groundplan/blob/main/docs/runbooks",
        pattern=r"^https://[^ ]+[^ /]$",
        description="URL of the folder of runbooks that every alarm links to.",
    )
    recovery: RecoverySettings = RecoverySettings()
    encryption: EncryptionSettings = EncryptionSettings()
    storage: StorageSettings = StorageSettings()
    network: NetworkSettings = NetworkSettings()
    logs: LogSettings = LogSettings()
    identity: IdentitySettings = IdentitySettings()
    deployment: DeploymentSettings = DeploymentSettings()
    images: ImageSettings = ImageSettings()
    training: TrainingSettings = TrainingSettings()
    endpoint: EndpointSettings = EndpointSettings()
    front_door: FrontDoorSettings = FrontDoorSettings()
    notifications: NotificationSettings = NotificationSettings()
    budget: BudgetSettings
    release: ReleaseSettings | None = None


class SettingsError(pulumi.RunError):
    """What is wrong in a stack's settings, all of it: path, value given, what is allowed."""

    def __init__(self, stack: str, faults: Sequence[str]) -> None:
        lines = "\n".join(f"  {fault}" for fault in faults)
        count = "one setting is" if len(faults) == 1 else f"{len(faults)} settings are"
        super().__init__(
            f"In the stack {stack}, {count} wrong:\n{lines}\n"
            f"Correct stacks/Pulumi.{stack}.yaml; docs/settings.md lists every setting."
        )


def load_settings() -> PlatformSettings:
    """The settings of the stack that is being run. Raises SettingsError."""
    mark = f"{NAMESPACE}:"
    everything = config.CONFIG.get()
    given = {key.removeprefix(mark): _value(text) for key, text in everything.items() if key.startswith(mark)}
    beside = list(stack_file.faults(everything, NAMESPACE))
    return read_settings(pulumi.get_stack(), given, beside)


def read_settings(stack: str, given: Mapping[str, Any], beside: Sequence[str] = ()) -> PlatformSettings:
    """The settings of a stack, its environment's defaults beneath. Raises SettingsError.

    The environment is the stack's name unless the settings name another. `beside` are faults found in the
    rest of the stack's configuration, to be told together with those of the settings.
    """
    environment = given.get("environment", stack)
    known = environment if isinstance(environment, str) else ""
    document = with_defaults(known, {"environment": environment, **given})
    try:
        # By JSON, for lists to pass as tuples where a string may not pass as a number.
        settings = PlatformSettings.model_validate_json(json.dumps(document))
    except ValidationError as error:
        found = error.errors(include_url=False)
        if known not in DEFAULTS:
            # Without its defaults, required settings are missing that nobody needs to write.
            found = [one for one in found if one["type"] != "missing"]
        wrong = {one["loc"] for one in found}
        # A list is counted without its wrong items, which are told by themselves.
        found = [
            one
            for one in found
            if one["type"] != "too_short" or not any(other[:-1] == one["loc"] for other in wrong)
        ]
        raise SettingsError(stack, [*beside, *(_fault(one) for one in found)]) from None
    if beside:
        raise SettingsError(stack, beside)
    return settings


def _value(text: Any) -> Any:
    """Structured configuration comes as JSON, a plain value as it is."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _fault(error: ErrorDetails) -> str:
    path = f"{NAMESPACE}:" + ".".join(map(str, error["loc"]))
    if error["type"] == "missing":
        return f"{path}: not given; it is required"
    if error["type"] == "extra_forbidden":
        return f"{path}: no such setting"
    context = error.get("ctx") or {}
    told = str(context["error"]) if isinstance(context.get("error"), ValueError) else error["msg"]
    if error["type"] in _ALLOWED:
        told = _ALLOWED[error["type"]].format_map(context)
    told = told.removeprefix("Input should be ").removeprefix("Value error, ")
    return f"{path}: given {_shown(error['input'])}; allowed: {told}"


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."
