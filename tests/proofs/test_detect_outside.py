"""Other people's detectors, in their own environment: what goes there and what comes back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.errors import ConfigurationError
from proofs.detect.fleet import Fleet, Label
from proofs.detect.peers import outside
from proofs.detect.peers.days import LEAST_SPREAD, MeterDays, filled, standardised
from proofs.detect.peers.given import GivenArrays, PeerScores
from proofs.detect.peers.outside import ask_peer, asked_of, given_arrays
from proofs.detect.peers.table import PEERS

LEARNT, DAYS = 112, 168
NIGHT = 140
"""A day of meter 0 with twice the load in each hour that nobody works."""
SLOW = {"stumpy stump", "opendsm hourly"}
"""Peers that compile for half a minute."""
there = pytest.mark.skipif(not outside.STAMP.exists(), reason="needs make .peers/.ready")


def small_fleet():
    """Three meters: one with waste and gaps, one without weather, one that never came."""
    rng = np.random.default_rng(5)
    hours = np.arange(DAYS * 24)
    off = np.arange(DAYS) % 7 >= 5
    run = np.repeat(~off, 24) & (hours % 24 >= 8) & (hours % 24 < 18)
    air = 15 + 8 * np.sin(hours / 900) + 4 * np.sin(hours / 24 * 2 * np.pi)
    load = (3.0 + 6.0 * run) * (1 + rng.normal(0, 0.04, (3, hours.size)))
    load[0, NIGHT * 24 : NIGHT * 24 + 24] += 3.0 * ~run[NIGHT * 24 : NIGHT * 24 + 24]
    load[0, 500:560] = np.nan
    load[0, (NIGHT + 10) * 24 : (NIGHT + 11) * 24] = np.nan
    load[2] = np.nan
    return Fleet(
        name="small",
        start=np.datetime64("2024-01-01T00"),
        load=load,
        temperature=air[None],
        station=np.array([0, -1, 0]),
        off_days=off[None],
        holidays=np.zeros((1, DAYS), dtype=np.bool_),
        calendar=np.zeros(3, dtype=np.int64),
        scored_from=LEARNT * 24,
        labels=(Label(0, "after_hours", NIGHT * 24, NIGHT * 24 + 24, 42.0),),
    )


def test_what_is_given_reads_back_as_it_was(tmp_path):
    told = given_arrays(small_fleet())
    told.save(tmp_path / "given.npz")
    read = GivenArrays.read(tmp_path / "given.npz")
    assert vars(read).keys() == vars(told).keys()
    for name, value in vars(told).items():
        np.testing.assert_array_equal(getattr(read, name), value)
        assert np.asarray(getattr(read, name)).dtype == np.asarray(value).dtype


def test_scores_read_back_as_they_were(tmp_path):
    told = PeerScores(np.array([[np.nan, 1.5], [2.0, 3.0]]), 3.0, ("meter 1: no",))
    told.save(tmp_path / "scores.npz")
    read = PeerScores.read(tmp_path / "scores.npz")
    np.testing.assert_array_equal(read.scores, told.scores)
    assert (read.cpu_s, read.refused) == (3.0, ("meter 1: no",))


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
@settings(max_examples=30)
def test_gaps_are_filled_and_nothing_else_is_touched(seed, missing):
    rng = np.random.default_rng(seed)
    share = np.where(rng.random(30 * 24) < missing, np.nan, rng.random(30 * 24))
    off = rng.random(30) < 0.3
    whole, came = filled(share, off, 20), np.isfinite(share)
    assert np.isfinite(whole).all()
    np.testing.assert_array_equal(whole[came], share[came])
    for place in np.flatnonzero(~came)[:20]:  # one after another, as an oracle
        alike = [share[day * 24 + place % 24] for day in range(20) if off[day] == off[place // 24]]
        known = [value for value in alike if np.isfinite(value)]
        if known:
            assert whole[place] == np.median(known)


def test_scores_are_of_the_scored_part_and_of_each_day_type():
    one = MeterDays.of(given_arrays(small_fleet()), 1)
    rng = np.random.default_rng(3)
    strange = np.where(one.off, 100.0, 0.0) + rng.random(DAYS)
    score = standardised(one, strange)
    assert np.isnan(score[:LEARNT]).all()
    for off in (False, True):
        usual = strange[:LEARNT][one.off[:LEARNT] == off]
        middle = np.median(usual)
        spread = max(
            1.4826 * np.median(abs(usual - middle)),
            (np.quantile(usual, 0.95) - middle) / 1.645,
            LEAST_SPREAD,
        )
        for day in np.flatnonzero(one.off == off):
            if day >= LEARNT:
                assert score[day] == pytest.approx((strange[day] - middle) / spread)


def test_weekdays_begin_where_the_fleet_does():
    assert MeterDays.of(given_arrays(small_fleet()), 0).weekday[:8].tolist() == [*range(7), 0]


def test_an_unknown_peer_and_an_absent_environment_say_what_to_do(monkeypatch, tmp_path):
    with pytest.raises(ConfigurationError, match="stumpy aamp"):
        ask_peer(small_fleet(), "stumpy")
    monkeypatch.setattr(outside, "STAMP", tmp_path / "absent")
    with pytest.raises(ConfigurationError, match=r"make \.peers/\.ready"):
        ask_peer(small_fleet(), "k-means")


@there
@pytest.mark.parametrize(
    "peer", [pytest.param(name, marks=[pytest.mark.long] * (name in SLOW)) for name in PEERS]
)
def test_a_peer_finds_a_night_that_ran_on(peer, monkeypatch, tmp_path):
    monkeypatch.setattr(outside, "KEPT", tmp_path)
    fleet = small_fleet()
    told = ask_peer(fleet, peer)
    assert told.scores.shape == (3, DAYS)
    assert told.cpu_s > 0
    assert np.isnan(told.scores[:, :LEARNT]).all()
    assert np.isnan(told.scores[2]).all()
    assert np.isnan(told.scores[0, NIGHT + 10])
    assert np.isfinite(told.scores[0, LEARNT:]).sum() == DAYS - LEARNT - 1
    assert np.nanargmax(told.scores[0]) == NIGHT
    if peer == "opendsm hourly":  # it fits no meter without weather
        assert [one.partition(":")[0] for one in told.refused] == ["meter 1"]
    else:
        assert told.refused == ()
        assert np.isfinite(told.scores[1, LEARNT:]).all()


@there
def test_what_a_peer_said_is_said_again_and_nobody_else_says_it(monkeypatch, tmp_path):
    monkeypatch.setattr(outside, "KEPT", tmp_path)
    fleet = small_fleet()
    told = ask_peer(fleet, "k-means")
    (kept,) = tmp_path.iterdir()
    PeerScores(np.zeros((3, DAYS)), told.cpu_s).save(kept)
    assert not ask_peer(fleet, "k-means").scores.any()
    other = replace(fleet, load=fleet.load * 2)
    np.testing.assert_allclose(ask_peer(other, "k-means").scores, told.scores)


def test_an_answer_goes_by_who_was_asked_and_of_what(tmp_path):
    fleet, other = small_fleet(), replace(small_fleet(), scored_from=LEARNT * 24 - 24)
    files = [tmp_path / name for name in ("one.npz", "again.npz", "other.npz")]
    for file, of in zip(files, (fleet, fleet, other), strict=True):
        given_arrays(of).save(file)
    names = [asked_of("k-means", file) for file in files]
    assert names[0] == names[1]
    assert len({*names, asked_of("pyod ecod", files[0])}) == 3
