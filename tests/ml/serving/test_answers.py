"""What does a client get from the image's server? Formats, refusals, reasons, as the handlers give."""

import io
import itertools
import json
import math
import re
from typing import Any

import numpy as np
import pytest
from served import FEATURES, INTERCEPT, ROW, SLOPE, Served, Start, body

from ml.serving import inference
from ml.serving.inference import CSV, JSON, JSON_LINES, NPY, TYPES, BadRequest, Model

ROWS: list[dict[str, Any]] = [
    {"carrier": carrier, "wind": wind, "delay": delay}
    for carrier, wind, delay in itertools.product(
        ("AA", "UA", None), (-2.5, 0.3, 12, None), (-1.5, 0, 2, None)
    )
]


def written_as(kind: str, rows: list[dict[str, Any]]) -> bytes:
    if kind == JSON:
        return body(*rows)
    if kind == JSON_LINES:
        return "\n".join(json.dumps(row) for row in rows).encode()
    if kind == CSV:
        fields = [["" if value is None else str(value) for value in row.values()] for row in rows]
        return "".join(",".join(row) + "\n" for row in fields).encode()
    codes = {"AA": 0, "UA": 1}
    table = [[codes.get(row["carrier"], math.nan), row["wind"], row["delay"]] for row in rows]
    file = io.BytesIO()
    np.save(file, np.array(table, dtype=np.float32))
    return file.getvalue()


def probabilities(content: bytes, kind: str) -> list[float]:
    if kind == NPY:
        return list(np.load(io.BytesIO(content), allow_pickle=False).tolist())
    if kind == CSV:
        return [float(line) for line in content.decode().splitlines()]
    if kind == JSON_LINES:
        return [json.loads(line)["probability"] for line in content.splitlines()]
    return [one["probability"] for one in json.loads(content)["predictions"]]


