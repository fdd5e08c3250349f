"""How fast is the inference image's server, against FastAPI with pydantic and XGBoost on the same core?

`python -m benchmarks.serving_speed [--model DIR] [--rounds N]` trains a model of 200 trees on real flights
and starts both servers, each on the first core alone; they are asked in turns from the second core. Prints
one line of JSON: milliseconds, requests a second, seconds from the start of the process to the first
`/ping`, and megabytes resident after all requests. Each figure is the median of the rounds. `cpu_us` is
what the server took of its core for a request of the 16 clients, and `cpu_ratio` the peer's by ours: a busy
machine changes those least. `client_busy` near 1 would mean that the client was the bottleneck.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xgboost

from ml.flights.case import CASE
from ml.flights.sources import find
from ml.integration.preparation import prepare
from ml.training import archive, calibration, data, threshold
from ml.training.boosting import Trained
from ml.training.parameters import Asked, Parameters

ROOT = Path(__file__).resolve().parents[1]
TREES, TRAINING_ROWS = 200, 60_000
CLIENTS = 16
_LATENCY_SECONDS = 3.0
_STARTS = 3


@dataclass(frozen=True)
class Peer:
    """A server: how to start it, and what its environment adds."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="a model's folder, instead of one that is trained")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        sys.exit("serving_speed needs two cores, and a system that pins processes to them (Linux).")
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.model or trained(Path(scratch))
        os.sched_setaffinity(0, {cores[1]})
        figures = compare(folder, cores[0], arguments.rounds)
    print(json.dumps({"benchmark": "serving_speed", "trees": TREES, **figures}))


def compare(folder: Path, core: int, rounds: int) -> dict[str, float]:
    """The figures of both, and ours against the peer's."""
    ours, theirs = _peers(folder)
    one, hundred = (message(folder, rows) for rows in (1, 100))
    found: dict[str, list[float]] = {}

    def add(name: str, figure: str, value: float) -> None:
        found.setdefault(f"{name}_{figure}", []).append(value)

    for peer in (ours, theirs):
        for _ in range(_STARTS):
            began = time.perf_counter()
            with running(peer, core):
                add(peer.name, "cold_start_s", time.perf_counter() - began)
    with running(ours, core) as our_server, running(theirs, core) as their_server:
        servers = ((ours, our_server), (theirs, their_server))
        for _, server in servers:
            latencies(server, one, 200)
            latencies(server, hundred, 20)
        for _ in range(rounds):
            for peer, server in servers:
                times = latencies(server, one, 3000)
                add(peer.name, "one_row_p50_ms", _percentile(times, 50))
                add(peer.name, "one_row_p99_ms", _percentile(times, 99))
                before = server.cpu_seconds()
                rate, busy, done = throughput(server, one, seconds=2)
                add(peer.name, "rps", rate)
                add(peer.name, "cpu_us", (server.cpu_seconds() - before) / done * 1e6)
                add(peer.name, "client_busy", busy)
                times = latencies(server, hundred, 300)
                add(peer.name, "hundred_rows_p50_ms", _percentile(times, 50))
                add(peer.name, "hundred_rows_p99_ms", _percentile(times, 99))
        for peer, server in servers:
            add(peer.name, "rss_mb", server.resident_mb())
    figures = {name: statistics.median(values) for name, values in found.items()}
    ratios = [mine / other for mine, other in zip(found["ours_rps"], found["fastapi_rps"], strict=True)]
    cpu = figures["fastapi_cpu_us"] / figures["ours_cpu_us"]
    figures = {"ratio": statistics.median(ratios), "least_ratio": min(ratios), "cpu_ratio": cpu, **figures}
    return {name: float(f"{value:.3g}") if value < 100 else round(value) for name, value in figures.items()}


def _peers(folder: Path) -> tuple[Peer, Peer]:
    port = {"SM_MODEL_DIR": str(folder), "SERVING_WORKERS": "1", "PYTHONPATH": str(ROOT)}
    ours = Peer("ours", [sys.executable, str(ROOT / "ml/serving"), "serve"], port)
    theirs = Peer("fastapi", [sys.executable, "-m", "benchmarks.fastapi_peer", str(folder)], port)
    return ours, theirs


