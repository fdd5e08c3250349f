"""What do the framework images' training toolkits do around a user's script? Script mode.

Source: the contract of sagemaker-training-toolkit (ENVIRONMENT_VARIABLES.md) and SageMaker's "How Amazon
SageMaker AI provides training information".
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.runtime.sagemaker.container import HOST
from sandbox.runtime.sagemaker.folders import JobFolder

PROGRAM = "sagemaker_program"
SUBMIT_DIRECTORY = "sagemaker_submit_directory"


@dataclass(frozen=True)
class Script:
    """A user's program in script mode: where it is, and its hyperparameters, decoded."""

    program: str
    archive: str
    """S3 URI of the code's `tar.gz`, or a folder of the container."""
    hyperparameters: Mapping[str, Any]


def script_of(hyperparameters: Mapping[str, str]) -> Script | None:
    """The script that the hyperparameters name; None where they name none, so that it is no script mode."""
    decoded = {name: _decoded(value) for name, value in hyperparameters.items()}
    program = decoded.get(PROGRAM)
    if not program:
        return None
    own = {name: value for name, value in decoded.items() if not name.startswith("sagemaker_")}
    return Script(str(program), str(decoded.get(SUBMIT_DIRECTORY) or "/opt/ml/code"), own)


def arguments(script: Script) -> list[str]:
    """The command of a script: hyperparameters as `--name value`, one letter names as `-n value`."""
    command = ["/bin/sh", "-c", f'./{script.program} "$@"', "sh"]
    if script.program.endswith(".py"):
        command = ["python3", script.program]
    return [*command, *_as_arguments(script.hyperparameters)]


def environment(
    script: Script, folder: JobFolder, channels: Sequence[str], resources: Mapping[str, Any]
) -> dict[str, str]:
    """The `SM_*` variables and PYTHONPATH. There is no accelerator here, so `SM_NUM_GPUS` is 0."""
    root = folder.root
    code = str(root / "code")
    variables = {
        "PYTHONPATH": code,
        "SM_MODEL_DIR": str(root / "model"),
        "SM_INPUT_DIR": str(root / "input"),
        "SM_INPUT_CONFIG_DIR": str(root / "input" / "config"),
        "SM_OUTPUT_DIR": str(root / "output"),
        "SM_OUTPUT_DATA_DIR": str(root / "output" / "data"),
        "SM_OUTPUT_INTERMEDIATE_DIR": str(root / "output" / "intermediate"),
        "SM_MODULE_DIR": script.archive,
        "SM_MODULE_NAME": script.program.removesuffix(".py"),
        "SM_USER_ENTRY_POINT": script.program,
        "SM_CURRENT_HOST": HOST,
        "SM_HOSTS": json.dumps([HOST]),
        "SM_MASTER": HOST,
        "SM_IS_MASTER": "true",
        "SM_NUM_GPUS": "0",
        "SM_NUM_NEURONS": "0",
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_LOG_LEVEL": "20",
        "SM_NETWORK_INTERFACE_NAME": str(resources["network_interface_name"]),
        "SM_CURRENT_INSTANCE_TYPE": str(resources["current_instance_type"]),
        "SM_RESOURCE_CONFIG": json.dumps(resources),
        "SM_HPS": json.dumps(script.hyperparameters),
        "SM_USER_ARGS": json.dumps(_as_arguments(script.hyperparameters)),
        "SM_CHANNELS": json.dumps(sorted(channels)),
    }
    for channel in channels:
        variables[f"SM_CHANNEL_{channel.upper()}"] = str(root / "input" / "data" / channel)
    for name, value in script.hyperparameters.items():
        variables[f"SM_HP_{name.upper()}"] = _text(value)
    return variables


def _as_arguments(hyperparameters: Mapping[str, Any]) -> list[str]:
    flags: list[str] = []
    for name in sorted(hyperparameters):
        flags += [f"-{name}" if len(name) == 1 else f"--{name}", _text(hyperparameters[name])]
    return flags


def _decoded(value: str) -> Any:
    """The SDK sends hyperparameters as JSON; a person who types them sends plain text."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else str(value)
