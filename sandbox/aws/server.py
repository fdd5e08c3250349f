"""The executable `pulumi-resource-aws`: the sandbox's AWS provider for an engine in another process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sandbox.aws.package import PACKAGE, VERSION
from sandbox.engine.plugin_server import serve
from sandbox.engine.provider import Provider
from sandbox.engine.provider_service import ProviderService


def main() -> int:
    """Serves until the engine has gone or asks for the end."""
    parent = os.getppid()
    service = ProviderService(_provider, package=PACKAGE, version=VERSION, folder=Path.cwd())
    return serve(service, parent=parent)


def _provider() -> Provider:
    # Half a second of boto3: the engine has read the port meanwhile.
    from sandbox.aws.sandboxed import SandboxedProvider

    return SandboxedProvider(os.environ)


if __name__ == "__main__":
    sys.exit(main())
