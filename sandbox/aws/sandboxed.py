"""Which cloud does the provider reach when an engine starts it as a plugin? A sandbox, and nothing else.

It finds its sandbox as every AWS client does, by `AWS_ENDPOINT_URL` and the keys of the environment. Before
it is configured it looks whether a sandbox answers there, on this machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from sandbox.aws.package import EXECUTABLE
from sandbox.aws.provider import AwsProvider
from sandbox.engine.provider import ProviderError
from sandbox.engine.values import PropertyMap

ENDPOINT: Final = "AWS_ENDPOINT_URL"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_STATUS: Final = "/_sandbox/status"
"""Where a sandbox says that it is one."""
_PATIENCE_S: Final = 30.0


class NoSandboxError(ProviderError):
    """The environment does not lead to a sandbox. No other cloud was asked anything."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"{EXECUTABLE} is the provider of the sandbox, and {reason}. "
            "`groundplan up STACK --engine pulumi` starts a sandbox and leads the CLI to it; "
            f"for a real account take {EXECUTABLE.parent} off PATH."
        )


class SandboxedProvider(AwsProvider):
    """The provider against the sandbox that `environment` names."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._named = environment.get(ENDPOINT, "")
        super().__init__(
            self._named,
            access_key=environment.get("AWS_ACCESS_KEY_ID") or "test",
            secret_key=environment.get("AWS_SECRET_ACCESS_KEY") or "test",
        )

    def configure(self, inputs: PropertyMap) -> None:
        """Takes the checked configuration. Raises NoSandboxError where no sandbox answers."""
        require_sandbox(self._named)
        super().configure(inputs)


def require_sandbox(endpoint_url: str) -> None:
    """Raises NoSandboxError unless a sandbox answers at this address of this machine."""
    if not endpoint_url:
        raise NoSandboxError(f"{ENDPOINT} is not set")
    if urlsplit(endpoint_url).scheme != "http" or urlsplit(endpoint_url).hostname not in _LOOPBACK:
        raise NoSandboxError(f"{ENDPOINT} is {endpoint_url}, which is no sandbox on this machine")
    # A proxy of the user's environment must not stand between this machine and itself.
    direct = build_opener(ProxyHandler({}))
    try:
        with direct.open(endpoint_url.rstrip("/") + _STATUS, timeout=_PATIENCE_S) as answer:
            status = json.load(answer)
    except (URLError, OSError, ValueError) as error:
        raise NoSandboxError(f"no sandbox answers at {endpoint_url} ({error})") from error
    if not isinstance(status, dict) or "instance" not in status:
        raise NoSandboxError(f"what answers at {endpoint_url} is no sandbox")
