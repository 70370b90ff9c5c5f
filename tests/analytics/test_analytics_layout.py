"""Hours laid out by bin, spreads read from them, and fits that do not know their neighbours."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import fit
from analytics.bins import FULL_BINS
from analytics.crossfit import History, expected_across, learned, taught, taught_again
from analytics.groups import median
from analytics.layout import Layout, medians_by_day
from analytics.robust import MAD_TO_SIGMA, Spreads
from analytics.stored import joined, one_of


@given(st.integers(0, 10_000), st.integers(0, 300))
def test_what_is_laid_out_comes_back_and_nothing_is_added(seed: int, hours: int) -> None:
    rng = np.random.default_rng(seed)
    bins = rng.integers(0, FULL_BINS, hours)
    values, marks = rng.normal(size=(3, hours)), rng.random((3, hours)) < 0.5
    some = np.flatnonzero(rng.random(hours) < 0.7)
    for those in (None, some):
        layout = Layout.of(bins, those)
        chosen = np.arange(hours) if those is None else those
        np.testing.assert_array_equal(layout.in_time(layout.laid(values)), values[:, chosen])
        laid = layout.laid_marks(marks)
        np.testing.assert_array_equal(layout.marks_in_time(laid), marks[:, chosen])
        assert laid.sum() == marks[:, chosen].sum()
        assert np.isfinite(layout.laid(values)).sum() == 3 * chosen.size
    found = median(Layout.of(bins).laid(values))
    for one in range(FULL_BINS):
        own = values[:, bins == one]
        expected = np.median(own, axis=1) if own.size else np.full(3, np.nan)
        np.testing.assert_allclose(found[:, one], expected)


@given(st.integers(0, 10_000))
def test_medians_by_kind_of_day_are_those_of_its_bins(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bins, values = rng.integers(0, FULL_BINS, 500), rng.normal(size=(2, 500))
    found = medians_by_day(Layout.of(bins).laid(values))
    kind = np.where(bins // 24 < 5, 0, 24) + bins % 24
    for one in range(48):
        own = values[:, kind == one]
        expected = np.median(own, axis=1) if own.size else np.full(2, np.nan)
        np.testing.assert_allclose(found[:, one], expected)


@given(st.integers(0, 10_000))
def test_spreads_of_both_regimes_are_those_of_their_hours(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bins = rng.integers(0, FULL_BINS, 400)
    residual = np.round(rng.normal(size=(3, 400)), rng.integers(0, 3))
    residual[rng.random((3, 400)) < rng.choice([0.0, 0.3, 1.0])] = np.nan
    runs, floor = rng.random((3, FULL_BINS)) < rng.choice([0.0, 0.5, 1.0]), np.array([0, 0.1, 5.0])
    layout = Layout.of(bins)
    spreads = Spreads.at(runs, floor, layout.slots[::2], layout.width)
    laid = layout.laid(residual)
    found, near = spreads.of(laid), spreads.near(laid.astype(np.float32), 1.5)
    for meter in range(3):
        for regime in (0, 1):
            own = runs[meter, bins] == bool(regime)
            some = np.abs(residual[meter, ::2][own[::2]])
            known = some[np.isfinite(some)]
            least = MAD_TO_SIGMA * np.median(known) if known.size else 0.0
            assert found[meter, regime] == pytest.approx(max(least, floor[meter]), rel=1e-7)
            kept = layout.marks_in_time(near)[meter, own]
            size = np.abs(residual[meter, own]).astype(np.float32)
            wanted = size <= np.float32(1.5 * found[meter, regime])
            np.testing.assert_array_equal(kept, wanted)


@pytest.mark.parametrize("first", [date(2025, 11, 24), date(2026, 9, 20)])
def test_a_meter_gets_the_same_bits_whoever_is_beside_it(campus, first: date) -> None:
    """So that what was judged before stands beside what is judged now."""
    place = campus(11, first, date(2026, 11, 23))
    place.energy[1, 100:140] = np.nan
    place.temperature[200:230] = np.nan
    energy = np.concatenate([place.energy, place.energy[::-1] * 1.5, place.energy * 0.7])
    weather = (place.temperature, place.clock, place.hours_us)
    together = fit(energy, *weather)
    expected = together.predict(place.clock, place.temperature)
    nothing = np.zeros(energy.shape, dtype=np.bool_)
    lesson = taught(History(energy, *weather), nothing)
    past = expected_across(lesson)
    after = learned(lesson, past)
    for row in (0, 5, len(energy) - 1):
        alone = fit(energy[[row]], *weather)
        own = taught(History(energy[[row]], *weather), nothing[[row]])
        for one, of_all in ((alone, together), (learned(own, expected_across(own)), after)):
            _same_bits(one, one_of(of_all, row))
        np.testing.assert_array_equal(expected_across(own)[0], past[row])
        np.testing.assert_array_equal(
            alone.predict(place.clock, place.temperature)[0], expected[row]
        )
    several = joined([one_of(together, row) for row in (3, 1)])
    np.testing.assert_array_equal(several.predict(place.clock, place.temperature), expected[[3, 1]])


def test_what_is_taught_again_is_as_if_taught_anew(campus) -> None:
    place = campus(13, date(2026, 8, 1), date(2026, 11, 22))
    history = History(place.energy, place.temperature, place.clock, place.hours_us)
    rng, shape = np.random.default_rng(3), place.energy.shape
    before_left = np.zeros(shape, dtype=np.bool_)
    lesson = taught(history, before_left)
    for _ in range(4):
        left = before_left.copy()
        for row in rng.permutation(shape[0])[: rng.integers(0, 4)].tolist():
            begin = rng.integers(0, shape[1] - 60)
            left[row, begin : begin + 60] = rng.random() < 0.7
        lesson, anew = taught_again(lesson, history, left), taught(history, left)
        _same_bits(lesson.learnt.baseline, anew.learnt.baseline)
        np.testing.assert_array_equal(lesson.learnt.kept, anew.learnt.kept)
        np.testing.assert_array_equal(expected_across(lesson), expected_across(anew))
        before_left = left


def _same_bits(one, other) -> None:
    for name, value in vars(one).items():
        if name == "blind":
            assert (value is None) == (other.blind is None)
            if value is not None:
                _same_bits(value, other.blind)
        elif name != "segments":
            np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)
