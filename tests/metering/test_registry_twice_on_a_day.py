"""Laws of a point that begins more than once on one local day at a meter: the rows of the day are
one set, told apart by when they begin."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.errors import InvalidFiles
from metering.registry import Registry, Validity
from metering.registry.changes import changed_meters
from metering.registry.differences import changes
from metering.registry.files import read_registry_texts, write_registry
from metering.registry.installation_sets import counterparts
from metering.registry.merge import merged
from metering.registry.missing import missing_from
from metering.registry.past import days_touched
from tests.metering.test_registry_moments import office, points, problems

DAY = "2026-03-03"
KEY = f"installation m s/g a from {DAY}"


def at(*clocks: str) -> str:
    """An instant of the day, or a window."""
    return "/".join(f"{DAY}T{clock}:00+08:00" for clock in clocks)


SEVEN, EIGHT, TEN, THREE, SIX = (at(t) for t in ("07:30", "08:00", "10:07", "15:22", "18:00"))
BEFORE = f"a,register,kWh,m,20,,{TEN},,"
FIRST = f"a,register,kWh,m,40,{TEN},{THREE},,"
SECOND = f"a,register,kWh,m,30,{THREE},,,"


def twice() -> Registry:
    return office(BEFORE, FIRST, SECOND)


def ratios(registry: Registry) -> list[tuple[str, Decimal]]:
    return [(one.starts, one.ratio) for one in registry.installations]


def imported(*rows: str, present: Registry | None = None) -> Registry:
    known = twice() if present is None else present
    return merged(known, read_registry_texts(points(*rows), known))


def told(*rows: str) -> list[str]:
    return [str(one) for one in changes(twice(), imported(*rows))]


def test_rows_that_follow_one_another_are_taken_in_order_of_time() -> None:
    wanted = [("", Decimal(20)), (TEN, Decimal(40)), (THREE, Decimal(30))]
    assert ratios(twice()) == ratios(office(SECOND, BEFORE, FIRST)) == wanted
    utc = f"{DAY}T07:22:00Z"  # before 10:07+08:00 as a text
    other = office(BEFORE, f"a,register,kWh,m,30,{utc},,,", f"a,register,kWh,m,40,{TEN},{utc},,")
    assert [one.ratio for one in other.installations] == [20, 40, 30]


def test_a_point_may_be_away_for_some_hours() -> None:
    found = office(
        f"a,register,kWh,m,,{EIGHT},{TEN},,",
        f"b,register,kWh,m,,{TEN},{THREE},,",
        f"a,register,kWh,m,,{THREE},,,",
        f"c,register,kWh,m,,,{EIGHT},,",
    )
    assert [(one.point, one.starts) for one in found.installations] == [
        (1, EIGHT),
        (1, THREE),
        (2, TEN),
        (3, ""),
    ]


WINDOWS = (at("10:00", "10:40"), at("15:00", "16:00"))


@pytest.mark.parametrize(
    "rows",
    [
        (BEFORE, FIRST, SECOND),
        (
            f"a,register,kWh,m,20,,{WINDOWS[0]},,3.5",
            f"a,register,kWh,m,40,{WINDOWS[0]},{WINDOWS[1]},0.5,7",
            f"a,register,kWh,m,30,{WINDOWS[1]},,,",
        ),
        (f"a,register,kWh,m,,{EIGHT},{TEN},,", f"a,register,kWh,m,,{THREE},,,"),
    ],
)
def test_what_is_written_imports_to_the_same(rows: tuple[str, ...]) -> None:
    present = office(*rows)
    wanted = read_registry_texts(write_registry(present), present)
    assert changes(present, merged(present, wanted)) == []
    assert missing_from(present, wanted, ["points.csv"]) == []
    anew = merged(Registry(), read_registry_texts(write_registry(present)))
    assert anew.installations == present.installations


def test_a_corrected_instant_takes_the_place_of_the_earlier_one() -> None:
    later = at("15:25")
    rows = (f"a,register,kWh,m,40,{TEN},{later},,", f"a,register,kWh,m,30,{later},,,")
    assert ratios(imported(*rows))[1:] == [(TEN, Decimal(40)), (later, Decimal(30))]
    assert told(*rows) == [
        f"changed {KEY}: valid_to '{THREE}' -> '{later}'",
        f"changed {KEY} #1: valid_from '{THREE}' -> '{later}'",
    ]
    around = [Validity(date(2026, 3, 2), date(2026, 3, 5))] * 2
    found = changes(twice(), imported(*rows))
    assert [days_touched(one) for one in found] == [around, around]
    assert changed_meters(twice(), imported(*rows)) == {"m": around[:1]}


def test_a_single_row_of_a_day_is_replaced_as_ever() -> None:
    bare = office(BEFORE, f"a,register,kWh,m,40,{TEN},,,")
    other = at("10:09")
    rows = (f"a,register,kWh,m,20,,{other},,", f"a,register,kWh,m,40,{other},,,")
    after = imported(*rows, present=bare)
    assert ratios(after) == [("", Decimal(20)), (other, Decimal(40))]
    assert [one.what for one in changes(bare, after)] == ["changed", "changed"]


def test_what_is_added_and_gone_leaves_its_twins_what_they_are() -> None:
    earlier = (
        f"a,register,kWh,m,20,,{EIGHT},,",
        f"a,register,kWh,m,25,{EIGHT},{TEN},,",
        FIRST,
        SECOND,
    )
    assert told(*earlier) == [
        f"changed installation m s/g a: valid_to '{TEN}' -> '{EIGHT}'",
        f"added {KEY}",
    ]
    (change,) = [one for one in changes(twice(), imported(*earlier)) if one.what == "added"]
    assert days_touched(change) == [Validity(date(2026, 3, 3), date(2026, 3, 4))]
    assert told(FIRST.replace(THREE, SIX), SECOND.replace(THREE, SIX)) == [
        f"changed {KEY}: valid_to '{THREE}' -> '{SIX}'",
        f"changed {KEY} #1: valid_from '{THREE}' -> '{SIX}'",
    ]
    assert told(FIRST, SECOND.replace(",,,", f",{SIX},,"), f"a,register,kWh,m,31,{SIX},,,") == [
        f"changed {KEY} #1: valid_to '' -> '{SIX}'",
        f"added {KEY} #2",
    ]
    assert told(FIRST.replace(THREE, "")) == [
        f"changed {KEY}: valid_to '{THREE}' -> ''",
        f"gone {KEY} #1",
    ]


def test_two_imports_come_to_the_same_as_one() -> None:
    one_change = office(BEFORE, f"a,register,kWh,m,40,{TEN},,,")
    assert ratios(imported(FIRST, SECOND, present=one_change)) == ratios(twice())


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            (f"a,register,kWh,m,40,{DAY},{THREE},,", SECOND),
            ("valid_from", "the point begins more than once on that day"),
        ),
        (
            (f"a,register,kWh,m,40,{DAY},,,", f"a,register,kWh,m,30,{DAY},,,"),
            ("meter", "two points serve the meter at the same time"),
        ),
        (
            (f"a,register,kWh,m,40,{DAY},{THREE},,", f"a,register,kWh,m,30,{TEN},,,"),
            ("meter", "two points serve the meter at the same time"),
        ),
        ((FIRST, SECOND.replace(THREE, at("15:21"))), ("meter", "two points serve the meter")),
        ((FIRST, FIRST), ("meter", "two points serve the meter")),
        ((FIRST, SECOND.replace(THREE, at("15:00", "16:00"))), ("meter", "two points serve")),
        (
            (f"a,register,kWh,m,40,{at('10:00', '11:00')},{at('11:00')},,",),
            ("valid_to", "not after valid_from"),
        ),
    ],
)
def test_what_does_not_follow_is_refused(rows: tuple[str, ...], said: tuple[str, str]) -> None:
    ((field, problem),) = problems(*rows)
    assert field == said[0]
    assert problem.startswith(said[1])


def test_a_row_that_follows_from_the_registered_set_is_judged_by_what_the_file_says() -> None:
    """The registered rows of that day are gone with the import, so they overlap nothing."""
    assert ratios(imported(f"a,register,kWh,m,50,{at('12:00')},,,"))[1:] == [
        (at("12:00"), Decimal(50))
    ]
    with pytest.raises(InvalidFiles, match="two points serve"):
        imported(f"b,register,kWh,m,50,{at('12:00')},{THREE},,")


def test_an_absent_column_keeps_what_the_row_of_that_instant_has() -> None:
    head = "gateway,point,kind,unit,meter,valid_from,valid_to"

    def kept(*rows: str) -> list[tuple[str, Decimal]]:
        text = "\n".join([head, *(f"s/g,a,register,kWh,m,{row}" for row in rows), ""])
        present = twice()
        return ratios(merged(present, read_registry_texts({"points.csv": text}, present)))[1:]

    assert kept(f"{THREE},", f"{TEN},{THREE}") == [(TEN, Decimal(40)), (THREE, Decimal(30))]
    utc = f"{DAY}T07:22Z"
    assert kept(f"{utc},") == [(utc, Decimal(30))]
    other = (at("10:09"), at("15:20"))
    assert kept(f"{other[1]},", f"{other[0]},{other[1]}") == [
        (other[0], Decimal(40)),
        (other[1], Decimal(30)),
    ]
    noon = at("12:00")
    assert kept(f"{noon},{THREE}", f"{TEN},{noon}", f"{THREE},") == [
        (TEN, Decimal(40)),
        (noon, Decimal(1)),
        (THREE, Decimal(30)),
    ]


def test_a_file_without_dates_cannot_say_which_of_them_it_means() -> None:
    text = "gateway,point,kind,unit,meter,ratio\ns/g,a,register,kWh,m,7\n"
    with pytest.raises(InvalidFiles, match="begins more than once on its last day") as refused:
        read_registry_texts({"points.csv": text}, twice())
    (problem,) = refused.value.problems
    assert (problem.line, problem.field) == (2, "valid_from")
    bare = read_registry_texts(
        {"points.csv": "gateway,point,kind,unit\ns/g,b,instant,C\n"}, twice()
    )
    assert len(merged(twice(), bare).points) == 2


def test_a_set_is_missing_as_a_whole_and_ended_where_it_holds() -> None:
    other = points("b,register,kWh,,,,,,")
    present = twice()
    wanted = read_registry_texts(other, present)
    named = [str(one) for one in missing_from(present, wanted, other)]
    assert named == ["point s/g a", "installation m s/g a", KEY, f"{KEY} #1"]
    end = date(2026, 11, 1)
    after = merged(present, read_registry_texts(other, present, end_missing=end))
    assert [str(one) for one in changes(present, after) if one.kind == "installation"] == [
        f"changed {KEY} #1: valid_to '' -> '2026-11-01'"
    ]
    some = read_registry_texts(points(SECOND), present)
    assert KEY not in [str(one) for one in missing_from(present, some, ["points.csv"])]


TEXTS = st.lists(st.sampled_from([SEVEN, EIGHT, TEN, THREE, SIX, f"{DAY}T07:22:00Z", DAY, "x"]))


@given(TEXTS, TEXTS)
def test_each_beginning_stands_for_one_of_the_others(present: list[str], others: list[str]) -> None:
    found = counterparts(present, others)
    assert len(found) == len(set(found)) == len(others)
    assert set(found) <= set(range(max(len(present), len(others))))
    if len(others) >= len(present):
        assert set(found) >= set(range(len(present)))
    for text in set(present) & set(others) - {THREE, f"{DAY}T07:22:00Z"}:
        both = min(present.count(text), others.count(text))
        pairs = [n for n, place in enumerate(found) if place < len(present)]
        assert sum(others[n] == text == present[found[n]] for n in pairs) == both


def test_the_rest_stand_for_each_other_in_order_of_time() -> None:
    assert counterparts([THREE, EIGHT, TEN], [SIX, TEN, SEVEN]) == [0, 2, 1]
    assert counterparts([], [TEN, EIGHT]) == [1, 0]
