"""Whether the raw zone holds what the use case lists: files, or parts of them, and never both."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from ops.outputs import StackOutputs
from ops.session import Session
from ops.sources import Source, _source, upload


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="raw")
        yield client


def put(s3: Any, *sources: Source) -> tuple[list[str], list[str]]:
    """Uploads the sources; what was sent, and what then lies there."""
    session = cast(Session, SimpleNamespace(client=lambda name: s3))
    outputs = cast(
        StackOutputs,
        SimpleNamespace(zones={"raw": "raw"}, use_case_name="flights", use_case="ml.flights"),
    )
    sent = upload(session, outputs, sources)
    there = s3.list_objects_v2(Bucket="raw").get("Contents", [])
    return list(sent.uploaded), [found["Key"] for found in there]


def source(folder: Path, name: str, content: str) -> Source:
    path = folder / f"{name.replace('/', '-')}.csv"
    path.write_text(content)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return _source({"name": name, "path": str(path), "sha256": digest, "key": f"{name}.csv"})


def test_the_raw_zone_grows_by_the_parts_that_are_new(s3: Any, tmp_path: Path) -> None:
    first, second = (source(tmp_path, f"trips/2013-0{month}", f"a\n{month}\n") for month in (1, 2))
    assert put(s3, first) == (["trips/2013-01"], ["flights/trips/2013-01.csv"])
    assert put(s3, first, second) == (
        ["trips/2013-02"],
        ["flights/trips/2013-01.csv", "flights/trips/2013-02.csv"],
    )
    corrected = source(tmp_path, "trips/2013-01", "a\n100\n")
    assert put(s3, corrected, second)[0] == ["trips/2013-01"]


def test_parts_take_the_place_of_the_one_file_and_the_other_way_round(s3: Any, tmp_path: Path) -> None:
    whole, planes = source(tmp_path, "trips", "a\n1\n"), source(tmp_path, "planes", "b\n1\n")
    part = source(tmp_path, "trips/2013-01", "a\n1\n")
    s3.put_object(Bucket="raw", Key="other/trips.csv", Body=b"not ours")
    for listed, there in (
        ((whole, planes), ["flights/planes.csv", "flights/trips.csv"]),
        ((part, planes), ["flights/planes.csv", "flights/trips/2013-01.csv"]),
        ((whole, planes), ["flights/planes.csv", "flights/trips.csv"]),
    ):
        assert put(s3, *listed)[1] == [*there, "other/trips.csv"]


def test_a_source_without_a_key_goes_by_its_name(tmp_path: Path) -> None:
    assert _source({"name": "trips", "path": "trips.csv", "sha256": "aa"}).place == "trips.csv"


@pytest.mark.parametrize("key", ["../other/trips.csv", "/trips.csv", "trips/../../x.csv"])
def test_a_key_that_leads_out_of_the_folder_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"leads out of the use case's folder"):
        _source({"name": "trips", "path": "trips.csv", "sha256": "aa", "key": key})
