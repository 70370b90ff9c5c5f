"""Booked rows: what counts as the same content."""

from dataclasses import fields, replace
from datetime import date

import numpy as np
import pytest

from metering import quality
from metering.book import BookRow, SeriesKey
from metering.quantity import ABSENT

ROW = BookRow(
    key=SeriesKey("bureau", "meter", "m", "01000"),
    day=date(2026, 11, 23),
    step_min=60,
    slots=np.arange(24, dtype=np.int64),
    shares=quality.all_of(quality.MEASURED, 24),
    hour_shares=quality.all_of(quality.MEASURED, 24),
    total=276,
    day_shares=quality.all_of(quality.MEASURED, 1)[0],
)
CHANGES = {
    "key": SeriesKey("bureau", "node", "m", "01000"),
    "day": date(2026, 11, 24),
    "step_min": 30,
    "slots": np.where(np.arange(24) == 7, ABSENT, ROW.slots),
    "shares": quality.all_of(quality.APPORTIONED, 24),
    "hour_shares": quality.all_of(quality.MISSING, 24),
    "total": None,
    "day_shares": quality.all_of(quality.ESTIMATED, 1)[0],
    "spill": (1, 0, 0),
    "provisional": True,
}


def test_every_booked_field_is_compared_and_the_revision_is_not():
    assert set(CHANGES) | {"revision"} == {field.name for field in fields(BookRow)}
    assert ROW.same_content(replace(ROW, revision=9))
    assert ROW.same_content(replace(ROW, slots=ROW.slots.copy()))


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_change_of_one_field_is_seen(name):
    changed = replace(ROW, **{name: CHANGES[name]})
    assert not ROW.same_content(changed)
    assert not changed.same_content(ROW)


def test_an_unknown_total_is_not_a_total_of_zero():
    assert not replace(ROW, total=None).same_content(replace(ROW, total=0))
