"""What does an instance of SageMaker hosting cost an hour? A small table, with its source and date."""

from collections.abc import Mapping, Sequence

SOURCE = "Amazon SageMaker AI pricing, real-time inference, US East (N. Virginia), as of 2025-01-15"
"""https://aws.amazon.com/sagemaker/pricing/, on demand, as it stood then; the same as `ops/cost/prices.yaml`
says. Other regions differ by some percent; AWS bills, this estimates."""

HOURLY_USD: Mapping[str, float] = {
    "ml.c5.large": 0.102,
    "ml.c5.xlarge": 0.204,
    "ml.c5.2xlarge": 0.408,
    "ml.c5.4xlarge": 0.816,
    "ml.c5.9xlarge": 1.836,
    "ml.c5.18xlarge": 3.672,
    "ml.g4dn.xlarge": 0.7364,
    "ml.g4dn.2xlarge": 0.94,
    "ml.g4dn.4xlarge": 1.505,
    "ml.g4dn.8xlarge": 2.72,
    "ml.g4dn.12xlarge": 4.89,
    "ml.g4dn.16xlarge": 5.44,
    "ml.g5.xlarge": 1.408,
    "ml.g5.2xlarge": 1.515,
    "ml.g5.4xlarge": 2.03,
    "ml.g5.8xlarge": 3.06,
    "ml.g5.12xlarge": 7.09,
    "ml.g5.16xlarge": 5.12,
    "ml.g5.24xlarge": 10.18,
    "ml.g5.48xlarge": 20.36,
    "ml.g6.xlarge": 1.127,
    "ml.g6.2xlarge": 1.222,
    "ml.g6.4xlarge": 1.654,
    "ml.g6.12xlarge": 5.752,
    "ml.g6.24xlarge": 8.344,
    "ml.g6.48xlarge": 16.688,
    "ml.inf2.xlarge": 0.99,
    "ml.inf2.8xlarge": 2.36,
    "ml.inf2.24xlarge": 7.79,
    "ml.inf2.48xlarge": 15.58,
    "ml.m5.large": 0.115,
    "ml.m5.xlarge": 0.23,
    "ml.m5.2xlarge": 0.461,
    "ml.m5.4xlarge": 0.922,
    "ml.m5.12xlarge": 2.765,
    "ml.m5.24xlarge": 5.53,
    "ml.p4d.24xlarge": 37.688,
}
"""Instance type → US dollars an hour."""

_HOURS_A_DAY = 24


def daily_usd(instances: Sequence[tuple[str, int]]) -> float | None:
    """US dollars a day of instances, as `(type, count)`; None where the table lacks a type."""
    if any(kind not in HOURLY_USD for kind, _ in instances):
        return None
    return sum(HOURLY_USD[kind] * count for kind, count in instances) * _HOURS_A_DAY


def daily_in_words(instances: Sequence[tuple[str, int]]) -> str:
    """`about 5.52 US dollars a day (2 of ml.m5.large)`, or that the price is not known."""
    shown = ", ".join(f"{count} of {kind}" for kind, count in instances)
    usd = daily_usd(instances)
    if usd is None:
        return f"a price that is not known here ({shown})"
    return f"about {usd:.2f} US dollars a day ({shown})"
