"""What can a hostile client do to the server? Get an error: never a crash, a wrong answer or its memory."""

import contextlib
import io
import json
import os
import pickle
import socket
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served import ROW, Served, Start, body, received

from ml.serving.inference import CSV, JSON, JSON_LINES, NPY, TYPES

_HEAD = b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


@pytest.fixture(scope="module")
def guarded(starting: Start) -> Served:
    """A server that waits for nobody longer than a second."""
    return starting(SERVING_HEADER_SECONDS="1", SERVING_BODY_SECONDS="1", SERVING_IDLE_SECONDS="1.5")


@pytest.fixture(autouse=True)
def _lives(server: Served) -> Iterator[None]:
    """Whatever a test did: the process is the same one, and it answers right."""
    expected = server.ask(body(ROW)).body
    yield
    assert server.process.poll() is None
    assert server.ask(body(ROW)).body == expected


def _npy(values: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=True)
    return file.getvalue()


class _Exiting:
    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (99,)


_PICKLE = pickle.dumps(_Exiting())
_HUGE = _npy(np.zeros((1, 3))).replace(b"(1, 3), }        ", b"(999999999, 3), }")


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"[" * 10_000_000, JSON, 413),
        (b'{"instances":' + b"[" * 60_000, JSON, 400),
        (b'{"a":' * 12_000, JSON, 400),
        (b'{"instances": [' + b"{}," * 3_000_000 + b"{}]}", JSON, 413),
        (b'{"instances": ["' + b"x" * 10_000_000 + b'"]}', JSON, 400),
        (b'{"instances": [' + b"9" * 10_000_000 + b"]}", JSON, 400),
        (b'{"instances": [{"carrier": "UA", "wind": 1e999, "delay": 1}]}', JSON, 400),
        (b'{"instances": [{"carrier": "UA", "wind": NaN, "delay": -Infinity}]}', JSON, 400),
        (b'{"instances": []}', JSON, 400),
        (b'{"instances": [{"carrier": "\xed\xa0\x80", "wind": 1, "delay": 1}]}', JSON, 400),
        (b'{"instances": [{"carrier": "\\ud800", "wind": 1, "delay": 1}]}', JSON, 400),
        (b"\xff\xfe\x00" * 1000, JSON, 400),
        (b"\x00" * 100_000, CSV, 400),
        (b'"' * 1_000_001, CSV, 400),
        (b"\n" * 10_000_000, CSV, 413),
        (b"{}\n" * 1_000_000, JSON_LINES, 413),
        (_npy(np.array([[{}, {}, {}]], dtype=object)), NPY, 400),
        (_PICKLE, NPY, 400),
        (_PICKLE, "application/octet-stream", 415),
        (_HUGE, NPY, 413),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", NPY, 400),
    ],
)  # fmt: skip
def test_a_hostile_body_is_refused(server: Served, content: bytes, kind: str, status: int) -> None:
    answer = server.ask(content, kind)
    assert answer.status == status, answer.body[:300]
    assert 0 < len(answer.error) < 1000


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        _HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
        _HEAD + b"bad header\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_cut_off(server: Served, sent: bytes) -> None:
    assert server.raw(sent).startswith(b"HTTP/1.1 400 ")


def test_an_upgrade_is_not_followed(server: Served) -> None:
    head = b"GET /ping HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    assert server.raw(head).startswith(b"HTTP/1.1 200 ")


def test_a_length_that_is_too_large_is_refused_before_the_body_comes(server: Served) -> None:
    answer = server.raw(_HEAD + b"content-length: 999999999\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"allowed: 26214400" in answer


def test_a_head_without_end_is_refused(server: Served) -> None:
    with server.connection() as connection:
        connection.sendall(b"GET /ping HTTP/1.1\r\n")
        connection.settimeout(0.01)
        answer, sent = b"", 0
        while not answer and sent < 10_000_000:
            sent += connection.send(b"x-more: " + b"y" * 8000 + b"\r\n")
            with contextlib.suppress(TimeoutError):
                answer = connection.recv(1000)
        assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b""),
        (b"\r\n", b""),
        (b"POST /invoc", b"HTTP/1.1 408 "),
        (_HEAD + b"content-length: 100\r\n", b"HTTP/1.1 408 "),
        (_HEAD + b"content-length: 100\r\n\r\n", b"HTTP/1.1 408 "),
        (_HEAD + b"content-length: 100\r\n\r\n" + b'{"instances": [', b"HTTP/1.1 408 "),
        (_HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\n{", b"HTTP/1.1 408 "),
    ],
)
def test_a_client_that_stops_is_not_waited_for(guarded: Served, sent: bytes, answer: bytes) -> None:
    found = guarded.raw(sent)
    assert found.startswith(answer)
    assert bool(found) == bool(answer)


