"""The stand-in for the framework images' inference toolkit: one model behind `/ping` and `/invocations`.

It is started as a script, in a process for each instance, with the `serve` contract's environment:
`SM_MODEL_DIR` (the unpacked model archive), `SAGEMAKER_PROGRAM` (a file below its `code/`), and the number of
a listening socket as its argument. The program may define `model_fn(model_dir)`,
`input_fn(body, content_type)`, `predict_fn(data, model)`, `output_fn(prediction, accept)`, or
`transform_fn(model, body, content_type, accept)`.

It imports nothing of the sandbox, so that a model's own modules cannot clash with them.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

JSON, CSV, LIBSVM = "application/json", "text/csv", "text/libsvm"
_ANY = {"", "*/*", "application/*", "text/*"}
_TEXT = {JSON, CSV, LIBSVM, "text/plain"}
_DRAIN_SECONDS = 30
_QUICK_SECONDS = 0.005
_SMALL_BYTES = 65536

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class UnsupportedFormatError(Exception):
    """A content type that no handler reads or writes."""


class BadInputError(Exception):
    """A body that the model's `input_fn` refuses."""


class Model:
    """The loaded model and its four handlers, the program's own or the defaults."""

    def __init__(self, model_dir: Path, program: str) -> None:
        handlers: Any = _load_program(model_dir / "code", program) if program else None
        self._input = getattr(handlers, "input_fn", None) or default_input
        self._predict = getattr(handlers, "predict_fn", None) or default_predict
        self._output = getattr(handlers, "output_fn", None) or default_output
        self._transform = getattr(handlers, "transform_fn", None)
        load = getattr(handlers, "model_fn", None) or default_model
        self._model = _call(load, str(model_dir))

    def answer(self, raw: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """The answer's body and content type."""
        content = content_type.split(";", 1)[0].strip().lower() or JSON
        wanted = JSON if accept.strip().lower() in _ANY else accept
        body: Any = raw
        if content in _TEXT:
            try:
                body = raw.decode("utf-8")
            except UnicodeDecodeError as error:
                raise BadInputError(f"the body is no UTF-8 text: {error}") from error
        if self._transform is not None:
            return _answer(_call(self._transform, self._model, body, content, wanted), wanted)
        try:
            data = _call(self._input, body, content)
        except (ValueError, TypeError, KeyError, LookupError) as error:
            traceback.print_exc()
            raise BadInputError(f"{error}" or type(error).__name__) from error
        prediction = _call(self._predict, data, self._model)
        return _answer(_call(self._output, prediction, wanted), wanted)


def default_model(model_dir: str) -> Any:
    """The one XGBoost model in the folder, as the XGBoost image loads it without a program."""
    import xgboost

    names = [p for p in sorted(Path(model_dir).iterdir()) if p.is_file() and _is_booster(p)]
    if len(names) != 1:
        found = ", ".join(sorted(p.name for p in Path(model_dir).iterdir())) or "nothing"
        raise RuntimeError(
            f"no program with model_fn, and not exactly one XGBoost model in the archive: {found}"
        )
    booster = xgboost.Booster()
    booster.load_model(names[0])
    return booster


def default_input(body: Any, content_type: str) -> Any:
    """Rows of numbers, from CSV without a header or from JSON."""
    import numpy

    if content_type == CSV:
        rows = [row.split(",") for row in body.strip().splitlines()]
        return numpy.array([[float(cell) if cell.strip() else numpy.nan for cell in row] for row in rows])
    if content_type == JSON:
        document = json.loads(body)
        return numpy.array(
            document.get("instances", []) if isinstance(document, dict) else document, dtype=float
        )
    raise UnsupportedFormatError(f"content type {content_type} is not one of {CSV}, {JSON}")


def default_predict(data: Any, model: Any) -> Any:
    return model.inplace_predict(data) if hasattr(model, "inplace_predict") else model.predict(data)


def default_output(prediction: Any, accept: str) -> Any:
    values = prediction.tolist() if hasattr(prediction, "tolist") else prediction
    if accept == JSON:
        return json.dumps(values), JSON
    if accept == CSV:
        rows = values if isinstance(values, list) else [values]
        return "\n".join(",".join(map(str, r)) if isinstance(r, list) else str(r) for r in rows), CSV
    raise UnsupportedFormatError(f"accept {accept} is not one of {JSON}, {CSV}")


class Server:
    """The ASGI application. One request is predicted at a time, as one worker of the toolkits does.

    A model that has been quick is asked on the event loop itself; any other in a thread, so that `/ping`
    answers meanwhile. Going to a thread and back costs a tenth of a millisecond.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._slowness = _QUICK_SECONDS
        self._in_thread = 0
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="predict")

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/ping":
            await _send(send, 200, b"", JSON)
        elif scope["path"] == "/invocations" and scope["method"] == "POST":
            await self._invoke(scope, receive, send)
        else:
            await _send(send, 404, _message(f"there is no {scope['method']} {scope['path']}"), JSON)

    async def _invoke(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        message = await receive()
        body = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        content_type = accept = ""
        for name, value in scope["headers"]:
            if name == b"content-type":
                content_type = value.decode("latin-1")
            elif name == b"accept":
                accept = value.decode("latin-1")
        began = time.perf_counter()
        if not self._in_thread and self._slowness < _QUICK_SECONDS and len(body) < _SMALL_BYTES:
            status, answer, kind = self._answer(body, content_type, accept)
        else:
            self._in_thread += 1
            status, answer, kind = await asyncio.get_running_loop().run_in_executor(
                self._worker, self._answer, body, content_type, accept
            )
            self._in_thread -= 1
        # A slow answer counts at once, quick ones only slowly make a model a quick one again.
        self._slowness = max(time.perf_counter() - began, self._slowness * 0.9)
        await _send(send, status, answer, kind)

    def _answer(self, body: bytes, content_type: str, accept: str) -> tuple[int, bytes, str]:
        try:
            return 200, *self._model.answer(body, content_type, accept)
        except UnsupportedFormatError as error:
            return 415, _message(str(error)), JSON
        except BadInputError as error:
            return 400, _message(str(error)), JSON
        except Exception as error:  # noqa: BLE001 - the model's own code may raise anything; its caller gets a 500
            traceback.print_exc()
            return 500, _message(f"{type(error).__name__}: {error}"), JSON


def main() -> None:
    """Loads the model, then serves on the inherited socket until SIGTERM or until the sandbox is gone."""
    import uvicorn

    threading.Thread(target=_leave_with_parent, daemon=True).start()
    model = Model(Path(os.environ["SM_MODEL_DIR"]), os.environ.get("SAGEMAKER_PROGRAM", ""))
    config = uvicorn.Config(
        Server(model),
        lifespan="off",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=3600,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        server_header=False,
        date_header=False,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])


def _leave_with_parent() -> None:
    """Standard input is a pipe that the sandbox holds: its end means that the sandbox is gone."""
    while os.read(0, 1):
        continue
    os._exit(0)


def _load_program(code: Path, program: str) -> Any:
    path = code / program
    if not path.is_file():
        raise FileNotFoundError(
            f"SAGEMAKER_PROGRAM is {program!r}, and the model archive has no code/{program}"
        )
    sys.path.insert(0, str(code))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"code/{program} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _call(handler: Callable[..., Any], *arguments: Any) -> Any:
    """Handlers of newer toolkits take a `context` after their own arguments; here it is None."""
    wanted = _arity(handler)
    return handler(*arguments, None) if wanted == len(arguments) + 1 else handler(*arguments)


def _arity(handler: Callable[..., Any]) -> int:
    known = _ARITIES.get(handler)
    if known is None:
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        parameters = inspect.signature(handler).parameters.values()
        known = sum(p.kind in kinds and p.default is inspect.Parameter.empty for p in parameters)
        _ARITIES[handler] = known
    return known


_ARITIES: dict[Callable[..., Any], int] = {}


def _answer(result: Any, accept: str) -> tuple[bytes, str]:
    body, kind = result if isinstance(result, tuple) else (result, accept)
    return (body.encode("utf-8") if isinstance(body, str) else bytes(body)), kind


def _is_booster(path: Path) -> bool:
    return path.name == "xgboost-model" or path.suffix in {".ubj", ".bst", ".xgb", ".deprecated"}


def _message(text: str) -> bytes:
    return json.dumps({"error": text}).encode()


async def _send(send: Send, status: int, body: bytes, content_type: str) -> None:
    headers = [
        (b"content-type", content_type.encode("latin-1")),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    main()
