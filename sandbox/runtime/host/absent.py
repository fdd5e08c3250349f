"""Stands in for what the emulator imports and the sandbox does not need: a package less to install.

Moto's API Gateway imports `openapi_spec_validator` to check documents of PutRestApi with `failOnWarnings`.
The provider reads such documents itself (`sandbox.aws.openapi`), so nothing is lost without it.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any, Final

_PACKAGE: Final = "openapi_spec_validator"


class OpenAPIValidationError(Exception):
    """What the real package raises; the stand-in never does."""


def _accept(_: Any) -> None:
    """Finds no fault."""


def stand_in() -> None:
    """Puts the stand-in in the package's place, where the package is not installed."""
    if _PACKAGE in sys.modules or importlib.util.find_spec(_PACKAGE) is not None:
        return
    names = (_PACKAGE, f"{_PACKAGE}.validation", f"{_PACKAGE}.validation.exceptions")
    package, validation, exceptions = (ModuleType(name, __doc__) for name in names)
    vars(package).update(validate=_accept, validate_spec=_accept, validation=validation)
    vars(validation).update(exceptions=exceptions)
    vars(exceptions).update(OpenAPIValidationError=OpenAPIValidationError)
    sys.modules.update(dict(zip(names, (package, validation, exceptions), strict=True)))
