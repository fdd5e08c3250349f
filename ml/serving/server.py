"""Serves a model under SageMaker's contract: `GET /ping` and `POST /invocations` on port 8080.

For the platform's own inference image, which brings no serving toolkit. It calls the handlers of the model's
archive, `code/inference.py`; it knows nothing of the model, and needs the standard library alone.
Source: SageMaker guide, "Custom inference code with hosting services".
"""

import importlib.util
import os
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

PORT = 8080
LARGEST_BODY = 25 * 1024 * 1024
"""Bytes of a request to a real-time endpoint (SageMaker quotas)."""


class Server(ThreadingHTTPServer):
    """A thread a connection; the model is loaded before the first one."""

    daemon_threads = True

    def __init__(self, model_dir: Path, port: int = PORT, host: str = "0.0.0.0") -> None:  # noqa: S104
        program = os.environ.get("SAGEMAKER_PROGRAM", "inference.py")
        self.handlers = _load(model_dir / "code" / program)
        self.model = self.handlers.model_fn(str(model_dir))
        super().__init__((host, port), _Requests)


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        if self.path == "/ping":
            self._answer(HTTPStatus.OK, "", "text/plain")
        else:
            self._answer(HTTPStatus.NOT_FOUND, "There is /ping and /invocations.", "text/plain")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            self.close_connection = True
            told = f"The body has {length} bytes; allowed: {LARGEST_BODY}."
            return self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told, "text/plain")
        body = self.rfile.read(length)
        if self.path != "/invocations":
            return self._answer(HTTPStatus.NOT_FOUND, "There is /ping and /invocations.", "text/plain")
        handlers = self.server.handlers
        try:
            rows = handlers.input_fn(body, self.headers.get("Content-Type") or "application/json")
        except ValueError as error:  # the handlers' own word for a request that the model cannot answer
            return self._answer(HTTPStatus.BAD_REQUEST, str(error), "text/plain")
        accept = self.headers.get("Accept") or "application/json"
        answer, kind = handlers.output_fn(handlers.predict_fn(rows, self.server.model), accept)
        return self._answer(HTTPStatus.OK, answer, kind)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are captured by the endpoint; the log is for faults."""

    def _answer(self, status: HTTPStatus, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _load(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("inference", file)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{file}: no such program; expected: the handlers in the model's archive")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    Server(
        Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model")),
        int(os.environ.get("SAGEMAKER_BIND_TO_PORT", PORT)),
    ).serve_forever()
