"""A program's components against Pulumi's mocks, each judged by the provider's own Check, outputs awaited."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # pytest imports by file: what tests share is not found else

from mocked import Build, build


@pytest.fixture
def mocked() -> Callable[..., Build]:
    """`mocked(program, preview=False)`: what `program(foundation)` makes, and the outputs it returns."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    return build
