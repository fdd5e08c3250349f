"""What does the stack's file say? All of it, read and checked at once."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Self

import pulumi
from pulumi.runtime import config
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from infra.audit.audit import AuditSettings
from infra.backup.settings import BackupSettings
from infra.cost.budget import BudgetSettings
from infra.data.features import FeatureSettings
from infra.data.fitting import stream_misfits
from infra.data.pipeline import DataPipelineSettings
from infra.data.pseudonyms import PrivacySettings
from infra.data.quality import QualitySettings
from infra.data.streaming import StreamingSettings
from infra.foundation.encryption import Domain, EncryptionSettings
from infra.foundation.logs import LogSettings
from infra.identity.deployment import DeploymentSettings
from infra.identity.people import IdentitySettings
from infra.monitoring.drift_settings import DriftSettings
from infra.monitoring.monitoring import MonitoringSettings
from infra.network.network import NetworkSettings
from infra.network.regions import recovery_faults, zone_faults
from infra.notifications.notifications import NotificationSettings
from infra.packaging.builds import ImageSettings
from infra.packaging.images import misfits as image_misfits
from infra.serving.fitting import misfits
from infra.serving.front_door_settings import FrontDoorSettings
from infra.serving.parking import ParkingSettings
from infra.serving.release import ReleaseSettings
from infra.serving.settings import EndpointSettings
from infra.settings import stack_file
from infra.settings.block import Misfit, MisfitsError, Settings
from infra.settings.environments import DEFAULTS, with_defaults
from infra.storage.storage import StorageSettings
from infra.training.registry import RegistrySettings
from infra.training.retraining import RetrainingSettings
from infra.training.settings import TrainingSettings

NAMESPACE = "groundplan"
Environment = Literal["dev", "staging", "prod"]


_ALLOWED: Mapping[str, str] = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "a text",
    "too_short": "{min_length} or more of them",
    "too_long": "{max_length} of them at most",
    "string_too_short": "a text of {min_length} or more characters",
    "string_too_long": "a text of {max_length} characters at most",
    "string_pattern_mismatch": "a text of the form {pattern}",
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "settings of its own, one a line",
    "dict_type": "settings of its own, one a line",
}
"""What pydantic words for programmers, as a person at a settings file needs it."""


class RecoverySettings(Settings):
    """`groundplan:recovery`: where the platform goes on when its region does not."""

    region: str | None = Field(
        default=None,
        pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$",
        description="The second region, with replicas of keys, data and recovery points.",
    )

    @field_validator("region")
    @classmethod
    def _known(cls, region: str | None) -> str | None:
        if region is not None and region not in stack_file.REGIONS:
            raise ValueError("a region of AWS, or none")
        return region


class PlatformSettings(Settings):
    """Every block under `groundplan:` in a stack's file."""

    environment: Environment
    use_case: str = Field(
        default="ml.flights",
        pattern=r"^ml(\.[a-z_][a-z0-9_]*)*\.[a-z][a-z0-9]{0,19}$",
        description="Python module of the use case; its last part, of 20 characters at most, is in names.",
    )
    protected: bool = Field(
        default=True,
        description="Whether what holds data refuses deletion; take it back by an `up` before a destroy.",
    )
    runbooks: str = Field(
        default="https://github.com/groundplan/groundplan/blob/main/docs/runbooks",
        pattern=r"^https://[!-~]+[!-.0-~]$",
        description="URL of the folder of runbooks that every alarm links to.",
    )
    recovery: RecoverySettings = RecoverySettings()
    encryption: EncryptionSettings = EncryptionSettings()
    storage: StorageSettings = StorageSettings()
    network: NetworkSettings = NetworkSettings()
    logs: LogSettings = LogSettings()
    identity: IdentitySettings = IdentitySettings()
    deployment: DeploymentSettings = DeploymentSettings()
    data_pipeline: DataPipelineSettings = DataPipelineSettings()
    quality: QualitySettings = QualitySettings()
    privacy: PrivacySettings = PrivacySettings()
    features: FeatureSettings = FeatureSettings()
    streaming: StreamingSettings = StreamingSettings()
    images: ImageSettings = ImageSettings()
    training: TrainingSettings = TrainingSettings()
    registry: RegistrySettings = RegistrySettings()
    drift: DriftSettings = DriftSettings()
    retraining: RetrainingSettings = RetrainingSettings()
    endpoint: EndpointSettings = EndpointSettings()
    parking: ParkingSettings = ParkingSettings()
    front_door: FrontDoorSettings = FrontDoorSettings()
    notifications: NotificationSettings = NotificationSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    budget: BudgetSettings
    backup: BackupSettings = BackupSettings()
    audit: AuditSettings = AuditSettings()
    release: ReleaseSettings | None = None

    @property
    def case(self) -> str:
        """The last part of the use case's module, such as `flights`."""
        return self.use_case.rpartition(".")[2]

    @property
    def retained_keys(self) -> frozenset[Domain]:
        """The keys that outlive a destroy, as what they encrypt does: locked audit logs, locked vaults."""
        locked: dict[Domain, bool] = {
            "logs": self.storage.retained("audit"),
            "backup": self.backup.lock.mode == "compliance",
        }
        return frozenset(domain for domain, retained in locked.items() if retained)

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        found = [
            *misfits(self.environment, self.endpoint, self.release, self.parking),
            *image_misfits(self.images, self.training, self.endpoint),
            *stream_misfits(self.use_case, self.streaming),
        ]
        if found:
            raise MisfitsError(found)
        return self


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
    everything = config.CONFIG.get()
    beside = list(stack_file.faults(everything, NAMESPACE))
    return read_settings(pulumi.get_stack(), given_settings(everything), beside, everything.get("aws:region"))


