"""What an hour of energy costs a unit, and what a part of its energy costs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures import (
    Figures,
    HourPrice,
    View,
    at_hour_prices,
    cost,
    costs_of_each,
    energy,
    hour_prices,
)
from metering.book import BookRow, SeriesKey
from metering.calendar import WorkCalendar
from metering.localtime import HOUR_US, days_between, slot_starts
from metering.quality import MEASURED, all_of
from metering.quantity import total
from metering.registry import Meter, Node, NodeType, Registry, SpaceEdge
from metering.tariff import TariffRow
from storage.memory import MemoryBooks, MemoryMarks

DAY, ZONE = date(2026, 3, 2), "Asia/Shanghai"
KEY = SeriesKey("o", "meter", "m", "01000")
KWH = 1_000_000


def row(start_min: int, end_min: int, price: str, currency: str = "CNY") -> TariffRow:
    months = frozenset(range(1, 13))
    return TariffRow("t", "01000", months, "all", start_min, end_min, "p", Decimal(price), currency)


HALF_PAST_EIGHT = (row(0, 510, "0.30"), row(510, 1440, "1.00"))


def view(
    slots: Sequence[int],
    tariff: Sequence[TariffRow] = HALF_PAST_EIGHT,
    *,
    day: date = DAY,
    days: int = 1,
    zone: str = ZONE,
) -> View:
    """A meter that used the same slots [mWh] on each of so many days."""
    nodes = {
        "o": Node("o", NodeType.INSTITUTION, zone=zone),
        "b": Node("b", NodeType.BUILDING),
    }
    registry = Registry(
        nodes=nodes,
        space=(SpaceEdge("o", "b"),),
        meters={"m": Meter("m", "b", "01000")},
        tariff=tuple(tariff),
        calendar=WorkCalendar(),
    )
    books = MemoryBooks(MemoryMarks())
    amounts = np.array(slots, dtype=np.int64)
    quality = all_of(MEASURED, len(amounts))
    span = days_between(day, day + timedelta(days=days - 1))
    hours = [len(slot_starts(one, zone, 60)) for one in span]
    step = 60 * hours[0] // len(amounts)
    rows = [
        BookRow.of(
            KEY, one, step, amounts, quality, all_of(MEASURED, n), total(amounts), quality[0]
        )
        for one, n in zip(span, hours, strict=True)
    ]
    books.commit("o", rows, expected_revision=0, now_us=0)
    now_us = int(slot_starts(span[-1], zone, 60)[-1]) + 3 * HOUR_US
    with Figures(books, lambda: registry, lambda: now_us).view() as found:
        return found


def at(hour: int, day: date = DAY, zone: str = ZONE) -> np.ndarray:
    return slot_starts(day, zone, 60)[[hour]]


def in_slots(per_hour: int, **used: float) -> list[int]:
    """A day of nothing but `s<slot>` kWh."""
    slots = [0] * (24 * per_hour)
    for name, amount in used.items():
        slots[int(name[1:])] = int(amount * KWH)
    return slots


@pytest.mark.parametrize(
    ("slots", "wanted"),
    [
        (in_slots(1, s8=4), "2.60"),
        (in_slots(4, s32=1, s33=1, s34=1, s35=1), "2.60"),
        (in_slots(4, s33=1, s34=3), "3.30"),
        (in_slots(4, s32=1), "0.30"),
    ],
)
def test_all_of_an_hour_costs_what_the_books_say(slots: list[int], wanted: str) -> None:
    books = view(slots)
    prices = hour_prices(books, KEY, at(8))
    assert at_hour_prices([sum(slots)], prices) == (("CNY", Decimal(wanted)),)
    (money,) = cost(books, KEY, DAY, DAY).money
    assert money.amount == Decimal(wanted)


def test_half_of_an_hour_costs_half() -> None:
    prices = hour_prices(view(in_slots(4, s33=1, s34=3)), KEY, at(8))
    assert at_hour_prices([2 * KWH], prices) == (("CNY", Decimal("1.65")),)


def test_an_hour_of_nothing_is_priced_by_time() -> None:
    prices = hour_prices(view(in_slots(4, s0=1)), KEY, slot_starts(DAY, ZONE, 60))
    assert at_hour_prices([KWH], prices[7:8]) == (("CNY", Decimal("0.30")),)
    assert at_hour_prices([KWH], prices[8:9]) == (("CNY", Decimal("0.65")),)
    assert at_hour_prices([KWH], prices[9:10]) == (("CNY", Decimal("1.00")),)
    nothing_booked = hour_prices(view(in_slots(1)), KEY, at(8, DAY - timedelta(days=9)))
    assert at_hour_prices([KWH], nothing_booked) == (("CNY", Decimal("0.65")),)


def test_an_hour_is_priced_wherever_it_stands_in_its_day() -> None:
    """Prices of some hours are those that all hours have: none is taken for the day's first."""
    books = view([100 + n * n for n in range(96)], (row(0, 510, "0.3"), row(510, 1320, "0.7")))
    starts = slot_starts(DAY, ZONE, 60)
    all_of_them = hour_prices(books, KEY, starts)
    for chosen in ([8], [3, 20], [23, 0, 8]):
        assert hour_prices(books, KEY, starts[chosen]) == [all_of_them[n] for n in chosen]
    hours = energy(books, KEY, DAY, DAY, "hour")
    for one, price, used in zip(
        costs_of_each(books, hours), all_of_them, hours.values(), strict=True
    ):
        money = {part.currency: Fraction(part.amount) for part in one.money}
        assert {name: rate * used for name, rate in price.by_currency.items()} == money
        assert price.priced == one.all_priced


