"""How are a model and an endpoint configuration called? By what is in them, as both are immutable."""

import hashlib
import json
import re

_LONGEST = 63
_VERSION = re.compile(r"model-package/(?P<group>[^/]+)/(?P<version>\d+)$")


def version_of(model_package_arn: str) -> str:
    """The version in a model package's ARN, `12`; `0` for a package without a group."""
    match = _VERSION.search(model_package_arn)
    return match["version"] if match else "0"


def name_of(endpoint: str, model_package_arn: str, *contents: object) -> str:
    """`<endpoint>-v<version>-<digest>`: other content is another name, so the new one
    can be made beside the old.

    At most 63 characters, SageMaker's limit.
    """
    text = json.dumps([model_package_arn, *contents], sort_keys=True, default=str)
    tail = f"-v{version_of(model_package_arn)}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return endpoint[: _LONGEST - len(tail)].rstrip("-") + tail
