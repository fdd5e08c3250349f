"""What goes into the build of an image? A ZIP whose digest, with the base's name, is the image's tag."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

ImageName = Literal["training", "inference"]

_IMAGES = Path("ml/images")
_SERVING = Path("ml/serving")
_ROOT = Path(__file__).resolve().parents[2]
_SHARED = {"build.sh": _IMAGES / "build.sh", "buildspec.yml": _IMAGES / "buildspec.yml"}


def _server() -> Mapping[str, Path]:
    """The server's package, whole."""
    package = _ROOT / _SERVING
    names = sorted(file.relative_to(package).as_posix() for file in package.rglob("*.py"))
    return {f"serving/{name}": _SERVING / name for name in names}


CONTEXTS: Mapping[ImageName, Mapping[str, Path]] = {
    name: {
        "Dockerfile": _IMAGES / name / "Dockerfile",
        "requirements.txt": _IMAGES / name / "requirements.txt",
        **_SHARED,
        **(_server() if name == "inference" else {}),
    }
    for name in ("training", "inference")
}
"""Image → what the build sees: name → file of the repository."""


def zipped(files: Mapping[str, Path]) -> bytes:
    """A ZIP of the files, as CodeBuild takes sources from S3.

    The same files give the same bytes on every machine: sorted, stored without compression, without times.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, file in sorted(files.items()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, file.read_bytes())
    return made.getvalue()


def tag_of(context: bytes, base: str) -> str:
    """The tag of what a context makes of a base image: 40 hexadecimal digits of their digest."""
    return hashlib.sha256(context + base.encode()).hexdigest()[:40]