def test_currencies_have_a_sum_each() -> None:
    two = (row(0, 510, "0.30"), row(510, 1440, "1.00", "EUR"))
    prices = hour_prices(view(in_slots(4, s33=1, s34=3), two), KEY, at(8))
    assert at_hour_prices([4 * KWH], prices) == (("CNY", Decimal("0.3")), ("EUR", Decimal(3)))


def test_a_part_without_a_price_leaves_no_sum() -> None:
    half = view(in_slots(4, s33=1, s34=3), HALF_PAST_EIGHT[:1])
    assert at_hour_prices([KWH, KWH], hour_prices(half, KEY, slot_starts(DAY, ZONE, 60)[7:9])) == ()
    assert at_hour_prices([KWH], hour_prices(half, KEY, at(7))) == (("CNY", Decimal("0.30")),)
    assert at_hour_prices([KWH], hour_prices(view(in_slots(1, s8=1), ()), KEY, at(8))) == ()
    assert hour_prices(half, KEY, np.array([], dtype=np.int64)) == []
    assert at_hour_prices([], []) == ()


def test_an_hour_beside_one_without_a_price_has_its_own() -> None:
    """In which nothing was used: the price is that of its time alone."""
    books = view([0] * 96, (row(480, 540, "2"), row(540, 1440, "3", "EUR")))
    seven, eight, nine = hour_prices(books, KEY, slot_starts(DAY, ZONE, 60)[7:10])
    assert (seven.priced, seven.by_currency) == (False, {})
    assert (eight.priced, eight.by_currency) == (True, {"CNY": Fraction(2, KWH)})
    assert (nine.priced, nine.by_currency) == (True, {"EUR": Fraction(3, KWH)})


def test_clock_change_days_are_priced_by_the_wall() -> None:
    """The hour from 02:00 is left out: the third hour of the day is 03:00 by the wall."""
    day, zone = date(2026, 3, 29), "Europe/Berlin"
    books = view([KWH] * 23, (row(0, 180, "1"), row(180, 1440, "2")), day=day, zone=zone)
    prices = hour_prices(books, KEY, slot_starts(day, zone, 60))
    assert [price.by_currency["CNY"] * KWH for price in prices] == [1, 1] + [2] * 21
    empty = view([0] * 23, (row(0, 180, "1"), row(180, 1440, "2")), day=day, zone=zone)
    assert hour_prices(empty, KEY, slot_starts(day, zone, 60)) == prices


