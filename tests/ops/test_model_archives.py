"""Whether a package's archive is fetched once, and never taken for another of the same version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from ops.model_archives import NoArchiveError, model_archive
from ops.registry import ModelPackage
from ops.session import Session

PACKAGE = ModelPackage(
    arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/flights/1",
    version=1,
    approval="Approved",
    inputs="",
    quality="",
    image="",
    model="s3://models/flights/job/model.tar.gz",
)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="models")
        yield client


def session(s3: Any, folder: Path) -> Session:
    stack = SimpleNamespace(client=lambda name: s3, stack="dev", workspace=SimpleNamespace(folder=folder))
    return cast(Session, stack)


def test_a_version_is_fetched_once_and_anew_where_its_content_is_another(s3: Any, tmp_path: Path) -> None:
    """A sandbox that was emptied numbers its models from 1 again."""
    here = session(s3, tmp_path)
    s3.put_object(Bucket="models", Key="flights/job/model.tar.gz", Body=b"first")
    first = model_archive(here, PACKAGE)
    written = first.stat().st_mtime_ns
    assert model_archive(here, PACKAGE) == first
    assert first.stat().st_mtime_ns == written
    s3.put_object(Bucket="models", Key="flights/job/model.tar.gz", Body=b"second")
    assert model_archive(here, PACKAGE).read_bytes() == b"second"
    assert first.read_bytes() == b"first"


def test_a_package_without_an_archive_is_told_by_its_name(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(NoArchiveError, match="flights/1 names no model archive"):
        model_archive(session(s3, tmp_path), replace(PACKAGE, model=""))
