"""A bad batch, for real: bad rows are set aside, good ones train a model, and the team hears of it."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from ml.flights.sources import NAMES, find
from sandbox.runtime import daemon
from sandbox.runtime.client import SandboxClient

pytestmark = pytest.mark.e2e

BAD = 40
SECONDS = 60.0


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real sources, of whose flights BAD claim to have left an hour later than their clocks say."""
    sources, folder = find()[0].path.parent, tmp_path_factory.mktemp("batch")
    for name in NAMES[1:]:
        (folder / f"{name}.csv").symlink_to(sources / f"{name}.csv")
    with (sources / "flights.csv").open(newline="") as whole, (folder / "flights.csv").open("w") as bad:
        rows, writer = csv.reader(whole), csv.writer(bad, lineterminator="\n")
        header = next(rows)
        writer.writerow(header)
        delay = header.index("dep_delay")
        for number, row in enumerate(rows):
            if number < BAD:
                row[delay] = str(int(row[delay]) + 60)
            writer.writerow(row)
    return folder


def test_bad_rows_are_set_aside_good_ones_train_and_the_channel_hears_of_it(clone: Any, batch: Path) -> None:
    outputs = clone.json("up", "dev")["outputs"]
    address = daemon.find(clone.folder / ".groundplan" / "sandbox")
    assert address is not None
    url = f"{address.endpoint_url}/_sandbox/chat/dev"
    secrets = clone.client("secretsmanager")
    secrets.put_secret_value(SecretId=outputs["webhookSecret"], SecretString=url)

    clone.run("train", "dev", "--sources", str(batch))

    s3, curated = clone.client("s3"), outputs["zones"]["curated"]
    listed = s3.list_objects_v2(Bucket=curated, Prefix="flights/")["Contents"]
    keys = {one["Key"].split("/", 2)[2]: one["Key"] for one in listed}
    table = pyarrow.parquet.read_table(
        io.BytesIO(s3.get_object(Bucket=curated, Key=keys["quarantine/flights.parquet"])["Body"].read())
    )
    rows = table.to_pylist()
    assert [row["line"] for row in sorted(rows, key=lambda row: row["line"])] == list(range(2, BAD + 2))
    assert {reason["rule"] for row in rows for reason in row["reasons"]} == {"departure_delay_agrees"}
    report = json.loads(s3.get_object(Bucket=curated, Key=keys["report/report.json"])["Body"].read())
    assert report["quality"]["quarantined"]["flights"] == BAD
    assert sum(report["sets"].values()) > 327_000

    alarm = "groundplan-dev-flights-quarantined"
    sandbox, deadline = SandboxClient(address.endpoint_url), time.monotonic() + SECONDS
    while not any(alarm in one.text for one in sandbox.channel()):
        assert time.monotonic() < deadline, [one.text for one in sandbox.channel()]
        time.sleep(0.2)
    (told,) = [one for one in sandbox.channel() if alarm in one.text]
    assert "were set aside" in told.text
    assert "quarantined-data.md" in told.text
    (state,) = clone.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    assert state["StateValue"] == "ALARM"
    assert f"[{BAD}.0]" in state["StateReason"]
