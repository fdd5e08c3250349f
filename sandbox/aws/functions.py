"""The data functions (invokes): answered as AWS does."""

from __future__ import annotations

from sandbox.aws.cloud import Cloud
from sandbox.aws.configuration import Configuration
from sandbox.engine.provider import InvokeResult, ProviderError
from sandbox.engine.values import PropertyMap


def invoke(cloud: Cloud, configuration: Configuration, token: str, arguments: PropertyMap) -> InvokeResult:
    raise ProviderError(token)
