"""What a job needs beside its image: installed at its start where the image lacks it."""

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from ml.container import JobFailed

PACKAGE = Path(__file__).resolve().parent

PREPARING = ("duckdb", "ibis")
"""What the preparation imports."""

LEARNING = ("numpy", "xgboost", "duckdb", "onnx", "onnxmltools", "onnxruntime")
"""What training and evaluation import; DuckDB reads their Parquet files."""

COMPARING = (*LEARNING, "sklearn", "imblearn")
"""What comparisons of trainings import."""

SEARCHING = (*LEARNING, "sklearn", "optuna")
"""What a search for hyperparameters imports."""

MONITORING = ("numpy", "duckdb", "river", "boto3")
"""What monitoring imports: river for the test on outcomes, boto3 for what lies in the cloud."""

BROUGHT = ("numpy", "xgboost", "boto3")
"""What the framework image brings, built for its instance: never installed over it."""

_DISTRIBUTIONS = {"ibis": "ibis-framework", "sklearn": "scikit-learn", "imblearn": "imbalanced-learn"}
"""Where the name to install is another than the name to import."""


def missing(modules: Iterable[str]) -> list[str]:
    """The modules that cannot be imported here; nothing is imported to find out."""
    return [module for module in modules if importlib.util.find_spec(module) is None]


def ensure(modules: Sequence[str], package: Path = PACKAGE) -> None:
    """Installs what is missing of `modules` as `requirements.txt` pins it, with what that depends on.

    `package` is the folder with `requirements.txt` and, for a job without a way to the index (network
    isolation, private subnets), `wheels/`. Raises JobFailed.
    """
    lacking = missing(modules)
    if not lacking:
        return
    absent = [module for module in lacking if module in BROUGHT]
    if absent:
        raise JobFailed(
            f"This image lacks {', '.join(absent)}, which the job's image has to bring: run the job in the "
            "framework image of XGBoost."
        )
    wheels = package / "wheels"
    source = ["--no-index", "--find-links", str(wheels)] if wheels.is_dir() else []
    origin = str(wheels) if source else "the package index"
    print(f"installing {', '.join(lacking)} from {origin}", flush=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pinned:
        pinned.write(pins((package / "requirements.txt").read_text(), lacking))
        pinned.flush()
        # Without the resolver: the pins are complete, and nothing else of the image may move.
        options = ["-q", "--disable-pip-version-check", "--require-hashes", "--no-deps", *source]
        command = [sys.executable, "-m", "pip", "install", *options, "-r", pinned.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    importlib.invalidate_caches()
    still = missing(modules)
    if done.returncode or still:
        told = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["pip said nothing"]
        raise JobFailed(
            f"Could not install {', '.join(still or lacking)} from {origin}: {told[0]} "
            "Run `make wheels` to send them along in the source archive, or give the job a way to the index."
        )


def pins(compiled: str, modules: Iterable[str]) -> str:
    """The part of a compiled requirements file that the modules need: theirs, and what those depend on.

    The file says of every requirement, in comments under `# via`, what asked for it.
    """
    wanted = {_DISTRIBUTIONS.get(module, module).replace("_", "-") for module in modules}
    blocks = _blocks(compiled)
    while True:
        more = {name for name, text in blocks if name not in wanted and wanted & _asked_by(text)}
        if not more:
            return "".join(text for name, text in blocks if name in wanted)
        wanted |= more


def _blocks(compiled: str) -> list[tuple[str, str]]:
    """Each requirement's name and lines; one that depends on the version of Python stands there twice."""
    found: list[tuple[str, str]] = []
    for line in compiled.splitlines(keepends=True):
        if line[:1] not in (" ", "#", "\n"):
            found.append((line.split("==")[0].strip(), line))
        elif found:
            name, text = found[-1]
            found[-1] = (name, text + line)
    return found


def _asked_by(text: str) -> set[str]:
    comments = [
        line.strip().lstrip("#").strip() for line in text.splitlines() if line.strip().startswith("#")
    ]
    return {comment.removeprefix("via").strip() for comment in comments}
