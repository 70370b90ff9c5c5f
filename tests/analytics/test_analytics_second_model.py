"""Two models of a meter in pairs of weeks: an oracle agrees, luck is no gain, few are chosen."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.second_model import LEAST_WEEKS, MARGIN, MOST_SHARE, Contest, contest
from metering.reading import F64

WEEK_H = 168


def models(seed: int, weeks: int = 12, meters: int = 3) -> tuple[F64, F64, F64]:
    rng = np.random.default_rng(seed)
    came = rng.uniform(1, 9, (meters, weeks * WEEK_H))
    first, second = (came + rng.normal(0, one, came.shape) for one in (1.0, 0.8))
    for one in (came, first, second):
        one[rng.random(came.shape) < 0.05] = np.nan
    return came, first, second


def weeks_of(came: F64) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(came.shape[1], dtype=np.int64) // WEEK_H


@given(seed=st.integers(0, 2**31))
def test_a_contest_is_what_a_count_week_by_week_says(seed: int) -> None:
    came, first, second = models(seed)
    found = contest(came, first, second, weeks_of(came))
    for meter in range(len(came)):
        sizes, less = [], []
        for week in range(came.shape[1] // WEEK_H):
            pairs = []
            for hour in range(week * WEEK_H, (week + 1) * WEEK_H):
                y, a, b = came[meter, hour], first[meter, hour], second[meter, hour]
                if not np.isnan(y + a + b):
                    pairs.append((abs(y - a), abs(y - b)))
            sizes.append(statistics.fmean(a for a, _ in pairs))
            less.append(statistics.fmean(a - b for a, b in pairs))
        whole = statistics.fmean(sizes)
        assert found.gain[meter] == pytest.approx(statistics.fmean(less) / whole)
        error = statistics.stdev(less) / len(less) ** 0.5 / whole
        assert found.error[meter] == pytest.approx(error)


@given(seed=st.integers(0, 2**31), share=st.floats(0, 1))
def test_a_model_that_is_better_in_one_week_alone_is_not_clearly_better(
    seed: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    came = np.zeros((1, 12 * WEEK_H))
    first = rng.normal(0, 1, came.shape)
    second = first.copy()
    second[:, :WEEK_H] *= share
    assert not contest(came, first, second, weeks_of(came)).clear.any()


def test_a_model_that_is_better_in_each_week_is_clearly_better() -> None:
    came, first, second = models(1)
    found = contest(came, first, second, weeks_of(came))
    assert found.clear.all()
    assert not contest(came, second, first, weeks_of(came)).clear.any()


def test_too_few_weeks_say_nothing() -> None:
    came, first, second = models(2, weeks=LEAST_WEEKS)
    assert np.isfinite(contest(came, first, second, weeks_of(came)).gain).all()
    came[:, :WEEK_H] = np.nan
    found = contest(came, first, second, weeks_of(came))
    assert np.isnan(found.gain).all()
    assert not found.clear.any()
    assert found.chosen().size == 0


@given(seed=st.integers(0, 2**31), meters=st.integers(1, 300))
def test_few_are_chosen_and_those_that_gain_most(seed: int, meters: int) -> None:
    rng = np.random.default_rng(seed)
    one = Contest(rng.uniform(-0.2, 0.4, meters).round(1), rng.uniform(0, 0.1, meters))
    rows = one.chosen().tolist()
    assert len(rows) == min(int(one.clear.sum()), max(1, int(MOST_SHARE * meters)))
    others = [row for row in np.flatnonzero(one.clear).tolist() if row not in rows]
    ranks = [(-float(one.gain[row]), row) for row in rows]
    assert ranks == sorted(ranks)
    assert all((-float(one.gain[row]), row) > max(ranks) for row in others)
    assert (one.gain[rows] > MARGIN).all()
