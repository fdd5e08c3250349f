"""Which anomaly subscriptions hear of an anomaly, and in which words: rules of Cost Anomaly Detection as
functions of values.

Sources: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_AnomalySubscription.html and
the user guide's "Creating an Amazon SNS topic for anomaly notifications".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_ABSOLUTE, _PERCENTAGE = "ANOMALY_TOTAL_IMPACT_ABSOLUTE", "ANOMALY_TOTAL_IMPACT_PERCENTAGE"
_CONSOLE = "https://console.aws.amazon.com/cost-management/home#/anomaly-detection/monitors"


@dataclass(frozen=True)
class Anomaly:
    """A cost that is unlike what was expected: dollars, of a service, found by a monitor."""

    id: str
    account: str
    service: str
    region: str
    expected: float
    actual: float
    day: str
    monitor_arn: str
    monitor_name: str

    @property
    def impact(self) -> float:
        """Dollars above what was expected."""
        return self.actual - self.expected

    @property
    def percentage(self) -> float:
        """Impact in per cent of what was expected; nothing expected makes any cost a hundred."""
        return 100 * self.impact / self.expected if self.expected else 100.0

    def described(self) -> dict[str, Any]:
        """As GetAnomalies gives it."""
        return {
            "AnomalyId": self.id,
            "AnomalyStartDate": f"{self.day}T00:00:00Z",
            "AnomalyEndDate": f"{self.day}T00:00:00Z",
            "DimensionValue": self.service,
            "RootCauses": [{"Service": self.service, "Region": self.region, "LinkedAccount": self.account}],
            "AnomalyScore": {"MaxScore": 1.0, "CurrentScore": 1.0},
            "Impact": {
                "MaxImpact": self.impact,
                "TotalImpact": self.impact,
                "TotalActualSpend": self.actual,
                "TotalExpectedSpend": self.expected,
                "TotalImpactPercentage": self.percentage,
            },
            "MonitorArn": self.monitor_arn,
        }

    def message(self, subscription: Mapping[str, Any]) -> dict[str, Any]:
        """As it is published to a topic."""
        monitor = self.monitor_arn.rpartition("/")[2]
        return {
            "accountId": self.account,
            "anomalyDetailsLink": f"{_CONSOLE}/{monitor}/anomalies/{self.id}",
            "anomalyEndDate": f"{self.day}T00:00:00Z",
            "anomalyId": self.id,
            "anomalyScore": {"currentScore": 1.0, "maxScore": 1.0},
            "anomalyStartDate": f"{self.day}T00:00:00Z",
            "dimensionalValue": self.service,
            "impact": {
                "maxImpact": self.impact,
                "totalActualSpend": self.actual,
                "totalExpectedSpend": self.expected,
                "totalImpact": self.impact,
                "totalImpactPercentage": round(self.percentage, 2),
            },
            "monitorArn": self.monitor_arn,
            "monitorName": self.monitor_name,
            "rootCauses": [
                {
                    "linkedAccount": self.account,
                    "region": self.region,
                    "service": self.service,
                    "usageType": "",
                }
            ],
            "subscriptionId": str(subscription["SubscriptionArn"]).rpartition("/")[2],
            "subscriptionName": subscription["SubscriptionName"],
        }


def is_told(subscription: Mapping[str, Any], anomaly: Anomaly) -> bool:
    """Whether a subscription tells topics of the anomaly: at once, of its monitor, from its threshold on."""
    if subscription["Frequency"] != "IMMEDIATE" or anomaly.monitor_arn not in subscription["MonitorArnList"]:
        return False
    expression = subscription.get("ThresholdExpression")
    if expression:
        return holds(expression, anomaly)
    return anomaly.impact >= float(subscription.get("Threshold") or 0)


def holds(expression: Mapping[str, Any], anomaly: Anomaly) -> bool:
    """Whether an anomaly fits an expression of thresholds."""
    if "And" in expression:
        return all(holds(one, anomaly) for one in expression["And"])
    if "Or" in expression:
        return any(holds(one, anomaly) for one in expression["Or"])
    if "Not" in expression:
        return not holds(expression["Not"], anomaly)
    dimension = expression.get("Dimensions") or {}
    measured = {_ABSOLUTE: anomaly.impact, _PERCENTAGE: anomaly.percentage}.get(dimension.get("Key", ""))
    return measured is not None and all(measured >= float(value) for value in dimension.get("Values") or ())


def today() -> str:
    """The day of an anomaly that is found now."""
    return f"{datetime.now(UTC):%Y-%m-%d}"
