"""Who may read the keys of the pseudonyms, how they are renewed, how they reach the job that needs them."""

from __future__ import annotations

import base64
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mocked import Build, build

from infra.data.pseudonyms import readers_policy
from infra.foundation.place import Place
from infra.platform import Platform
from infra.settings.loading import read_settings
from ml.privacy.pseudonyms import KeyRing


@pytest.fixture(scope="module")
def function() -> ModuleType:
    spec = importlib.util.spec_from_file_location("renewing", Path("infra/functions/pseudonyms/handler.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def platform(**privacy: Any) -> Build:
    def program() -> dict[str, Any]:
        return Platform(read_settings("dev", {"privacy": privacy}), Place.of_this_stack()).exports

    return build(program, stack="dev")


def steps(found: Build) -> dict[str, Any]:
    (pipeline,) = found.of("aws:sagemaker/pipeline:Pipeline").values()
    return {step["Name"]: step["Arguments"] for step in json.loads(pipeline["pipelineDefinition"])["Steps"]}


def test_without_the_setting_there_is_no_secret_and_every_job_is_isolated() -> None:
    found = platform()
    assert not [name for name in found.of("aws:secretsmanager/secret:Secret") if "pseudonym" in name]
    made = steps(found)
    for name in ("Prepare", "Evaluate"):
        assert made[name]["NetworkConfig"]["EnableNetworkIsolation"] is True
        assert "PSEUDONYM_KEYS" not in made[name]["Environment"]


def test_with_it_prepare_alone_leaves_isolation_and_is_told_the_secrets_name() -> None:
    found = platform(pseudonyms=True)
    made = steps(found)
    assert made["Prepare"]["NetworkConfig"]["EnableNetworkIsolation"] is False
    assert made["Prepare"]["NetworkConfig"]["VpcConfig"]["Subnets"]
    assert made["Prepare"]["Environment"]["PSEUDONYM_KEYS"] == "groundplan-dev-pseudonyms"
    assert made["Evaluate"]["NetworkConfig"]["EnableNetworkIsolation"] is True
    assert made["Train"]["EnableNetworkIsolation"] is True
    schedule = found.of("aws:scheduler/schedule:Schedule")["pseudonyms-schedule"]
    assert schedule["scheduleExpression"] == "rate(90 days)"


def test_only_processing_and_the_function_may_read_the_secret() -> None:
    (statement,) = json.loads(readers_policy(["arn:aws:iam::1:role/b", "arn:aws:iam::1:role/a"]))["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {
        "ArnNotEquals": {"aws:PrincipalArn": ["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"]}
    }
    allowed = {
        name
        for name, role in platform(pseudonyms=True).of("aws:iam/rolePolicy:RolePolicy").items()
        if "secretsmanager:GetSecretValue" in role["policy"] and "pseudonyms" in role["policy"]
    }
    assert len(allowed) == 2
    assert any("processing" in name for name in allowed)
    assert any("pseudonyms-function" in name for name in allowed)


def test_a_renewal_adds_a_key_keeps_the_last_ones_and_the_ring_can_be_read(function: ModuleType) -> None:
    ring = function.rotated(None, "monday", 2)
    assert ring["current"] == "k1"
    ring = function.rotated(ring, "tuesday", 2)
    parsed = KeyRing.parse(json.dumps(ring))
    assert parsed.ids == ("k1", "k2")
    assert parsed.pseudonym("N1", "a").startswith("k2.")
    ring = function.rotated(ring, "wednesday", 2)
    assert (ring["current"], sorted(ring["keys"])) == ("k3", ["k2", "k3"])
    for key in ring["keys"].values():
        assert len(base64.b64decode(key)) == function.KEY_BYTES


def test_an_order_that_comes_twice_is_followed_once(function: ModuleType) -> None:
    ring = function.rotated(None, "monday", 2)
    assert function.rotated(ring, "monday", 2) is None
    assert function.rotated(ring, "", 2)["current"] == "k2"
