"""How does a data store say which backup plans it belongs to?"""

from collections.abc import Mapping, Sequence
from typing import Literal

Plan = Literal["daily", "weekly", "monthly"]
PLANS: tuple[Plan, ...] = ("daily", "weekly", "monthly")

TAG = "Backup"
"""The tag that selects: its value names the plans, as in `daily+weekly+monthly`."""


def backed_up(plans: Sequence[Plan] = PLANS) -> Mapping[str, str]:
    """The tag of a data store that these plans take."""
    return {TAG: "+".join(plans)}
