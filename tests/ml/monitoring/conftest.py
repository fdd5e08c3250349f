"""What a model was trained on."""

import json

import numpy as np
import pytest

from ml.monitoring import baseline as baselines
from ml.monitoring.outcomes import MINUTES
from tests.ml.monitoring.simulated import FEATURES, FIRST, of_days


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> baselines.Baseline:
    """Read from the document that was written, as a run does."""
    captured, outcomes = of_days(FIRST - 90, FIRST - 1)
    day = (captured.at // MINUTES).astype(np.int64)
    made = baselines.baseline(
        FEATURES,
        values=captured.features,
        day=day,
        probability=captured.probability,
        outcome=outcomes.outcome,
        validation_day=day,
        threshold=0.3,
    )
    folder = tmp_path_factory.mktemp("model")
    (folder / baselines.NAME).write_text(json.dumps(baselines.document(made)))
    return baselines.read(folder)
