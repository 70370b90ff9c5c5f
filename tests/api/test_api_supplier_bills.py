"""Bills that people enter: beside the books, or the only figure of a meter that nobody reads."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from metering.localtime import day_bounds, days_between, iso
from metering.reading import Kind
from metering.registry import Gateway, Installation, Meter, Point
from metering.registry.facts.accounts import Account
from metering.registry.facts.tiers import Tier
from metering.validity import Validity
from tests.api.test_api_lineage import DAY, NOW, START, ZONE, every, main, office

WEEK = DAY + timedelta(days=7)
NUMBERS = {"account": "31-1", "number": "A7", "start": str(DAY), "end": str(WEEK)}
STEPS = (
    Tier("steps", 1, Decimal(0), Decimal(1), "month"),
    Tier("steps", 2, Decimal(1000), Decimal(2), "month"),
)
BY_BILL = {"account": "22-1", "number": "W1", "start": str(DAY), "end": str(WEEK)}


@pytest.fixture
def desk(booked):
    """A week of electricity at 4 kWh an hour, and water of which only the bill is known."""
    return world_of(booked, {})


def world_of(booked, water):
    """The desk with some readings of water in its books."""
    meters = [main(), Meter("w", "b", "02000", step_min=1440)]
    points = [
        Point(1, "b/g", "E1", Kind.REGISTER, "kWh"),
        Point(2, "b/hand", "w", Kind.INTERVAL, "m3"),
    ]
    installed = [Installation("m", 1), Installation("w", 2, register_unit="m3")]
    registry = office(meters, points, installed)
    accounts = (
        Account("31-1", "m", supplier="Grid", valid=Validity(None, date(2030, 1, 1))),
        Account("22-1", "w", "steps"),
    )
    registry = replace(
        registry,
        gateways=registry.gateways | {"b/hand": Gateway("b", "hand")},
        more={"account": accounts, "tier": STEPS},
    )
    times = every(900, 8)
    return booked(registry, NOW, {1: (times, np.arange(len(times)) * 1.0), **water})


def enter(world, status: int = 202, key: str = "", **said: object):
    headers = {"X-API-Key": world.keys["bureau"], **({"Idempotency-Key": key} if key else {})}
    answer = world.client.post("/v1/bills", headers=headers, json={"total": "1", **said})
    assert answer.status_code == status, answer.text
    return answer.json()


def journalled(world) -> list[dict]:
    return [json.loads(raw.payload) for raw in world.journal.kept.values() if raw.kind == "entered"]


def test_a_bill_is_a_second_witness_beside_the_meter(desk):
    told = enter(desk, **NUMBERS, quantity="0.7", unit="MWh", total="420.00")
    assert told["books"] == {
        **{"source": "meter", "unit": "kWh", "billed": "700.0", "quantity": "672"},
        **{"difference": "28.0", "missing": 0.0, "provisional": False},
    }
    assert (told["supplier"], told["meter"], told["said"]["total"]) == ("Grid", "m", "420.00")
    assert journalled(desk)[0]["readings"] == []


def test_a_bill_that_reaches_where_the_books_know_nothing_is_not_compared(desk):
    early = {**NUMBERS, "start": str(DAY - timedelta(days=7))}
    books = enter(desk, **early, quantity="700")["books"]
    assert (books["quantity"], books["difference"], books["missing"]) == ("672", None, 0.5)
    assert enter(desk, **NUMBERS)["books"]["billed"] is None


def test_where_nobody_reads_the_meter_the_bill_is_the_only_figure(desk):
    told = enter(desk, **BY_BILL, quantity="70")
    assert told["books"]["source"] == "bill"
    assert told["books"]["difference"] is None
    ((raw, one),) = [(raw, json.loads(raw.payload)) for raw in desk.journal.kept.values()]
    days = days_between(DAY, WEEK)[:-1]
    assert raw.gateway == "b/hand"
    assert [(r["time"], r["value"]) for r in one["readings"]] == [
        (iso(day_bounds(day, ZONE)[0]), 10.0) for day in days
    ]


def test_the_same_number_corrects_and_days_that_it_leaves_are_taken_back(desk):
    first = enter(desk, **BY_BILL, quantity="70")
    shorter = {**BY_BILL, "end": str(WEEK - timedelta(days=2))}
    second = enter(desk, **shorter, quantity="50")
    *_, last = journalled(desk)
    said = [r["value"] for r in sorted(last["readings"], key=lambda r: r["time"])]
    assert said == [*[10.0] * 5, None, None]
    assert desk.get(f"/v1/bills/{first['id']}").json()["state"] == "corrected"
    refused = desk.post(f"/v1/bills/{first['id']}/withdrawal", json={"reason": "x"})
    assert refused.status_code == 409
    taken = desk.post(f"/v1/bills/{second['id']}/withdrawal", json={"reason": "not ours"})
    assert taken.json()["state"] == "withdrawn"
    *_, last = journalled(desk)
    assert [r["value"] for r in last["readings"]] == [None] * 5
    again = enter(desk, **BY_BILL, quantity="7")
    assert (again["state"], desk.get(f"/v1/bills/{second['id']}").json()["state"]) == (
        "stands",
        "withdrawn",
    )


def test_an_entry_after_the_bill_stays_when_the_bill_is_taken_back(desk):
    told = enter(desk, **BY_BILL, quantity="70")
    own = {"meter": "w", "value": "3", "start": str(DAY), "end": str(DAY + timedelta(days=3))}
    assert desk.post("/v1/entries", json=own).status_code == 202
    desk.post(f"/v1/bills/{told['id']}/withdrawal", json={"reason": "wrong"})
    *_, last = journalled(desk)
    assert len(last["readings"]) == 4


@pytest.mark.parametrize(
    ("more", "status", "field"),
    [
        ({"account": "99"}, 404, "account"),
        ({"end": str(DAY)}, 422, "end"),
        ({"end": "2027-01-01"}, 422, "end"),
        ({"start": "2024-01-01"}, 422, "end"),
        ({"quantity": "-1"}, 422, "quantity"),
        ({"quantity": "1", "unit": "m3"}, 422, "unit"),
        ({"number": " "}, 422, "number"),
        ({"total": "NaN"}, 422, "total"),
        ({"lines": [{"name": "x"}]}, 422, "amount"),
        ({"lines": [{"name": "x", "amount": 1, "kind": "gift"}]}, 422, "kind"),
        ({"evidence": ["0" * 64]}, 422, "evidence"),
        ({"surplus": 1}, 422, "surplus"),
    ],
)
def test_what_is_no_bill_names_field_and_fix_and_leaves_nothing(desk, more, status, field):
    problem = enter(desk, status, **{**NUMBERS, **more})
    assert problem["field"].split(".")[-1] == field
    assert problem["fix"]
    assert journalled(desk) == []


def test_the_same_key_is_the_same_bill(desk):
    first = enter(desk, key="k", **NUMBERS)
    assert enter(desk, key="k", **NUMBERS) == first
    assert enter(desk, 409, key="k", **{**NUMBERS, "number": "B"})["field"] == "Idempotency-Key"
    assert enter(desk, 409, key="k", **NUMBERS, total="2")["field"] == "Idempotency-Key"
    assert len(journalled(desk)) == 1


def test_a_bill_is_not_an_entry(desk):
    told = enter(desk, **NUMBERS)
    assert desk.get(f"/v1/entries/{told['id']}").status_code == 404
    own = {"meter": "m", "value": "3", "time": iso(START)}
    entry = desk.post("/v1/entries", json=own).json()
    assert desk.get(f"/v1/bills/{entry['id']}").status_code == 404


def test_a_bill_corrects_an_entry_of_its_days_and_it_does_not_come_back(desk):
    own = {"meter": "w", "value": "90", "start": str(DAY), "end": str(WEEK)}
    entry = desk.post("/v1/entries", json=own).json()
    half = {**own, "end": str(WEEK + timedelta(days=1))}

    def state(id: str) -> str:
        return desk.get(f"/v1/entries/{id}").json()["state"]

    longer = desk.post("/v1/entries", json={**half, "start": str(WEEK)}).json()
    told = enter(desk, **BY_BILL, quantity="95")
    assert (told["books"]["source"], state(entry["id"])) == ("bill", "corrected")
    assert state(longer["id"]) == "stands"
    refused = desk.post(f"/v1/entries/{entry['id']}/withdrawal", json={"reason": "x"})
    assert (refused.status_code, "/v1/bills" in refused.text) == (409, True)
    desk.post(f"/v1/bills/{told['id']}/withdrawal", json={"reason": "wrong"})
    assert state(entry["id"]) == "corrected"


def test_a_bill_whose_days_were_all_said_anew_is_held_against_the_books(booked):
    """The books have the 70 m3 of the entries; while one day is the bill's own, nothing is held
    against itself."""
    starts = [day_bounds(day, ZONE)[0] for day in days_between(DAY, WEEK)[:-1]]
    world = world_of(booked, {2: (starts, [10.0] * 7)})
    line = {"name": "tier.1", "quantity": "95", "price": "1", "amount": "95"}
    told = enter(world, **BY_BILL, quantity="95", lines=[line])

    def books() -> tuple[str | None, ...]:
        found = world.get(f"/v1/bills/{told['id']}").json()["books"]
        return found["source"], found["quantity"], found["difference"]

    def why() -> set[str]:
        found = world.get(f"/v1/bills/{told['id']}/audit").json()["not_tried"]
        return {one["why"] for one in found}

    assert (books(), "only_figure" in why()) == (("bill", None, None), True)
    cut = WEEK - timedelta(days=2)
    own = {"meter": "w", "value": "50", "start": str(DAY), "end": str(cut)}
    world.post("/v1/entries", json=own)
    assert (books(), "only_figure" in why()) == (("bill", None, None), True)
    last = {**own, "value": "20", "start": str(cut), "end": str(WEEK)}
    assert world.post("/v1/entries", json=last).status_code == 202
    assert (books(), "only_figure" in why()) == (("entry", "70", "25"), False)
    assert world.get(f"/v1/bills/{told['id']}").json()["state"] == "stands"
    found = world.get(f"/v1/bills/{told['id']}/audit").json()["findings"]
    (wrong,) = (one for one in found if one["check"] == "tier_quantity")
    assert (wrong["said"], wrong["expected"], wrong["stake"]) == ("95", "70.00", "25.00")


def test_a_registered_step_is_a_known_charge_where_the_books_do_not_reach_it(booked):
    """What is billed at its price is a quantity of 0 in the books; a step of no plan is unknown."""
    starts = [day_bounds(day, ZONE)[0] for day in days_between(DAY, WEEK)[:-1]]
    world = world_of(booked, {2: (starts, [10.0] * 7)})
    first = {"name": "tier.1", "quantity": "70", "price": "1", "amount": "70"}
    lines = [
        first,
        *({**first, "name": f"tier.{n}", "price": "2", "amount": "140"} for n in (2, 3)),
    ]
    told = enter(world, **BY_BILL, quantity="210", lines=lines)
    own = {"meter": "w", "value": "70", "start": str(DAY), "end": str(WEEK)}
    world.post("/v1/entries", json=own)
    found = world.get(f"/v1/bills/{told['id']}/audit").json()["findings"]
    of = [(one["check"], one["line"], one["stake"]) for one in found if "tier." in one["line"]]
    assert of == [("tier_quantity", "tier.2", "140.00"), ("unknown_line", "tier.3", "140")]
