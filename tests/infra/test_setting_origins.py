"""Is it told where each setting of a stack came from?"""

import io
import json
from typing import Any

import pytest

from infra.settings import origins

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/groundplan-prod-flights/3"
CONFIG = {
    "aws:region": "us-east-1",
    "aws:allowedAccountIds": '["123456789012"]',
    "groundplan:network": '{"zones":["a","b","c"]}',
    "groundplan:logs": '{"retentionDays":400}',
}


def listed(config: dict[str, str], released: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["path"]: one for one in origins.origins("prod", config, released)}


def test_each_setting_names_the_layer_that_gave_its_value() -> None:
    found = listed(CONFIG, {"release": {"modelPackageArn": ARN}})
    assert {path: found[path]["origin"] for path in found} | {
        "release.modelPackageArn": "release",
        "network.zones": "stack",
        "logs.retentionDays": "stack",
        "aws:region": "stack",
        "environment": "name",
        "budget.monthlyUsd": "environment",
        "storage.raw.archiveAfterDays": "everywhere",
        "network.cidr": "model",
    } == {path: found[path]["origin"] for path in found}
    assert found["network.zones"]["value"] == ["a", "b", "c"]
    assert found["aws:allowedAccountIds"]["value"] == ["123456789012"]


def test_the_default_beside_a_setting_is_that_of_its_environment() -> None:
    found = listed(CONFIG, {})
    assert found["network.zones"]["default"] == ["a", "b"]
    assert found["logs.retentionDays"]["default"] == found["logs.retentionDays"]["value"] == 400
    assert found["release"]["value"] is None


def test_wrong_settings_are_told_in_the_words_of_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"stack": "prod", "config": {**CONFIG, "groundplan:netwrok": "{}"}, "released": {}}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(asked)))
    assert origins.main() == 0
    told = json.loads(capsys.readouterr().out)["wrong"]
    assert "groundplan:netwrok: no such setting" in told
