"""What the platform says of a fleet: what went wrong, when it could be known, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from proofs.detect.fleet import Alert, Fleet, Label
from proofs.detect.ours import alerts_of

DAYS, LEARNT = 240, 150
FIRST, END = 180, 201
"""Days on which what should rest runs."""


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    """An office, the same one with plant that runs all night for three weeks, and its gas."""
    rng = np.random.default_rng(8)
    hours = np.arange(DAYS * 24)
    off = (np.arange(DAYS) + 2) % 7 >= 5  # a Wednesday first
    works = ~off.repeat(24) & (hours % 24 >= 8) & (hours % 24 < 18)
    air = 15 + 8 * np.sin(hours / 8766 * 2 * np.pi) + 3 * np.sin(hours / 24 * 2 * np.pi)
    load = (4.0 + 12.0 * works) * (1 + rng.normal(0, 0.03, (3, hours.size)))
    wasted = slice(FIRST * 24, END * 24)
    load[1:, wasted] += 6.0 * ~works[wasted]
    load[0, 100 * 24 : 100 * 24 + 5] = np.nan
    return Fleet(
        name="office",
        start=np.datetime64("2025-01-01T00"),
        load=load,
        temperature=air[None],
        station=np.zeros(3, np.int64),
        off_days=off[None],
        holidays=np.zeros((1, DAYS), bool),
        calendar=np.zeros(3, np.int64),
        scored_from=LEARNT * 24,
        labels=(Label(1, "after_hours_plant", FIRST * 24, END * 24, 1000.0),),
        medium=("electricity", "electricity", "gas"),
    )


@pytest.fixture(scope="module")
def alerts(fleet: Fleet) -> list[Alert]:
    return alerts_of(fleet)


def test_what_ran_is_told_with_its_energy_and_of_its_meter_alone(fleet, alerts):
    assert alerts
    assert {one.meter for one in alerts} == {1}
    touching = [one for one in alerts if one.first < END * 24 and one.end > FIRST * 24]
    told = sum(one.kwh for one in touching)
    works = fleet.load[0, FIRST * 24 : END * 24] > 10
    assert told == pytest.approx(6.0 * (~works).sum(), rel=0.2)
    assert sum(one.low for one in touching) < told < sum(one.high for one in touching)


def test_nothing_is_known_before_it_happened(fleet, alerts):
    for one in alerts:
        assert fleet.scored_from <= one.first < one.end <= DAYS * 24
        assert one.first <= one.known_at < DAYS * 24
        assert np.isfinite(one.score)


def test_neither_labels_nor_what_comes_later_are_read(fleet, alerts):
    assert alerts_of(fleet.given) == alerts
    later = replace(fleet, load=fleet.load.copy())
    later.load[:, (LEARNT + 60) * 24 :] *= 3.0
    known = [one for one in alerts if one.known_at < (LEARNT + 60) * 24]
    told = {(one.meter, one.known_at) for one in alerts_of(later)}
    assert known
    assert {(one.meter, one.known_at) for one in known} <= told, "it may be called otherwise then"
