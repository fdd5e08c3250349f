"""Do alarms ring for an error budget that burns, and do dashboards show what there is to see?"""

import json
from typing import Any

import pytest
from mocked import Build, build, foundation, topics

from infra.foundation.encryption import DOMAINS
from infra.monitoring import boards
from infra.monitoring.burn_rate import BURNS, SloSettings, TooManyVariantsError, fault_share, shown, threshold
from infra.monitoring.monitoring import Monitoring, MonitoringArgs, MonitoringSettings
from infra.monitoring.served import Served

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
KEYS = {domain: f"arn:aws:kms:us-east-1:123456789012:key/{number}" for number, domain in enumerate(DOMAINS)}
ONE = Served(endpoint_name="flights", variants=["champion"])
TWO = Served(endpoint_name="flights", variants=["champion", "challenger"])


def _made(served: Served | None = ONE, preview: bool = False, **given: Any) -> Build:
    settings = MonitoringSettings.model_validate_json(json.dumps(given))

    def program() -> dict[str, Any]:
        made = Monitoring(
            "m",
            MonitoringArgs(
                settings=settings,
                foundation=foundation(key_arns=KEYS),
                topics=topics(),
                monthly_usd=800,
                served=served,
            ),
        )
        return {
            "dashboards": dict(made.dashboards),
            "prometheus": made.prometheus_endpoint,
            "grafana": made.grafana_endpoint,
        }

    return build(program, preview=preview)


def test_each_speed_rings_only_while_both_its_windows_do() -> None:
    found = _made()
    rings = {one["alarmName"]: one for one in found.of(COMPOSITE).values()}
    assert rings["flights-burn-fast"]["alarmRule"] == (
        'ALARM("flights-burn-fast-long") AND ALARM("flights-burn-fast-short")'
    )
    told = {name: one["alarmActions"][0].rpartition("-")[2] for name, one in rings.items()}
    assert told == {
        "flights-burn-fast": "critical",
        "flights-burn-steady": "critical",
        "flights-burn-slow": "warning",
    }
    assert all("slo-burn.md" in one["alarmDescription"] for one in rings.values())
    windows = {one["name"]: one for one in found.of(ALARM).values()}
    assert len(windows) == 6
    assert not [one for one in windows.values() if one.get("alarmActions") or one.get("okActions")]
    periods = {
        name: {query["metric"]["period"] for query in one["metricQueries"] if "metric" in query}
        for name, one in windows.items()
    }
    assert periods["flights-burn-fast-long"] == {3600}
    assert periods["flights-burn-slow-long"] == {259200}
    assert {one["treatMissingData"] for one in windows.values()} == {"notBreaching"}


def test_thresholds_are_the_factor_times_the_budget_and_can_be_reached() -> None:
    assert threshold(14.4, 99.9) == pytest.approx(0.0144)
    assert threshold(1, 99.99) == pytest.approx(0.0001)
    lowest = SloSettings.model_fields["availability_percent"].metadata[0].ge
    assert all(threshold(burn.factor, lowest) < 1 for burn in BURNS)


def test_windows_stay_within_what_cloudwatch_evaluates() -> None:
    for burn in BURNS:
        for seconds in (burn.long_seconds, burn.short_seconds):
            assert seconds % 60 == 0
            assert seconds <= (604_800 if seconds >= 3600 else 86_400)
    assert [shown(seconds) for seconds in (60, 1800, 3600, 259_200)] == [
        "1 minute",
        "30 minutes",
        "1 hour",
        "3 days",
    ]


def test_the_share_is_of_all_variants_and_one_expression_is_watched() -> None:
    queries = fault_share(TWO, 300, 20)
    assert [query["id"] for query in queries if query.get("return_data")] == ["share"]
    assert queries[-1]["expression"] == (
        "IF(SUM([requests0, requests1]) >= 20, SUM([faults0, faults1]) / SUM([requests0, requests1]), 0)"
    )
    assert fault_share(ONE, 300, 1)[-1]["expression"] == "IF(requests0 >= 1, faults0 / requests0, 0)"


def test_more_variants_than_an_alarm_can_read_are_a_named_error() -> None:
    with pytest.raises(TooManyVariantsError, match="6 variants"):
        _made(Served(endpoint_name="flights", variants=list("abcdef")))


def test_before_a_release_only_the_cost_is_shown() -> None:
    found = _made(served=None)
    assert found.outputs["dashboards"] == {"cost": "groundplan-dev-cost"}
    assert not found.of(ALARM)


def test_dashboards_show_every_variant_and_link_their_runbooks() -> None:
    found = _made(TWO)
    assert set(found.outputs["dashboards"]) == {"service", "quality", "cost"}
    for one in found.of(DASHBOARD).values():
        body = json.loads(one["dashboardBody"])
        assert "https://example.com/runbooks/" in body["widgets"][0]["properties"]["markdown"]
        for widget in body["widgets"]:
            assert widget["x"] + widget["width"] <= 24
            assert widget["height"] > 0
    service = found.of(DASHBOARD)["m-service"]["dashboardBody"]
    assert "challenger" in service
    assert "alarm:flights-burn-fast" in service
    titles = {one["properties"].get("title") for one in json.loads(service)["widgets"]}
    assert {"Requests", "Errors", "Latency of the model", "Instances", "Memory"} <= titles


def test_ids_within_a_graph_are_its_own() -> None:
    boards_made = [
        boards.service(TWO, "us-east-1", [], 99.9, {}),
        boards.quality(TWO, "us-east-1", {}),
        boards.cost("dev", "us-east-1", 800, TWO, {}),
    ]
    for body in boards_made:
        for widget in json.loads(body)["widgets"]:
            metrics = [one[-1] for one in widget["properties"].get("metrics", [])]
            ids = [one["id"] for one in metrics if "id" in one]
            assert len(set(ids)) == len(ids)
            assert all(one[0].islower() for one in ids)


def test_prometheus_and_grafana_stand_only_where_they_are_wanted_and_read_alone() -> None:
    assert not [kind for kind in _made().kinds if "amp/" in kind or "grafana/" in kind]
    found = _made(prometheus={"enabled": True}, grafana={"enabled": True})
    assert found.outputs["prometheus"] is None or found.outputs["prometheus"]
    (definition,) = found.of("aws:amp/alertManagerDefinition:AlertManagerDefinition").values()
    config = json.loads(json.loads(definition["definition"])["alertmanager_config"])
    assert [one["sns_configs"][0]["topic_arn"].rpartition("-")[2] for one in config["receivers"]] == [
        "critical",
        "warning",
    ]
    (statements,) = found.policies().values()
    assert {one["Sid"] for one in statements} == {"ReadMetrics", "ReadLogs", "QueryPrometheus"}
    actions = [action for one in statements for action in one["Action"]]
    reads = ("Get", "List", "Describe", "Query", "StartQuery")
    assert all(action.split(":")[1].startswith(reads) for action in actions)


def test_a_preview_knows_as_much_as_it_can() -> None:
    assert _made(TWO, preview=True, prometheus={"enabled": True}, grafana={"enabled": True}).of(COMPOSITE)
