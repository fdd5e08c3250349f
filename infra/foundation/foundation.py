"""Foundation: what every component stands on, handed over as one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from infra.foundation.encryption import Domain
from infra.foundation.place import Place


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """Place, keys and ceilings. Components read from it, and hand it on to their parts as it is."""

    place: Place
    key_arns: Mapping[Domain, pulumi.Output[str]]
    boundary_arn: pulumi.Output[str]
    log_days: int
    """Days that a log group keeps its events."""
    protected: bool
    """Whether what holds data refuses to be deleted until the setting `protected` is taken back."""
    runbooks: str
    """URL of the folder of runbooks, without a slash at the end."""
    recovery_region: str | None = None
    """The second region, where there is one."""
    replica_key_arns: Mapping[Domain, pulumi.Output[str]] = field(default_factory=dict)
    """The keys' replicas in the second region, without `messages`; empty where there is none."""

    def holding_data(self, parent: pulumi.Resource, **more: object) -> pulumi.ResourceOptions:
        """Options of a resource that holds data: a bucket, a key, a table, a vault."""
        options = pulumi.ResourceOptions(parent=parent, protect=self.protected or None)
        return pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(**more))  # type: ignore[arg-type]

    def runbook(self, page: str) -> str:
        """URL of a runbook: `docs/runbooks/<page>.md`."""
        return f"{self.runbooks}/{page}.md"
