"""Whether boosted trees, spells or day types tell a meter's hours better than the regression: each
week of the learnt part by both, made of the same other weeks. Only what may be tuned on is asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analytics.crossfit import History, expected_across, folds, taught
from analytics.fitting import weeks_of
from analytics.groups import Floats
from analytics.second_model import Contest, contest
from analytics.temperature import bridge, slow_mean
from proofs.detect.figures import Figures, rounded
from proofs.detect.fleet import Fleet
from proofs.detect.generated import generated_fleet
from proofs.detect.real.mv_sites import mv_sites
from proofs.detect.real.splits import Half
from proofs.detect.sections.regimes import by_day_types, by_spells
from proofs.detect.sections.trial import TUNED_RECORDED, TUNED_SEEDS, Trial
from proofs.detect.stretches import before_scored, clock_of
from proofs.steps import say

MOST_METERS = 20
"""Of a fleet: a year of trees takes more than a second of CPU a meter."""
ROUNDS = 60
SEED = 1


def second(trial: Trial) -> Figures:
    """By world: meters, what the regression costs one, and of each other model how many meters it
    tells clearly better and would be chosen for on a day, the median gain and the highest, and what
    it costs a meter."""
    worlds = {
        "generated": [generated_fleet(one, _most(trial)) for one in TUNED_SEEDS],
        "mv_sites": mv_sites(trial.data),
        "bdg2": [trial.recordings(Half.TUNED, TUNED_RECORDED)[0][0].twin],
    }
    return {name: _world(name, fleets, _most(trial)) for name, fleets in worlds.items()}


def _most(trial: Trial) -> int:
    return min(trial.sizes.meters, MOST_METERS)


def _world(name: str, fleets: Sequence[Fleet], most: int) -> Figures:
    found = [_held(history) for fleet in fleets for history in _histories(fleet, most)]
    first_s = [one.regression_s for one in found]
    return {
        "meters": len(found),
        "regression_ms": rounded(1e3 * float(np.mean(first_s))),
        "models": {
            model: _of_model(f"{name}: {model}", [one.by[model] for one in found])
            for model in MODELS
        },
    }


def _of_model(name: str, found: Sequence[ContestOfModel]) -> Figures:
    gain = np.concatenate([one.found.gain for one in found])
    whole = Contest(gain, np.concatenate([one.found.error for one in found]))
    say(f"  {name} clearly better for {int(whole.clear.sum())} of {gain.size} meters")
    return {
        "clear": int(whole.clear.sum()),
        "chosen": int(whole.chosen().size),
        "gain": [rounded(float(one)) for one in (np.nanmedian(gain), np.nanmax(gain))],
        "ms": rounded(1e3 * float(np.mean([one.cpu_s for one in found]))),
    }


def _histories(fleet: Fleet, most: int) -> Iterator[History]:
    """The learnt part of some of the meters, spread over the fleet, one by one."""
    meters = len(fleet.load)
    for row in np.linspace(0, meters - 1, min(most, meters)).astype(int).tolist():
        hours_us, clock = clock_of(fleet, int(fleet.calendar[row]))
        station = int(fleet.station[row])
        air = np.full(hours_us.size, np.nan) if station < 0 else fleet.temperature[station]
        yield before_scored(History(fleet.load[[row]], air, clock, hours_us), fleet.scored_from)


@dataclass(frozen=True, eq=False)
class ContestOfModel:
    """Another model of a meter beside the regression."""

    found: Contest
    cpu_s: float
    """[s of CPU]"""


@dataclass(frozen=True, eq=False)
class ContestsOfMeter:
    """All models of one meter."""

    regression_s: float
    """[s of CPU]"""
    by: Mapping[str, ContestOfModel]


def _held(history: History) -> ContestsOfMeter:
    begun = time.process_time()
    lesson = taught(history, np.zeros(history.energy.shape, dtype=np.bool_))
    first = expected_across(lesson)
    regression_s = time.process_time() - begun
    weeks = weeks_of(history.clock)
    by = {}
    for name, model in MODELS.items():
        begun = time.process_time()
        told = model(history)
        cpu_s = time.process_time() - begun
        by[name] = ContestOfModel(contest(history.energy, first, told, weeks - weeks.min()), cpu_s)
    return ContestsOfMeter(regression_s, by)


def by_trees(history: History, seed: int) -> Floats:
    """What trees of the other folds of weeks expect of each hour [kWh/h], (meters, hours); the same
    bits for a seed."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    fold, features = folds(history.clock), _features(history)
    told = np.full(history.energy.shape, np.nan)
    for row, energy in enumerate(history.energy):
        for one in np.unique(fold).tolist():
            learnt = (fold != one) & np.isfinite(energy)
            if not learnt.any():
                continue
            model: Any = HistGradientBoostingRegressor(
                max_iter=ROUNDS, early_stopping=False, random_state=seed
            )
            model.fit(features[learnt], energy[learnt])
            told[row, fold == one] = model.predict(features[fold == one])
    return told


def _features(history: History) -> Floats:
    """Hour, kind of day, hour of the week, temperature and its slow mean [C], (hours, 5); 0 C where
    no weather is known at all."""
    clock, air = history.clock, bridge(history.temperature)
    if not np.isfinite(air).any():
        air = np.zeros(air.shape)
    columns = [clock.hour, clock.weekday, clock.full_bins(), air, slow_mean(air)]
    return np.column_stack(columns).astype(np.float64)


MODELS: dict[str, Callable[[History], Floats]] = {
    "trees": lambda history: by_trees(history, SEED),
    "spells": by_spells,
    "day types": lambda history: by_day_types(history, SEED),
}
"""What is asked beside the regression."""
