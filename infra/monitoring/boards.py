"""What does each dashboard show? The service, the model's quality, and the cost, as functions of values."""

from collections.abc import Mapping, Sequence

from infra.monitoring.served import DATA_QUALITY, INSTANCES, INVOCATIONS, MODEL_QUALITY, OWN, Served
from infra.monitoring.widgets import Line, graph, laid_out, links, states, text

BILLING_REGION = "us-east-1"
"""The one region where AWS keeps its estimated charges, for all of them."""

Pages = Mapping[str, str]
"""Label → URL of a runbook."""


def service(served: Served, region: str, alarm_arns: Sequence[str], slo_percent: float, pages: Pages) -> str:
    """Requests, errors, latency, instances and saturation: the signals of the SRE book, chapter 6."""

    def lines(metric: str, stat: str = "Sum", namespace: str = INVOCATIONS, label: str = "") -> list[Line]:
        return [
            Line(
                namespace=namespace,
                metric=metric,
                dimensions=served.of(variant),
                stat=stat,
                label=f"{variant} {label}".strip(),
            )
            for variant in served.variants
        ]

    return laid_out(
        [text(f"# {served.endpoint_name}\n{links(pages)}")],
        [states("Alarms", alarm_arns)] if alarm_arns else [],
        [
            graph("Requests", lines("Invocations"), region=region, stacked=True, unit="a minute"),
            graph(
                "Errors",
                [
                    *lines("Invocation5XXErrors", label="5XX"),
                    *lines("Invocation4XXErrors", label="4XX"),
                    *lines("InvocationModelErrors", label="model"),
                ],
                region=region,
                unit="a minute",
            ),
            graph(
                "Error budget",
                _shares(served),
                region=region,
                limits={
                    f"budget of {slo_percent:g} %": round((100 - slo_percent) / 100, 8),
                    "14.4 times": round(14.4 * (100 - slo_percent) / 100, 8),
                },
            ),
        ],
        [
            graph(
                "Latency of the model",
                [*lines("ModelLatency", "p50", label="p50"), *lines("ModelLatency", "p99", label="p99")],
                region=region,
                unit="µs",
            ),
            graph(
                "Overhead of SageMaker",
                lines("OverheadLatency", "p99", label="p99"),
                region=region,
                unit="µs",
            ),
            graph("Instances", _instances(served), region=region, unit="instances"),
        ],
        [
            graph(
                "Processors",
                lines("CPUUtilization", "Average", INSTANCES),
                region=region,
                unit="% of one, added up",
            ),
            graph("Memory", lines("MemoryUtilization", "Average", INSTANCES), region=region, unit="%"),
            graph("Disk", lines("DiskUtilization", "Average", INSTANCES), region=region, unit="%"),
        ],
    )


def quality(served: Served, region: str, pages: Pages) -> str:
    """Drift of the data, metrics of the model against outcomes, and how answers are distributed."""
    name = served.endpoint_name

    def found(namespace: str, stat: str, match: str, title: str) -> Line:
        search = f'{{"{namespace}",Endpoint,MonitoringSchedule}} Endpoint="{name}" {match}'
        return Line(expression=f"SEARCH('{search}', '{stat}', 3600)", period=3600, label=title, id="found")

    def predicted(stat: str) -> Line:
        return Line(
            namespace=OWN,
            metric="Probability",
            dimensions={"Endpoint": name},
            stat=stat,
            period=3600,
            label=stat,
        )

    def daily(metric: str) -> Line:
        return Line(
            namespace=OWN,
            metric=metric,
            dimensions={"Endpoint": name},
            stat="Maximum",
            period=86400,
            label=metric,
        )

    return laid_out(
        [text(f"# Is the model of {name} still right?\n{links(pages)}")],
        [
            graph(
                "Drift of features by Model Monitor",
                [found(DATA_QUALITY, "Maximum", "feature_baseline_drift", "${PROP('MetricName')}")],
                region=region,
            ),
            graph(
                "Missing and unusual values",
                [found(DATA_QUALITY, "Maximum", "feature_non_null", "${PROP('MetricName')}")],
                region=region,
            ),
        ],
        [
            graph(
                "PR-AUC and AUC against outcomes",
                [found(MODEL_QUALITY, "Average", "auc", "${PROP('MetricName')}")],
                region=region,
            ),
            graph(
                "Precision and recall",
                [found(MODEL_QUALITY, "Average", "(precision OR recall)", "${PROP('MetricName')}")],
                region=region,
            ),
        ],
        [
            graph(
                "Drift that has lasted, relative to what is normal",
                [daily("Drift"), daily("PredictionDrift"), daily("ConceptDrift")],
                region=region,
                limits={"counts as drift": 1},
            ),
            graph("Outcomes that are missing", [daily("MissingOutcomes")], region=region),
        ],
        [
            graph("Predictions", [predicted(stat) for stat in ("p10", "p50", "p90", "p99")], region=region),
            graph(
                "Drift by feature",
                [
                    Line(
                        expression=(
                            f'SEARCH(\'{{{OWN},Endpoint,Feature}} Endpoint="{name}" MetricName="Drift"\','
                            " 'Maximum', 3600)"
                        ),
                        period=3600,
                        id="found",
                    )
                ],
                region=region,
            ),
        ],
    )


