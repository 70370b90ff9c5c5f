"""Entries of people: what becomes of them, what is refused, and days that add up."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.usecases.entries import spread
from metering.access import Role
from metering.intake import GatewayCounts, IntakeBatch
from metering.localtime import HOUR_US, day_bounds, days_between, iso
from metering.reading import Kind, ReadingColumns
from metering.registry import Gateway, Installation, Meter, Point
from metering.units import BOOK_UNITS, UNITS
from metering.validity import Validity
from tests.api.conftest import SLIP
from tests.api.test_api_lineage import DAY, NOW, START, ZONE, main, office

BEFORE = DAY - timedelta(days=9)


@pytest.fixture
def desk(booked):
    """An electricity register, water meters that nobody sends, and one in steps of an hour."""
    meters = [
        main(),
        Meter("w", "b", "02000", step_min=1440),
        Meter("q", "b", "02000"),
        Meter("bare", "b", "04000", step_min=1440),
        Meter("t", "b", "02000", step_min=1440),
        Meter("car", "b", "10000", step_min=1440),
        Meter("coal", "b", "07000", step_min=1440),
    ]
    points = [
        Point(1, "b/g", "E1", Kind.REGISTER, "kWh", low=0.0, high=500_000.0),
        Point(2, "b/hand", "w", Kind.INTERVAL, "m3"),
        Point(3, "b/hand", "q", Kind.INTERVAL, "m3"),
        Point(4, "b/hand", "t1", Kind.INTERVAL, "m3"),
        Point(5, "b/hand", "t2", Kind.INTERVAL, "m3"),
        Point(6, "b/hand", "car", Kind.INTERVAL, "m3"),
        Point(7, "b/hand", "coal", Kind.INTERVAL, "kg"),
    ]
    installed = [
        Installation("m", 1, digits=6),
        Installation("w", 2, register_unit="m3"),
        Installation("car", 6, register_unit="m3"),
        Installation("coal", 7, register_unit="kg"),
        Installation("q", 3, register_unit="m3"),
        Installation("t", 4, register_unit="m3", valid=Validity(None, DAY)),
        Installation("t", 5, register_unit="m3", valid=Validity(DAY, None)),
    ]
    registry = office(meters, points, installed)
    hand = {"b/hand": Gateway("b", "hand")}
    registry = replace(registry, gateways=registry.gateways | hand)
    return booked(registry, NOW, {1: ([START], [10.0])})


def enter(world, status: int = 202, headers: dict[str, str] | None = None, **said: object):
    given = {"X-API-Key": world.keys["bureau"], **(headers or {})}
    answer = world.client.post("/v1/entries", headers=given, json=said)
    assert answer.status_code == status, answer.text
    return answer.json()


def journalled(world) -> list[dict]:
    return [json.loads(raw.payload) for raw in world.journal.kept.values() if raw.kind == "entered"]


def test_a_reading_goes_into_the_journal_as_its_points(desk):
    told = enter(desk, meter="m", value="123.5", time=iso(START), read_by=" Wang ", note="cellar")
    assert (told["kind"], told["time"], told["point"]) == ("reading", iso(START), "b/g/E1")
    assert (told["read_by"], told["note"], told["unit"]) == ("Wang", "cellar", "kWh")
    (raw,) = desk.journal.kept.values()
    assert (raw.kind, raw.gateway) == ("entered", "b/g")
    assert raw.client == told["entered_by"]
    row = {"point": "E1", "time": iso(START), "value": 123.5, "unit": "kWh"}
    assert journalled(desk)[0]["readings"] == [row]


def test_a_day_is_its_beginning_and_another_unit_is_kept(desk):
    told = enter(desk, meter="m", value="1.25", unit="MWh", day=DAY.isoformat())
    assert (told["time"], told["unit"]) == (iso(START), "MWh")


def test_a_quantity_is_a_reading_for_each_of_its_days(desk):
    enter(desk, meter="w", value="10", start=BEFORE.isoformat(), end=DAY.isoformat())
    (one,) = journalled(desk)
    days = days_between(BEFORE, DAY)[:-1]
    assert [r["time"] for r in one["readings"]] == [iso(day_bounds(d, ZONE)[0]) for d in days]
    assert sum(round(r["value"] * 1e6) for r in one["readings"]) == 10_000_000


def test_fuel_is_entered_in_litres_and_booked_in_cubic_metres(desk):
    told = enter(desk, meter="car", value="62.5", unit="L", start=str(BEFORE), end=str(DAY))
    assert (told["value"], told["unit"]) == ("62.5", "L")
    (one,) = journalled(desk)
    assert {r["unit"] for r in one["readings"]} == {"m3"}
    assert sum(round(r["value"] * 1e6) for r in one["readings"]) == 62_500


def test_coal_is_entered_by_weight(desk):
    told = enter(desk, meter="coal", value="3.25", unit="t", start=str(BEFORE), end=str(DAY))
    assert (told["value"], told["unit"]) == ("3.25", "t")
    (one,) = journalled(desk)
    assert {r["unit"] for r in one["readings"]} == {"kg"}
    assert sum(round(r["value"] * 1e6) for r in one["readings"]) == 3_250_000_000


REFUSED = [
    ({"meter": "m", "value": 1}, "time"),
    ({"meter": "m", "value": 1, "day": "2026-11-09", "month": "2026-10"}, "time"),
    ({"meter": "m", "value": 1, "start": "2026-11-09"}, "time"),
    ({"meter": "m", "value": 1, "time": "2026-11-09"}, "time"),
    ({"meter": "m", "value": 1, "time": "2026-11-09T08:00:00"}, "time"),
    ({"meter": "m", "value": 1, "time": "2031-01-01T00:00:00Z"}, "time"),
    ({"meter": "m", "value": -1, "day": "2026-11-09"}, "value"),
    ({"meter": "m", "value": 500_001, "day": "2026-11-09"}, "value"),
    ({"meter": "m", "value": "NaN", "day": "2026-11-09"}, "value"),
    ({"meter": "m", "value": 1, "unit": "m3", "day": "2026-11-09"}, "unit"),
    ({"meter": "m", "value": 1, "month": "2026-10"}, "meter"),
    ({"meter": "m", "value": 1, "day": "2026-11-09", "point": "b/g/E2"}, "point"),
    ({"meter": "m", "value": 1, "day": "2026-11-09", "evidence": ["0" * 64]}, "evidence"),
    ({"meter": "m", "value": 1, "day": "2026-11-09", "evidence": ["../x"]}, "evidence"),
    ({"meter": "m", "value": 1, "day": "2026-11-09", "note": "a\x00"}, "note"),
    ({"meter": "m", "value": 1, "day": "2026-11-09", "more": 1}, "more"),
    ({"meter": "coal", "value": 1, "unit": "m3", "month": "2026-10"}, "unit"),
    ({"meter": "w", "value": 1, "month": "2026-11"}, "month"),
    ({"meter": "w", "value": 1, "month": "2026-1"}, "month"),
    ({"meter": "w", "value": -1, "month": "2026-10"}, "value"),
    ({"meter": "w", "value": 1, "day": "2026-11-09"}, "day"),
    ({"meter": "w", "value": 1, "start": "2026-11-09", "end": "2026-11-09"}, "end"),
    ({"meter": "w", "value": 1, "start": "2024-11-09", "end": "2026-11-09"}, "end"),
    ({"meter": "q", "value": 1, "month": "2026-10"}, "meter"),
    ({"meter": "bare", "value": 1, "month": "2026-10"}, "meter"),
    ({"meter": "t", "value": 1, "start": "2026-11-08", "end": "2026-11-10"}, "start"),
]


@pytest.mark.parametrize(("said", "field"), REFUSED)
def test_what_cannot_be_entered_names_field_and_fix_and_leaves_nothing(desk, said, field):
    problem = enter(desk, 422, **said)
    assert problem["field"].split(".")[-1] == field
    assert problem["fix"]
    assert journalled(desk) == []


def test_the_same_key_is_the_same_entry_and_another_one_is_refused(desk):
    key = {"Idempotency-Key": "slip 7"}
    said = {"meter": "m", "value": "5", "time": iso(START)}
    first = enter(desk, headers=key, **said)
    assert enter(desk, headers=key, **said) == first
    assert enter(desk, 409, headers=key, **{**said, "value": "6"})["field"] == "Idempotency-Key"
    assert enter(desk, headers={"Idempotency-Key": "8"}, **said)["id"] != first["id"]
    assert len(journalled(desk)) == 2
    other = desk.platform.access.create_key("other", "", Role.ENTER, actor="test", now_us=1)
    again = enter(desk, headers={**key, "X-API-Key": other}, **{**said, "value": "6"})
    assert again["id"] != first["id"]


def test_days_of_which_the_gateway_sends_intervals_take_no_quantity(desk):
    said = {"meter": "w", "value": 1, "start": BEFORE.isoformat(), "end": DAY.isoformat()}
    at = day_bounds(BEFORE, ZONE)[0]
    heard = (GatewayCounts("b/hand", messages=1, last_arrival_us=at),)
    desk.platform.intake.commit(IntakeBatch(1, 0, 0, 1 << 24 | 1, 1, counts=heard))
    enter(desk, **said)
    row = (2, at + HOUR_US, 3.0, 0, at, 0, 0, 0, 0)
    desk.platform.readings.upsert(ReadingColumns.of([row]))
    assert enter(desk, 422, **said)["value"] == "b/hand/w"


def test_an_entry_is_taken_back_once_and_stays(desk):
    told = enter(desk, meter="w", value="10", start=BEFORE.isoformat(), end=DAY.isoformat())
    path = f"/v1/entries/{told['id']}/withdrawal"
    enter(desk, meter="w", value=1, start=(DAY - timedelta(days=1)).isoformat(), end=str(DAY))
    for _ in range(2):
        taken = desk.post(path, json={"reason": "wrong meter"})
        assert (taken.status_code, taken.json()["state"]) == (200, "withdrawn")
    *_, last = journalled(desk)
    assert len(journalled(desk)) == 3
    assert {row["value"] for row in last["readings"]} == {None}
    assert len(last["readings"]) == 8  # the ninth day was said anew
    assert desk.post(path, json={"reason": " "}).status_code == 422
    assert desk.get(f"/v1/entries/{told['id']}").json()["value"] == "10"


def test_a_file_is_read_back_by_who_reaches_the_entry(world):
    headers = {"X-API-Key": world.keys["desk"], "Content-Type": "application/pdf"}
    kept = world.client.post("/v1/evidence", headers=headers, content=SLIP).json()
    said = {"meter": "canteen-water", "value": 7, "day": "2026-11-20", "evidence": [kept["sha256"]]}
    told = world.post("/v1/entries", key="desk", json=said).json()
    (file,) = told["evidence"]
    found = world.get(file["url"], key="reader")
    assert (found.content, found.headers["content-type"]) == (SLIP, "application/pdf")
    assert found.headers["content-disposition"] == "attachment"
    for key in ("school", "building"):
        assert world.get(file["url"], key=key).status_code == 404
        assert world.get(f"/v1/entries/{told['id']}", key=key).status_code == 404


def put(world, key: str, content: bytes) -> str:
    headers = {"X-API-Key": world.keys[key], "Content-Type": "application/pdf"}
    return world.client.post("/v1/evidence", headers=headers, content=content).json()["sha256"]


def named(world, key: str, meter: str, sha256: str):
    said = {"meter": meter, "value": 7, "day": "2026-11-20", "evidence": [sha256]}
    return world.post("/v1/entries", key=key, json=said)


def test_a_file_of_another_institution_cannot_be_named_and_is_refused_like_none(world):
    """Whoever names a file reads it back, so its hash alone must not do: of an entry and of a bill,
    and in the same words as of a hash of nothing."""
    own = put(world, "desk", SLIP + b" of the bureau")
    assert named(world, "desk", "canteen-water", own).status_code == 202
    bill = {"account": "9900-9", "number": "8", "start": "2026-10-01", "end": "2026-11-01"}
    for sha256 in (own, "0" * 64):
        billed = world.post(
            "/v1/bills", key="school", json={**bill, "total": "1", "evidence": [sha256]}
        )
        for refused in (named(world, "school", "hall-total", sha256), billed):
            problem = refused.json()
            assert (refused.status_code, problem["field"]) == (422, "evidence")
            assert problem.pop("value") == sha256
            assert "no such file of evidence" in problem["detail"].replace(sha256, "")
    assert put(world, "school", SLIP + b" of the bureau") == own
    assert named(world, "school", "hall-total", own).status_code == 202
    assert named(world, "desk", "canteen-water", own).status_code == 202


def test_a_file_is_named_by_who_reaches_the_place_that_gave_it_or_what_names_it(world):
    inner, outer = put(world, "building", SLIP + b"1"), put(world, "desk", SLIP + b"2")
    assert named(world, "desk", "canteen-water", inner).status_code == 202
    assert named(world, "building", "office-a-water", outer).status_code == 422
    assert named(world, "desk", "office-a-water", outer).status_code == 202
    assert named(world, "building", "office-a-water", outer).status_code == 202
    assert named(world, "school", "hall-total", outer).status_code == 422


def test_a_file_of_before_is_of_who_reaches_an_entry_or_a_bill_that_names_it(world):
    """Of such a file it is not kept who gave it; the school's entry and bill name this one."""
    kept = world.platform.evidence.put(SLIP)
    assert world.platform.evidence.givers(kept.sha256) == []
    assert named(world, "desk", "canteen-water", kept.sha256).status_code == 422
    assert named(world, "school", "hall-total", kept.sha256).status_code == 202
    assert named(world, "whole", "canteen-water", kept.sha256).status_code == 202


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"<html>", "application/pdf", 422),
        (b"", "image/png", 422),
        (SLIP, "text/html", 415),
        (SLIP + b"x" * (8 << 20), "application/pdf", 413),
    ],
)
def test_no_other_file_is_kept(world, content, kind, status):
    headers = {"X-API-Key": world.keys["desk"], "Content-Type": kind}
    answer = world.client.post("/v1/evidence", headers=headers, content=content)
    assert answer.status_code == status, answer.text


