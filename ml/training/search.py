"""Which hyperparameters are best? A search by Optuna that a kill costs no more than the running trial.

Optuna's own storages keep a killed trial as running, and its samplers' chance is not in them: a search that
goes on would be another one (docs/decisions/0121). So the ended trials are written to one file, in one step,
and each trial draws from a seed of its own: what it tries follows from those before it and from its number.
"""

import hashlib
import json
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import optuna
import xgboost
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import TrialState, create_trial

from ml.container import JobFailed
from ml.training.archive import Manifest
from ml.training.boosting import Interrupted, boost, matrices
from ml.training.data import Rows
from ml.training.parameters import ALLOWED, WHOLE, Parameters
from ml.training.schema import Feature
from ml.training.space import Span
from ml.training.trials import Found, Trial, read, write

Kind = Literal["grid", "random", "bayesian"]

STEP = 2.5
"""Rounds times rate between two looks at a curve: at equal rounds a low rate would always look worse."""

_UNPRUNED = 5
"""Trials that run to their end before any is cut short."""

_WARM_UP = 3
"""Looks before a trial may be cut short."""

_FEWEST_FOR_IMPORTANCE = 8


class BadSpace(JobFailed):
    """A search over what is no hyperparameter, or over values that are not allowed."""


class _Pruned(Exception):
    pass


@dataclass(frozen=True, kw_only=True)
class Search:
    """How to search: `levels` is for a grid alone. `base` has what is not searched."""

    kind: Kind
    space: Mapping[str, Span]
    trials: int
    base: Parameters
    levels: int = 3

    def __post_init__(self) -> None:
        wrong = [
            f"{name} from {span.low:g} to {span.high:g} (allowed: {ALLOWED[name]})"
            if name in ALLOWED
            else f"{name} (there is none of that name)"
            for name, span in self.space.items()
            if name not in ALLOWED or not (ALLOWED[name].holds(span.low) and ALLOWED[name].holds(span.high))
        ]
        if wrong or not self.space:
            raise BadSpace(f"The search cannot try {', '.join(wrong) or 'nothing at all'}.")
        halved = [name for name, span in self.space.items() if name in WHOLE and not span.whole]
        if halved:
            raise BadSpace(
                f"The search would try fractions of {', '.join(halved)}; allowed: spans of `whole`."
            )
        if self.trials < 1 or self.levels < 2:
            raise BadSpace(
                f"{self.trials} trials, {self.levels} levels; allowed: 1 trial and 2 levels at least."
            )

    def sampler(self, number: int) -> optuna.samplers.BaseSampler:
        """What chooses the trial of that number, by a seed that follows from it."""
        seed = int(np.random.SeedSequence([self.base.seed, number]).generate_state(1)[0])
        if self.kind == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        if self.kind == "grid":
            levels = {name: span.levels(self.levels) for name, span in self.space.items()}
            # The order of a grid is drawn once for all of its trials.
            return optuna.samplers.GridSampler(levels, seed=self.base.seed)
        return optuna.samplers.TPESampler(seed=seed)

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """The space, as Optuna has it."""

        def known(span: Span) -> BaseDistribution:
            if span.whole:
                return IntDistribution(int(span.low), int(span.high), log=span.log)
            return FloatDistribution(span.low, span.high, log=span.log)

        return {name: known(span) for name, span in self.space.items()}

    @property
    def size(self) -> int:
        """How many trials there can be: of a grid no more than it has points."""
        if self.kind != "grid":
            return self.trials
        return min(self.trials, int(np.prod([len(one.levels(self.levels)) for one in self.space.values()])))


