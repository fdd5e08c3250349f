"""Do requests that share a run of the model, or an answer, get what they would have got alone?"""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from served import ROW, Served, Start, body, received

BODIES = [body(*[ROW | {"wind": wind / 7, "delay": count}] * count) for wind in range(20) for count in (1, 3)]


def _sent(content: bytes, headers: bytes = b"") -> bytes:
    head = b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n%b\r\n"
    return head % (len(content), headers) + content


def test_requests_of_one_turn_share_a_run_and_get_their_own_answers(starting: Start, server: Served) -> None:
    served = starting()
    explained = b"x-amzn-sagemaker-custom-attributes: explain=1\r\n"
    sent = [_sent(one) for one in BODIES]
    sent += [_sent(b"{"), _sent(body(ROW | {"wind": "x"})), _sent(body(ROW), explained)]
    sent += [_sent(b" " * 200_000 + body(ROW)), b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\n"]
    expected = [server.raw(one) for one in sent]
    connections = [served.connection() for _ in sent]
    try:
        assert served.metric("gathered_runs_total") == 0
        # It finds all of them when it goes on.
        os.kill(served.process.pid, signal.SIGSTOP)
        with ThreadPoolExecutor(len(sent)) as clients:
            pairs = zip(connections, sent, strict=True)
            sending = [clients.submit(connection.sendall, one) for connection, one in pairs]
            for begun in sending[: len(BODIES)]:
                begun.result()
            os.kill(served.process.pid, signal.SIGCONT)
        assert [received(connection) for connection in connections] == expected
    finally:
        for connection in connections:
            connection.close()
    # In two runs or so: of the rows that are shared at most, and of the rest.
    assert 1 <= served.metric("gathered_runs_total") <= len(BODIES) / 8
    assert served.metric("requests_in_flight") == 0


def test_requests_that_are_sent_ahead_are_answered_in_their_order(server: Served) -> None:
    sent = [_sent(body(ROW | {"wind": wind})) for wind in range(6)]
    sent[2:2] = [_sent(b"{"), b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\n"]
    expected = b"".join(map(server.raw, sent))
    with server.connection() as connection:
        connection.sendall(b"".join(sent))
        found = b""
        while len(found) < len(expected) and (part := connection.recv(65536)):
            found += part
    assert found == expected


def test_gathered_requests_get_their_own_rows(starting: Start, server: Served) -> None:
    served = starting(SERVING_GATHER_MS="20", SERVING_GATHER_ROWS="16")
    with ThreadPoolExecutor(16) as clients:
        found = list(clients.map(served.ask, BODIES))
    assert [answer.body for answer in found] == [server.ask(one).body for one in BODIES]
    assert 1 <= served.metric("gathered_runs_total") < len(BODIES) / 2
    assert served.metric("rows_waiting") == 0


def test_a_request_alone_waits_no_longer_than_it_is_told_to(starting: Start) -> None:
    served = starting(SERVING_GATHER_MS="1", SERVING_GATHER_ROWS="1000")
    assert served.ask(body(ROW)).status == 200


def test_a_wrong_request_does_not_spoil_those_that_wait_with_it(starting: Start) -> None:
    served = starting(SERVING_GATHER_MS="20")
    with ThreadPoolExecutor(8) as clients:
        found = list(clients.map(served.ask, [body(ROW), b"{", body(ROW | {"wind": "x"}), body(ROW)] * 5))
    assert [answer.status for answer in found] == [200, 400, 400, 200] * 5


def test_an_answer_is_kept_for_the_same_question_alone(starting: Start, server: Served) -> None:
    served = starting(SERVING_CACHE_BYTES="1000000")
    first, again = served.ask(body(ROW)), served.ask(body(ROW))
    assert first.body == again.body == server.ask(body(ROW)).body
    assert (served.metric("cache_hits_total"), served.metric("cache_misses_total")) == (1, 1)
    assert served.ask(body(ROW), accept="text/csv").body != first.body
    assert served.ask(body(ROW), "application/jsonlines").status == 400
    assert served.ask(body(ROW)).body == first.body
    assert served.ask(b"UA,12.5,\n", "text/csv").body == first.body
    assert served.metric("cache_hits_total") == 2


def test_a_refusal_is_not_kept(starting: Start) -> None:
    served = starting(SERVING_CACHE_BYTES="1000000")
    assert [served.ask(b"{").status for _ in range(2)] == [400, 400]
    assert served.metric("cache_hits_total") == 0


def test_the_cache_forgets_what_was_used_longest_ago() -> None:
    from ml.serving.cache import AnswerCache

    cache = AnswerCache(1000)
    keys = [AnswerCache.key(b"%d" % number, "a", "b") for number in range(3)]
    for key in keys[:2]:
        cache.put(key, b"x" * 100)
    assert cache.get(keys[0]) is not None
    cache.put(keys[2], b"x" * 100)
    assert [cache.get(key) is not None for key in keys] == [True, False, True]
    cache.put(keys[1], b"x" * 1000)
    assert cache.get(keys[1]) is None


@pytest.mark.parametrize("parts", [(("ab", "c"), ("a", "bc")), (("a", ""), ("", "a"))])
def test_the_key_tells_apart_what_differs_in_any_part(parts: tuple[tuple[str, str], tuple[str, str]]) -> None:
    from ml.serving.cache import AnswerCache

    one, other = parts
    assert AnswerCache.key(b"x", *one) != AnswerCache.key(b"x", *other)
    assert AnswerCache.key(b"xa", "b") != AnswerCache.key(b"x", "ab")
    assert AnswerCache.key(json.dumps(ROW).encode(), *one) == AnswerCache.key(json.dumps(ROW).encode(), *one)
