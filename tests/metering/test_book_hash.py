"""The book hash: equal for equal content, different for any other."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from metering import quality
from metering.book import BookRow, SeriesKey
from metering.bookhash import book_hash
from metering.quantity import ABSENT

MEASURED = quality.all_of(quality.MEASURED, 24)
ROW = BookRow(
    key=SeriesKey("bureau", "meter", "m", "01000"),
    day=date(2026, 11, 23),
    step_min=60,
    slots=np.arange(24, dtype=np.int64),
    shares=MEASURED,
    hour_shares=MEASURED,
    total=276,
    day_shares=MEASURED[0],
)
CHANGES = {
    "institution": {"key": SeriesKey("other", "meter", "m", "01000")},
    "series": {"key": SeriesKey("bureau", "meter", "m0", "1000")},
    "day": {"day": date(2026, 11, 22)},
    "step": {"step_min": 30},
    "absent is not zero": {"slots": np.where(np.arange(24) == 0, ABSENT, ROW.slots)},
    "shares": {"shares": quality.all_of(quality.ESTIMATED, 24)},
    "hour shares": {"hour_shares": quality.all_of(quality.ESTIMATED, 24)},
    "day shares": {"day_shares": quality.all_of(quality.ESTIMATED, 1)[0]},
    "spill": {"spill": (0, 1, 0)},
    "unknown total": {"total": None},
}


def hashed(*rows, **options):
    return book_hash(SimpleNamespace(digest_rows=lambda institution: iter(rows)), **options)


def test_the_revision_and_the_kind_of_array_do_not_matter():
    assert hashed(ROW) == hashed(replace(ROW, revision=41))
    assert hashed(ROW) == hashed(replace(ROW, slots=ROW.slots.astype(">i8")))


@pytest.mark.parametrize("what", sorted(CHANGES))
def test_every_booked_content_matters(what):
    assert hashed(ROW) != hashed(replace(ROW, **CHANGES[what]))


def test_no_row_and_a_repeated_row_are_other_books():
    assert len({hashed(), hashed(ROW), hashed(ROW, ROW)}) == 3


def test_a_last_day_leaves_out_what_is_not_complete():
    later = replace(ROW, day=date(2026, 11, 24))
    assert hashed(ROW, later, before=date(2026, 11, 24)) == hashed(ROW)
    assert hashed(ROW, later) != hashed(ROW)
