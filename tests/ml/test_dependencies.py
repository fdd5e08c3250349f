"""Whether a job installs what its image lacks, and nothing over what the image brings."""

import base64
import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

from ml.container import JobFailed
from ml.dependencies import LEARNING, PACKAGE, PREPARING, ensure, missing, pins

NAME = "groundplan_probe"


def wheel(folder: Path) -> str:
    """A wheel with one module; gives the SHA-256 of its file."""
    folder.mkdir(parents=True)
    information = f"{NAME}-1.0.dist-info"
    files = {
        f"{NAME}.py": "ANSWER = 42\n",
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{information}/RECORD,,"]
    path = folder / f"{NAME}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=")
            record.append(f"{name},sha256={digest.decode()},{len(content)}")
        archive.writestr(f"{information}/RECORD", "\n".join(record) + "\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where pip installs to instead of this environment; Python looks there."""
    folder = tmp_path / "installed"
    folder.mkdir()
    monkeypatch.setenv("PIP_TARGET", str(folder))
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    return folder


def test_what_is_missing_is_installed_from_the_wheels_beside_the_code(tmp_path: Path, target: Path) -> None:
    digest = wheel(tmp_path / "ml" / "wheels")
    # The second requirement has no wheel: asked for, it would fail.
    (tmp_path / "ml" / "requirements.txt").write_text(
        f"groundplan-probe==1.0 \\\n    --hash=sha256:{digest}\n    # via -r ml/requirements.in\n"
        f"not-needed==9.9 \\\n    --hash=sha256:{'0' * 64}\n    # via -r ml/requirements.in\n"
    )
    assert missing([NAME]) == [NAME]
    ensure([NAME, "json"], tmp_path / "ml")
    assert missing([NAME]) == []
    assert (target / f"{NAME}.py").read_text() == "ANSWER = 42\n"


def test_a_wheel_that_is_not_the_pinned_one_is_refused(tmp_path: Path, target: Path) -> None:
    wheel(tmp_path / "ml" / "wheels")
    (tmp_path / "ml" / "requirements.txt").write_text(
        f"groundplan-probe==1.0 \\\n    --hash=sha256:{'0' * 64}\n"
    )
    with pytest.raises(JobFailed, match=rf"Could not install {NAME} from .*wheels.*make wheels"):
        ensure([NAME], tmp_path / "ml")
    assert not list(target.iterdir())


def test_an_image_without_xgboost_is_told_so_instead_of_getting_another_build(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ml.dependencies.missing", lambda modules: ["xgboost"])
    with pytest.raises(JobFailed, match="framework image of XGBoost"):
        ensure(LEARNING)


def test_each_job_gets_no_more_than_it_imports() -> None:
    compiled = (PACKAGE / "requirements.txt").read_text()

    def names(modules: tuple[str, ...]) -> set[str]:
        lines = pins(compiled, modules).splitlines()
        return {line.split("==")[0] for line in lines if "==" in line and not line.startswith(" ")}

    assert names(("duckdb",)) == {"duckdb"}
    assert {"duckdb", "ibis-framework", "sqlglot", "pyarrow", "numpy"} <= names(PREPARING)
    assert not names(PREPARING) & {"xgboost", "xgboost-cpu", "scikit-learn"}
