"""Blocks: days of a part side by side, added up, taken off, and filled where a total is silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from ledger.aggregate import _padded, _sum
from ledger.blocks import Block, Name, combined, estimated, part_of, rows_of
from metering.book import BookRow, Crossing, Part, PriceWindows, SeriesKey
from metering.localtime import HOUR_US
from metering.quality import ESTIMATED, MEASURED, MISSING, all_of
from metering.quantity import ABSENT
from metering.tariff import TariffScope

DAY = date(2026, 3, 2)
DAYS = [DAY + timedelta(days=n) for n in range(3)]
ZONE = "Asia/Shanghai"
KEY = SeriesKey("o", "meter", "m", "01000")
SCOPE = TariffScope("", "", "01000")
NAME = Name(60, SCOPE, (0, 480))


def crossing(parts, *, negative=False, window=0) -> Crossing:
    return Crossing(0, 10, True, window, tuple(parts), negative)


def part(slots, *, step_min=60, scope=SCOPE, windows=None, meters=1, share=MEASURED) -> Part:
    quality = all_of(share, len(slots))
    return Part(step_min, np.array(slots), quality, quality[: len(slots) * step_min // 60 or 1],
                scope, windows, meters)  # fmt: skip


def windows(quantity, estimated=(0, 0), crossings=()) -> PriceWindows:
    return PriceWindows((0, 480), np.array(quantity), np.array(estimated), tuple(crossings))


def row(*parts: Part, day=DAY, **more) -> BookRow:
    total = sum(int(n) for one in parts for n in one.slots if n != ABSENT)
    return replace(BookRow(KEY, day, parts, total, all_of(MEASURED, 1)[0]), **more)


def block_of(rows, *, name=NAME, shape=(24, 24), days=DAYS, meters=1) -> Block:
    return Block.of({one.day: one for one in rows}, days, name, shape, meters, ZONE)


def test_rows_become_a_block_and_a_block_rows():
    held = windows([480, 960], (3, 4), [crossing([1, 2])])
    rows = [
        row(part([60] * 24, windows=held), spill=(1, 2, 3)),
        row(part(list(range(24)), windows=windows([28, 248])), day=DAYS[2], provisional=True),
    ]
    block = block_of(rows, meters=5)
    assert (block.step_min, block.meters, block.booked.tolist()) == (60, 5, [True, False, True])
    assert block.slots[1].tolist() == [ABSENT] * 24
    assert block.shares[1].tolist() == block.hours[1].tolist() == [[0, 0, 0, 10_000]] * 24
    assert block.days.tolist() == [[10_000, 0, 0, 0], [0, 0, 0, 10_000], [10_000, 0, 0, 0]]
    assert block.windows.tolist() == [[480, 960], [0, 0], [28, 248]]
    assert block.estimated.tolist() == [[3, 4], [0, 0], [0, 0]]
    assert block.spill.tolist() == [[1, 2, 3], [0, 0, 0], [0, 0, 0]]
    assert block.provisional.tolist() == [False, False, True]
    assert block.crossings == ((crossing([1, 2]),), (), ())
    made = rows_of([block], KEY, DAYS)
    assert [one.day for one in made] == [DAYS[0], DAYS[2]]
    for one, other in zip(made, rows, strict=True):
        assert (one.total, one.spill, one.provisional) == (
            other.total,
            other.spill,
            other.provisional,
        )
        assert one.finest.meters == 5
        assert replace(one.finest, meters=1).same(other.finest)
    unpriced = rows_of(
        [block_of([row(part([1] * 24, scope=None))], name=Name(60, None, (0,)))], KEY, DAYS
    )
    assert unpriced[0].finest.windows is None


def test_a_row_of_several_parts_has_the_sum_of_all_as_its_total():
    rows = [
        row(part([1] * 24, windows=windows([8, 16])), part([ABSENT], step_min=1440, scope=None))
    ]
    blocks = [block_of(rows), block_of(rows, name=Name(1440, None, (0,)), shape=(1, 24))]
    assert [one.total for one in rows_of(blocks, KEY, DAYS)] == [24]
    assert [one.step_min for one in rows_of(blocks, KEY, DAYS)[0].parts] == [60, 1440]


def test_a_part_that_is_longer_than_its_day_stands_whole_and_a_shorter_one_leaves_the_rest():
    longer = block_of([row(part([1] * 25, windows=windows([8, 17])))])
    assert longer.booked[0]
    assert longer.slots[0].tolist() == [1] * 25
    shorter = block_of([row(part([1] * 23, windows=windows([8, 15])))])
    assert shorter.slots[0].tolist() == [1] * 23 + [ABSENT]
    assert shorter.shares[0, 23].tolist() == shorter.hours[0, 23].tolist() == [0, 0, 0, 10_000]


def test_the_part_of_a_name_is_that_of_its_step_and_tariff():
    other = TariffScope("meter", "x", "01000")
    one, two, coarse = part([1] * 24), part([2] * 24, scope=other), part([3], step_min=1440)
    both = row(one, two, coarse)
    assert part_of(both, NAME) is one
    assert part_of(both, Name(60, other, (0,))) is two
    assert part_of(both, Name(60, None, (0,))) is None
    assert part_of(both, Name(15, SCOPE, (0,))) is None
    assert part_of(row(two), NAME) is two
    assert part_of(row(one, coarse), Name(60, other, (0,))) is None
    assert part_of(row(coarse), Name(1440, other, (0,))) is coarse


def test_names_are_in_order_of_step_then_tariff():
    names = [
        Name(15, None, (0,)),
        Name(15, SCOPE, (0,)),
        Name(15, SCOPE, (0, 1)),
        Name(15, TariffScope("meter", "a", "01000"), (0,)),
        Name(60, None, (0,)),
    ]
    shuffled = [names[n] for n in (4, 2, 0, 3, 1)]
    assert sorted(shuffled, key=lambda one: one.order) == names


def test_energy_taken_off_keeps_its_quality():
    held = windows([480, 960], (3, 4), [crossing([1, 2])])
    block = block_of([row(part([60, ABSENT] * 12, windows=held))])
    assert block.signed(1) is block
    off = block.signed(-1)
    assert off.slots[0, :2].tolist() == [-60, ABSENT]
    assert (off.windows[0].tolist(), off.estimated[0].tolist()) == ([-480, -960], [-3, -4])
    assert off.crossings[0] == (crossing([-1, -2], negative=True),)
    assert (off.shares == block.shares).all()


def test_a_coarser_step_sums_slots_and_keeps_the_name():
    block = block_of([row(part([1, ABSENT] * 48, step_min=15, windows=windows([8, 40])))],
                     name=Name(15, SCOPE, (0, 480)), shape=(96, 24))  # fmt: skip
    assert block.resampled(15) is block
    hours = block.resampled(60)
    assert (hours.step_min, hours.name) == (60, NAME)
    assert hours.slots[0].tolist() == [2] * 24
    assert hours.shares.shape == (3, 24, 4)
    assert hours.slots[1].tolist() == [ABSENT] * 24


def test_blocks_add_up_and_quality_is_weighed():
    held = windows([3, 5], (1, 0), [crossing([1, 2])])
    first = block_of([row(part([1, ABSENT, ABSENT] * 8, windows=held),
                          day_shares=np.array([6_000, 4_000, 0, 0], dtype=np.uint16),
                          spill=(1_000, 3_000, 0))])  # fmt: skip
    held = windows([10, 86], (0, 2), [crossing([4, 5])])
    second = block_of([row(part([5, 7, ABSENT] * 8, windows=held,
                               share=MISSING), provisional=True),
                       row(part([0] * 24, windows=windows([0, 0])), day=DAYS[1])])  # fmt: skip
    found = combined([first, second], [1, 3], 4)
    assert (found.name, found.meters) == (NAME, 4)
    assert found.slots[0, :3].tolist() == [6, 7, ABSENT]
    assert found.shares[0, 0].tolist() == found.hours[0, 0].tolist() == [2_500, 0, 0, 7_500]
    assert found.days[0].tolist() == [9_000, 1_000, 0, 0]
    assert found.spill[0].tolist() == [250, 750, 0]
    assert (found.windows[0].tolist(), found.estimated[0].tolist()) == ([13, 91], [1, 2])
    assert found.crossings[0] == (crossing([5, 7]),)
    assert (found.provisional.tolist(), found.booked.tolist()) == (
        [True, False, False],
        [True, True, False],
    )
    assert found.spill[1].tolist() == [0, 0, 0]


def test_blocks_of_different_length_are_padded():
    short = Block.missing(1, NAME, (23, 23), 2)
    short.slots[:] = 1
    wide = Block.missing(1, NAME, (24, 24), 1)
    wide.slots[:] = 2
    found = _sum([(short, 2), (wide, 1)])
    assert found.slots[0].tolist() == [3] * 23 + [2]
    assert (found.meters, found.hours.shape) == (3, (1, 24, 4))
    assert _padded(short, 25, 24).shares.shape == (1, 25, 4)
    assert _sum([(short, 2)]).slots.shape == (1, 23)


HOUR_DUE = np.full((1, 24), HOUR_US)


def whole_and_parts(silent: slice, *, share=MEASURED):
    """A total of 10 an hour that is silent for a while, and parts of 8."""
    name = Name(60, SCOPE, (0, 480))
    whole, parts = Block.missing(1, name, (24, 24), 1), Block.missing(1, name, (24, 24), 1)
    for one, amount in ((whole, 10), (parts, 8)):
        one.slots[:], one.booked[:] = amount, True
        one.shares[:] = one.hours[:] = all_of(MEASURED, 24)
        one.days[:] = all_of(MEASURED, 1)
    whole.slots[0, silent] = ABSENT
    whole.shares[0, silent] = whole.hours[0, silent] = (0, 0, 0, 10_000)
    count = len(range(24)[silent])
    missing = 10_000 * count // 24
    whole.days[:] = (10_000 - missing, 0, 0, missing)
    whole.windows[0] = (80, 10 * (16 - count))
    parts.shares[0, silent] = all_of(share, 1)[0]
    return whole, parts


def test_a_silent_total_takes_its_parts_energy_as_estimated():
    whole, parts = whole_and_parts(slice(12, 18))
    found = estimated(whole, parts, HOUR_DUE, 1440)
    assert found.slots[0].tolist() == [10] * 12 + [8] * 6 + [10] * 6
    assert found.shares[0, 12].tolist() == found.hours[0, 12].tolist() == [0, 0, 10_000, 0]
    assert found.shares[0, 11].tolist() == found.hours[0, 11].tolist() == [10_000, 0, 0, 0]
    assert found.days[0].tolist() == [7_500, 0, 2_500, 0]
    assert (found.windows[0].tolist(), found.estimated[0].tolist()) == ([80, 148], [0, 48])
    assert whole.slots[0, 12] == ABSENT


def test_a_total_that_is_heard_is_left_alone():
    whole, parts = whole_and_parts(slice(0, 0))
    assert estimated(whole, parts, HOUR_DUE, 1440) is whole
    silent, parts = whole_and_parts(slice(12, 18))
    parts.slots[:] = ABSENT
    assert estimated(silent, parts, HOUR_DUE, 1440) is silent


def test_what_the_parts_do_not_know_stays_missing():
    whole, parts = whole_and_parts(slice(12, 18))
    parts.shares[0, 12:18] = (2_000, 1_000, 3_000, 4_000)
    parts.provisional[:] = True
    found = estimated(whole, parts, HOUR_DUE, 1440)
    assert found.shares[0, 12].tolist() == found.hours[0, 12].tolist() == [0, 0, 6_000, 4_000]
    assert found.days[0].tolist() == [7_500, 0, 1_500, 1_000]
    assert found.provisional.tolist() == [True]
    unbooked, parts = whole_and_parts(slice(0, 24))
    unbooked.booked[:] = False
    assert estimated(unbooked, parts, HOUR_DUE, 1440).booked.tolist() == [True]


def test_estimates_count_for_the_time_that_is_due():
    """Half past two: of three hours that have begun the second and half of the third are silent."""
    whole, parts = whole_and_parts(slice(1, 24))
    due = np.array([[HOUR_US, HOUR_US, HOUR_US // 2] + [0] * 21])
    parts.slots[0, 3:] = ABSENT
    whole.days[:] = (4_000, 0, 0, 6_000)
    found = estimated(whole, parts, due, 1440)
    assert found.days[0].tolist() == [4_000, 0, 6_000, 0]
    assert found.hours[0, 2].tolist() == [0, 0, 10_000, 0]
    assert found.hours[0, 3].tolist() == [0, 0, 0, 10_000]


@pytest.mark.parametrize(("step_min", "slots"), [(15, 96), (30, 48), (1440, 1)])
def test_hours_are_filled_from_slots_of_any_step(step_min, slots):
    name = Name(step_min, SCOPE, (0,))
    whole, parts = (Block.missing(1, name, (slots, 24), 1) for _ in range(2))
    parts.slots[:] = 4
    parts.shares[:] = all_of(MEASURED, slots)
    parts.shares[0, 0] = (5_000, 0, 0, 5_000)
    due = np.full((1, slots), 24 * HOUR_US // slots)
    found = estimated(whole, parts, due, 1440)
    share = {15: 1_250, 30: 2_500, 1440: 5_000}[step_min]
    assert found.hours[0, 0].tolist() == [0, 0, 10_000 - share, share]
    assert found.hours[0, 1].tolist() == ([0, 0, 10_000, 0] if slots > 1 else [0, 0, 5_000, 5_000])
    assert found.days[0, ESTIMATED] == {15: 9_947, 30: 9_895, 1440: 5_000}[step_min]
    assert found.windows[0].tolist() == [4 * slots]


def test_an_estimate_never_takes_more_than_is_missing():
    whole, parts = whole_and_parts(slice(12, 18))
    whole.days[:] = (9_000, 0, 0, 1_000)
    found = estimated(whole, parts, HOUR_DUE, 1440)
    assert found.days[0].tolist() == [9_000, 0, 1_000, 0]
