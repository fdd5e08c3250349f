"""What the daemon's process does from its start to its end: `python -m sandbox.runtime.host.main --root
…`."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import logging
import os
import socket
import sys
import threading
import time
import uuid
from pathlib import Path

import uvicorn

from sandbox.runtime.daemon import ADDRESS_FILE, LOCK_FILE, PORT_IN_USE_STATUS, SandboxAddress, sources
from sandbox.runtime.host.assembly import Sandbox
from sandbox.runtime.host.clients import CLIENT_CONFIG, CLIENT_CONFIG_TEXT, environment

_log = logging.getLogger("sandbox")
_WATCH_SECONDS = 2.0
"""How often the daemon looks whether its root is still there."""


def main() -> int:
    """Runs until SIGTERM. Exits with 0, with 98 when the port asked for is taken."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.runtime.host.main")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--port", type=int)
    parser.add_argument("--account-id", required=True)
    parser.add_argument("--region", required=True)
    given = parser.parse_args()
    root: Path = given.root.resolve()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    for chatty in ("botocore", "boto3", "urllib3", "werkzeug", "moto"):
        logging.getLogger(chatty).setLevel(logging.WARNING)

    lock = (root / LOCK_FILE).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _log.info("another daemon of %s is running", root)
        return 0
    listener = _listen(root, given.port)
    if listener is None:
        _log.error("port %s is in use", given.port)
        return PORT_IN_USE_STATUS

    endpoint_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    address = SandboxAddress(
        endpoint_url, given.account_id, given.region, os.getpid(), root, uuid.uuid4().hex, sources()
    )
    (root / CLIENT_CONFIG).write_text(CLIENT_CONFIG_TEXT)
    # The user's own AWS settings have no say in this process.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(environment(root, endpoint_url, given.account_id, given.region))

    begun = time.monotonic()
    sandbox = Sandbox(address)
    config = uvicorn.Config(
        sandbox.front,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=3,
        backlog=512,
    )
    server = uvicorn.Server(config)

    def settle() -> None:
        while not server.started and not server.should_exit:
            time.sleep(0.005)
        sandbox.start()
        _log.info("ready at %s after %.2f s", endpoint_url, time.monotonic() - begun)

    def watch() -> None:
        while (root / ADDRESS_FILE).exists():
            time.sleep(_WATCH_SECONDS)
        _log.warning("%s is gone, and with it what this daemon is for", root / ADDRESS_FILE)
        server.should_exit = True

    address.write(root)
    threading.Thread(target=settle, name="settle", daemon=True).start()
    threading.Thread(target=watch, name="watch", daemon=True).start()
    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(server.serve(sockets=[listener]))
    finally:
        sandbox.stop()
    return 0


def _listen(root: Path, asked: int | None) -> socket.socket | None:
    """The port asked for, or else the one of last time, or else a free one."""
    if asked is not None:
        return _bound(asked)
    try:
        kept = json.loads((root / ADDRESS_FILE).read_text())
        last = int(kept["endpoint_url"].rpartition(":")[2])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        last = 0
    return (_bound(last) if last else None) or _bound(0)


def _bound(port: int) -> socket.socket | None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        return None
    return listener


if __name__ == "__main__":
    sys.exit(main())
