"""What an objection comes to, and that checks are silent where nothing is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from figures.bills import (
    Bill,
    BillCase,
    BillLine,
    LineKind,
    SupplierBill,
    SupplierLine,
    audit,
)
from metering.registry.facts.accounts import Account

DAYS = (date(2026, 7, 1), date(2026, 8, 1))
PRICE = Decimal("0.65")
ACCOUNT = Account("3100", "main")


def books(quantity="7440.00", *, lacks=()) -> Bill:
    amount = (Decimal(quantity) * PRICE).quantize(Decimal("0.01"))
    line = BillLine(
        "energy.flat",
        LineKind.ENERGY,
        Decimal(quantity),
        "kWh",
        PRICE,
        amount,
        "CNY",
        *DAYS,
        adjusted=True,
    )
    return Bill(ACCOUNT, "main", "01000", *DAYS, (line,), currency="CNY", total=amount, lacks=lacks)


def supplied(quantity="7440.00", price=PRICE, **more) -> SupplierBill:
    amount = (Decimal(quantity) * price).quantize(Decimal("0.01"))
    line = SupplierLine("energy.flat", LineKind.ENERGY, Decimal(quantity), price, amount)
    return SupplierBill("n2", "3100", *DAYS, (line,), amount, **more)


def case(bill: SupplierBill, **more) -> BillCase:
    more.setdefault("books", books())
    return BillCase(bill, accounts={"3100": ACCOUNT}, meters=frozenset({"main"}), **more)


def test_what_a_bill_does_not_say_is_not_judged():
    assert audit(case(supplied())) == []
    assert audit(case(supplied(), books=None)) == []


@given(st.decimals("0.01", "3", places=4))
def test_the_stake_of_a_wrong_price_is_what_it_makes_of_the_amount(price):
    bill = supplied(price=price)
    found = audit(case(bill))
    if price == PRICE:
        assert found == []
        return
    assert [one.check for one in found] == ["rate"]
    assert abs(found[0].stake - (bill.total - books().total)) <= Decimal("0.01")


@given(st.integers(0, 20_000))
def test_another_meter_may_differ_a_little_and_no_more(quantity):
    found = [one.check for one in audit(case(supplied(f"{quantity}.00")))]
    near = abs(quantity - 7440) <= Decimal("7440") * Decimal("0.005")
    assert found == ([] if near else ["period_quantity"])


def test_use_that_stands_out_is_no_matter_where_the_books_have_it_too():
    before = replace(supplied("1000.00"), number="n1", first=date(2026, 6, 1), after=DAYS[0])
    assert audit(case(supplied(), before=(before,))) == []
    (found,) = audit(case(supplied(), books=None, before=(before,)))
    assert found.check == "outlier_per_day"
    cold = (Decimal(100), Decimal(750))
    assert audit(case(supplied(), books=None, before=(before,), degree_days=cold)) == []
    mild = (Decimal(100), Decimal(150))
    (found,) = audit(case(supplied(), books=None, before=(before,), degree_days=mild))
    assert (found.check, found.stake > 0) == ("outlier_per_degree_day", True)


def test_a_bill_of_nothing_and_one_after_long_do_not_fall_over():
    empty = SupplierBill("n0", "3100", DAYS[0], DAYS[0], (), Decimal("0.00"))
    assert audit(case(empty, books=None, before=(empty,)))[0].check == "duplicate"
    long_ago = replace(supplied(), number="n1", first=date(2025, 1, 1), after=date(2025, 2, 1))
    (found,) = audit(case(supplied(), before=(long_ago,)))
    assert (found.check, found.stake < 0) == ("missing_bill", True)