def given_settings(everything: Mapping[str, Any]) -> dict[str, Any]:
    """Our own settings out of a stack's whole configuration, by their names in the stack's file."""
    mark = f"{NAMESPACE}:"
    return {key.removeprefix(mark): _value(text) for key, text in everything.items() if key.startswith(mark)}


def read_settings(
    stack: str, given: Mapping[str, Any], beside: Sequence[str] = (), region: str | None = None
) -> PlatformSettings:
    """The settings of a stack, its environment's defaults beneath. Raises SettingsError.

    The environment is the stack's name unless the settings name another. `beside` are faults found in the
    rest of the stack's configuration, to be told together with those of the settings. Where the stack's
    `region` is given, what cannot be there is refused too.
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
        raise SettingsError(stack, [*beside, *(told for one in found for told in _faults(one))]) from None
    faults = [*beside, *(_faults_of_place(settings, region) if region else [])]
    if faults:
        raise SettingsError(stack, faults)
    return settings


def _faults_of_place(settings: PlatformSettings, region: str) -> Iterator[str]:
    """What the settings want of the region and of its second that cannot be."""
    zones, second = list(settings.network.zones), settings.recovery.region
    for allowed in zone_faults(region, zones):
        yield f"{NAMESPACE}:network.zones: given {_shown(zones)}; allowed: {allowed}"
    for allowed in recovery_faults(region, second) if second else ():
        yield f"{NAMESPACE}:recovery.region: given {_shown(second)}; allowed: {allowed}"


def _value(text: Any) -> Any:
    """Structured configuration comes as JSON, a plain value as it is."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _faults(error: ErrorDetails) -> list[str]:
    between = (error.get("ctx") or {}).get("error")
    if isinstance(between, MisfitsError):
        return [_misfit(one) for one in between.misfits]
    return [_fault(error)]


def _misfit(one: Misfit) -> str:
    return f"{NAMESPACE}:{one.path}: given {_shown(one.given)}; allowed: {one.allowed}"


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