def cost(stack: str, region: str, monthly_usd: float, served: Served | None, pages: Pages) -> str:
    """The month's charges against the budget, by service, and what stands idle."""
    day = 6 * 3600
    charged = Line(
        namespace="AWS/Billing",
        metric="EstimatedCharges",
        dimensions={"Currency": "USD"},
        stat="Maximum",
        period=day,
        label="This month so far",
        region=BILLING_REGION,
    )
    by_service = Line(
        expression=(
            "SEARCH('{AWS/Billing,Currency,ServiceName} MetricName=\"EstimatedCharges\"', "
            f"'Maximum', {day})"
        ),
        period=day,
        label="${PROP('Dim.ServiceName')}",
        id="services",
        region=BILLING_REGION,
    )
    idle = (
        [
            graph(
                "Requests an hour: none is idle",
                [
                    Line(
                        namespace=INVOCATIONS,
                        metric="Invocations",
                        dimensions=served.of(variant),
                        period=3600,
                        label=variant,
                    )
                    for variant in served.variants
                ],
                region=region,
            ),
            graph("Instances that are paid for", _instances(served), region=region),
        ]
        if served
        else []
    )
    return laid_out(
        [text(f"# What {stack} costs\nCharges show once billing alerts are on. {links(pages)}")],
        [
            graph(
                "Charges against the budget",
                [charged],
                region=BILLING_REGION,
                limits={"budget": monthly_usd, "80 %": round(monthly_usd * 0.8, 2)},
                unit="USD",
            ),
            graph("By service", [by_service], region=BILLING_REGION, stacked=True, unit="USD"),
        ],
        idle,
    )


def _shares(served: Served) -> list[Line]:
    found = []
    for number, variant in enumerate(served.variants):
        for word, metric in (("faults", "Invocation5XXErrors"), ("requests", "Invocations")):
            found.append(
                Line(
                    namespace=INVOCATIONS,
                    metric=metric,
                    dimensions=served.of(variant),
                    period=3600,
                    id=f"{word}{number}",
                    shown=False,
                )
            )
        share = f"faults{number} / requests{number}"
        found.append(Line(expression=share, period=3600, id=f"share{number}", label=f"{variant} an hour"))
    return found


def _instances(served: Served) -> list[Line]:
    """SageMaker counts none: an instance's share of the requests tells how many there are."""
    found = []
    for number, variant in enumerate(served.variants):
        for word, metric in (("all", "Invocations"), ("each", "InvocationsPerInstance")):
            found.append(
                Line(
                    namespace=INVOCATIONS,
                    metric=metric,
                    dimensions=served.of(variant),
                    period=300,
                    id=f"{word}{number}",
                    shown=False,
                )
            )
        found.append(
            Line(expression=f"all{number} / each{number}", period=300, id=f"count{number}", label=variant)
        )
    return found
