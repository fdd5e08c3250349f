"""How many events a second the consumer works off on one core, and in how much memory.

`python -m benchmarks.consumer_speed` hands two real days of all three airports, as batches of Lambda (Base64
within JSON), to the function's own code: parsing, judging, states in memory, features of each question,
joins. The clients of AWS are stubs that answer at once, so neither their signing nor the network is in it.
`table` is the same with the states read from and written to a stub of DynamoDB with each batch. Seconds are
of the processor, so that a busy machine says much the same; the best of three. `peak_mb` is of the process
with the states in memory, all batches (some 8 MB) included; `idle_mb` of it before the first batch.
"""

from __future__ import annotations

import base64
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

BATCH = 1000
DAYS = 2
FIRST = date(2013, 7, 9)


class Cloud:
    """Every service, answering at once: a table that keeps its items, an endpoint that says the same."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Any] = {}
        self.largest = 0
        self.asked = 0
        self.put = 0

    def put_item(self, TableName: str, Item: Any, **_: Any) -> None:  # noqa: N803
        self.items[Item["part"]["S"], Item["name"]["S"]] = Item
        self.largest = max(self.largest, len(Item["body"]["B"]))

    def transact_write_items(self, TransactItems: Any) -> None:  # noqa: N803
        for one in TransactItems:
            self.put_item(**one["Put"])

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803
        ((name, asked),) = RequestItems.items()
        keys = [(one["part"]["S"], one["name"]["S"]) for one in asked["Keys"]]
        return {"Responses": {name: [self.items[key] for key in keys if key in self.items]}}

    def query(self, **_: Any) -> Any:
        return {"Items": [item for (part, _), item in self.items.items() if part == "clock"]}

    def invoke_endpoint(self, **_: Any) -> Any:
        self.asked += 1
        return {"Body": io.BytesIO(b'{"predictions": [{"probability": 0.5}]}')}

    def put_record(self, **_: Any) -> None:
        self.put += 1

    def batch_write_record(self, Entries: Any) -> Any:  # noqa: N803
        self.put += len(Entries)
        return {"Errors": [], "UnprocessedEntries": []}

    def batch_get_record(self, **_: Any) -> Any:
        return {"Records": []}


def main() -> None:
    if len(sys.argv) == 2:
        _consume(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "batches.jsonl"
        _write(file)
        # A process of its own, so that its memory is the consumer's and not that of reading the sources.
        subprocess.run([sys.executable, "-m", "benchmarks.consumer_speed", str(file)], check=True)


def _write(file: Path) -> None:
    """The batches of the days, a line each."""

    from infra.data.consumer import groups_document
    from infra.data.declared import declared
    from ml.flights.case import CASE
    from ml.flights.happenings import happenings
    from ml.flights.sources import find
    from ml.integration.cleaning import clean
    from ml.integration.engines import open_engine
    from ml.integration.loading import load

    engine = open_engine("duckdb", threads=1)
    folder = str(find()[0].path.parent)
    tables = clean(engine, load(engine, CASE.sources, folder).tables, CASE.cleaning).tables
    happened = happenings(engine, tables, FIRST, DAYS)
    data = [json.dumps(one.event, separators=(",", ":")).encode() for one in happened]
    engine.close()
    groups = declared("ml.flights").groups
    told = groups_document(groups, [one.name for one in groups])
    file.write_text(
        f"{told}\n" + "".join(f"{_batch(data[at : at + BATCH])}\n" for at in range(0, len(data), BATCH))
    )


def _consume(file: Path) -> None:
    told, *batches = file.read_text().splitlines()
    count = sum(batch.count('"eventID"') for batch in batches)
    _run(told, batches[:0], in_table=False)
    idle = _megabytes()
    runs = [_run(told, batches, in_table=False) for _ in range(3)]
    peak = _megabytes()
    table = min((_run(told, batches, in_table=True) for _ in range(3)), key=lambda one: one[0])
    seconds, cloud = min(runs, key=lambda one: one[0])
    figures = {
        "benchmark": "consumer_speed",
        "events": count,
        "asked": cloud.asked,
        "records_put": cloud.put,
        "events_per_s": round(count / seconds),
        "table_events_per_s": round(count / table[0]),
        "idle_mb": round(idle),
        "peak_mb": round(peak),
        "states": len(table[1].items),
        "largest_item_kb": round(table[1].largest / 1024, 1),
    }
    print(json.dumps(figures))


def _batch(data: Iterable[bytes]) -> str:
    records = [
        {
            "kinesis": {"sequenceNumber": str(place), "data": base64.b64encode(one).decode()},
            "eventID": f"shardId-000000000000:{place}",
        }
        for place, one in enumerate(data)
    ]
    return json.dumps({"Records": records})


def _run(told: str, batches: Iterable[str], *, in_table: bool) -> tuple[float, Cloud]:
    """Processor seconds of all batches, and what was asked of the cloud."""
    from ml.flights.stream import STREAM
    from ml.streaming.aws import Aws
    from ml.streaming.consumer import Consumer
    from ml.streaming.groups import groups_of
    from ml.streaming.handler import work_off
    from ml.streaming.state import Memory, Store
    from ml.streaming.table import Table

    cloud = Cloud()
    outputs = Aws(lambda _: cloud, undelivered_url="none", endpoint="flights", threads=1)
    store: Store = Memory(STREAM.kinds)
    if in_table:
        store = Table(cloud, "states", STREAM.kinds, 400, threads=1)
    consumer = Consumer(groups_of(told), _Quiet(outputs), STREAM, store)
    now = datetime.now(UTC)
    began = time.process_time()
    for batch in batches:
        event: Mapping[str, Any] = json.loads(batch)
        assert work_off(event, consumer, now) == {"batchItemFailures": []}
    return time.process_time() - began, cloud


class _Quiet:
    """The outputs without their log, which would stand between the figures."""

    def __init__(self, outputs: Any) -> None:
        self._outputs = outputs

    def count(self, counts: Mapping[str, int]) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outputs, name)


def _megabytes() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        # Linux counts what a process was forked from into ru_maxrss, but not here.
        (line,) = [one for one in status.read_text().splitlines() if one.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return kilobytes / 1024


if __name__ == "__main__":
    main()
