"""The whole loop from one command, with real clients: some twenty minutes."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.soak


def test_a_model_lives_its_whole_life_in_one_command(clone: Any) -> None:
    found = clone.json("demo", "loop", "--speed", "10000", "--trial-days", "2")
    assert [one["step"] for one in found["steps"]] == [
        "platform",
        "data",
        "train",
        "release",
        "stream",
        "features",
        "summer",
        "raw zone",
        "look",
        "retrain",
        "approve",
        "shadow",
        "A/B test",
        "decide",
        "verify",
    ]
    by_name = {one["step"]: one["result"] for one in found["steps"]}
    assert by_name["look"].startswith("drifted")
    assert found["challenger"].endswith("/2")
    assert found["shadow"] in {"go on to A/B", "watch on", "stop"}
    assert (found["champion"] == found["challenger"]) == (found["trial"] == "promote")
    # One model is left in service: nothing is measured any more.
    clone.run("experiment", "judge", "dev", status=1)
