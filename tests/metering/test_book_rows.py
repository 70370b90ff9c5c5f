"""Booked rows: what counts as the same content."""

from dataclasses import fields, replace
from datetime import date

import numpy as np
import pytest

from metering import quality
from metering.book import BookRow, Crossing, Part, PriceWindows, SeriesKey
from metering.quantity import ABSENT
from metering.tariff import TariffScope

ROW = BookRow.of(
    key=SeriesKey("bureau", "meter", "m", "01000"),
    day=date(2026, 11, 23),
    step_min=60,
    slots=np.arange(24, dtype=np.int64),
    shares=quality.all_of(quality.MEASURED, 24),
    hour_shares=quality.all_of(quality.MEASURED, 24),
    total=276,
    day_shares=quality.all_of(quality.MEASURED, 1)[0],
)
PART = {"step_min", "slots", "shares", "hour_shares", "scope", "windows", "meters"}
SCOPE = TariffScope("place", "bureau", "01000")


def windows(first: int = 276, parts: tuple[int, ...] = (10, 20)) -> PriceWindows:
    crossing = Crossing(0, 1, True, 0, parts)
    quantity = np.array([first, 276 - first], dtype=np.int64)
    return PriceWindows((0, 480), quantity, np.zeros_like(quantity), (crossing,))


CHANGES = {
    "key": SeriesKey("bureau", "node", "m", "01000"),
    "day": date(2026, 11, 24),
    "step_min": 30,
    "slots": np.where(np.arange(24) == 7, ABSENT, ROW.finest.slots),
    "shares": quality.all_of(quality.APPORTIONED, 24),
    "hour_shares": quality.all_of(quality.MISSING, 24),
    "total": None,
    "day_shares": quality.all_of(quality.ESTIMATED, 1)[0],
    "spill": (1, 0, 0),
    "provisional": True,
    "scope": SCOPE,
    "windows": windows(),
    "meters": 2,
}


def changed(row: BookRow, **values) -> BookRow:
    """The row with fields of its own, or of its one part, changed."""
    part = {name: values.pop(name) for name in list(values) if name in PART}
    return replace(row, parts=(replace(row.finest, **part),), **values)


def test_every_booked_field_is_compared_and_the_revision_is_not():
    own = {field.name for field in fields(BookRow)} - {"parts"}
    assert set(CHANGES) | {"revision", "rules", "registry", "told", "superseded_at"} == own | {
        field.name for field in fields(Part)
    }
    assert ROW.same_content(replace(ROW, revision=9))
    assert ROW.same_content(replace(ROW, rules=2))
    assert ROW.same_content(replace(ROW, registry=2))
    assert ROW.same_content(changed(ROW, slots=ROW.finest.slots.copy()))


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_change_of_one_field_is_seen(name):
    other = changed(ROW, **{name: CHANGES[name]})
    assert not ROW.same_content(other)
    assert not other.same_content(ROW)
    assert ROW.same_energy(other) == (name in {"scope", "windows", "meters"})


def test_an_unknown_total_is_not_a_total_of_zero():
    assert not replace(ROW, total=None).same_content(replace(ROW, total=0))


@pytest.mark.parametrize("other", [windows(100), windows(parts=(11, 19)), None])
def test_other_windows_are_other_content_and_the_same_energy(other):
    row = changed(ROW, scope=SCOPE, windows=windows())
    assert row.same_content(changed(ROW, scope=SCOPE, windows=windows()))
    assert not row.same_content(changed(row, windows=other))
    assert row.same_energy(changed(row, windows=other))


def test_tariffs_divide_a_row_without_changing_its_energy():
    half = replace(ROW.finest, slots=ROW.finest.slots // 2)
    rest = replace(half, slots=ROW.finest.slots - half.slots, scope=SCOPE)
    divided = replace(ROW, parts=(half, rest))
    assert ROW.same_energy(divided)
    assert divided.same_energy(ROW)
    assert not ROW.same_content(divided)
    assert not ROW.same_energy(replace(ROW, parts=(half, half)))
