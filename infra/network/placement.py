"""Where in the network does a job, an endpoint or a cluster stand?"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class Placement:
    """The subnets, one a zone, and the security group of what stands there."""

    vpc_id: pulumi.Output[str]
    subnet_ids: Sequence[pulumi.Output[str]]
    security_group_id: pulumi.Output[str]
