"""What the command makes of each way of serving: differences told by name, counts kept, what is parked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ops.errors import NoEndpointError
from ops.live import Live, LiveVariant
from ops.outputs import Intended, StackOutputs
from ops.parking import EndpointGoneError, ParkedError, gone
from ops.releases import Challenger, Release, ReleaseInvalidError, Releases, Shadow
from ops.verification import differences

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/flights/3"
OTHER = ARN[:-1] + "2"
ZONES = ["us-east-1a", "us-east-1b"]


def _output(name: str, package: str, weight: float, **other: Any) -> dict[str, Any]:
    return {
        "name": name,
        "modelPackageArn": package,
        "weight": weight,
        "shadow": False,
        "instanceType": "ml.m5.large",
        "instanceCount": 2,
        "serverless": None,
        **other,
    }


def _outputs(**intended: Any) -> StackOutputs:
    return StackOutputs.read(
        "dev",
        {
            "zones": {"raw": "r", "curated": "c", "models": "m", "captures": "k", "logs": "l"},
            "pipeline": "p",
            "modelPackageGroup": "g",
            "endpoint": "flights",
            "intended": {
                "mode": "realTime",
                "endpointConfig": "config",
                "modelPackageArn": ARN,
                "variant": "champion",
                "instanceType": "ml.m5.large",
                "instanceCount": 2,
                **intended,
            },
            "topics": {"critical": "c", "warning": "w", "info": "i"},
            "webhookSecret": "w",
            "budget": "b",
            "useCase": "ml.flights",
        },
    )


def _intended(**intended: Any) -> Intended:
    found = _outputs(**intended).intended
    assert found is not None
    return found


def _live(name: str, package: str, weight: float, **other: Any) -> LiveVariant:
    one = LiveVariant(name, package, weight, False, "ml.m5.large", 2, 2, 2, 4)
    return replace(one, **other)


def _endpoint(*variants: LiveVariant, **other: Any) -> Live:
    first = variants[0]
    live = Live(
        status="InService",
        endpoint_config="config",
        model_package_arn=first.model_package_arn,
        variant=first.name,
        instance_type=first.instance_type,
        instance_count=first.instance_count,
        serving=first.serving,
        least=first.least,
        most=first.most,
        zones=ZONES,
        variants=variants,
    )
    return replace(live, **other)


def test_challengers_are_held_to_their_model_and_their_share() -> None:
    chosen = [_output("champion", ARN, 0.75), _output("challenger-1", OTHER, 0.25)]
    intended = _intended(variants=chosen)
    champion = _live("champion", ARN, 0.75)
    assert differences(intended, _endpoint(champion, _live("challenger-1", OTHER, 0.25))) == []
    assert differences(intended, _endpoint(champion, _live("challenger-1", ARN, 0.5))) == [
        "challenger-1.weight: live 0.5, intended 0.25",
        f"challenger-1.modelPackageArn: live {ARN!r}, intended {OTHER!r}",
    ]
    assert differences(intended, _endpoint(champion)) == ["challenger-1: live none, intended a variant"]


def test_a_variant_that_nobody_intends_is_told() -> None:
    live = _endpoint(_live("champion", ARN, 1.0), _live("shadow", OTHER, 1.0, shadow=True))
    found = differences(_intended(variants=[_output("champion", ARN, 1.0)]), live)
    assert found == ["shadow: live a variant, intended none"]


def test_each_variant_may_move_within_its_own_bounds() -> None:
    chosen = [_output("champion", ARN, 0.9), _output("challenger-1", OTHER, 0.1)]
    live = _endpoint(_live("champion", ARN, 0.9, serving=4), _live("challenger-1", OTHER, 0.1, serving=1))
    assert differences(_intended(variants=chosen), live) == [
        "challenger-1: instances in service: live 1, intended 2 to 4"
    ]


def test_a_serverless_endpoint_is_held_to_its_memory_and_has_no_zones_of_ours() -> None:
    memory = {"memoryMb": 2048, "maxConcurrency": 10, "provisionedConcurrency": None}
    bare = {"instanceType": None, "instanceCount": 0}
    intended = _intended(
        mode="serverless", **bare, variants=[_output("champion", ARN, 1.0, **bare, serverless=memory)]
    )
    served = {"instance_type": "", "instance_count": 0, "serving": 0, "least": 0, "most": 0}
    good = _live("champion", ARN, 1.0, **served, serverless=memory)
    assert differences(intended, _endpoint(good, mode="serverless", zones=[])) == []
    small = replace(good, serverless={**memory, "memoryMb": 1024})
    (found,) = differences(intended, _endpoint(small, mode="serverless", zones=[]))
    assert found.startswith("champion.serverless: live {'memoryMb': 1024")
    (found,) = differences(intended, _endpoint(good, zones=[]))
    assert found == "mode: live 'realTime', intended 'serverless'"


def test_an_asynchronous_endpoint_may_stand_on_no_instance() -> None:
    intended = _intended(mode="asynchronous", variants=[_output("champion", ARN, 1.0)])
    live = _endpoint(_live("champion", ARN, 1.0, serving=0, least=0), mode="asynchronous")
    assert differences(intended, live) == []


def test_a_stack_that_serves_by_batch_says_how_it_is_asked() -> None:
    batch = {"model": "m", "schedule": "s", "requests": "s3://k/requests", "answers": "s3://k/answers"}
    outputs = _outputs(mode="batch", endpointConfig=None, instanceCount=0, batch=batch)
    with pytest.raises(NoEndpointError, match="serves by batch") as told:
        _ = outputs.released
    assert "put requests into s3://k/requests/" in told.value.next_step
    assert "groundplan sandbox fire s" in told.value.next_step


def test_a_release_keeps_who_is_measured_against_its_champion(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    for wanted in (
        Release(ARN, challengers=(Challenger(ARN + "/2", 50),)),
        Release(ARN, {"champion": 2}, shadow=Shadow(ARN + "/2", 10)),
    ):
        releases.put("dev", wanted)
        assert releases.of("dev") == wanted
    releases.path("dev").write_text(f"release: {{modelPackageArn: '{ARN}', shadow: [1]}}")
    with pytest.raises(ReleaseInvalidError, match="challengers or shadow"):
        releases.of("dev")


def test_a_release_keeps_the_counts_that_it_begins_with(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    releases.put("dev", Release(ARN, {"champion": 3}))
    assert releases.of("dev") == Release(ARN, {"champion": 3})
    assert Release(ARN).settings() == {"release": {"modelPackageArn": ARN}}
    releases.path("dev").write_text(f"release: {{modelPackageArn: '{ARN}', instances: [3]}}")
    with pytest.raises(ReleaseInvalidError, match="instances"):
        releases.of("dev")


class _Stack:
    """A session as far as parking looks at one: the outputs, and a cloud whose log says nothing."""

    stack = "dev"

    def __init__(self, parking: Any) -> None:
        self._parking = parking

    def plain_outputs(self) -> dict[str, Any]:
        return {"parking": self._parking}

    def client(self, service: str) -> Any:
        assert service == "logs"
        return self

    def filter_log_events(self, **_: str) -> dict[str, Any]:
        told = '{"parked": "flights", "why": "the working day is over", "at": "2026-11-25T19:00:00+00:00"}'
        return {"events": [{"timestamp": 2, "message": told}, {"timestamp": 1, "message": "START"}]}


def test_a_missing_endpoint_is_parked_where_the_stack_parks_and_gone_elsewhere() -> None:
    parked = gone(_Stack({"endpoint": "flights", "function": "f"}), "flights")  # type: ignore[arg-type]
    assert isinstance(parked, ParkedError)
    assert "since 2026-11-25T19:00:00+00:00 (the working day is over)" in str(parked)
    assert parked.next_step == "bring it back: groundplan up dev"
    assert isinstance(gone(_Stack(None), "flights"), EndpointGoneError)  # type: ignore[arg-type]
