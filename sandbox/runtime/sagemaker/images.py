"""Which container images can this machine stand in for, and with what?"""

from __future__ import annotations

import shlex
import stat
import sys
import uuid
from pathlib import Path

FRAMEWORKS = frozenset(
    {
        "sagemaker-xgboost",
        "sagemaker-scikit-learn",
        "sagemaker-base-python",
        "sagemaker-base-python-310",
        "sagemaker-distribution-prod",
        "pytorch-training",
        "pytorch-inference",
        "tensorflow-training",
        "tensorflow-inference",
        "huggingface-pytorch-training",
        "huggingface-pytorch-inference",
    }
)
"""Repositories of AWS's framework images: Python, script mode and an inference toolkit. This machine's own
interpreter stands in for theirs; what it has not installed, a script cannot import."""


class UnknownImageError(Exception):
    """An image that this machine cannot stand in for."""

    def __init__(self, image: str) -> None:
        super().__init__(
            f"the sandbox cannot run the image {image!r}: it has no containers and stands in only for AWS's "
            f"framework images, which are: {', '.join(sorted(FRAMEWORKS))}"
        )


def require_runnable(image: str) -> None:
    """Raises UnknownImageError unless the image's repository is one of `FRAMEWORKS`."""
    repository = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    if repository not in FRAMEWORKS:
        raise UnknownImageError(image)


def interpreter_links(folder: Path) -> Path:
    """A folder for the front of PATH in which `python` and `python3` are this interpreter.

    They are scripts, not links: a link from elsewhere into a virtual environment loses the environment.
    """
    folder.mkdir(parents=True, exist_ok=True)
    script = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n'
    for name in ("python", "python3"):
        link = folder / name
        if not link.exists() or link.read_text() != script:
            # A name of its own: several threads come here at once.
            fresh = folder / f".{name}.{uuid.uuid4().hex}"
            fresh.write_text(script)
            fresh.chmod(fresh.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
            fresh.replace(link)
    return folder
