"""What days are off by at one time of every year: learned, and no news a year later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.scan.seasons import SEASONS, learned_seasons, rests_for_seasons, seasons_of
from analytics.scan.segments import Shaped, segments
from analytics.scan.shapes import SHAPES
from analytics.scan.steps import step_noise, steps

ALL = SHAPES.index("all")
YEAR, SIZE = 365, 24.0


def years(seed: int, dark_kw: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """What the days of two years are off by [kW], more while they are short; and their numbers."""
    days = np.arange(2 * YEAR) + 20_000
    season = dark_kw * np.cos(2 * np.pi * (days % 365.2425) / 365.2425)
    noise = np.random.default_rng(seed).normal(0, 0.5, days.size)
    return np.maximum(season, 0.0) + noise, days


def laid(power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size = np.zeros((len(SHAPES), 1, power.size))
    size[ALL] = SIZE
    return size * power, size


def second_year(power: np.ndarray, days: np.ndarray) -> tuple[Shaped, np.ndarray]:
    """The second year, with the seasons of the first, and how far steps went in it; a long time
    says nothing against the expectation."""
    along, size = laid(power)
    sigma = np.full((len(SHAPES), 1), 0.5 * SIZE**0.5)
    seasons = seasons_of(days)
    known = learned_seasons(along[..., :YEAR], size[..., :YEAR], seasons[:YEAR])
    own = Shaped(
        along=along,
        size=size,
        sigma=sigma,
        tau=np.full_like(sigma, 0.05),
        heavy=np.zeros_like(sigma),
        least=np.full_like(sigma, 0.5),
        season=np.moveaxis(known[seasons], 0, 2),
        fewest=np.ones_like(sigma, dtype=np.int64),
    )
    return own, step_noise(along[..., :YEAR], size[..., :YEAR])


def later(own: Shaped) -> Shaped:
    parts = {name: getattr(own, name)[..., YEAR:] for name in ("along", "size", "season")}
    return replace(own, **parts)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60_000))
def test_a_season_is_the_same_a_year_later_or_the_next_one(day: int) -> None:
    one, year_later = seasons_of(np.array([day, day + YEAR])).tolist()
    assert 0 <= one < SEASONS
    assert (one - year_later) % SEASONS in (0, 1)


def test_seasons_are_what_a_loop_over_them_says() -> None:
    power, days = years(1)
    power[40:80] = np.nan
    along, size = laid(power)
    size = np.where(np.isfinite(along), size, 0.0)
    found = learned_seasons(np.nan_to_num(along), size, seasons_of(days))
    for season in range(SEASONS):
        near = [
            value
            for value, own in zip(power, seasons_of(days), strict=True)
            if (own - season + 1) % SEASONS <= 2 and np.isfinite(value)
        ]
        usual = float(np.median(near)) if len(near) >= 10 else 0.0
        spread = 1.4826 * float(np.median([abs(one - usual) for one in near]))
        told = usual if abs(usual) > 2 * spread / len(near) ** 0.5 else 0.0
        assert found[season, ALL, 0] == pytest.approx(told, rel=1e-6)
    assert not np.delete(found, ALL, axis=1).any()


def test_a_few_days_are_no_season() -> None:
    power, days = years(2)
    along, size = laid(power[:9])
    assert not learned_seasons(along, size, seasons_of(days[:9])).any()


def test_what_comes_every_winter_is_no_news_and_what_comes_on_top_is() -> None:
    power, days = years(3)
    own, _ = second_year(power, days)
    assert segments(later(own), 7.0)  # without its season it would be
    assert segments(later(own).above_season, 7.0) == []
    first = YEAR + 100
    power[first : first + 14] += 3.0
    own, _ = second_year(power, days)
    (found, *_) = segments(later(own).above_season, 7.0)
    assert abs(found.first - 100) <= 2
    assert abs(found.last - 113) <= 2


def test_a_season_that_takes_less_excuses_nothing() -> None:
    power, days = years(4)
    own, _ = second_year(-power, days)
    assert (own.season < 0).any()
    assert (own.above_season.along <= own.along).all()


def test_from_one_season_to_the_next_is_no_step_and_waste_that_was_learned_makes_none() -> None:
    power, days = years(5)
    own, noise = second_year(power, days)
    own = replace(own, tau=np.full_like(own.sigma, 50.0))
    sharp = np.full_like(noise, 0.3)
    without = replace(own, season=np.zeros_like(own.season))
    assert steps(without, sharp, YEAR, 5.0)
    assert steps(own, sharp, YEAR, 5.0) == []
    quiet = np.random.default_rng(6).normal(0, 0.5, days.size)
    quiet[150:200] += 4.0  # a year later the weeks before are no lower for it
    own, noise = second_year(quiet, days)
    own = replace(own, tau=np.full_like(own.sigma, 50.0))
    assert own.season.max() > 3.0
    assert steps(own, np.full_like(noise, 0.3), YEAR, 5.0) == []


def heated(seed: int, weeks_off: int) -> np.ndarray:
    """A year of heating [kW], with so many weeks of next to nothing in the middle."""
    power = np.random.default_rng(seed).uniform(0.5, 1.0, 364)
    power[140 : 140 + 7 * weeks_off] *= 0.05
    return power


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.integers(0, 24), st.floats(0.01, 1e3), st.sampled_from((1.0, -1.0)))
def test_who_stands_still_for_a_seventh_of_the_weeks_rests_for_seasons(
    seed: int, weeks_off: int, scale: float, sign: float
) -> None:
    power = sign * scale * heated(seed, weeks_off)
    assert rests_for_seasons(power) is (weeks_off / 52 >= 0.15)
    power[np.random.default_rng(seed).random(364) < 0.2] = np.nan
    assert rests_for_seasons(power) is (weeks_off / 52 >= 0.15)


def test_weekends_half_a_year_and_nothing_at_all_are_no_season_of_rest() -> None:
    working = np.where(np.arange(364) % 7 < 5, 1.0, 0.0)
    few = heated(1, 20)
    few[7:28] = np.nan
    for power in (working, heated(1, 20)[:182], few, np.zeros(364), np.full(364, np.nan)):
        assert not rests_for_seasons(power)
