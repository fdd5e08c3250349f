"""How are an endpoint, its models and its configurations called? By what is in them, if immutable."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

from infra.serving.settings import Mode

_LONGEST = 63
_VERSION = re.compile(r"model-package/(?P<group>[^/]+)/(?P<version>\d+)$")
_ENDINGS: Mapping[Mode, str] = {
    "realTime": "",
    "serverless": "-serverless",
    "asynchronous": "-async",
    "batch": "-batch",
}


def endpoint_called(base: str, mode: Mode) -> str:
    """The endpoint's name: another mode is another endpoint, made before the old one goes.

    SageMaker refuses to update an endpoint on instances to a serverless one ("Update a serverless endpoint"),
    and clients call an asynchronous one by another operation.
    """
    ending = _ENDINGS[mode]
    return base[: _LONGEST - len(ending)].rstrip("-") + ending


def endpoints_called(base: str) -> Sequence[str]:
    """The names of all modes: what outlives a change of mode, such as a log group, is made for each."""
    return [endpoint_called(base, mode) for mode in _ENDINGS if mode != "batch"]


def version_of(model_package_arn: str) -> str:
    """The version in a model package's ARN, `12`; `0` for a package without a group."""
    match = _VERSION.search(model_package_arn)
    return match["version"] if match else "0"


def part_of(model_package_arn: str, *settings: object) -> str:
    """`v<version>-<digest>`, what a release's resources are called in the program.

    Each release has resources of its own there. One that failed half-way, or was rolled back, has then left
    those of the release before as they were, and the way back finds them instead of making their names again.
    """
    return f"v{version_of(model_package_arn)}-{_digest([model_package_arn, *settings])}"


def name_of(endpoint: str, model_package_arn: str, *contents: object) -> str:
    """`<endpoint>-v<version>-<digest>`: other content is another name, so the new one
    can be made beside the old.

    At most 63 characters, SageMaker's limit.
    """
    tail = f"-v{version_of(model_package_arn)}-{_digest([model_package_arn, *contents])}"
    return endpoint[: _LONGEST - len(tail)].rstrip("-") + tail


def _digest(contents: Sequence[object]) -> str:
    text = json.dumps(contents, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