@given(st.lists(st.integers(1, 10**9), min_size=96, max_size=96), st.integers(1, 95))
def test_the_hours_of_a_day_cost_what_the_day_costs(slots: list[int], turn: int) -> None:
    books = view(slots, (row(0, turn * 15, "0.3141"), row(turn * 15, 1440, "1.0007")))
    used = energy(books, KEY, DAY, DAY, "hour").values()
    prices = hour_prices(books, KEY, slot_starts(DAY, ZONE, 60))
    (money,) = cost(books, KEY, DAY, DAY).money
    assert at_hour_prices(used, prices) == (("CNY", money.amount),)


def test_a_year_of_nights_reads_the_books_once(monkeypatch: pytest.MonkeyPatch) -> None:
    books = view(list(range(1000, 1096)), days=365)
    days = days_between(DAY, DAY + timedelta(days=364))
    asked: list[tuple[date, date]] = []
    rows = MemoryBooks.rows

    def counted(
        self: MemoryBooks, keys: Sequence[SeriesKey], first: date, last: date
    ) -> list[BookRow]:
        asked.append((first, last))
        return rows(self, keys, first, last)

    monkeypatch.setattr(MemoryBooks, "rows", counted)
    starts = np.concatenate([slot_starts(day, ZONE, 60)[:9] for day in days])
    prices = hour_prices(books, KEY, starts)
    assert asked == [(DAY, days[-1])]
    assert prices[:9] * 365 == prices


@pytest.mark.parametrize("hour", [0, 7, 23])
def test_a_price_that_turns_within_an_hour_splits_any_hour_of_the_day(hour: int) -> None:
    """Half the hour each: all its energy passed in its dear half, then none of it was used."""
    turn = hour * 60 + 30
    rows = (row(0, turn, "0.2"), row(turn, 1440, "1"))
    used = view(in_slots(4, **{f"s{hour * 4 + 3}": 5}), rows)
    assert at_hour_prices([5 * KWH], hour_prices(used, KEY, at(hour))) == (("CNY", Decimal(5)),)
    elsewhere = view(in_slots(4, **{f"s{(hour * 4 + 40) % 96}": 5}), rows)
    (price,) = hour_prices(elsewhere, KEY, at(hour))
    assert price == HourPrice({"CNY": Fraction(6, 10 * KWH)}, True)


def test_an_hour_of_which_a_part_has_no_price_tells_what_the_rest_costs() -> None:
    (price,) = hour_prices(view(in_slots(4, s0=1), HALF_PAST_EIGHT[:1]), KEY, at(8))
    assert price == HourPrice({"CNY": Fraction(15, 100 * KWH)}, False)
    (none,) = hour_prices(view(in_slots(4, s0=1), ()), KEY, at(8))
    assert none == HourPrice({}, False)


def test_hours_that_run_backwards_have_the_price_of_their_energy() -> None:
    prices = hour_prices(view(in_slots(4, s33=-1)), KEY, at(8))
    assert at_hour_prices([-KWH], prices) == (("CNY", Decimal("-0.3")),)


def test_each_hour_needs_a_price_and_each_price_an_hour() -> None:
    prices = hour_prices(view(in_slots(4, s0=1)), KEY, at(8))
    with pytest.raises(ValueError, match="zip"):
        at_hour_prices([KWH, KWH], prices)


def test_an_amount_that_is_no_finite_decimal_is_rounded_to_many_digits() -> None:
    prices = [HourPrice({"CNY": Fraction(1, 3)}, True)]
    assert at_hour_prices([1], prices) == (("CNY", Decimal("0." + "3" * 28)),)
    assert at_hour_prices([3, 3], prices * 2) == (("CNY", Decimal(2)),)
    both = [HourPrice({"EUR": Fraction(1), "CNY": Fraction(2)}, True)]
    assert at_hour_prices([5], both) == (("CNY", Decimal(10)), ("EUR", Decimal(5)))
