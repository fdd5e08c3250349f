"""Which data functions (invokes) there are, and how one is answered: as AWS does."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from sandbox.aws import functions as _functions
from sandbox.aws.cloud import Cloud, CloudError
from sandbox.engine.provider import CheckFailure, InvokeResult, ProviderError
from sandbox.engine.values import PropertyMap

Functions = Mapping[str, Callable[[Cloud, PropertyMap], PropertyMap]]
"""By token: a function of the cloud and the plain arguments; raises CloudError or LookupError."""


class UnknownFunctionError(ProviderError):
    """A data function that the sandbox does not answer."""

    def __init__(self, token: str) -> None:
        folder = token.split(":")[1].split("/")[0] if token.count(":") == 2 else "service"
        near = ", ".join(sorted(known for known in functions() if known.startswith(f"aws:{folder}/")))
        super().__init__(
            f"the data function {token} is not known to the sandbox; "
            f"add it to sandbox/aws/functions/{folder}.py. "
            + (f"Known of {folder} are: {near}" if near else f"None of {folder} is known.")
        )


class DuplicateFunctionError(Exception):
    """Two answers for one data function."""


@cache
def functions() -> Functions:
    """Every data function, put together from one file a service."""
    gathered: dict[str, Callable[[Cloud, PropertyMap], PropertyMap]] = {}
    for module in pkgutil.iter_modules(_functions.__path__):
        answers: Functions = importlib.import_module(f"{_functions.__name__}.{module.name}").FUNCTIONS
        twice = sorted(gathered.keys() & answers.keys())
        if twice:
            raise DuplicateFunctionError(f"{', '.join(twice)} is answered in two files")
        gathered.update(answers)
    return MappingProxyType(gathered)


def invoke(cloud: Cloud, token: str, arguments: PropertyMap) -> InvokeResult:
    """The function's answer; a refusal of the service is a failure. Raises UnknownFunctionError."""
    function = functions().get(token)
    if function is None:
        raise UnknownFunctionError(token)
    try:
        return InvokeResult(function(cloud, arguments))
    except (CloudError, LookupError) as error:
        return InvokeResult({}, [CheckFailure("", str(error))])
