"""Tariffs: which price holds when, where prices turn, and which tariff stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.localtime import day_bounds
from metering.registry import Meter, Node, NodeType, Registry, SpaceEdge, SupplyEdge, Validity
from metering.registry.changes import changed_windows, marks_of_change
from metering.tariff import TariffBook, TariffRow, TariffScope, windows_of
from metering.tariff_choice import TariffChoice

ALL_YEAR = frozenset(range(1, 13))
EVERYBODY = TariffScope("", "", "01000")
MONDAY, SATURDAY, FESTIVAL = date(2026, 3, 2), date(2026, 3, 7), date(2026, 10, 1)
CALENDAR = WorkCalendar.of([CalendarDay(FESTIVAL, DayKind.HOLIDAY)])


def row(start: int = 0, end: int = 1440, price: str = "1", days: str = "all", **more) -> TariffRow:
    months, item = more.pop("months", ALL_YEAR), more.pop("item", "01000")
    period = more.pop("period", "flat")
    return TariffRow("t", item, months, days, start, end, period, Decimal(price), **more)


ROWS = (
    row(0, 480, "0.3"),
    row(480, 1440, "1.2", "working"),
    row(480, 1440, "0.7", "rest"),
    row(600, 840, "0.1", "holiday"),
)


@pytest.mark.parametrize(
    ("day", "minute", "price"),
    [
        (MONDAY, 479, "0.3"),
        (MONDAY, 480, "1.2"),
        (SATURDAY, 700, "0.7"),
        (FESTIVAL, 599, "0.7"),
        (FESTIVAL, 600, "0.1"),
        (FESTIVAL, 840, "0.7"),
        (FESTIVAL, 10, "0.3"),
    ],
)
def test_the_kind_of_day_and_the_minute_choose_the_price(day, minute, price):
    found = TariffBook(ROWS, CALENDAR).row_at(EVERYBODY, day, minute)
    assert found is not None
    assert found.price == Decimal(price)


def test_where_no_row_holds_there_is_none():
    book = TariffBook([row(0, 480, valid=Validity(end=MONDAY))], CALENDAR)
    assert book.row_at(EVERYBODY, MONDAY, 10) is None
    assert book.pieces(EVERYBODY, MONDAY) == ((0, 1440, None),)
    before = MONDAY - timedelta(days=1)
    assert [piece[:2] for piece in book.pieces(EVERYBODY, before)] == [(0, 480), (480, 1440)]
    assert not book.holds(EVERYBODY, MONDAY)
    assert book.row_at(TariffScope("meter", "m", "01000"), MONDAY, 0) is None


def test_edges_are_those_of_every_kind_of_day_so_that_the_calendar_books_nothing():
    for calendar in (CALENDAR, WorkCalendar()):
        book = TariffBook(ROWS, calendar)
        assert {book.edges(EVERYBODY, day) for day in (MONDAY, SATURDAY, FESTIVAL)} == {
            (0, 480, 600, 840)
        }


def test_edges_follow_month_and_dates():
    summer = row(660, 780, months=frozenset({7, 8}), days="working")
    later = row(30, 60, valid=Validity(FESTIVAL))
    book = TariffBook([*ROWS, summer, later], CALENDAR)
    assert 660 not in book.edges(EVERYBODY, MONDAY)
    assert 660 in book.edges(EVERYBODY, date(2026, 7, 1))
    assert 30 in book.edges(EVERYBODY, FESTIVAL)
    assert 30 not in book.edges(EVERYBODY, FESTIVAL - timedelta(days=1))
    assert book.boundaries() == [FESTIVAL]


ZONES = ("Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns")


@given(
    st.sets(st.integers(1, 1439), max_size=6),
    st.dates(date(2024, 1, 1), date(2028, 1, 1)),
    st.sampled_from(ZONES),
)
def test_windows_part_the_day_by_the_wall_clock(edges, day, zone):
    """Minute by minute: each lies in the window whose edges hold its time of day."""
    rising = tuple(sorted({0, *edges}))
    windows = windows_of(rising, day, zone)
    start, end = day_bounds(day, zone)
    assert windows[0][0] == 0
    for offset in range(0, (end - start) // 60_000_000, 7):
        local = datetime.fromtimestamp(start // 1_000_000 + offset * 60, UTC)
        local = local.astimezone(ZoneInfo(zone))
        minute = local.hour * 60 + local.minute
        wall = [wall for at, wall in windows if at <= offset][-1]
        assert max(e for e in rising if e <= minute) == max(e for e in rising if e <= wall)


def campus(*meters: Meter, tariff=(), supply=()) -> Registry:
    nodes = {
        "o": Node("o", NodeType.INSTITUTION, zone="UTC"),
        "b": Node("b", NodeType.BUILDING),
        "f": Node("f", NodeType.FLOOR),
    }
    return Registry(
        nodes=nodes,
        space=(SpaceEdge("o", "b"), SpaceEdge("b", "f")),
        meters={m.code: m for m in meters},
        supply=tuple(supply),
        tariff=tuple(tariff),
    )


LADDER = (
    row(),
    row(item="01A00"),
    row(institution="o"),
    row(institution="o", item="01A00"),
    row(node="b"),
    row(node="f"),
    row(node="f", item="01A00"),
    row(meter="m"),
    row(meter="m", item="01A00"),
)
"""From the least to the most specific for a meter `m` of 01A00 on the floor `f`."""


@pytest.mark.parametrize("height", range(1, len(LADDER) + 1))
def test_the_most_specific_tariff_stands(height):
    registry = campus(Meter("m", "f", "01A00"), tariff=reversed(LADDER[:height]))
    assert TariffChoice(registry).of("m", MONDAY) == LADDER[height - 1].scope


def test_a_place_is_named_alike_as_institution_or_node():
    assert row(institution="o").scope == row(node="o").scope


def test_what_a_tariff_does_not_cover_it_does_not_price():
    rows = [row(item="01B00"), row(node="b", item="02000"), row(meter="n")]
    assert TariffChoice(campus(Meter("m", "f", "01A00"), tariff=rows)).of("m", MONDAY) is None


def test_a_choice_lasts_as_long_as_the_rows_are_valid():
    rows = [row(), row(meter="m", valid=Validity(MONDAY, SATURDAY))]
    choice = TariffChoice(campus(Meter("m", "f", "01000"), tariff=rows))
    days = (MONDAY - timedelta(days=1), MONDAY, SATURDAY)
    assert [choice.of("m", day).kind for day in days] == ["", "meter", ""]


TOTAL = Meter("t", "b", "01000", total=True)
BILLED = row(meter="t")


@pytest.mark.parametrize(
    ("own", "named"),
    [
        ([], False),
        ([row()], False),
        ([row(institution="o")], False),
        ([row(node="b")], False),
        ([row(node="f")], True),
        ([row(item="01A00")], True),
        ([row(meter="m")], True),
    ],
)
def test_what_stands_behind_a_billed_total_takes_its_tariff(own, named):
    registry = campus(TOTAL, Meter("m", "f", "01A00"), tariff=[BILLED, *own])
    found = TariffChoice(registry).of("m", MONDAY)
    assert found == (own[0].scope if named else BILLED.scope)


def test_a_meter_is_also_behind_the_one_that_feeds_it():
    meters = (Meter("t", "b", "01000"), Meter("m", "f", "01A00"))
    registry = campus(*meters, tariff=[row(), BILLED], supply=[SupplyEdge("t", "m")])
    assert TariffChoice(registry).of("m", MONDAY) == BILLED.scope
    ended = replace(registry, supply=(SupplyEdge("t", "m", Validity(None, MONDAY)),))
    assert TariffChoice(ended).of("m", MONDAY) == row().scope


def test_totals_that_feed_each_other_come_to_an_end():
    meters = (Meter("a", "b", "01000"), Meter("m", "f", "01000"))
    circle = [SupplyEdge("a", "m"), SupplyEdge("m", "a")]
    registry = campus(*meters, tariff=[row(meter="a")], supply=circle)
    assert TariffChoice(registry).of("m", MONDAY) == row(meter="a").scope


def priced(*rows: TariffRow) -> Registry:
    return campus(Meter("m", "f", "01A00"), Meter("w", "b", "02000"), tariff=rows)


def test_prices_names_and_sources_change_no_window():
    old = priced(*ROWS)
    new = [replace(r, price=r.price * 2, tariff="n", source="s", currency="EUR") for r in ROWS]
    assert changed_windows(old, priced(*new)) == {}
    assert marks_of_change(old, priced(*new)) == []


@pytest.mark.parametrize(
    ("rows", "span"),
    [
        ([replace(ROWS[0], end_min=450), *(replace(r, start_min=450) for r in ROWS[1:3])], None),
        ([*ROWS, row(item="01A00", valid=Validity(SATURDAY))], Validity(SATURDAY)),
        ([*ROWS, row(node="f", valid=Validity(MONDAY, SATURDAY))], Validity(MONDAY, SATURDAY)),
        ([*ROWS, row(meter="m", valid=Validity(end=MONDAY))], Validity(end=MONDAY)),
        ([], None),
    ],
)
def test_other_edges_or_another_tariff_change_the_windows_of_their_days(rows, span):
    assert changed_windows(priced(*ROWS), priced(*rows)) == {"m": [span or Validity()]}
