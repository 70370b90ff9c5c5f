"""Of a place: its size, its indicators, its complete months, and what counts into its figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from figures import (
    Cost,
    Emission,
    Figures,
    Total,
    Worth,
    area_of,
    canonical,
    complete_months,
    indicators_of,
    month_quality,
    month_total,
    parts_of_place,
    per_each,
    persons_of,
    total_of,
)
from figures.months import open_parts
from figures.view import View
from ledger import Clock, Plans
from metering.book import SeriesKey
from metering.errors import InvalidInput, NotFound, Unavailable
from metering.localtime import DAY_MIN, HOUR_US, day_bounds
from metering.quantity import ABSENT
from metering.registry import Meter, Node, NodeType, SpaceEdge, Validity
from metering.tariff import TariffScope
from storage.memory import MemoryBooks, MemoryMarks
from tests.figures.made import (
    DAY,
    KEY,
    KWH,
    START_US,
    ZONE,
    book_row,
    campus,
    part,
    tariff_row,
    view_of,
)

NEXT = DAY + timedelta(days=1)


def building(code: str, size: int | None = None, type_: NodeType = NodeType.BUILDING) -> Node:
    return Node(code, type_, persons=size, area_m2=None if size is None else Decimal(size))


def sizes(registry, code: str = "o") -> tuple[Decimal | None, int | None]:
    return area_of(registry, code, DAY), persons_of(registry, code, DAY)


def test_its_own_size_stands_before_that_of_its_parts():
    known = campus(building("b", 10))
    own = replace(known.nodes["o"], persons=7, area_m2=Decimal(70))
    assert sizes(replace(known, nodes={**known.nodes, "o": own})) == (70, 7)
    nothing = replace(known.nodes["o"], persons=0, area_m2=Decimal(0))
    assert sizes(replace(known, nodes={**known.nodes, "o": nothing})) == (0, 0)


def test_sites_buildings_and_data_centres_make_a_place_and_floors_do_not():
    types = (NodeType.SITE, NodeType.BUILDING, NodeType.DATACENTRE, NodeType.FLOOR)
    known = campus(*(building(type_.value, 10, type_) for type_ in types))
    assert parts_of_place(known, "o", DAY) == ["site", "building", "datacentre"]
    assert sizes(known) == (30, 30)


def test_what_is_below_a_part_counts_through_it_and_another_institution_never():
    known = campus(building("s", None, NodeType.SITE), building("b", 4), building("c", 5))
    edges = (SpaceEdge("o", "s"), SpaceEdge("s", "b"), SpaceEdge("s", "c"))
    known = replace(known, space=edges)
    assert sizes(known) == (9, 9)
    for name in ("a", "z"):
        nodes = {**known.nodes, "p": building("p", None, NodeType.PROVINCE)}
        nodes |= {
            name: building(name, 2, NodeType.INSTITUTION),
            f"{name}b": building(f"{name}b", 3),
        }
        more = (SpaceEdge("p", "o"), SpaceEdge("p", name), SpaceEdge(name, f"{name}b"))
        joined = replace(known, nodes=nodes, space=(*edges, *more, SpaceEdge("o", f"{name}b")))
        assert parts_of_place(joined, "o", DAY) == ["s"]
        other = replace(known, nodes=nodes, space=(*edges, *more, SpaceEdge("s", name)))
        assert parts_of_place(other, "s", DAY) == ["b", "c"]


def test_an_edge_that_does_not_hold_yet_brings_no_part():
    known = campus(building("b", 4))
    later = replace(known, space=(SpaceEdge("o", "b", valid=Validity(NEXT)),))
    assert sizes(later) == (None, None)
    assert area_of(later, "o", NEXT) == 4


ELECTRICITY = Worth(
    Cost(), Emission("kgco2", Decimal(6), covered=1), Emission("kgce", Decimal(3), covered=1)
)


def test_indicators_divide_each_whole_category_and_the_sums_by_size():
    sums = total_of({"01000": ELECTRICITY, "01A00": ELECTRICITY})
    assert (sums.kgco2, sums.kgce) == (6, 3)
    amounts = {"02000": None, "01A00": KWH, "01000": 10 * KWH}
    told = indicators_of(replace(building("b", 3), persons=4), amounts, sums)
    assert [(one.quantity, one.per, one.unit, one.value) for one in told] == [
        ("01000", "m2", "kWh/m2", Decimal("3.333333")),
        ("01000", "person", "kWh/person", Decimal("2.500000")),
        ("02000", "m2", "m3/m2", None),
        ("02000", "person", "m3/person", None),
        ("kgce", "m2", "kgce/m2", Decimal("1.000000")),
        ("kgce", "person", "kgce/person", Decimal("0.750000")),
        ("kgco2", "m2", "kgCO2/m2", Decimal("2.000000")),
        ("kgco2", "person", "kgCO2/person", Decimal("1.500000")),
    ]
    assert {one.node for one in told} == {"b"}


@pytest.mark.parametrize(
    ("amount", "by", "found"),
    [
        (1, 3, "0.333333"),
        (2, 3, "0.666667"),
        (0, 3, "0"),
        (1, 0, None),
        (1, None, None),
        (None, 3, None),
    ],
)
def test_an_amount_per_each_is_rounded_and_known_where_both_are(amount, by, found):
    told = per_each(None if amount is None else Decimal(amount), by)
    assert told == (None if found is None else Decimal(found))


def test_sums_of_a_place_are_known_where_each_category_is():
    unknown = Worth(Cost(), Emission("kgco2", None, uncovered=1), Emission("kgce", Decimal(1)))
    found = total_of({"01000": ELECTRICITY, "04000": unknown})
    assert (found.kgco2, found.kgce) == (None, 4)
    assert total_of({}) == Total(Cost(), None, None)
    assert total_of({"01A00": ELECTRICITY}) == Total(Cost(), None, None)
    assert canonical(None, "01000") is None
    assert canonical(1, "01000") == Decimal("0.000001")


def shares(*parts: int) -> np.ndarray:
    return np.array(parts, dtype=np.uint16)


@pytest.mark.parametrize(
    ("spills", "found"),
    [
        ([(100, 200, 0)], [200]),
        ([(0, 0, 10_000), (300, 0, 0)], [10_000, 300]),
        ([(0, 700, 0), (0, 0, 10_000)], [700, 10_000]),
        ([(0, 700, 0), (300, 0, 0)], [0, 0]),
        ([(0, 0, 10_000), (100, 50, 4_000), (200, 0, 0)], [10_000, 4_100, 200]),
        ([(9_000, 0, 4_000)], [10_000]),
        ([(0, 0, 6_000), (5_000, 0, 3_000), (9_000, 0, 0)], [6_000, 6_000, 3_000]),
        ([], []),
    ],
)
def test_a_gap_is_open_where_it_leaves_the_period_at_either_end(spills, found):
    assert open_parts(spills) == found
    mirrored = [(after, before, through) for before, after, through in spills][::-1]
    assert open_parts(mirrored) == found[::-1]


def test_days_weigh_by_their_length_and_the_running_one_up_to_now():
    rows = {
        DAY: book_row(part(60, [KWH] * 24), day_shares=shares(4_000, 0, 6_000, 0)),
        NEXT: book_row(part(60, [KWH] * 24), day=NEXT, day_shares=shares(0, 0, 10_000, 0)),
    }
    noon = START_US + 36 * HOUR_US
    assert month_quality(rows, [DAY, NEXT], ZONE, noon).tolist() == [2_667, 0, 7_333, 0]
    assert month_quality(rows, [DAY, NEXT], ZONE, START_US).tolist() == [0, 0, 0, 10_000]
    later = month_quality(rows, [DAY, NEXT, NEXT + timedelta(days=1)], ZONE, noon)
    assert later.tolist() == [2_667, 0, 7_333, 0]
    gap = book_row(part(60, [KWH]), day_shares=shares(1_000, 9_000, 0, 0), spill=(2_000, 0, 0))
    assert month_quality({DAY: gap}, [DAY], ZONE, noon).tolist() == [8_000, 2_000, 0, 0]


def test_no_gap_goes_through_a_day_without_a_row():
    """Between two such days a gap of weeks is held whole; those before and after are open."""
    days = [DAY + timedelta(days=n) for n in range(25)]
    gone = {"day_shares": shares(0, 10_000, 0, 0), "spill": (0, 0, 10_000)}
    rows = {day: book_row(part(60, [KWH] * 24), day=day, **gone) for day in days}
    del rows[days[1]], rows[days[23]]
    found = month_quality(rows, days, ZONE, START_US + 31 * 24 * HOUR_US).tolist()
    assert found == [8_400, 800, 0, 800]


def test_a_gap_ends_with_the_last_day_that_has_a_row():
    shown = {"day_shares": shares(8_000, 2_000, 0, 0), "spill": (0, 2_000, 0)}
    row = book_row(part(60, [KWH] * 24), **shown)
    midnight = START_US + 24 * HOUR_US
    assert month_quality({DAY: row}, [DAY, NEXT], ZONE, midnight).tolist() == [10_000, 0, 0, 0]
    assert month_quality({DAY: row}, [DAY], ZONE, midnight).tolist() == [8_000, 2_000, 0, 0]


def test_a_month_is_the_sum_of_the_days_that_have_a_total():
    rows = [book_row(part(60, [KWH])), book_row(part(60, [ABSENT]), total=None)]
    assert month_total(rows) == KWH
    assert month_total(rows[1:]) is month_total([]) is None


SETTLED_US = day_bounds(date(2026, 3, 31), ZONE)[1] + 36 * HOUR_US


def months_of(*rows, now_us: int, institution: str = "o"):
    books = MemoryBooks(MemoryMarks())
    books.commit("o", list(rows), expected_revision=0, now_us=0)
    return complete_months(books, campus(), now_us)(institution)


def test_a_month_is_complete_once_its_last_day_has_settled():
    rows = [
        book_row(part(DAY_MIN, [KWH]), day=day) for day in (date(2026, 2, 3), date(2026, 3, 31))
    ]
    end_us = day_bounds(date(2026, 3, 31), ZONE)[1]
    settled = end_us + Clock(0).settle_us
    both = (date(2026, 2, 1), date(2026, 3, 1))
    assert months_of(*rows, now_us=settled) == both
    assert months_of(*rows[::-1], now_us=settled) == both
    assert months_of(*rows, now_us=settled - 1) == both[:1]
    assert months_of(*rows, now_us=settled, institution="nobody") == ()
    assert months_of(now_us=settled) == ()


def test_months_are_told_by_settled_rows_of_the_institutions_own_widest_items():
    day = date(2026, 2, 3)
    later = SETTLED_US
    other = SeriesKey("o", "node", "b", "01000")
    narrow, water = replace(KEY, item="01A00"), replace(KEY, item="02000")
    row = book_row(part(DAY_MIN, [KWH]), day=day)
    assert months_of(replace(row, provisional=True), now_us=later) == ()
    assert months_of(replace(row, key=other), now_us=later) == ()
    assert months_of(replace(row, key=replace(KEY, kind="meter")), now_us=later) == ()
    assert months_of(replace(row, key=narrow), now_us=later) == (date(2026, 2, 1),)
    assert months_of(
        replace(row, key=narrow), replace(row, day=date(2026, 1, 5)), now_us=later
    ) == (date(2026, 1, 1),)
    assert months_of(replace(row, key=water), replace(row, day=date(2026, 1, 5)), now_us=later) == (
        date(2026, 1, 1),
        date(2026, 2, 1),
    )


METERS = [
    Meter("m", "b", "01000", step_min=15),
    Meter("n", "b", "01000", step_min=60),
    Meter("w", "b", "02000"),
]
LIST = tariff_row(0, DAY_MIN, "1")


def test_what_counts_into_a_series():
    view = view_of(registry=campus(building("b"), meters=METERS))
    assert view.meters(KEY, DAY) == ("m", "n")
    assert view.meters(SeriesKey("o", "meter", "m", "01000"), DAY) == ("m",)
    assert view.meters(SeriesKey("o", "meter", "gone", "01000"), DAY) == ()
    assert view.meters(replace(KEY, item="04000"), DAY) == ()
    assert view.items_of("o", DAY) == view.items_of("b", DAY) == ["01000", "02000"]
    assert view.zone(SeriesKey("o", "meter", "m", "01000")) == view.zone(KEY) == ZONE


def test_a_series_is_priced_where_each_of_its_meters_is():
    own = replace(tariff_row(0, DAY_MIN, "2"), meter="n")
    scope = TariffScope("", "", "01000")
    view = view_of(registry=campus(building("b"), meters=METERS, tariff=[LIST, own]))
    assert view.scope_of(KEY, DAY) == scope
    assert view.scope_of(KEY, DAY, 60) == own.scope
    assert view.scope_of(KEY, DAY, 15) == view.scope_of(KEY, DAY, 30) == scope
    assert view.scope_of(replace(KEY, item="02000"), DAY) is None
    assert view.scope_of(replace(KEY, item="04000"), DAY) is None
    alone = view_of(registry=campus(building("b"), meters=METERS, tariff=[own]))
    assert (alone.scope_of(KEY, DAY), alone.scope_of(KEY, DAY, 60)) == (None, own.scope)


def test_a_code_that_is_none_is_named():
    view = view_of(registry=campus(building("b"), meters=METERS))
    assert view.key_of("m", "02000") == SeriesKey("o", "meter", "m", "01000")
    assert view.key_of("b", "02000") == SeriesKey("o", "node", "b", "02000")
    with pytest.raises(InvalidInput) as told:
        view.key_of("b")
    assert (told.value.field, told.value.fix) == ("item", "e.g. 01000")
    with pytest.raises(NotFound):
        view.key_of("nowhere", "01000")
    with pytest.raises(InvalidInput):
        view.key_of("b", "1")
    both = campus(building("m"), meters=[Meter("m", "m", "01000")])
    assert view_of(registry=both).key_of("m", "01000").kind == "node"


def test_today_is_the_local_day_of_now():
    assert view_of(now_us=START_US).today(KEY) == DAY
    assert view_of(now_us=START_US - 1).today(KEY) == DAY - timedelta(days=1)
    assert datetime.fromtimestamp(START_US / 1e6, UTC).date() == DAY - timedelta(days=1)
    assert view_of(now_us=START_US).clock.as_of_us == START_US


def test_views_share_the_plans_of_one_registry():
    registries = [campus(building("b"), meters=METERS)]
    figures = Figures(MemoryBooks(MemoryMarks()), lambda: registries[-1], lambda: START_US)

    def plan(registry=None):
        with figures.view(registry) as view:
            return view.plan("o", DAY)

    first = plan()
    assert plan() is first
    registries.append(campus(building("b")))
    second = plan()
    assert (second is first, plan() is second) == (False, True)
    assert second.figures == {}
    assert ("b", "01000") in plan(registries[0]).figures
    given = Plans(registries[0])
    view = View(MemoryBooks(MemoryMarks()), registries[0], START_US, given)
    assert view.plan("o", DAY) is given.on("o", DAY)
    assert view.tariffs is view.choice.book


def test_eight_answers_may_be_made_at_once_and_the_ninth_is_told_so(monkeypatch):
    monkeypatch.setattr("figures.view.PATIENCE_S", 0.0)
    figures = Figures(MemoryBooks(MemoryMarks()), campus, lambda: START_US)
    held = [figures.view() for _ in range(8)]
    for one in held:
        one.__enter__()
    with pytest.raises(Unavailable) as told:
        figures.view().__enter__()
    assert (told.value.field, told.value.value) == ("view", 8)
    assert "shorter ranges" in told.value.fix
    for one in held:
        one.__exit__(None, None, None)


def test_a_revision_is_that_of_the_first_question():
    books = MemoryBooks(MemoryMarks())
    books.commit("o", [book_row(part(60, [KWH]))], expected_revision=0, now_us=0)
    view = View(books, campus(), START_US)
    assert view.revision("o") == 1
    books.commit("o", [book_row(part(60, [2 * KWH]))], expected_revision=1, now_us=0)
    assert view.revision("o") == 1
    assert view.revision("a") == 0
    assert list(view.revisions.items()) == [("a", 0), ("o", 1)]
