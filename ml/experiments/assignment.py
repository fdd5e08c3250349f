"""Who is asked which variant, and did the split come out as it was set?"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.container import JobFailed

MISMATCH = 0.001
"""How often a split that is right may be called wrong: a mismatch voids an experiment."""
_PRIOR = 1000.0
"""How many requests the alternative is worth: the mixture is about best against shifts of a few per cent."""


class UnknownVariant(JobFailed):
    """Requests were answered by a variant that the experiment does not name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(
            f"The variant {name!r} has answered, and is none of the experiment: {', '.join(sorted(known))}. "
            "Name every variant that has a weight, or read captures of these alone."
        )


@dataclass(frozen=True)
class Split:
    """How often each variant was asked, and the evidence that the weights were others than set.

    `evidence` is an e-value: a right split ever reaches 1 / MISMATCH with a chance of MISMATCH at most.
    """

    asked: Mapping[str, int]
    weights: Mapping[str, float]
    evidence: float

    @property
    def mismatch(self) -> bool:
        return self.evidence >= 1 / MISMATCH


def assigned(inference_id: str, share: float, salt: str) -> bool:
    """Whether a request goes to the challenger: the same id always to the same, `share` of all ids."""
    digest = hashlib.sha256(f"{salt}\0{inference_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def split(variants: npt.NDArray[np.str_], weights: Mapping[str, float]) -> Split:
    """Counts of the variants against their weights. Raises UnknownVariant.

    The test of Lindon and Malek, "Anytime-Valid Inference for Multinomial Count Data", 2022: the mean
    likelihood under a Dirichlet distribution around the weights, over that under the weights.
    """
    total = sum(weights.values())
    shares = {name: weight / total for name, weight in weights.items() if weight > 0}
    names, counts = np.unique(variants, return_counts=True)
    asked = dict.fromkeys(shares, 0)
    for name, count in zip(names.tolist(), counts.tolist(), strict=True):
        if name not in shares:
            raise UnknownVariant(name, list(shares))
        asked[name] = count
    rows = sum(asked.values())
    log_evidence = math.lgamma(_PRIOR) - math.lgamma(_PRIOR + rows)
    for name, share in shares.items():
        log_evidence += math.lgamma(_PRIOR * share + asked[name]) - math.lgamma(_PRIOR * share)
        log_evidence -= asked[name] * math.log(share)
    return Split(asked, shares, math.exp(min(log_evidence, 700.0)))