@pytest.mark.parametrize(("kind", "accept"), list(itertools.product(TYPES, TYPES)))
def test_the_server_and_the_framework_handlers_answer_the_same(
    server: Served, model: Model, kind: str, accept: str
) -> None:
    content = written_as(kind, ROWS)
    answer = server.ask(content, kind, accept)
    assert (answer.status, answer.headers["content-type"]) == (200, accept)
    expected, told = inference.output_fn(
        inference.predict_fn(inference.input_fn(content, kind), model), accept
    )
    assert told == accept
    if isinstance(expected, str):
        expected = expected.encode()
    assert len(answer.body) == pytest.approx(len(expected), abs=3 * len(ROWS))
    # Six decimals are written, and the two libraries differ by single precision.
    assert probabilities(answer.body, accept) == pytest.approx(probabilities(expected, accept), abs=2e-6)
    exact = inference.predict_fn(inference.input_fn(content, kind), model)
    assert probabilities(answer.body, accept) == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", JSON),
        (body(ROW | {"wind": "strong"}, {}), JSON),
        (body(ROW | {"wnd": 1}), JSON),
        (body(), JSON),
        (b'{"carrier": "ZZ", "wind": 1, "delay": 1}', JSON_LINES),
        (b"UA,strong,1\nUA\n", CSV),
        (b"\x93NUMPY", NPY),
        (b"x", "application/x-pickle"),
    ],
)
def test_the_server_and_the_framework_handlers_refuse_in_the_same_words(
    server: Served, model: Model, content: bytes, kind: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        inference.input_fn(content, kind)
    answer = server.ask(content, kind)
    assert (answer.status, answer.error) == (refused.value.status, str(refused.value))
    assert 400 <= answer.status < 500


@pytest.mark.parametrize(
    ("status", "method", "path", "headers", "told"),
    [
        (404, "GET", "/", {}, "There is no /; there is /ping"),
        (404, "POST", "/invocations/../../etc/passwd", {}, "There is no "),
        (405, "GET", "/invocations", {}, "/invocations answers POST, not GET."),
        (405, "DELETE", "/ping", {}, "/ping answers GET, not DELETE."),
        (406, "POST", "/invocations", {"Accept": "text/html"}, "'text/html' cannot be answered"),
        (411, "POST", "/invocations", {}, "neither Content-Length nor Transfer-Encoding"),
        (415, "POST", "/invocations", {"Content-Type": "text/html"}, "'text/html' is not supported"),
        (415, "POST", "/invocations", {"Content-Encoding": "gzip"}, "Content encoding b'gzip' is not"),
        (
            406,
            "POST",
            "/invocations",
            {"Accept": "text/csv", "X-Amzn-SageMaker-Custom-Attributes": "explain=2"},
            "Explanations are not written as text/csv",
        ),
        (
            400,
            "POST",
            "/invocations",
            {"X-Amzn-SageMaker-Custom-Attributes": "explain=all"},
            "explain='all'; allowed: explain=N",
        ),
    ],
)
def test_what_is_asked_wrongly_is_told_by_its_status(
    server: Served, status: int, method: str, path: str, headers: dict[str, str], told: str
) -> None:
    # http.client adds a length to every POST; without one it takes a raw request.
    if status == 411:
        answer = server.raw(b"POST /invocations HTTP/1.1\r\nhost: x\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 411 ")
        assert told.encode() in answer
        return
    answered = server.request(method, path, body(ROW) if method == "POST" else None, headers)
    assert answered.status == status
    assert told in answered.error
    if status == 405:
        assert answered.headers["allow"] == ("POST" if path == "/invocations" else "GET")


def test_bodies_and_batches_above_their_limits_are_refused(starting: Start) -> None:
    served = starting(SERVING_LARGEST_BODY_BYTES="2048", SERVING_LARGEST_BATCH_ROWS="5")
    assert served.ask(body(*[ROW] * 5)).status == 200
    many = served.ask(body(*[ROW] * 6))
    assert (many.status, many.error) == (413, "The request has 6 rows; allowed: 1 to 5.")
    for content in (b" " * 3000, iter([b" " * 1024] * 3)):  # the second is sent in chunks
        large = served.ask(content)
        assert large.status == 413
        assert "allowed: 2048" in large.error
    assert served.request("GET", "/ping").status == 200


def test_a_chunked_body_is_read_whole(server: Served) -> None:
    content = body(*ROWS)
    parts = [content[at : at + 100] for at in range(0, len(content), 100)]
    assert server.ask(iter(parts)).body == server.ask(content).body


def test_a_large_body_is_answered_as_small_ones_are(server: Served) -> None:
    """It goes another way through the server: in a thread."""
    content = body(*ROWS * 100)
    assert len(content) > 200_000
    one = server.ask(body(*ROWS)).json["predictions"]
    assert server.ask(content).json["predictions"] == one * 100


@pytest.mark.parametrize(
    "attributes", ["explain=2", "event-time=2013-07-01T10:00:00Z, explain=2", "a;Explain=2"]
)
def test_an_explanation_adds_up_to_the_probability(server: Served, attributes: str) -> None:
    headers = {"X-Amzn-SageMaker-Custom-Attributes": attributes}
    plain = server.ask(body(*ROWS)).json["predictions"]
    explained = server.ask(body(*ROWS), **headers).json["predictions"]
    names = {feature.name for feature in FEATURES}
    for without, one in zip(plain, explained, strict=True):
        why = one["explanation"]
        assert len(why["contributions"]) == 2
        assert {part["feature"] for part in why["contributions"]} < names
        sizes = [abs(part["contribution"]) for part in why["contributions"]]
        assert sizes == sorted(sizes, reverse=True)
        assert abs(why["rest"]) <= sizes[-1] + 1e-6
        added = why["base"] + why["rest"] + sum(part["contribution"] for part in why["contributions"])
        assert added == pytest.approx(why["margin"], abs=1e-5)
        said = 1 / (1 + math.exp(-(SLOPE * why["margin"] + INTERCEPT)))
        assert said == pytest.approx(one["probability"], abs=2e-6)
        assert one["probability"] == pytest.approx(without["probability"], abs=2e-6)


def test_an_explanation_names_at_most_as_many_features_as_there_are(server: Served) -> None:
    headers = {"X-Amzn-SageMaker-Custom-Attributes": "explain=99"}
    lines = server.ask(written_as(JSON_LINES, ROWS[:2]), JSON_LINES, JSON_LINES, **headers).body.splitlines()
    parts = [json.loads(line)["explanation"] for line in lines]
    assert [len(part["contributions"]) for part in parts] == [3, 3]
    assert [part["rest"] for part in parts] == [0, 0]


def test_explanations_are_bounded_and_can_be_turned_off(server: Served, starting: Start) -> None:
    headers = {"X-Amzn-SageMaker-Custom-Attributes": "explain=1"}
    assert server.ask(body(*[ROW] * 100), **headers).status == 200
    many = server.ask(body(*[ROW] * 101), **headers)
    assert (many.status, many.error) == (413, "The request asks to explain 101 rows; allowed: 1 to 100.")
    off = starting(SERVING_EXPLAINED_ROWS="0").ask(body(ROW), **headers)
    assert (off.status, off.error) == (
        400,
        "This endpoint explains no answers: SERVING_EXPLAINED_ROWS is 0.",
    )


def test_the_native_library_answers_batches_as_onnx_does(starting: Start, server: Served) -> None:
    batch = starting(SAGEMAKER_BATCH="true")
    for count in (
        84,
        105,
    ):  # 4,032 rows, and 5,040, which are as many as the native library is asked about online
        online = probabilities(server.ask(written_as(CSV, ROWS * count), CSV, NPY).body, NPY)
        for kind in (CSV, JSON_LINES):
            native = probabilities(batch.ask(written_as(kind, ROWS * count), kind, NPY).body, NPY)
            assert native == pytest.approx(online, abs=1e-6)
    assert batch.metric("native_rows_total") == 2 * (84 + 105) * len(ROWS)
    assert server.metric("native_rows_total") == 105 * len(ROWS)


def test_a_transform_job_is_told_what_to_send(starting: Start) -> None:
    told = starting(SERVING_WORKERS="2").request("GET", "/execution-parameters").json
    assert told == {"MaxConcurrentTransforms": 2, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6}


def test_metrics_count_what_was_asked_in_prometheus_own_format(starting: Start) -> None:
    served = starting()
    served.ask(body(ROW, ROW))
    served.ask(b"{")
    served.ask(b"x", "text/html")
    answer = served.request("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = answer.body.decode()
    for line in text.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) \S+ .+|serving_[a-z_]+(\{\w+="[^"]*"\})? [0-9.e+-]+', line), line
    for code, count in ((200, 1), (400, 1), (415, 1), (413, 0)):
        assert f'serving_requests_total{{code="{code}"}} {count}\n' in text
    assert 'serving_request_seconds_bucket{le="+Inf"} 3\n' in text
    assert served.metric("rows_total") == 2
    assert served.metric("requests_in_flight") == 0
    assert re.search(r'serving_model_info\{version="[0-9a-f]{12}"\} 1\n', text)


def test_the_log_tells_what_happened_and_no_value_that_a_client_sent(starting: Start) -> None:
    served = starting()
    served.ask(body(ROW | {"carrier": "Secretary"}))
    served.request("GET", "/Secretary")
    refused = served.until("refused")
    assert refused == {
        "time": refused["time"],
        "event": "refused",
        "status": 400,
        "error": "BadRequest",
    }
    served.process.terminate()
    served.until("ended")
    assert "Secret" not in json.dumps(served.lines) + served.errors.read_text()
