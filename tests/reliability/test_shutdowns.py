"""A call that meets its server's shutdown ends: with an answer or an error, at once, and in little memory.

grpcio 1.84 and 1.85 repeat such a call without an end, once in some hundred to thousand shutdowns (decision
0148). The SDK opens its channels with gRPC's defaults, so the version alone keeps programs from it.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.soak

_ROUNDS = 15_000
_RACE = f"""
import random, resource, threading, time
from concurrent.futures import ThreadPoolExecutor
import grpc

resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))

class Refuses(grpc.GenericRpcHandler):
    def service(self, details):
        def refuse(request, context):
            time.sleep(0.001)
            context.abort(grpc.StatusCode.UNAVAILABLE, "shuts down")
        return grpc.unary_unary_rpc_method_handler(refuse)

def ask(port, ended):
    with grpc.insecure_channel(f"127.0.0.1:{{port}}") as channel:
        try:
            channel.unary_unary("/some/method")(b"x")
        except grpc.RpcError:
            ended.set()

random.seed(7)
for round in range({_ROUNDS}):
    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((Refuses(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    ended = threading.Event()
    threading.Thread(target=ask, args=(port, ended), daemon=True).start()
    time.sleep(random.uniform(0, 0.006))
    server.stop(0.2)
    if not ended.wait(60):
        raise SystemExit(f"the call of round {{round}} has not ended")
print("all ended")
"""


def test_a_call_that_meets_a_shutdown_ends() -> None:
    done = subprocess.run([sys.executable, "-c", _RACE], capture_output=True, text=True, check=False)
    assert done.stdout == "all ended\n", done.stderr[-2000:]
