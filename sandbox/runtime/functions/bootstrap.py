"""What runs in a function's process: loads the handler, calls it for each event, hands out each outcome.

It stands alone: nothing of the sandbox is importable for the function's code. Events come on standard input,
a line each, outcomes go to the file descriptor named by `_SANDBOX_OUTCOME`, a line each, and whatever the
code prints is its log. Between two events the process waits, with all that the code keeps: it is warm.
"""

import importlib
import json
import os
import sys
import time
import traceback
from typing import Any


class Context:
    """The context object of the Python runtime."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.aws_request_id = given["requestId"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = given["arn"]
        self.identity = None
        self.client_context = None
        self._deadline = time.monotonic() + given["seconds"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is ended."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class _Unusable(Exception):
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def main() -> None:
    """Calls the handler until no more events come."""
    events = os.fdopen(os.dup(0), "r")
    outcome = os.fdopen(int(os.environ.pop("_SANDBOX_OUTCOME")), "w")
    sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    for line in events:
        document, usable = _answer(json.loads(line))
        sys.stdout.flush()
        sys.stderr.flush()
        outcome.write(json.dumps(document) + "\n")
        outcome.flush()
        if not usable:
            break
    # Threads that the code left behind do not keep the process.
    os._exit(0)


def _answer(given: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The outcome of one call, and whether the process may be called again."""
    try:
        return {"payload": json.dumps(_call(os.environ["_HANDLER"], given)), "error": False}, True
    except BaseException as failed:  # noqa: BLE001 - whatever the function raises is its answer
        error = {
            "errorMessage": str(failed),
            "errorType": failed.kind if isinstance(failed, _Unusable) else type(failed).__name__,
            "requestId": given["requestId"],
            "stackTrace": traceback.format_tb(failed.__traceback__)[2:],
        }
        print(f"[ERROR] {error['errorType']}: {error['errorMessage']}")
        print("Traceback (most recent call last):\n" + "".join(error["stackTrace"]))
        usable = isinstance(failed, Exception) and not isinstance(failed, _Unusable)
        return {"payload": json.dumps(error), "error": True}, usable


def _call(handler: str, given: dict[str, Any]) -> Any:
    path, _, name = handler.rpartition(".")
    try:
        module = importlib.import_module(path.replace("/", "."))
    except ImportError as missing:
        raise _Unusable(
            "Runtime.ImportModuleError", f"Unable to import module '{path}': {missing}"
        ) from missing
    if not hasattr(module, name):
        raise _Unusable("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{path}'")
    return getattr(module, name)(given["event"], Context(given))


if __name__ == "__main__":
    main()
