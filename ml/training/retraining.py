"""Does the same model come out again? Training from a manifest, or a list of what differs."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from ml.case import Costs, UseCase
from ml.container import JobFailed, TrainingFolders
from ml.training import archive, data
from ml.training.boosting import choose_device
from ml.training.job import gpus_here, make
from ml.training.parameters import Asked, Parameters


class BadManifest(JobFailed):
    """A manifest that cannot be read, or that lacks something."""


class NotReproducible(JobFailed):
    """What a model was made from is not what is here, or something else came out."""

    def __init__(self, differences: list[str], then: str) -> None:
        super().__init__("The model cannot be made again: " + "; ".join(differences) + f". {then}")
        self.differences = differences


def retrain(
    case: UseCase,
    manifest: Path,
    folders: TrainingFolders,
    *,
    other_code: bool = False,
    other_versions: bool = False,
) -> bool:
    """Trains as the manifest says and writes the model's folder; whether it is the same model to the byte.

    With other code or versions, allowed by name, it may be another one. Raises BadManifest; and
    NotReproducible, before training if data, code, device, machines or versions differ and were not allowed
    to, after it if all were the same and the model is not.
    """
    told = _read(manifest)
    asked = Asked(device=told["device"], parameters=_parameters(told), costs=_costs(told))
    choose_device(asked.device, gpus_here())
    differing = differences(told, folders, other_code=other_code, other_versions=other_versions)
    if differing:
        raise NotReproducible(
            differing,
            "Allowed: the data, code and versions of the manifest; --other-code and --other-versions go on "
            "where the model may become another one.",
        )
    make(case, asked, folders)
    made = json.loads((folders.model / "manifest.json").read_text())
    same = bool(made["model"] == told["model"])
    if not same and not other_code and not other_versions:
        raise NotReproducible(
            [f"model.ubj has the digest {made['model']}, the manifest {told['model']}"],
            "Data, code, parameters, seed and versions are the same: report this, with both processors.",
        )
    return same


def differences(
    told: dict[str, Any], folders: TrainingFolders, *, other_code: bool, other_versions: bool
) -> list[str]:
    """What is not as the manifest says, in words."""
    here = {"train": data.digest(folders.train), "validation": data.digest(folders.validation)}
    found = [
        f"channel {name} has the digest {here.get(name)}, the manifest {digest}"
        for name, digest in sorted(told["data"].items())
        if here.get(name) != digest
    ]
    code = archive.package_digest()
    if code != told["code"] and not other_code:
        found.append(f"the code has the digest {code}, the manifest {told['code']}")
    versions = archive.versions()
    if not other_versions:
        found += [
            f"{name} is {versions.get(name)}, in the manifest {version}"
            for name, version in sorted(told["versions"].items())
            if versions.get(name) != version
        ]
    if told["machines"] != 1:
        found.append(f"{told['machines']} machines trained together, here is one")
    return found


def _read(manifest: Path) -> dict[str, Any]:
    needed = {field.name for field in fields(archive.Manifest)} | {"model"}
    try:
        told = json.loads(manifest.read_text())
        lacking = sorted(needed - told.keys())
    except (OSError, ValueError, AttributeError) as error:
        raise BadManifest(f"{manifest} is no manifest: {error}") from None
    if lacking:
        raise BadManifest(
            f"{manifest} lacks {', '.join(lacking)}: an older release wrote it, or no training."
        )
    return dict(told)


def _parameters(told: dict[str, Any]) -> Parameters:
    unknown = sorted(told["parameters"].keys() - {field.name for field in fields(Parameters)})
    if unknown:
        raise BadManifest(f"The manifest has parameters that there are not: {', '.join(unknown)}.")
    return Parameters(**told["parameters"])


def _costs(told: dict[str, Any]) -> Costs:
    try:
        return Costs(**told["costs"])
    except TypeError as error:
        raise BadManifest(f"The manifest's costs: {error}.") from None