@dataclass(frozen=True)
class Running:
    port: int
    process: int

    def connection(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def cpu_seconds(self) -> float:
        """What its threads have taken of their cores."""
        threads = Path(f"/proc/{self.process}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

    def resident_mb(self) -> float:
        pages = int(Path(f"/proc/{self.process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def running(peer: Peer, core: int) -> Iterator[Running]:
    """The server, pinned to the core, from its first answer to `/ping` on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [*peer.command, *([str(port)] if peer.name != "ours" else [])]
    environment = os.environ | peer.environment | {"SAGEMAKER_BIND_TO_PORT": str(port)}
    # Compiled modules are used, as in an image.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    process = subprocess.Popen(
        ["taskset", "--cpu-list", str(core), *command],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    server = Running(port, process.pid)
    try:
        while process.poll() is None and not _pings(server):
            time.sleep(0.002)
        if process.returncode is not None:
            sys.exit(f"{peer.name} did not start; what it said stands above")
        yield server
    finally:
        process.terminate()
        process.wait()


def _pings(server: Running) -> bool:
    try:
        with server.connection() as connection:
            connection.sendall(b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\n")
            return connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def message(folder: Path, rows: int) -> bytes:
    """A whole request of so many rows, ready to send: values as real flights have them."""
    contract = json.loads((folder / "contract.json").read_text())
    random = np.random.default_rng(rows)
    instances = []
    for _ in range(rows):
        row: dict[str, object] = {}
        for feature in contract["features"]:
            if feature["type"] == "category":
                row[feature["name"]] = str(random.choice(feature["values"]))
            else:
                row[feature["name"]] = (
                    round(float(random.normal(20, 15)), 2) if random.random() > 0.1 else None
                )
        instances.append(row)
    body = json.dumps({"instances": instances}).encode()
    head = b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    return head + b"content-length: %d\r\n\r\n" % len(body) + body


def latencies(server: Running, sent: bytes, count: int) -> list[float]:
    """Milliseconds of `count` requests, one after the other on one connection; fewer in _LATENCY_SECONDS."""
    times = []
    until = time.perf_counter() + _LATENCY_SECONDS
    with server.connection() as connection:
        for _ in range(count):
            began = time.perf_counter()
            if began > until:
                break
            connection.sendall(sent)
            answer = connection.recv(65536)
            while not _whole(answer):
                answer += connection.recv(65536)
            times.append((time.perf_counter() - began) * 1000)
            if not answer.startswith(b"HTTP/1.1 200 "):
                sys.exit(f"the server said {answer[:300]!r}")
    return times


def throughput(server: Running, sent: bytes, seconds: float) -> tuple[float, float, int]:
    """Of CLIENTS connections with a request under way each: requests a second, how busy we were, requests."""
    waiting = selectors.DefaultSelector()
    answers = {}
    for _ in range(CLIENTS):
        connection = server.connection()
        waiting.register(connection, selectors.EVENT_READ)
        answers[connection] = b""
        connection.sendall(sent)
    done = 0
    began, worked = time.perf_counter(), time.process_time()
    while (now := time.perf_counter()) - began < seconds:
        for key, _ in waiting.select():
            connection = key.fileobj  # type: ignore[assignment]
            answer = answers[connection] + connection.recv(65536)
            if _whole(answer):
                done += 1
                answer = b""
                connection.sendall(sent)
            answers[connection] = answer
    busy = (time.process_time() - worked) / (now - began)
    for connection in answers:
        connection.close()
    return done / (now - began), busy, done


def _whole(answer: bytes) -> bool:
    head, split, body = answer.partition(b"\r\n\r\n")
    if not split:
        return False
    at = head.find(b"content-length: ") + 16
    return len(body) >= int(head[at : head.find(b"\r", at) if b"\r" in head[at:] else None])


def _percentile(values: Sequence[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def trained(scratch: Path) -> Path:
    """A model of TREES trees on real flights, as training writes it."""
    prepare(CASE, find()[0].path.parent, scratch, threads=2)
    features = data.with_values(CASE.features, scratch / "train")
    rows = data.read(scratch / "train", features, CASE.label)
    values, labels = rows.values[:TRAINING_ROWS], rows.labels[:TRAINING_ROWS]
    parameters = replace(Parameters(), rounds=TREES)
    types = [feature.xgboost_type for feature in features]
    matrix = xgboost.QuantileDMatrix(values, labels, feature_types=types, enable_categorical=True)
    booster = xgboost.train(parameters.for_xgboost("cpu"), matrix, TREES)
    margins = np.asarray(booster.predict(matrix, output_margin=True), dtype=np.float64)
    scale = calibration.fit(margins, labels.astype(np.float64))
    folder = scratch / "model"
    asked = Asked(device="cpu", parameters=parameters, costs=CASE.costs)
    said = scale.probabilities(margins)
    chosen = threshold.choose(labels.astype(np.float64), said, CASE.costs)
    made_from, model = archive.manifest({}, asked, "cpu"), Trained(booster, TREES, ())
    archive.write(folder, model, features, scale, chosen, CASE.event, made_from, values[:1000])
    return folder


if __name__ == "__main__":
    main()
