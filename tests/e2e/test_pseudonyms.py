"""Identifiers, for real: the keys are made in the stack, and Prepare writes pseudonyms in their place."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pyarrow.parquet
import pytest

from ml.flights.sources import find
from ml.privacy.pseudonyms import KeyRing

pytestmark = pytest.mark.soak

SECONDS = 60.0


def test_aircraft_are_pseudonyms_by_the_stacks_own_key_in_all_that_is_prepared(clone: Any) -> None:
    """The use case is the flights with their aircraft declared as identifiers."""
    contracts = clone.folder / "ml" / "flights" / "contracts.py"
    given = contracts.read_text()
    assert given.count('personal="quasi"') == 1
    contracts.write_text(given.replace('personal="quasi"', 'personal="identifier"'))
    stack = clone.folder / "stacks" / "Pulumi.dev.yaml"
    stack.write_text(f"{stack.read_text().rstrip()}\n  groundplan:privacy:\n    pseudonyms: true\n")
    outputs = clone.json("up", "dev")["outputs"]

    secrets, name = clone.client("secretsmanager"), "groundplan-dev-pseudonyms"
    deadline = time.monotonic() + SECONDS
    while not secrets.describe_secret(SecretId=name).get("VersionIdsToStages"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    ring = KeyRing.parse(secrets.get_secret_value(SecretId=name)["SecretString"])
    assert ring.ids == ("k1",)

    clone.run("train", "dev")

    s3, curated = clone.client("s3"), outputs["zones"]["curated"]
    listed = s3.list_objects_v2(Bucket=curated, Prefix="flights/")["Contents"]
    keys = {one["Key"].split("/", 2)[2]: one["Key"] for one in listed}
    body = s3.get_object(Bucket=curated, Key=keys["test/part-0.parquet"])["Body"].read()
    table = pyarrow.parquet.read_table(io.BytesIO(body), columns=["tailnum", "aircraft_age"])
    with (find()[0].path.parent / "planes.csv").open() as planes:
        next(planes)
        expected = set(ring.pseudonyms((line.split(",")[0] for line in planes), "tailnum"))
    rows = table.to_pylist()
    assert all(row["tailnum"].startswith("k1.") for row in rows if row["tailnum"] is not None)
    # The aircraft of both sources still meet: who has an age is known among the planes.
    assert {row["tailnum"] for row in rows if row["aircraft_age"] is not None} <= expected
    assert sum(row["aircraft_age"] is not None for row in rows) > 0.7 * len(rows)
    report = json.loads(s3.get_object(Bucket=curated, Key=keys["report/report.json"])["Body"].read())
    assert report["privacy"]["pseudonyms"] == {"flights": ["tailnum"], "planes": ["tailnum"]}

    renewed = clone.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    assert json.loads(renewed["Payload"].read()) == {"rotated": True, "current": "k2", "kept": ["k1", "k2"]}
    after = KeyRing.parse(secrets.get_secret_value(SecretId=name)["SecretString"])
    assert after.pseudonym("N14228", "tailnum", "k1") == ring.pseudonym("N14228", "tailnum")
    assert set(clone.json("up", "dev")["changes"]) <= {"same", "read"}