def test_a_client_that_sends_byte_by_byte_is_not_waited_for(guarded: Served) -> None:
    with guarded.connection() as connection:
        connection.sendall(_HEAD + b"content-length: 10000\r\n\r\n")
        connection.settimeout(0.05)
        found = b""
        for _ in range(200):
            try:
                connection.sendall(b" ")
                found = connection.recv(1000)
                break
            except TimeoutError:
                continue
        assert found.startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_is_kept_and_not_used_is_ended(guarded: Served) -> None:
    with guarded.connection() as connection:
        connection.sendall(b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\n")
        assert received(connection).startswith(b"HTTP/1.1 200 ")
        assert connection.recv(1000) == b""


def test_others_are_answered_while_clients_are_slow(server: Served) -> None:
    slow = [server.connection() for _ in range(200)]
    for number, connection in enumerate(slow):
        connection.sendall(_HEAD + (b"content-length: 1000\r\n\r\n{" if number % 2 else b"x-slow: "))
    assert server.ask(body(ROW)).status == 200
    assert server.request("GET", "/ping").status == 200
    for connection in slow:
        connection.close()


def test_a_client_that_leaves_is_counted_and_forgotten(starting: Start) -> None:
    served = starting()
    for _ in range(3):
        with served.connection() as connection:
            connection.sendall(_HEAD + b"content-length: 1000\r\n\r\n{")
            linger = (1).to_bytes(4, "little") + bytes(4)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    while served.metric("requests_in_flight"):
        time.sleep(0.01)
    assert b'serving_requests_total{code="499"} 3\n' in served.request("GET", "/metrics").body


def test_bodies_are_held_up_to_a_bound_of_all_together(starting: Start) -> None:
    served = starting(SERVING_BODIES_HELD_BYTES="1000000")
    waiting = [served.connection() for _ in range(4)]
    for connection in waiting:
        connection.sendall(_HEAD + b"content-length: 400000\r\n\r\n" + b" " * 300_000)
    answered = served.ask(b" " * 900_000)
    assert (answered.status, answered.error) == (
        503,
        "Too many large bodies are being answered; try again, or elsewhere.",
    )
    for connection in waiting:
        connection.close()
    while served.metric("requests_in_flight"):
        time.sleep(0.01)
    assert served.ask(b" " * 900_000).status == 400


def test_requests_on_one_connection_are_answered_in_order(server: Served) -> None:
    content = [body(ROW), b"{", body(ROW, ROW), b""]
    sent = [_HEAD + b"content-length: %d\r\n\r\n" % len(one) + one for one in content]
    with server.connection() as connection, connection.makefile("rb") as answers:
        connection.sendall(b"".join(sent) * 5)
        found = []
        for _ in range(20):
            found.append(int(answers.readline().split()[1]))
            length = 0
            while line := answers.readline().strip():
                if line.startswith(b"content-length: "):
                    length = int(line.split()[1])
            answers.read(length)
    assert found == [200, 400, 200, 400] * 5


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.sampled_from(["AA", "UA"])
)
_NAMES = st.sampled_from(["carrier", "wind", "delay", "instances", "x"])
_DOCUMENTS = st.recursive(
    _VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=12,
)
_INSTANCES = st.fixed_dictionaries(
    {"instances": st.lists(st.fixed_dictionaries(dict.fromkeys(ROW, _VALUES)), max_size=3)}
)
_BODIES = st.one_of(
    st.binary(max_size=200),
    st.text(alphabet='{}[]":,.0123456789eE+-nulltruefalse\n carrierwnd', max_size=200).map(str.encode),
    st.one_of(_DOCUMENTS, _INSTANCES).map(lambda document: json.dumps(document).encode()),
    st.lists(st.lists(st.text(max_size=5), max_size=4), max_size=3).map(
        lambda rows: "\n".join(map(",".join, rows)).encode(errors="surrogatepass")
    ),
    st.lists(st.floats(), max_size=12).map(lambda numbers: _npy(np.array(numbers).reshape(-1, 1))),
    st.binary(max_size=80).map(lambda tail: _npy(np.zeros((2, 3)))[: 120 + len(tail)] + tail),
)
_HEADERS = st.dictionaries(
    st.sampled_from(["Accept", "Content-Encoding", "X-Amzn-SageMaker-Custom-Attributes", "Expect"]),
    st.one_of(
        st.sampled_from(["explain=1", "explain=x", "100-continue", "gzip", *TYPES]),
        st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    ),
    max_size=2,
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(_BODIES, st.sampled_from(["", "text/html", *TYPES]), _HEADERS)
def test_any_body_is_answered_or_refused(
    server: Served, content: bytes, kind: str, headers: dict[str, str]
) -> None:
    answer = server.request("POST", "/invocations", content, {"Content-Type": kind, **headers})
    assert 200 <= answer.status < 300 or 400 <= answer.status < 500
    if answer.status == 200 and answer.headers["content-type"] == JSON:
        assert all(0 <= one["probability"] <= 1 for one in answer.json["predictions"])


def test_memory_does_not_grow_with_bad_requests(starting: Start) -> None:
    served = starting(SERVING_CACHE_BYTES="100000", SERVING_GATHER_MS="1")
    bad = [
        (b'{"instances": [{"wind": %d}]}', JSON),
        (b"[" * 5000 + b"%d", JSON),
        (b"UA,%d\n" * 50, CSV),
        (b"\x93NUMPY%d", NPY),
        (b'{"carrier": "%d"}', JSON_LINES),
    ]

    def send(begin: int, end: int) -> None:
        with served.connection() as connection:
            for number in range(begin, end):
                content, kind = bad[number % len(bad)]
                content = content.replace(b"%d", b"%d" % number)
                head = b"POST /invocations HTTP/1.1\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n"
                connection.sendall(head % (kind.encode(), len(content)) + content)
                assert received(connection).startswith(b"HTTP/1.1 400 ")

    send(0, 1500)
    before = served.resident_mb()
    send(1500, 6000)
    assert served.resident_mb() - before < 3


def test_memory_of_a_refused_large_body_is_given_back(starting: Start) -> None:
    served = starting()
    content = b'{"instances": ["' + b"x" * 20_000_000 + b'"]}'
    served.ask(content)
    before = served.resident_mb()
    for _ in range(5):
        assert served.ask(content).status == 400
    assert served.resident_mb() - before < 30
