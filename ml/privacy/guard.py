"""Does a model hold what is about a person? A feature that does is refused, unless the use case says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ml.container import JobFailed
from ml.privacy.pseudonyms import is_pseudonym
from ml.quality.contract import Source
from ml.training.schema import Feature


class PersonalFeature(JobFailed):
    """A model would learn, hold and be asked for what is about a person."""

    def __init__(self, faults: Sequence[str]) -> None:
        listed = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(
            f"Features are about persons:\n{listed}\n"
            "Take them out of `features`, or state in the use case's `personal_features` why the model needs "
            "each: feature → reason."
        )


def require_impersonal(
    features: Sequence[Feature], sources: Sequence[Source], stated: Mapping[str, str]
) -> None:
    """Raises PersonalFeature where a feature bears the name of a personal column, and nothing is stated."""
    personal = {
        column.name: f"{source.name}.{column.name} ({column.personal})"
        for source in sources
        for column in source.personal
    }
    faults = [
        f"{feature.name} is the column {personal[feature.name]}"
        for feature in features
        if feature.name in personal and not stated.get(feature.name)
    ]
    if faults:
        raise PersonalFeature(faults)


def require_no_pseudonyms(values: Mapping[str, Iterable[str]], stated: Mapping[str, str]) -> None:
    """Raises PersonalFeature where a category's values are pseudonyms, whatever the feature is called."""
    faults = [
        f"{name} holds pseudonyms"
        for name, known in values.items()
        if not stated.get(name) and any(is_pseudonym(value) for value in known)
    ]
    if faults:
        raise PersonalFeature(faults)
