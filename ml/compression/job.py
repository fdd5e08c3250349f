"""A compression's job, for any use case: read a trained model's folder, make smaller ones, let one answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

from ml.case import UseCase
from ml.compression import archive
from ml.compression.acceptance import FULL, Allowed
from ml.compression.measuring import measured
from ml.compression.variants import QUICK, VARIANTS, UnknownVariant, compress
from ml.training import data
from ml.training.parameters import Parameters


def run(
    case: UseCase,
    *,
    model: Path,
    out: Path,
    train: Path,
    validation: Path,
    test: Path | None = None,
    wanted: Sequence[str] = QUICK,
    choose: str = "auto",
    allowed: Allowed | None = None,
    say: Callable[[str], None] = print,
) -> str:
    """Writes the model's folder with the chosen variant in it; `out` may be `model` itself. Gives its name.

    `choose` is `auto`, `full` or a variant, which answers if it is accepted. Raises UnknownVariant and
    NoPlainModel; then nothing is written.
    """
    if choose not in ("auto", FULL, *VARIANTS):
        raise UnknownVariant(choose)
    limits = allowed or Allowed()
    booster, scale, features, manifest = archive.read(model)
    known = {one.name for one in fields(Parameters)}
    found = compress(
        booster,
        scale,
        data.read(train, features, case.label),
        data.read(validation, features, case.label),
        features,
        Parameters(**{name: value for name, value in manifest["parameters"].items() if name in known}),
        wanted=wanted if choose in ("auto", FULL) else tuple(dict.fromkeys([*wanted, choose])),
        allowed=limits,
        say=say,
    )
    chosen = archive.write(model, out, found, choose, limits)
    for one in found.judged:
        if not one.accepted:
            say(f"refused: {one.measured.name}, {'; '.join(one.refused_because)}")
    if test is not None:
        rows = data.read(test, features, case.label)
        archive.add_test(out, [measured(one.name, one.what, one.onnx, rows) for one in found.made])
    say(f"answers online: {chosen.measured.name}")
    return chosen.measured.name
