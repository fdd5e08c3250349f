"""How does the server begin, end and survive? Broken models, settings, SIGTERM under load, killed workers."""

import json
import os
import re
import shutil
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from served import ROW, Served, Start, body, received

from ml.compression.onnx_model import to_onnx
from ml.serving.inference import BrokenModel
from ml.serving.native import NativeModel, NotExplained
from ml.serving.online import OnlineModel
from ml.serving.settings import Settings, WrongSetting
from ml.training.calibration import Calibration


def _ended(served: Served) -> tuple[int, list[str]]:
    """The exit status, and the lines of the error stream."""
    return served.process.wait(30), served.errors.read_text().splitlines()


def _another(width: int) -> xgboost.Booster:
    values = np.random.default_rng(1).normal(size=(200, width)).astype(np.float32)
    data = xgboost.DMatrix(values, values[:, 0] > 0)
    return xgboost.train({"objective": "binary:logistic", "max_depth": 2}, data, 8)


def _cut(file: Path, to: float) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * to)])


def _onnx_of_another_width(copy: Path) -> None:
    (copy / "model.onnx").write_bytes(to_onnx(_another(2), Calibration(1, 0)))


def _contract_of_another_width(copy: Path) -> None:
    document = json.loads((copy / "contract.json").read_text())
    document["features"] = document["features"][:2]
    (copy / "contract.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (lambda copy: (copy / "model.onnx").unlink(), "model.onnx: the model cannot be read: No such file"),
        (lambda copy: _cut(copy / "model.onnx", 0.5), "model.onnx: the model cannot be loaded"),
        (lambda copy: _cut(copy / "model.onnx", 0), "model.onnx: "),
        (lambda copy: (copy / "model.onnx").write_text("no model"), "model.onnx: the model cannot be loaded"),
        (_onnx_of_another_width, "the model has 2 features; contract.json lists 3"),
        (_contract_of_another_width, "the model has 3 features; contract.json lists 2"),
        (lambda copy: (copy / "contract.json").unlink(), "contract.json: the contract cannot be read"),
        (lambda copy: _cut(copy / "contract.json", 0.5), "contract.json: the contract cannot be read"),
        (lambda copy: (copy / "contract.json").write_text("[" * 9999), "contract.json: the contract cannot"),
        (lambda copy: (copy / "model.ubj").unlink(), "model.ubj: the model cannot be read: No such file"),
        (lambda copy: _cut(copy / "model.ubj", 0.7), "that are no whole UBJSON document"),
        (shutil.rmtree, "no such folder; expected: the model's archive, unpacked"),
    ],
)
def test_a_broken_archive_does_not_start_and_is_told_in_one_line(
    folder: Path, tmp_path: Path, starting: Start, break_it: Any, told: str
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(folder, copy)
    break_it(copy)
    # One of them shows how several workers tell of it.
    workers = "3" if break_it is _onnx_of_another_width else "1"
    status, lines = _ended(starting(copy, SERVING_WORKERS=workers))
    assert status == 3
    assert len(lines) == 1
    assert lines[0].startswith(f"error: {copy}")
    assert told in lines[0]


def test_a_transform_job_does_not_start_where_the_two_models_are_not_one(
    folder: Path, tmp_path: Path, starting: Start
) -> None:
    status, lines = _ended(starting(_of_two_models(folder, tmp_path), SAGEMAKER_BATCH="true"))
    assert (status, len(lines)) == (3, 1)
    assert "model.ubj and model.onnx differ by up to " in lines[0]


def test_a_variant_that_the_archive_accounts_for_answers_alone_and_is_not_explained(
    folder: Path, tmp_path: Path
) -> None:
    copy = _of_two_models(folder, tmp_path)
    online = OnlineModel(copy)
    native = NativeModel(copy, 1, online.probabilities)
    with pytest.raises(BrokenModel, match="or a compression.json that accounts for it"):
        native.same()
    (copy / "compression.json").write_text("{}")
    assert not native.same()
    with pytest.raises(NotExplained, match="a compressed variant answers"):
        native.explained(np.zeros((1, 3), dtype=np.float32), 1)
    assert NativeModel(folder, 1, OnlineModel(folder).probabilities).same()


def _of_two_models(folder: Path, scratch: Path) -> Path:
    copy = scratch / "model"
    shutil.copytree(folder, copy)
    (copy / "model.onnx").write_bytes(to_onnx(_another(3), Calibration(1, 0)))
    return copy


@pytest.mark.parametrize(
    ("variable", "given", "told"),
    [
        ("SERVING_WORKERS", "many", "given 'many'; allowed: a whole number from 1 to 64"),
        ("SERVING_WORKERS", "0", "given '0'; allowed: a whole number from 1 to 64"),
        ("SERVING_GATHER_MS", "nan", "given 'nan'; allowed: a number from 0 to 1000"),
        ("SAGEMAKER_BATCH", "perhaps", "given 'perhaps'; allowed: true or false"),
        ("HOST", "everywhere", "given 'everywhere'; allowed: an IPv4 address, such as 127.0.0.1"),
        ("SAGEMAKER_BIND_TO_PORT", "99999", "given '99999'; allowed: a whole number from 0 to 65535"),
        ("SERVING_GATHER_MILLISECONDS", "2", "given '2'; allowed: SERVING_WORKERS, "),
    ],
)
def test_a_wrong_setting_is_told_by_its_name(variable: str, given: str, told: str) -> None:
    with pytest.raises(WrongSetting, match=re.escape(f"{variable}: {told}")):
        Settings.of({variable: given})


def test_settings_that_are_not_set_have_their_defaults() -> None:
    assert Settings.of({"PATH": "/bin", "SERVING_WORKERS": " "}) == Settings()
    assert Settings.of({"SAGEMAKER_BATCH": "true"}).batch
    assert Settings.of({"SERVING_GATHER_MS": "2.5"}).gather_ms == 2.5


def test_a_wrong_setting_ends_the_server_in_one_line(starting: Start) -> None:
    status, lines = _ended(starting(SERVING_CACHE_BYTES="much"))
    assert status == 2
    assert lines == [
        "error: SERVING_CACHE_BYTES: given 'much'; allowed: a whole number from 0 to 4294967296",
    ]


def test_a_port_that_is_taken_ends_the_server_in_one_line(server: Served, starting: Start) -> None:
    status, lines = _ended(starting(SAGEMAKER_BIND_TO_PORT=str(server.port)))
    assert status == 4
    assert lines == [f"error: port {server.port} cannot be listened on: Address already in use"]


def test_the_port_is_the_one_that_sagemaker_names(starting: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    served = starting(SAGEMAKER_BIND_TO_PORT=str(port))
    assert served.port == port
    assert served.request("GET", "/ping").status == 200


class _Client(threading.Thread):
    """Asks on one kept connection, one request after the other, until it is told to close or to stop."""

    def __init__(self, served: Served, *, again: bool = False) -> None:
        super().__init__()
        self._served = served
        self._again = again
        self._content = body(*[ROW] * 20)
        self.stopped = threading.Event()
        self.answered = 0
        self.broken = 0
        self.wrong: list[bytes] = []

    def run(self) -> None:
        head = b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
        sent = head % len(self._content) + self._content
        closing = True
        while closing and not self.stopped.is_set():
            try:
                with self._served.connection() as connection:
                    while not self.stopped.is_set():
                        connection.sendall(sent)
                        answer = received(connection)
                        if not answer:
                            raise ConnectionError
                        if not answer.startswith(b"HTTP/1.1 200 ") or answer.count(b"probability") != 20:
                            self.wrong.append(answer)
                            return
                        self.answered += 1
                        if b"connection: close" in answer:
                            closing = False
                            break
            except OSError:
                self.broken += 1
                if not self._again:
                    return


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_under_load_fails_no_request(starting: Start, workers: str) -> None:
    served = starting(SERVING_WORKERS=workers)
    clients = [_Client(served) for _ in range(8)]
    for client in clients:
        client.start()
    idle = served.connection()
    idle.sendall(b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\n")
    assert received(idle).startswith(b"HTTP/1.1 200 ")
    while min(client.answered for client in clients) < 20:
        time.sleep(0.01)
    began = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    idle.sendall(b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\n")
    going = received(idle)
    for client in clients:
        client.join(30)
    assert served.process.wait(30) == 0
    assert time.monotonic() - began < 25
    assert going.startswith(b"HTTP/1.1 503 ")
    assert b"connection: close" in going
    assert [(client.broken, client.wrong) for client in clients] == [(0, [])] * 8


def test_a_request_that_is_on_its_way_at_sigterm_is_answered(starting: Start) -> None:
    served = starting()
    content = body(ROW)
    with served.connection() as connection:
        head = b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(content)
        connection.sendall(head + content[:10])
        time.sleep(0.2)
        served.process.terminate()
        time.sleep(1.5)
        connection.sendall(content[10:])
        assert received(connection).startswith(b"HTTP/1.1 200 ")
    assert served.process.wait(30) == 0


def test_a_request_that_never_ends_does_not_keep_the_server(starting: Start) -> None:
    served = starting(SERVING_DRAIN_SECONDS="2")
    with served.connection() as connection:
        connection.sendall(b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{")
        time.sleep(0.2)
        served.process.terminate()
        assert served.process.wait(15) == 0


def test_a_killed_worker_is_replaced_and_the_others_lose_nothing(starting: Start) -> None:
    served = starting(SERVING_WORKERS="2")
    while served.metric("worker_starts_total") < 2 or len(served.workers()) < 2:
        time.sleep(0.02)
    clients = [_Client(served, again=True) for _ in range(8)]
    for client in clients:
        client.start()
    while min(client.answered for client in clients) < 5:
        time.sleep(0.01)
    before = sum(client.answered for client in clients)
    killed = served.workers()[0]
    os.kill(killed, signal.SIGKILL)
    while served.metric("worker_starts_total") < 3:
        time.sleep(0.02)
    while sum(client.answered for client in clients) < before + 200:
        time.sleep(0.01)
    for client in clients:
        client.stopped.set()
    for client in clients:
        client.join(30)
    workers = served.workers()
    assert len(workers) == 2
    assert killed not in workers
    # Of a client whose worker is killed the one request under way is lost, and it asks again.
    assert [client.wrong for client in clients] == [[]] * 8
    assert max(client.broken for client in clients) <= 1
    assert served.until("worker ended")["status"] == -signal.SIGKILL


def test_workers_that_keep_ending_end_the_server(starting: Start) -> None:
    served = starting(SERVING_WORKERS="2")
    killed: set[int] = set()
    while served.process.poll() is None:
        for worker in set(served.workers()) - killed:
            os.kill(worker, signal.SIGKILL)
            killed.add(worker)
        time.sleep(0.01)
    assert served.process.returncode == 1
    assert len(killed) <= 10


def test_workers_end_with_their_supervisor(starting: Start) -> None:
    served = starting(SERVING_WORKERS="2")
    while served.metric("worker_starts_total") < 2:
        time.sleep(0.02)
    workers = served.workers()
    served.process.kill()
    served.process.wait()
    deadline = time.monotonic() + 30
    while any(_runs(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_runs(worker) for worker in workers)


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