def search(
    wanted: Search,
    training: Rows,
    validation: Rows,
    features: Sequence[Feature],
    *,
    device: str,
    checkpoints: Path,
    identity: str,
    stop: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = print,
) -> Found:
    """All the trials, those that the checkpoint has not run again.

    More trials may be asked of a search that has ended: it goes on. Raises Interrupted between two rounds.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    file = checkpoints / "trials.json"
    default, trials = read(file, identity)
    if trials:
        say(f"resumed after trial {len(trials)}")
    learn, watch = matrices(training, validation, features, wanted.base.threads)

    def run(parameters: Parameters, look: Callable[[float, int], None]) -> tuple[float, int, bool]:
        history: list[float] = []
        looked = 0

        def after(booster: xgboost.Booster) -> None:
            nonlocal looked
            if stop():
                raise Interrupted(f"interrupted in trial {len(trials) + 1}; those before it are kept")
            reached = int(len(history) * parameters.eta / STEP)
            if reached > looked:
                looked = reached
                look(max(history), reached)

        pruned = False
        try:
            boost(learn, watch, features, parameters, history, after, device=device)
        except _Pruned:
            pruned = True
        return max(history), int(np.argmax(history)) + 1, pruned

    if default is None:
        began = time.monotonic()
        value, rounds, _ = run(wanted.base, lambda value, step: None)
        default = Trial(
            number=-1,
            parameters={name: getattr(wanted.base, name) for name in wanted.space},
            value=value,
            rounds=rounds,
            pruned=False,
            seconds=time.monotonic() - began,
            curve=(),
            system={},
        )
        write(file, identity, default, trials)
        say(f"default: validation-pr_auc={value:.4f}")
    while len(trials) < wanted.size:
        began = time.monotonic()
        study = _study(wanted, trials)
        asked = study.ask(wanted.distributions)
        curve: list[float] = []

        def look(value: float, step: int, asked: optuna.Trial = asked, curve: list[float] = curve) -> None:
            curve.append(value)
            asked.report(value, step)
            if asked.should_prune():
                raise _Pruned

        parameters = replace(wanted.base, **asked.params)
        value, rounds, pruned = run(parameters, look)
        ended = Trial(
            number=len(trials),
            parameters=dict(asked.params),
            value=value,
            rounds=rounds,
            pruned=pruned,
            seconds=time.monotonic() - began,
            curve=tuple(curve),
            system=dict(study.trials[-1].system_attrs),
        )
        trials.append(ended)
        write(file, identity, default, trials)
        say(
            f"trial={ended.number + 1} validation-pr_auc={value:.4f}{' pruned' if pruned else ''} "
            f"best={max(one.value for one in trials):.4f}"
        )
    return Found(default, tuple(trials))


def importance(found: Found, wanted: Search) -> dict[str, float]:
    """How much each hyperparameter matters to be among the better trials, as shares of 1, the greatest first.

    PED-ANOVA (Watanabe et al., 2023), by Optuna; nothing where too few trials ended.
    """
    ended = found.ranked
    if len(ended) < _FEWEST_FOR_IMPORTANCE:
        return {}
    study = optuna.create_study(direction="maximize")
    for trial in sorted(ended, key=lambda one: one.number):
        study.add_trial(_frozen(trial, wanted.distributions))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    return {name: float(share) for name, share in shares.items()}


def identity_of(wanted: Search, made_from: Manifest) -> str:
    """What a search must share to be continued: data, code, and all that is asked but how many trials."""
    told = {"kind": wanted.kind, "levels": wanted.levels, "from": made_from.identity}
    spans = {name: asdict(span) for name, span in wanted.space.items()}
    return hashlib.sha256(json.dumps(told | {"space": spans}, sort_keys=True).encode()).hexdigest()


def _study(wanted: Search, trials: Sequence[Trial]) -> optuna.Study:
    """Made anew for every trial: an unbroken search knows no more than one that goes on from its file."""
    study = optuna.create_study(
        direction="maximize",
        sampler=wanted.sampler(len(trials)),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_UNPRUNED, n_warmup_steps=_WARM_UP),
    )
    for past in trials:
        study.add_trial(_frozen(past, wanted.distributions))
    return study


def _frozen(trial: Trial, distributions: dict[str, BaseDistribution]) -> optuna.trial.FrozenTrial:
    return create_trial(
        state=TrialState.PRUNED if trial.pruned else TrialState.COMPLETE,
        value=trial.value,
        params=dict(trial.parameters),
        distributions=distributions,
        system_attrs=dict(trial.system),
        intermediate_values=dict(enumerate(trial.curve, 1)),
    )
