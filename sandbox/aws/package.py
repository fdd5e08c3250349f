"""Which of Pulumi's packages the provider stands for, and the executable that serves it. Imports nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PACKAGE: Final = "aws"
VERSION: Final = "7.51.1"
"""The version of Pulumi's AWS provider whose types and properties these are."""
EXECUTABLE: Final = Path(__file__).parents[1] / "bin" / "pulumi-resource-aws"
"""What an engine finds on PATH, where the executable's folder stands first there."""
