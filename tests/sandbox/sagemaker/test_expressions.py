"""Expressions, paths and shifts: pure functions, tested without a cloud."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy
import pytest

from sandbox.runtime.sagemaker.deployment import Shift, shifts
from sandbox.runtime.sagemaker.expressions import ExpressionError, Scope, holds, resolve
from sandbox.runtime.sagemaker.folders import JobFolder
from sandbox.runtime.sagemaker.images import interpreter_links
from sandbox.runtime.sagemaker.transfer import TransferError, pack, unpack


def no_file(_: str, __: str) -> str:
    raise AssertionError("no property file is read")


def scope(property_file: Callable[[str, str], str] = no_file, **parameters: Any) -> Scope:
    outputs = [{"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train"}}]
    steps = {"Prepare": {"ProcessingOutputConfig": {"Outputs": outputs}}}
    return Scope(parameters, {"PipelineExecutionId": "abc"}, steps, property_file)


def compare(kind: str, left: Any, right: Any) -> bool:
    return holds({"Type": kind, "LeftValue": left, "RightValue": right}, scope())


def test_an_output_is_found_by_its_name() -> None:
    path = "Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"
    assert resolve({"Get": path}, scope()) == "s3://b/train"


def test_a_join_takes_references_and_numbers() -> None:
    join = {"Std:Join": {"On": "/", "Values": ["a", {"Get": "Execution.PipelineExecutionId"}, 3, True]}}
    assert resolve({"deep": [join]}, scope()) == {"deep": ["a/abc/3/true"]}


def test_a_property_file_is_read_by_its_path() -> None:
    get = {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": "a['b c'][1].d"}
    read = scope(lambda step, name: '{"a": {"b c": [0, {"d": 0.5}]}}')
    assert resolve({"Std:JsonGet": get}, read) == 0.5


def test_a_path_that_leads_nowhere_names_what_is_missing() -> None:
    get = {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": "a.pr_auc"}
    with pytest.raises(ExpressionError, match=r"no 'pr_auc' on the path 'a.pr_auc'"):
        resolve({"Std:JsonGet": get}, scope(lambda *_: '{"a": {}}'))


@pytest.mark.parametrize(
    ("kind", "below", "equal", "above"),
    [
        ("GreaterThan", False, False, True),
        ("GreaterThanOrEqualTo", False, True, True),
        ("LessThan", True, False, False),
        ("LessThanOrEqualTo", True, True, False),
        ("Equals", False, True, False),
    ],
)
def test_comparisons(kind: str, below: bool, equal: bool, above: bool) -> None:
    assert [compare(kind, left, 2) for left in (1, 2, 3)] == [below, equal, above]


def test_conditions_combine() -> None:
    yes = {"Type": "In", "QueryValue": {"Get": "Parameters.zone"}, "Values": ["raw", "curated"]}
    no = {"Type": "Not", "Expression": yes}
    here = scope(zone="raw")
    assert holds({"Type": "Or", "Conditions": [no, yes]}, here)
    assert not holds({"Type": "And", "Conditions": [no, yes]}, here)


def test_a_comparison_of_words_is_refused() -> None:
    with pytest.raises(ExpressionError, match="'many' is not a number"):
        compare("LessThan", "many", 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/opt/ml", "{root}"),
        ("cd /opt/ml/model && ls '/opt/ml/x'", "cd {root}/model && ls '{root}/x'"),
        ("--model=/opt/ml/model", "--model={root}/model"),
        ("s3://bucket/opt/ml/model", "s3://bucket/opt/ml/model"),
        ("/opt/mlflow /opt/ml-x", "/opt/mlflow /opt/ml-x"),
    ],
)
def test_only_paths_of_the_container_are_rewritten(tmp_path: Path, text: str, expected: str) -> None:
    folder = JobFolder(tmp_path / "job")
    assert folder.rewrite(text) == expected.format(root=folder.root)


def test_a_folder_with_a_space_in_its_name_needs_no_quoting(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "my checkout" / "job")
    assert " " not in str(folder.root)
    folder.make("model")
    (folder.root / "model" / "a").write_text("here")
    assert (tmp_path / "my checkout" / "job" / "model" / "a").read_text() == "here"


def test_many_jobs_at_once_find_the_interpreter(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        folders = {*pool.map(lambda _: interpreter_links(tmp_path / "bin"), range(64))}
    assert folders == {tmp_path / "bin"}
    assert sorted(path.name for path in (tmp_path / "bin").iterdir()) == ["python", "python3"]
    code = "import sys; print(sys.prefix)"
    shown = subprocess.run([tmp_path / "bin" / "python3", "-c", code], capture_output=True, text=True)
    assert shown.stdout.strip() == sys.prefix


def test_an_archive_that_would_leave_its_folder_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("../escaped"))
    with pytest.raises(TransferError, match=r"model.tar.gz holds '../escaped'"):
        unpack(archive, tmp_path / "model")
    assert not (tmp_path / "escaped").exists()


def test_a_truncated_archive_is_named(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    (whole / "code").mkdir(parents=True)
    (whole / "code" / "a.py").write_bytes(numpy.random.default_rng(1).bytes(50_000))
    archive = tmp_path / "model.tar.gz"
    pack(whole, archive)
    archive.write_bytes(archive.read_bytes()[:20_000])
    with pytest.raises(TransferError, match=r"cannot unpack model.tar.gz"):
        unpack(archive, tmp_path / "model")


def test_a_linear_deployment_reaches_all_the_traffic_in_steps() -> None:
    policy = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "LINEAR",
                "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 40},
                "WaitIntervalInSeconds": 60,
            },
            "TerminationWaitInSeconds": 120,
        }
    }
    assert [*shifts(policy, 2)] == [Shift(0.4, 1.0), Shift(0.8, 1.0), Shift(1.0, 2.0)]


def test_a_canary_of_one_instance_of_two_takes_half() -> None:
    policy = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
                "WaitIntervalInSeconds": 3600,
            }
        }
    }
    assert [*shifts(policy, 2)] == [Shift(0.5, 5.0), Shift(1.0, 0.0)]


def test_without_a_policy_all_traffic_moves_at_once() -> None:
    assert [*shifts({}, 3)] == [Shift(1.0, 0.0)]
