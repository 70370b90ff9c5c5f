"""Installations dated to an instant or a window: how they are written, what is refused, and which
days a change touches."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from metering.errors import InvalidFiles
from metering.localtime import day_bounds
from metering.moment import read_moment
from metering.registry import Registry, Validity
from metering.registry.changes import changed_meters, marks_of_change
from metering.registry.differences import changes
from metering.registry.files import read_registry_texts
from metering.registry.merge import merged
from metering.registry.past import days_touched
from metering.registry.write import write_registry

HEAD = "gateway,point,kind,unit,meter,ratio,valid_from,valid_to,first,final"
OFFICE = {
    "tree.csv": "code,parent,type,zone\no,,institution,\ns,o,site,Asia/Shanghai\n",
    "gateways.csv": "site,code\ns,g\n",
    "meters.csv": "code,node,item,total\nm,s,01000,yes\n",
}
AT = "2026-03-03T14:37:00+08:00"
WINDOW = "2026-03-03T23:00:00+08:00/2026-03-04T01:00:00+08:00"


def points(*rows: str) -> dict[str, str]:
    return {"points.csv": "\n".join([HEAD, *(f"s/g,{row}" for row in rows), ""])}


def office(*rows: str) -> Registry:
    return merged(Registry(), read_registry_texts(OFFICE | points(*rows)))


def problems(*rows: str) -> list[tuple[str, str]]:
    with pytest.raises(InvalidFiles) as error:
        read_registry_texts(OFFICE | points(*rows))
    return [(one.field, one.problem) for one in error.value.problems]


REPLACED = (f"a,register,kWh,m,,,{AT},,6166.028", f"b,register,kWh,m,,{AT},,12.0,")


def test_an_instant_holds_on_the_days_it_touches() -> None:
    old, new = office(*REPLACED).installations
    assert (old.valid, new.valid) == (
        Validity(None, date(2026, 3, 4)),
        Validity(date(2026, 3, 3), None),
    )
    assert old.ended == new.began == read_moment("2026-03-03T06:37:00Z")
    assert (str(old.final), str(new.first)) == ("6166.028", "12.0")


def test_midnight_ends_the_day_before() -> None:
    midnight = "2026-03-03T00:00:00+08:00"
    rows = (f"a,register,kWh,m,,,{midnight},,", f"b,register,kWh,m,,{midnight},,,")
    old, new = office(*rows).installations
    assert old.valid.end == new.valid.start == date(2026, 3, 3)


@pytest.mark.parametrize("text", [AT, WINDOW])
def test_what_is_written_imports_to_the_same(text: str) -> None:
    present = office(f"a,register,kWh,m,40,,{text},,", f"b,register,kWh,m,40,{text},,,")
    wanted = read_registry_texts(write_registry(present), present)
    assert changes(present, merged(present, wanted)) == []


def test_a_day_can_be_told_more_exactly_later() -> None:
    present = office("a,register,kWh,m,,,2026-03-03,,", "b,register,kWh,m,,2026-03-03,,,")
    after = merged(present, read_registry_texts(points(*REPLACED), present))
    told = [one.what for one in changes(present, after)]
    assert told == ["changed", "changed"]
    assert [str(one) for one in changes(present, after)][1] == (
        f"changed installation m s/g b from 2026-03-03: valid_from '2026-03-03' -> '{AT}', "
        "first '' -> '12.0'"
    )


def test_a_value_told_later_touches_the_days_around_it_alone() -> None:
    bare = office(f"a,register,kWh,m,,,{AT},,", f"b,register,kWh,m,,{AT},,,")
    after = merged(bare, read_registry_texts(points(*REPLACED), bare))
    around = Validity(date(2026, 3, 2), date(2026, 3, 5))
    assert changed_meters(bare, after) == {"m": [around]}
    for change in changes(bare, after):
        assert set(days_touched(change)) == {around}


def test_a_point_may_go_on_under_another_meter() -> None:
    """Both meters are booked again on the day of the move, also where it is taken back."""
    meters = {"meters.csv": OFFICE["meters.csv"] + "n,s,01000,\n"}
    rows = (f"a,register,kWh,m,,,{AT},,", f"a,register,kWh,n,,{AT},,,")
    there = merged(
        Registry(), read_registry_texts(OFFICE | meters | points("a,register,kWh,m,,,,,"))
    )
    moved = merged(there, read_registry_texts(OFFICE | meters | points(*rows)))
    assert [(one.meter, one.ends, one.starts) for one in moved.installations] == [
        ("m", AT, ""),
        ("n", "", AT),
    ]
    for old, new in ((there, moved), (moved, replace(there, version=9))):
        marks = marks_of_change(old, new)
        day = day_bounds(date(2026, 3, 3), "Asia/Shanghai")[0]
        assert any(mark.point == 1 and mark.start_us <= day < mark.end_us for mark in marks)
    again = read_registry_texts(write_registry(moved))
    assert changes(moved, merged(moved, again)) == []


def test_another_register_touches_its_days() -> None:
    bare = office("a,register,kWh,m,,,,,")
    after = merged(bare, read_registry_texts(points(*REPLACED), bare))
    (span,) = changed_meters(bare, after)["m"]
    assert (span.start, span.end) == (date(2026, 3, 2), None)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("a,register,kWh,m,,,2026-03-03T14:37:00,,",), ("valid_to", "neither a day nor")),
        (("a,register,kWh,m,,20260303T143700Z,,,",), ("valid_from", "neither a day nor")),
        (
            ("a,register,kWh,m,,,2026-03-03T14:37Z/2026-03-03T13:37Z,,",),
            ("valid_to", "the window ends before it begins"),
        ),
        ((f"a,register,kWh,m,,,{AT},,-1",), ("final", "below 0")),
        ((f"a,register,kWh,m,,{AT},,-0.5,",), ("first", "below 0")),
        (
            ("a,register,kWh,m,,,2026-03-03,,", f"b,register,kWh,m,,{AT},,,"),
            ("valid_to", "one row of the change says the day"),
        ),
        (
            ("a,register,kWh,m,,,2026-03-03,,", f"b,register,kWh,m,,{WINDOW},,,"),
            ("valid_to", "one row of the change says the day"),
        ),
        (("a,register,kWh,m,,,2026-03-03T14:37Z/2026-03-04,,",), ("valid_to", "neither")),
        ((f"a,register,kWh,m,,{AT},{AT},,",), ("valid_to", "not after valid_from")),
        ((f"a,register,kWh,m,,{AT},2026-03-03,,",), ("valid_to", "not after valid_from")),
        (("a,register,kWh,m,,2026-03-03,,12,",), ("first", "without an instant in valid_from")),
        (("a,register,kWh,m,,,,,12",), ("final", "without an instant in valid_to")),
        ((f"a,mean,kW,m,,{AT},,12,",), ("first", "kind mean")),
        ((f"a,register,kWh,,,,{AT},,",), ("valid_to", "given without a meter")),
        (("a,register,kWh,,,,,,3",), ("final", "given without a meter")),
        (
            (REPLACED[0], "b,register,kWh,m,,2026-03-03T14:36:59+08:00,,,"),
            ("meter", "two points serve the meter"),
        ),
        ((REPLACED[0], "b,register,kWh,m,,2026-03-03,,,"), ("meter", "two points serve")),
        (
            (f"a,register,kWh,m,,,{WINDOW},,", f"b,register,kWh,m,,{WINDOW[:25]},,,"),
            ("meter", "two points serve"),
        ),
    ],
)
def test_what_is_refused(rows: tuple[str, ...], said: tuple[str, str]) -> None:
    found = problems(*rows)
    assert [field for field, _ in found] == [said[0]], found
    assert said[1] in found[0][1]


def said(columns: str, row: str) -> list[tuple[str, str]]:
    """What is wrong with a row of points.csv that has some columns more."""
    text = f"gateway,point,kind,unit,meter,{columns}\ns/g,a,register,kWh,{row}\n"
    with pytest.raises(InvalidFiles) as error:
        read_registry_texts(OFFICE | {"points.csv": text})
    return [(one.field, one.problem) for one in error.value.problems]


def test_a_value_that_the_register_cannot_show_is_refused() -> None:
    for value in ("1000", "1000.5"):
        found = said("digits,valid_to,final", f"m,3,{AT},{value}")
        assert found == [("final", "more than 3 digits hold")]
    text = (
        f"gateway,point,kind,unit,meter,signed,valid_to,final\ns/g,a,register,kWh,m,yes,{AT},-4\n"
    )
    (one,) = read_registry_texts(OFFICE | {"points.csv": text}).installations
    assert one.final == -4


def test_a_day_and_an_instant_of_other_days_are_two_changes() -> None:
    old, new = office("a,register,kWh,m,,,2026-03-01,,", f"b,register,kWh,m,,{AT},,,").installations
    assert (old.ends, new.starts) == ("", AT)


def test_accuracy_and_calibration_are_facts_that_book_nothing() -> None:
    columns = "accuracy_class,calibrated_until"
    head = f"gateway,point,kind,unit,meter,ratio,valid_from,{columns}"
    text = f"{head}\ns/g,a,register,kWh,m,40,,0.5S,2027-05-31\n"
    bare = office("a,register,kWh,m,40,,,,")
    known = merged(bare, read_registry_texts({"points.csv": text}, bare))
    (one,) = known.installations
    assert (one.accuracy_class, one.calibrated_until) == ("0.5S", date(2027, 5, 31))
    assert [one.is_expired(date(2027, *day)) for day in ((5, 31), (6, 1))] == [False, True]
    assert not bare.installations[0].is_expired(date(2999, 1, 1))
    again = merged(known, read_registry_texts(write_registry(known)))
    assert changes(known, again) == []
    (change,) = changes(bare, known)
    assert [name for name, *_ in change.fields] == ["accuracy_class", "calibrated_until"]
    assert (days_touched(change), changed_meters(bare, known)) == ([], {})
    kept = merged(known, read_registry_texts(points("a,register,kWh,m,30,,,,"), known))
    assert kept.installations[0].accuracy_class == "0.5S"
    assert said(columns, "m,precise,") == [("accuracy_class", "no accuracy class")]
    assert said(columns, "m,1,soon") == [("calibrated_until", "not a date")]
    assert said(columns, ",1,") == [("accuracy_class", "given without a meter")]
