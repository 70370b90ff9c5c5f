"""The book hash: equal for equal content, different for any other."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from metering import quality
from metering.book import BookRow, Crossing, PriceWindows, SeriesKey
from metering.bookhash import book_hash, worth_hash
from metering.quantity import ABSENT
from metering.tariff import TariffScope

MEASURED = quality.all_of(quality.MEASURED, 24)
ROW = BookRow.of(
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
    "absent is not zero": {"slots": np.where(np.arange(24) == 0, ABSENT, ROW.finest.slots)},
    "shares": {"shares": quality.all_of(quality.ESTIMATED, 24)},
    "hour shares": {"hour_shares": quality.all_of(quality.ESTIMATED, 24)},
    "day shares": {"day_shares": quality.all_of(quality.ESTIMATED, 1)[0]},
    "spill": {"spill": (0, 1, 0)},
    "unknown total": {"total": None},
}


PART = {"step_min", "slots", "shares", "hour_shares", "scope", "windows"}


def changed(row: BookRow, **values) -> BookRow:
    part = {name: values.pop(name) for name in list(values) if name in PART}
    return replace(row, parts=(replace(row.finest, **part),), **values)


def hashed(*rows, **options):
    return book_hash(SimpleNamespace(digest_rows=lambda institution: iter(rows)), **options)


def test_the_revision_and_the_kind_of_array_do_not_matter():
    assert hashed(ROW) == hashed(replace(ROW, revision=41))
    assert hashed(ROW) == hashed(changed(ROW, slots=ROW.finest.slots.astype(">i8")))


@pytest.mark.parametrize("what", sorted(CHANGES))
def test_every_booked_content_matters(what):
    assert hashed(ROW) != hashed(changed(ROW, **CHANGES[what]))


def test_no_row_and_a_repeated_row_are_other_books():
    assert len({hashed(), hashed(ROW), hashed(ROW, ROW)}) == 3


def test_a_last_day_leaves_out_what_is_not_complete():
    later = replace(ROW, day=date(2026, 11, 24))
    assert hashed(ROW, later, before=date(2026, 11, 24)) == hashed(ROW)
    assert hashed(ROW, later) != hashed(ROW)


def windows(offsets=(0, 480), crossing=5, estimated=0):
    return PriceWindows(
        offsets,
        np.array([200, 76]),
        np.array([0, estimated]),
        (Crossing(0, 1, True, 0, (crossing, 1)),),
    )


OTHERS = [
    {"scope": TariffScope("meter", "m", "01000"), "windows": windows()},
    {"windows": windows((0, 450))},
    {"windows": windows(crossing=4)},
    {"windows": windows(estimated=1)},
    {"windows": None},
]


@pytest.mark.parametrize("other", OTHERS)
def test_price_windows_have_a_hash_of_their_own(other):
    def of(row):
        return worth_hash(SimpleNamespace(digest_rows=lambda institution: iter([row])))

    row = changed(ROW, scope=TariffScope("", "", "01000"), windows=windows())
    assert of(row) == of(changed(row, windows=windows()))
    assert of(row) != of(changed(row, **other))
    assert hashed(row) == hashed(changed(row, **other))
