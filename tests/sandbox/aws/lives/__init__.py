"""What each type is made from in the tests, what it is then changed to: one file a service."""

from __future__ import annotations

import importlib
import pkgutil

from lives.life import Life, Make

LIVES: list[Life] = [
    life
    for module in pkgutil.iter_modules(__path__)
    if module.name != "life"
    for life in importlib.import_module(f"lives.{module.name}").LIVES
]

__all__ = ["LIVES", "Life", "Make"]
