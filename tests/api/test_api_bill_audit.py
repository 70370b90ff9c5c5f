"""/v1/bills/{id}/audit: a right bill passes, and each mistake is caught under its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from figures.bills import CHECK_NAMES
from metering.localtime import MINUTE_US, day_bounds
from metering.reading import Kind
from metering.registry import Installation, Point
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import Basis, Charge
from metering.tariff import TariffRow
from metering.validity import Validity
from tests.api.test_api_lineage import NOW, ZONE, main, office

FIRST, AFTER = date(2026, 10, 1), date(2026, 11, 1)
NOON, MIDNIGHT, WINTER = 12 * 60, 24 * 60, frozenset({11, 12, 1, 2})
SUMMER = frozenset(range(3, 11))
Bill = dict[str, Any]


def price(period: str, start: int, end: int, of: str, months: frozenset[int], **more: Any):
    return TariffRow("t", "01000", months, "all", start, end, period, Decimal(of), **more)


def tariff() -> list[TariffRow]:
    """Halves of a day; dearer in winter, and cheaper before 2026."""
    new, old = Validity(date(2026, 1, 1), None), Validity(date(2025, 1, 1), date(2026, 1, 1))
    found = []
    for valid, summer, winter in (
        (new, ("0.40", "0.90"), ("0.55", "1.10")),
        (old, *[("0.3", "0.7")] * 2),
    ):
        for months, (valley, peak) in ((SUMMER, summer), (WINTER, winter)):
            found += [
                price("valley", 0, NOON, valley, months, valid=valid),
                price("peak", NOON, MIDNIGHT, peak, months, valid=valid),
            ]
    return found


ACCOUNT = Account(
    "31-1",
    "m",
    "p",
    capacity_kva=Decimal(630),
    multiplier=Decimal(40),
    customer_class="general",
    voltage="10 kV",
)
CHARGES = (
    Charge("p", "fund", Basis.UNIT, Decimal("0.02")),
    Charge("p", "capacity", Basis.CAPACITY, Decimal(23)),
    Charge("p", "vat", Basis.VAT, Decimal(13)),
)


@pytest.fixture
def audited_world(booked):
    """October at 4 kWh an hour, with an account whose bill has charges, two periods and tax."""
    points = [Point(1, "b/g", "E1", Kind.REGISTER, "kWh")]
    registry = office([main()], points, [Installation("m", 1)])
    registry = replace(
        registry, tariff=tuple(tariff()), more={"account": (ACCOUNT,), "charge": CHARGES}
    )
    start, end = day_bounds(FIRST, ZONE)[0], day_bounds(AFTER, ZONE)[0]
    times = np.arange(start, end + 1, 15 * MINUTE_US, dtype=np.int64)
    return booked(registry, NOW, {1: (times, np.arange(len(times)) * 1.0)})


def right_bill(world) -> Bill:
    """What /v1/bill tells of October, in the words of POST /v1/bills."""
    (told,) = world.get("/v1/bill", account="31-1", month="2026-10").json()["bills"]
    assert (told["complete"], len(told["lines"])) == (True, 5)
    fields = ("name", "kind", "quantity", "unit", "price", "amount")
    lines = [{name: line[name] for name in fields} for line in told["lines"]]
    return {
        **{"account": "31-1", "number": "A10", "start": told["start"], "end": told["end"]},
        **{"lines": lines, "total": told["total"], "currency": told["currency"]},
        **{"quantity": "2976", "unit": "kWh", "multiplier": "40"},
        **{"customer_class": "general", "voltage": "10 kV"},
        "readings": [{"start": "100", "end": "174.4", "consumption": "2976"}],
    }


def before(bill: Bill, **more: Any) -> Bill:
    """A bill of September of the same kind."""
    read = [{"start": "25.6", "end": "100", "consumption": "2976"}]
    days = {"number": "A9", "start": "2026-09-01", "end": "2026-10-01"}
    return {**bill, **days, "readings": read, **more}


def enter(world, bill: Bill) -> Any:
    answer = world.post("/v1/bills", json=bill)
    assert answer.status_code == 202, answer.text
    return answer.json()


def audit(world, bill: Bill) -> Any:
    return world.get(f"/v1/bills/{enter(world, bill)['id']}/audit").json()


def resummed(bill: Bill) -> Bill:
    return {**bill, "total": str(sum(Decimal(one["amount"]) for one in bill["lines"]))}


def with_line(name: str, price: str) -> Callable[[Bill], Bill]:
    """One line at another price, and tax and total as they follow from it."""

    def change(bill: Bill) -> Bill:
        lines = [dict(one) for one in bill["lines"]]
        for one in lines:
            if one["name"] == name:
                one["price"] = price
                one["amount"] = f"{Decimal(one['quantity']) * Decimal(price):.2f}"
        vat = lines[-1]
        vat["quantity"] = str(sum(Decimal(one["amount"]) for one in lines[:-1]))
        vat["amount"] = f"{Decimal(vat['quantity']) * 13 / 100:.2f}"
        return resummed({**bill, "lines": lines})

    return change


def test_a_right_bill_has_no_findings_and_every_check_is_made_or_says_why_not(audited_world):
    told = audit(audited_world, right_bill(audited_world))
    assert (told["findings"], told["at_stake"]) == ([], "0.00")
    untried = {one["check"]: one["why"] for one in told["not_tried"]}
    assert sorted([*told["made"], *untried]) == sorted(CHECK_NAMES)
    made = {"period_quantity", "rate", "season", "price_too_late", "surcharge_base", "capacity"}
    assert made | {"vat_base", "multiplier", "voltage", "absent_line"} <= set(told["made"])
    assert (untried["duplicate"], untried["tier_price"]) == ("no_bill_before", "no_line")
    assert told["books"]["total"] == told["total"]
    assert all(one["text"]["zh"] != one["text"]["en"] for one in told["not_tried"])


def test_a_right_bill_after_a_right_one_has_no_findings(audited_world):
    bill = right_bill(audited_world)
    enter(audited_world, before(bill))
    told = audit(audited_world, bill)
    assert (told["findings"], told["bills_before"]) == ([], 1)
    assert {"overlap", "gap", "start_reading", "credit_missing"} <= set(told["made"])


@pytest.mark.parametrize(
    ("check", "severity", "change"),
    [
        ("rate", "wrong", with_line("energy.peak", "0.95")),
        ("season", "wrong", with_line("energy.peak", "1.10")),
        ("price_too_late", "wrong", with_line("energy.peak", "0.7")),
        ("surcharge_price", "wrong", with_line("fund", "0.03")),
        ("standing_price", "wrong", with_line("capacity", "25")),
        ("multiplier", "wrong", lambda bill: {**bill, "multiplier": "50", "readings": []}),
        ("voltage", "wrong", lambda bill: {**bill, "voltage": "35 kV"}),
        ("customer_class", "wrong", lambda bill: {**bill, "customer_class": "residential"}),
        ("estimated", "note", lambda bill: {**bill, "estimated": True}),
        ("period_sum", "wrong", lambda bill: {**bill, "quantity": "3000"}),
        ("total", "wrong", lambda bill: {**bill, "total": "99999.00"}),
        (
            "consumption",
            "wrong",
            lambda bill: {**bill, "readings": [{"start": "1", "end": "2", "consumption": "99"}]},
        ),
        (
            "total_rounding",
            "note",
            lambda bill: {**bill, "total": str(Decimal(bill["total"]) + Decimal("0.01"))},
        ),
    ],
)
def test_a_mistake_is_caught_under_its_name(audited_world, check, severity, change):
    told = audit(audited_world, change(right_bill(audited_world)))
    assert [(one["check"], one["severity"]) for one in told["findings"]] == [(check, severity)]
    (found,) = told["findings"]
    assert found["text"]["zh"] != found["text"]["en"]
    assert check in told["made"]


def test_a_wrong_price_is_worth_what_it_makes_of_the_amount(audited_world):
    bill = with_line("energy.peak", "0.95")(right_bill(audited_world))
    told = audit(audited_world, bill)
    (found,) = told["findings"]
    assert (found["line"], found["said"], found["expected"]) == ("energy.peak", "0.95", "0.90")
    assert (found["stake"], told["at_stake"]) == ("74.40", "74.40")
    assert audited_world.get(f"/v1/bills/{told['id']}").json()["audit"] == {
        "findings": 1,
        "at_stake": "74.40",
    }


def test_bills_are_held_against_those_before(audited_world):
    bill = right_bill(audited_world)
    enter(audited_world, before(bill))
    again = audit(audited_world, {**bill, "number": "A11"})
    assert again["findings"] == []
    twice = audit(audited_world, {**bill, "number": "A12"})
    assert [one["check"] for one in twice["findings"]] == ["duplicate", "start_reading"]
    assert twice["at_stake"] == bill["total"]
    first = audited_world.get(f"/v1/bills/{again['id']}/audit").json()
    assert first["findings"] == []


def test_days_between_and_other_first_readings_are_found(audited_world):
    bill = right_bill(audited_world)
    read = [{"start": "20", "end": "90", "consumption": "2800"}]
    days = {"start": "2026-08-20", "end": "2026-09-20"}
    enter(audited_world, before(bill, readings=read, **days))
    told = audit(audited_world, bill)
    assert [one["check"] for one in told["findings"]] == ["gap", "start_reading"]


def test_what_was_asked_too_much_before_is_to_be_given_back(audited_world):
    bill = right_bill(audited_world)
    high = str(Decimal(bill["total"]) + 100)
    enter(audited_world, before(bill, total=high))
    told = audit(audited_world, bill)
    assert [(one["check"], one["stake"]) for one in told["findings"]] == [
        ("credit_missing", "100.00")
    ]
    given = {**bill, "credit": "100", "total": str(Decimal(bill["total"]) - 100)}
    assert audit(audited_world, given)["findings"] == []


def test_a_withdrawn_bill_is_none_before(audited_world):
    bill = right_bill(audited_world)
    earlier = enter(audited_world, before(bill, total="99999"))
    said = {"reason": "typed wrongly"}
    assert audited_world.post(f"/v1/bills/{earlier['id']}/withdrawal", json=said).is_success
    assert audit(audited_world, bill)["bills_before"] == 0


def test_words_of_the_supplier_are_not_compared_with_ours(audited_world):
    bill = right_bill(audited_world)
    lines = [{"name": f"项目 {n}", "amount": one["amount"]} for n, one in enumerate(bill["lines"])]
    told = audit(audited_world, {**bill, "lines": lines})
    assert told["findings"] == []
    untried = {one["check"]: one["why"] for one in told["not_tried"]}
    assert (untried["unknown_line"], untried["rate"]) == ("names", "names")


def test_days_of_which_the_books_know_nothing_are_not_compared(audited_world):
    bill = right_bill(audited_world)
    told = audit(audited_world, before(bill))
    assert told["findings"] == []
    untried = {one["check"]: one["why"] for one in told["not_tried"]}
    assert untried["absent_line"] == "books_incomplete"
    assert "total" in told["made"]
