"""Generic scores: what they must see, what they must not, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs.detect.fleet import Fleet, Floats
from proofs.detect.generated import generated_fleet, undisturbed
from proofs.detect.peers.daily import MAD, daily_scores, robust_scale
from proofs.detect.peers.frozen_generic import SEGMENTS, frozen_generic, temperature_pieces
from proofs.detect.peers.seasonal_naive import seasonal_naive
from proofs.detect.scoring import scored_at
from proofs.detect.show import SORTS

PEERS = (frozen_generic, seasonal_naive)
Peer = Callable[[Fleet], Floats]


@pytest.fixture(scope="module")
def quiet() -> Fleet:
    return undisturbed(4, 8)


@pytest.mark.parametrize("peer", PEERS)
def test_a_score_by_meter_and_day_without_the_labels(peer: Peer, quiet: Fleet) -> None:
    score = peer(quiet.given)
    assert score.shape == (8, quiet.load.shape[1] // 24)
    assert np.isfinite(score).all()
    assert (score >= 0).all()
    np.testing.assert_array_equal(score, peer(quiet))


@pytest.mark.parametrize("peer", PEERS)
def test_what_is_scored_changes_no_day_before_it(peer: Peer, quiet: Fleet) -> None:
    load = quiet.load.copy()
    later = quiet.scored_from + 100 * 24
    load[:, later:] *= 5
    before = slice(0, later // 24)
    other = peer(replace(quiet, load=load))
    np.testing.assert_array_equal(other[:, before], peer(quiet)[:, before])


@pytest.mark.parametrize("peer", PEERS)
def test_a_doubled_week_stands_out_and_size_does_not_matter(peer: Peer, quiet: Fleet) -> None:
    load = quiet.load.copy()
    first = quiet.scored_from + 75 * 24
    load[:, first : first + 7 * 24] *= 2
    doubled, usual = peer(replace(quiet, load=load)), peer(quiet)
    days = slice(first // 24, first // 24 + 7)
    assert (doubled[:, days].max(axis=1) > 3 * np.median(usual, axis=1)).all()
    np.testing.assert_allclose(peer(replace(quiet, load=load * 7)), doubled, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("peer", PEERS)
def test_meters_that_tell_nothing_or_one_value_have_no_score(peer: Peer, quiet: Fleet) -> None:
    load = quiet.load.copy()
    load[0], load[1] = np.nan, 5.3
    load[2, : quiet.scored_from] = np.nan
    score = peer(replace(quiet, load=load))
    assert score[:3].max() < 1e-6
    assert np.isfinite(score).all()


def test_the_frozen_score_comes_further_than_the_naive_and_leaves_room() -> None:
    fleet = generated_fleet(900, 150)
    frozen = scored_at(frozen_generic(fleet.given), fleet, 1)
    naive = scored_at(seasonal_naive(fleet.given), fleet, 1)
    assert naive.precision < frozen.precision < 0.95
    assert naive.kwh_recall < frozen.kwh_recall < 0.95


@given(st.integers(0, 2**32), st.integers(1, 7))
@settings(max_examples=30)
def test_daily_scores_are_those_of_a_slow_loop(seed: int, days: int) -> None:
    rng = np.random.default_rng(seed)
    residual = rng.normal(size=(2, 30 * 24))
    residual[rng.random(residual.shape) < 0.3] = np.nan
    mean = np.full((2, 30), np.nan)
    for row in range(2):
        for day in range(30):
            last = (day + 1) * 24
            hours = residual[row, max(last - 24 * days, 0) : last]
            known = hours[np.isfinite(hours)]
            if len(known) >= 12 * days:
                mean[row, day] = known.mean()
    learnt = mean[:, :20]
    middle = np.nanmedian(learnt, axis=1, keepdims=True)
    scale = MAD * np.nanmedian(abs(learnt - middle), axis=1)
    expected = np.nan_to_num(abs(mean) / scale[:, None])
    np.testing.assert_allclose(daily_scores(residual, 20 * 24, days), expected)


def test_a_scale_is_that_of_a_normal_distribution_and_no_outlier_moves_it() -> None:
    values = np.random.default_rng(1).normal(3, 2, (1, 20_000))
    values[0, :2000] = 1e6
    values[0, 2000:3000] = np.nan
    assert robust_scale(values)[0] == pytest.approx(2, rel=0.2)
    assert np.isnan(robust_scale(np.full((1, 5), np.nan))).all()


@given(st.integers(0, 2**32))
@settings(max_examples=20)
def test_pieces_of_the_temperature_add_up_to_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    air = rng.normal(12, 8, 500)
    shown = np.where(rng.random(500) < 0.05, np.nan, air)
    shown[[0, -1]] = air[[0, -1]]
    pieces = temperature_pieces(shown, 300)
    assert pieces.shape == (500, SEGMENTS)
    known = np.isfinite(shown)
    offset = shown[known] - pieces[known].sum(axis=1)
    np.testing.assert_allclose(offset, offset[0])
    assert (pieces >= 0).all()


def test_every_sort_of_fleet_can_be_shown() -> None:
    assert {made(3, 2).name for made in SORTS.values()} == {f"{name} 3" for name in SORTS}