def test_entries_are_listed_page_by_page(desk):
    """Those that are taken in, as the intake keeps them."""
    for n in range(5):
        enter(desk, meter="m", value=n, time=iso(START + n * HOUR_US))
    told = tuple(desk.platform.desk.about("m"))
    desk.platform.intake.commit(IntakeBatch(1, 0, 0, 1 << 24 | 1, 1, statements=told))
    seen, cursor = [], None
    while True:
        page = desk.get("/v1/entries", limit=2, **({"cursor": cursor} if cursor else {})).json()
        seen += [one["value"] for one in page["data"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == ["4", "3", "2", "1", "0"]


@given(
    value=st.decimals(0, 10**6, places=6),
    unit=st.sampled_from(["m3", "L", "kWh", "MWh", "GJ", "MJ"]),
    first=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    count=st.integers(1, 366),
    zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "+05:30"]),
)
def test_the_days_add_up_to_what_was_said_to_the_last_book_unit(value, unit, first, count, zone):
    """As the ledger books them: the nearest whole number of the value times book units."""
    known = UNITS[unit]
    days = days_between(first, first + timedelta(days=count - 1))
    canonical = Decimal(value) * known.factor.numerator / known.factor.denominator
    per = BOOK_UNITS[known.canonical].per_canonical
    values = spread(value, unit, known.canonical, days, zone)
    booked = np.rint(np.array(values) * per).astype(np.int64)
    assert int(booked.sum()) == round(canonical * per)
    lengths = [end - start for start, end in (day_bounds(day, zone) for day in days)]
    whole = int(booked.sum())
    for part, length in zip(booked.tolist(), lengths, strict=True):
        assert abs(part * sum(lengths) - whole * length) <= sum(lengths)
