"""How does a search read as SageMaker's own JSON, and where does its best stand?"""

from math import prod

from infra.training.pipeline_definition import Json, get
from infra.training.tuning_settings import TunedRange, TuningSettings

_SEED = 7
_STRATEGIES = {"grid": "Grid", "random": "Random", "bayesian": "Bayesian"}
_SCALES = {"auto": "Auto", "linear": "Linear", "logarithmic": "Logarithmic"}


def config(settings: TuningSettings, objective: str) -> Json:
    """A tuning job's configuration: `objective` is the metric to make as great as can be.

    The seed is fixed, so that a random or Bayesian search of the same is the same as far as the service goes.
    """
    limits: Json = {"MaxParallelTrainingJobs": settings.parallel}
    if settings.strategy == "grid":
        combinations = prod(len(one.values) for one in settings.searched.values())
        limits["MaxParallelTrainingJobs"] = min(settings.parallel, combinations)
    else:
        limits["MaxNumberOfTrainingJobs"] = settings.jobs
    ranges: Json = {}
    for name, one in sorted(settings.searched.items()):
        kind, body = _range(one)
        ranges.setdefault(kind, []).append({"Name": name, **body})
    return {
        "Strategy": _STRATEGIES[settings.strategy],
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": objective},
        "ResourceLimits": limits,
        "ParameterRanges": ranges,
        "TrainingJobEarlyStoppingType": "Auto" if settings.early_stopping else "Off",
        "RandomSeed": _SEED,
    }


def best(step: str, hyperparameter: str) -> Json:
    """A reference to what the best training of a search was given."""
    return get(f"Steps.{step}.BestTrainingJob.TunedHyperParameters['{hyperparameter}']")


def _range(given: TunedRange) -> tuple[str, Json]:
    if given.values:
        return "CategoricalParameterRanges", {"Values": [str(value) for value in given.values]}
    kind = "IntegerParameterRanges" if given.whole else "ContinuousParameterRanges"
    bounds = {"MinValue": str(given.minimum), "MaxValue": str(given.maximum)}
    return kind, {**bounds, "ScalingType": _SCALES[given.scale]}
