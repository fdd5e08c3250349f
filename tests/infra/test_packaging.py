"""Is the source archive the same for the same files, and does tar read it?"""

import io
import os
import tarfile
from pathlib import Path

import pytest

from infra.packaging.source import NoSourceError, pack


def _source(folder: Path) -> Path:
    (folder / "flights").mkdir(parents=True)
    (folder / "requirements.txt").write_text("numpy\n")
    (folder / "flights" / "case.py").write_text("print('x')\n" * 20_000)
    (folder / "__init__.py").write_text("")
    (folder / "training").mkdir()
    (folder / "training" / "script.py").write_text("print('search')\n")
    return folder


def test_the_same_files_give_the_same_bytes_whatever_their_times_and_modes(tmp_path: Path) -> None:
    one, other = _source(tmp_path / "one"), _source(tmp_path / "other")
    os.utime(other / "requirements.txt", (1, 1))
    (other / "__init__.py").chmod(0o600)
    (other / "__pycache__").mkdir()
    (other / "__pycache__" / "x.py").write_text("left over")
    (other / ".hidden.py").write_text("left over")
    assert pack(one) == pack(other)


def test_a_changed_file_gives_other_bytes(tmp_path: Path) -> None:
    source = _source(tmp_path / "one")
    before = pack(source)
    (source / "flights" / "case.py").write_text("print('y')\n")
    assert pack(source) != before


def test_the_archive_opens_as_a_tar_gz_with_the_package_and_the_script_of_a_search(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(pack(_source(tmp_path / "one"))), mode="r:gz") as archive:
        assert archive.getnames() == [
            "ml/__init__.py",
            "ml/flights/case.py",
            "ml/requirements.txt",
            "ml/training/script.py",
            "train.py",
        ]
        program = archive.extractfile("ml/flights/case.py")
        assert program is not None
        assert program.read() == b"print('x')\n" * 20_000


def test_wheels_travel_along_where_there_are_some(tmp_path: Path) -> None:
    source = _source(tmp_path / "one")
    (source / "wheels").mkdir()
    (source / "wheels" / "numpy-2.0-py3-none-any.whl").write_bytes(b"PK")
    with tarfile.open(fileobj=io.BytesIO(pack(source)), mode="r:gz") as archive:
        assert "ml/wheels/numpy-2.0-py3-none-any.whl" in archive.getnames()


def test_a_folder_without_requirements_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoSourceError, match=r"no requirements\.txt"):
        pack(tmp_path)
