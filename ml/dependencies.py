"""What a job needs beside its image: installed at its start where the image lacks it."""

import importlib.util
import subprocess
import sys
from pathlib import Path

from ml.container import JobFailed

PACKAGE = Path(__file__).resolve().parent

MODULES = ("duckdb", "ibis", "numpy", "xgboost")
"""What `ml` imports; what each comes from stands in `ml/requirements.in`."""


def missing(modules: tuple[str, ...] = MODULES) -> list[str]:
    """The modules that cannot be imported here; nothing is imported to find out."""
    return [module for module in modules if importlib.util.find_spec(module) is None]


def ensure(modules: tuple[str, ...] = MODULES) -> None:
    """Installs the pinned requirements if a module is missing, from `ml/wheels/` where there is one.

    A job without a way to the index (network isolation, private subnets) needs the wheels. Raises JobFailed.
    """
    lacking = missing(modules)
    if not lacking:
        return
    wheels = PACKAGE / "wheels"
    source = ["--no-index", "--find-links", str(wheels)] if wheels.is_dir() else []
    origin = str(wheels) if source else "the package index"
    print(f"installing {', '.join(lacking)} from {origin}", flush=True)
    requirements = PACKAGE / "requirements.txt"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--require-hashes",
        *source,
        "-r",
        str(requirements),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    importlib.invalidate_caches()
    lacking = missing(modules)
    if done.returncode or lacking:
        told = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["pip said nothing"]
        raise JobFailed(
            f"Could not install {', '.join(lacking) or 'the requirements'} from {origin}: {told[0]} "
            "Run `make wheels` to send them along in the source archive, or give the job a way to the index."
        )
