"""Stretches that left the weeks before them: how far steps go, which are told, and since when."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.scan.segments import Shaped, segments
from analytics.scan.shapes import SHAPES
from analytics.scan.steps import STEP_DAYS, STEP_SHAPES, step_noise, steps

HISTORY, DAYS = 360, 540
ALL = SHAPES.index("all")


def days_of(seed: int, meters: int = 1) -> np.ndarray:
    """What days lie above their expectation [kW], (meters, days)."""
    return np.random.default_rng(seed).normal(0, 1.0, (meters, DAYS))


def shaped(power: np.ndarray, tau: float = 5.0) -> tuple[Shaped, np.ndarray]:
    """Days in which every hour alike is off by `power`, and how far steps go in their history;
    against the expectation a long time says as little as `tau` [kW] lets it."""
    size = np.zeros((len(SHAPES), *power.shape))
    size[ALL] = 24.0
    along = size * power
    every = np.ones(size.shape[:2])
    own = Shaped(
        along=along,
        size=size,
        sigma=5 * every,
        tau=tau * every,
        heavy=0 * every,
        least=0.5 * every,
        season=np.zeros_like(along),
        fewest=every.astype(int),
    )
    return own, step_noise(along[..., :HISTORY], size[..., :HISTORY])


def told(power: np.ndarray) -> list[tuple[int, int, int]]:
    """(first, last, known) of each step."""
    found = steps(*shaped(power), HISTORY, 5.0)
    return [(one.first, one.last, one.known) for one, _ in found]


def test_how_far_steps_go_is_what_a_loop_over_all_of_them_says() -> None:
    power = days_of(3, 2)
    power[0, 40:60] = np.nan
    size = np.where(np.isfinite(power), 24.0, 0.0)
    size = np.where(np.arange(len(SHAPES))[:, None, None] == ALL, size, 0.0)
    noise = step_noise(np.nan_to_num(power) * size, size)
    assert noise.shape == (len(STEP_DAYS), len(STEP_SHAPES), 2)
    for meter, row in enumerate(power):
        largest = 0.0
        for place, days in enumerate(STEP_DAYS):
            far = []
            for first in range(DAYS - days + 1):
                week = first // 7 * 7
                near, long = row[max(week - 28, 0) : week], row[max(week - 84, 0) : week]
                inside = row[first : first + days]
                if week < 28 or np.isfinite(near).sum() < 8 or np.isnan(inside).all():
                    continue
                usual = max(np.nanmedian(near), np.nanmedian(long))
                far.append(abs(np.nanmean(inside) - usual))
            wide = float(np.quantile(far, 0.8)) / 1.2816
            largest = max(largest, 1.4826 * float(np.median(far)), wide)
            assert noise[place, STEP_SHAPES.index("all"), meter] == pytest.approx(largest, rel=1e-4)
    assert np.isinf(np.delete(noise, STEP_SHAPES.index("all"), axis=1)).all()


def test_what_moves_in_one_season_of_the_year_alone_may_move_so_again() -> None:
    year = np.zeros(HISTORY)
    year[60:100], year[100:180] = np.linspace(0, 6, 40), np.linspace(6, 0, 80)
    power = np.concatenate([year, year])[None, :DAYS] + 0.1 * days_of(5)
    assert told(power) == []
    power[0, HISTORY + 60 : HISTORY + 90] += 9.0
    assert told(power)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_a_step_while_nothing_happens(seed: int) -> None:
    assert told(days_of(seed)) == []


@pytest.mark.parametrize(("first", "last"), [(400, 420), (390, 459), (500, 512)])
def test_a_step_beneath_a_level_that_wandered_off_is_found_whole(first: int, last: int) -> None:
    power = days_of(1)
    power[:, 330:] -= 6.0
    power[:, first : last + 1] += 5.0
    own, noise = shaped(power)
    (found, before), *_ = steps(own, noise, HISTORY, 5.0)
    assert abs(found.first - first) <= 2
    assert abs(found.last - last) <= 2
    assert found.first <= found.known <= found.last
    assert before == pytest.approx(-6.0, abs=1.0)
    assert found.power == pytest.approx(5.0, abs=1.0)
    assert segments(own, 5.0) == []  # it never took more than expected


def test_what_comes_back_after_a_closure_is_no_step() -> None:
    power = days_of(2)
    power[:, 395:416] -= 8.0
    assert told(power) == []


def test_a_step_says_nothing_where_the_expectation_says_more() -> None:
    power = days_of(1)
    power[:, 400:421] += 5.0
    own, noise = shaped(power, tau=0.1)
    assert steps(own, noise, HISTORY, 5.0) == []


def test_weeks_that_nobody_knows_are_held_against_nothing() -> None:
    power = days_of(1)
    power[:, 400:421] += 5.0
    own, noise = shaped(power)
    own.size[..., 300:400] = 0.0
    assert all(one.first >= 428 for one, _ in steps(own, noise, HISTORY, 5.0))
    few = Shaped(*(part[..., :20] if part.ndim == 3 else part for part in vars(own).values()))
    assert steps(few, noise, 0, 5.0) == []
