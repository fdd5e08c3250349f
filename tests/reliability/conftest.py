"""What the reliability tests share lies beside them; this folder must be found for it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # pytest imports by file: what tests share is not found else
