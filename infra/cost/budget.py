"""Budget: what a month may cost, and who hears of it before it does."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.settings.block import Settings

_ACTUAL_PERCENT = (50, 80, 100)
_FORECAST_PERCENT = 100


class BudgetSettings(Settings):
    """`groundplan:budget`: the month's limit."""

    monthly_usd: int = Field(ge=1, description="US dollars a month.")
    only_tagged: bool = Field(
        default=False,
        description=(
            "Whether to count only what carries the tag Environment of this stack, where an account holds "
            "more than the platform; the tag must be activated for cost allocation."
        ),
    )


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    """What the rest of the platform hands to the budget."""

    settings: BudgetSettings
    foundation: Foundation
    topics: Topics


class Budget(pulumi.ComponentResource):
    """A monthly cost budget that publishes at 50, 80 and 100 % of cost and at 100 % of the forecast."""

    budget_name: pulumi.Output[str]

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Budget", name, opts=opts)
        alerts = [("ACTUAL", percent) for percent in _ACTUAL_PERCENT] + [("FORECASTED", _FORECAST_PERCENT)]
        tagged: list[aws.budgets.BudgetCostFilterArgsDict] = [
            {"name": "TagKeyValue", "values": [f"user:Environment${args.foundation.place.stack}"]}
        ]
        budget = aws.budgets.Budget(
            f"{name}-monthly",
            name=f"{args.foundation.place.prefix}-monthly",
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args.settings.monthly_usd),
            limit_unit="USD",
            cost_filters=tagged if args.settings.only_tagged else None,
            notifications=[
                {
                    "notification_type": kind,
                    "comparison_operator": "GREATER_THAN",
                    "threshold": percent,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_sns_topic_arns": [args.topics["warning"]],
                }
                for kind, percent in alerts
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.budget_name = budget.name
        self.register_outputs({"budget_name": self.budget_name})
