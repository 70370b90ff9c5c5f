"""What a supplier's bill is held against: books, prices of other days, bills before it.

view of the books ─┐
registry          ─┼─▶ BillCase
entered bills     ─┘
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from figures.bills.audit import ZERO, BillCase, SupplierBill
from figures.bills.entered import MINUTE, supplier_bill
from figures.bills.measuring import account_rows, bill_of_days, due_days
from figures.bills.model import Bill, BillLine, LineKind
from figures.bills.trying import owed
from figures.view import View
from metering.errors import InvalidInput, NotFound
from metering.localtime import days_between, from_us, zone_of
from metering.ports import ReadingReader
from metering.registry.facts.accounts import Account
from metering.registry.facts.tiers import KIND as TIER
from metering.statement import Statement
from metering.tariff import TariffRow
from metering.validity import Validity

MOST_BEFORE: Final = 60
"""Bills before one that it is held against."""


def case_of(
    view: View,
    own: Statement,
    others: Sequence[Statement],
    readings: ReadingReader | None = None,
    *,
    is_only_figure: bool = False,
) -> BillCase:
    """A bill that was entered, with all that books, registry and the account's `others` that stand
    say of it; weather is not among it. NotFound where the account is not registered. Without
    `readings` a demand goes by blocks."""
    rows = account_rows(view.registry, own.subject)
    row = next((one for one in rows if one.valid.holds(own.first)), rows[-1])
    meter = view.registry.meters[row.meter]
    zone = view.registry.zone(meter.node)
    books = _books(view, own, readings)
    kinds = {} if books is None else {one.name: one.kind for one in (*books.lines, *books.within)}
    bill = supplier_bill(own, meter.unit, zone, kinds)
    before = [one for one in others if one.id != own.id and _order(one) < _order(own)]
    found = BillCase(
        bill=bill,
        books=books,
        before=tuple(
            supplier_bill(one, meter.unit, zone)
            for one in sorted(before, key=_order)[-MOST_BEFORE:]
        ),
        accounts={row.account: _with_end(row, rows)},
        meters=frozenset(view.registry.meters),
        demand_at=_demand_at(books, zone),
        other_prices=_other_prices(view, row.meter, bill),
        season_prices=_season_prices(view, row.meter, bill),
        due=due_days(rows, own.after).after,
        is_only_figure=is_only_figure,
        steps=() if books is None else _unused_steps(view, books),
    )
    return replace(found, credit_due=owed(found))


def _unused_steps(view: View, books: Bill) -> tuple[BillLine, ...]:
    """The steps of the account's plan on days of a bill that reaches none of them, each once."""
    used = {one.name for one in books.lines}
    own = next((one for one in books.lines if one.kind is LineKind.TIER), None)
    if own is None or books.account is None:
        return ()
    span = Validity(books.first, books.after)
    found = {
        f"tier.{one.tier}": one
        for one in TIER.of(view.registry)
        if one.plan == books.account.plan and one.valid.overlaps(span)
    }
    return tuple(
        replace(
            own, name=name, quantity=ZERO, price=one.price, amount=ZERO, complete=books.complete
        )
        for name, one in found.items()
        if name not in used
    )


def _order(one: Statement) -> tuple[date, tuple[int, int, int]]:
    """Bills by time; of the same days the one that was entered first."""
    return one.first, one.place


def _with_end(row: Account, rows: Sequence[Account]) -> Account:
    """The contract of the bill's days, to the end of the account."""
    return replace(row, valid=Validity(row.valid.start, rows[-1].valid.end))


def _books(view: View, own: Statement, readings: ReadingReader | None) -> Bill | None:
    try:
        return bill_of_days(view, own.subject, own.first, own.after, readings)
    except (NotFound, InvalidInput):
        return None


def _demand_at(books: Bill | None, zone: str) -> str:
    if books is None or books.demand is None:
        return ""
    return from_us(books.demand.at_us).astimezone(zone_of(zone)).strftime(MINUTE)


def _prices(view: View, meter: str, bill: SupplierBill) -> list[TariffRow]:
    """All rows of the tariffs that price a meter on days of a bill, of any time."""
    days = days_between(bill.first, bill.after - timedelta(days=1))
    scopes = {view.choice.of(meter, day) for day in days}
    return [row for row in view.registry.tariff if row.scope in scopes]


def _season_prices(view: View, meter: str, bill: SupplierBill) -> tuple[tuple[str, Decimal], ...]:
    own = Validity(bill.first, bill.after)
    months = {day.month for day in days_between(bill.first, bill.after - timedelta(days=1))}
    return tuple(
        (row.period, row.price)
        for row in _prices(view, meter, bill)
        if row.valid.overlaps(own) and not months & row.months
    )


def _other_prices(
    view: View, meter: str, bill: SupplierBill
) -> tuple[tuple[str, Decimal, date, date], ...]:
    own = Validity(bill.first, bill.after)
    return tuple(
        (row.period, row.price, row.valid.first, row.valid.limit)
        for row in _prices(view, meter, bill)
        if not row.valid.overlaps(own)
    )
