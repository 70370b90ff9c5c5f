"""Suppliers' bills from a table: a row is a bill, with the lines and readings that it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from api.caller import Caller
from api.ranges import local_date, local_month
from api.usecases.bill_audits import standing_bills
from api.usecases.reached import row_of
from api.usecases.stated_tables import RowReader
from api.usecases.supplier_bills import MOST_DAYS, NewSupplierBill, rows_of_account, stated_bill
from figures.bills import LineKind, span_of
from metering.errors import InvalidInput
from metering.registry import Registry
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import KIND as CHARGE
from metering.statement import Stated, Statement
from metering.tables.bill_parts import BILL_PARTS
from metering.tables.bill_words import BILL_ROWS, PERIODS
from metering.tables.said_rows import SaidRow, SaidTable
from metering.wording import worded

_CHARGES: Final = {
    "demand": LineKind.DEMAND,
    "capacity": LineKind.CAPACITY,
    "surcharge": LineKind.UNIT,
}
"""Lines that are called as the plan of the account calls its one charge of that kind."""
_WORDS: Final = ("customer_class", "voltage", "currency")
_MOST_WORD: Final = 128
_OF_LINES: Final = ("amount", "quantity", "price")


def _begin(caller: Caller, table: SaidTable) -> Callable[[SaidRow], Stated]:
    before = _ends_before(table)

    def state(row: SaidRow) -> Stated:
        account = row.said.get("account", "")
        if not account or "total" not in row.said:
            raise InvalidInput(
                "a bill needs its account and its total",
                field="total" if account else "account",
                value="",
                fix="fill in the cell, or leave the row out",
            )
        rows = rows_of_account(caller, account)
        first, after = _days(caller, row, rows, before)
        held = row_of(rows, first)
        note = _noted(row, table.headings)
        bill = _bill(caller.reach.registry, held, row, (first, after), note)
        return stated_bill(caller, rows, bill, "")

    return state


def _said_of(caller: Caller, own: Statement) -> list[Statement]:
    return caller.platform.desk.about(own.subject)


BILL_TABLE: Final = RowReader(replace(BILL_ROWS, parts=BILL_PARTS), _begin, _said_of)


def _ends_before(table: SaidTable) -> dict[tuple[str, str], str]:
    """By account and reading date, the reading date before it in the file."""
    ends: dict[str, set[str]] = {}
    for one in table.rows:
        if "end" in one.said:
            ends.setdefault(one.said.get("account", ""), set()).add(one.said["end"])
    return {
        (account, later): earlier
        for account, found in ends.items()
        for earlier, later in zip(sorted(found), sorted(found)[1:], strict=False)
    }


def _days(
    caller: Caller,
    row: SaidRow,
    rows: Sequence[Account],
    before: Mapping[tuple[str, str], str],
) -> tuple[date, date]:
    """The local days [first, after) that a row bills."""
    said = row.said
    span = span_of(rows, local_month(said["month"], "month")) if "month" in said else None
    after = local_date(said["end"], "end") if "end" in said else None
    if "last" in said:
        after = local_date(said["last"], "last") + timedelta(days=1)
    if after is None and span is not None:
        after = span.after
    if after is None:
        raise InvalidInput(
            "the days of the bill are not said",
            field="end",
            value="",
            fix="the month, or the date of the reading at its end",
        )
    if "start" in said:
        return local_date(said["start"], "start"), after
    if span is not None and span.after == after:
        return span.first, after
    earlier = before.get((said["account"], said.get("end", "")))
    first = local_date(earlier, "end") if earlier else _ended(caller, said["account"], after)
    if first is None:
        raise InvalidInput(
            "the first day of the bill is not said, and no bill stands before it",
            field="start",
            value="",
            fix="the date of the reading before, or the month of the bill",
        )
    return first, after


def _ended(caller: Caller, account: str, after: date) -> date | None:
    """Where the bill before ends, of those that stand."""
    ends = [one.after for one in standing_bills(caller, account) if one.after < after]
    last = max(ends, default=None)
    return last if last is not None and (after - last).days <= MOST_DAYS else None


def _bill(
    registry: Registry, held: Account, row: SaidRow, days: tuple[date, date], note: str
) -> NewSupplierBill:
    said, units, (first, after) = row.said, row.units, days
    quantity = "quantity" if "quantity" in said else "passed"
    words: dict[str, Any] = {
        name: worded(said[name], name, _MOST_WORD, line=True) for name in _WORDS if name in said
    }
    words |= {name: said[name] for name in ("total", "credit", "multiplier") if name in said}
    if "power_factor" in said:
        words["power_factor"] = said["power_factor"][:8]
    if said.get("estimated") == "yes":
        words["estimated"] = True
    if lines := _lines(registry, held, row, first):
        words["lines"] = lines
    if readings := _readings(row):
        words["readings"] = readings
    currency = words.get("currency", "CNY").upper()
    if len(currency) != 3:
        raise InvalidInput(
            "not a currency", field="currency", value=currency, fix="three letters, such as CNY"
        )
    return NewSupplierBill(
        account=said["account"],
        number=said.get("number") or said.get("month") or f"{after - timedelta(days=1):%Y-%m}",
        start=first.isoformat(),
        end=after.isoformat(),
        said={**words, "currency": currency},
        quantity=Decimal(said[quantity]) if quantity in said else None,
        unit=units.get(quantity, ""),
        note=note,
    )


def _lines(registry: Registry, held: Account, row: SaidRow, first: date) -> list[dict[str, str]]:
    """What has an amount, in the order of the table's words."""
    found = [_line(row, one, f"energy.{one}", LineKind.ENERGY) for one in PERIODS]
    for word, kind in _CHARGES.items():
        charges = [
            one.charge
            for one in CHARGE.of(registry)
            if (one.plan, str(one.basis)) == (held.plan, str(kind)) and one.valid.holds(first)
        ]
        found.append(_line(row, word, charges[0] if len(charges) == 1 else word, kind))
    found.append(_line(row, "power_factor", "power_factor", LineKind.POWER_FACTOR))
    found.append(_line(row, "vat", "vat", LineKind.VAT))
    return [one for one in found if one]


def _line(row: SaidRow, word: str, name: str, kind: LineKind) -> dict[str, str]:
    """A line of a bill; {} where the table has no amount of it."""
    said = row.said
    amount, quantity, price = (f"{word}.{one}" for one in _OF_LINES)
    if amount not in said:
        return {}
    found = {"name": name, "kind": str(kind), "amount": said[amount]}
    found |= {"quantity": said[quantity]} if quantity in said else {}
    found |= {"unit": row.units[quantity]} if quantity in said and quantity in row.units else {}
    return found | ({"price": said[price]} if price in said else {})


def _noted(row: SaidRow, headings: Mapping[str, str]) -> str:
    """The note with what stands of lines without an amount: an amount of ours is no supplier's."""
    said, found = row.said, list[str]()
    for word, value in said.items():
        line, _, part = word.partition(".")
        if part in ("quantity", "price") and f"{line}.amount" not in said:
            found.append(f"{headings[word]} {value}")
    return "; ".join(filter(None, (said.get("note", ""), *found)))


def _readings(row: SaidRow) -> list[dict[str, str]]:
    """Registers that the table says the beginning and the end of."""
    found = [_reading(row, "total", "from", "to", "passed")]
    found += [_reading(row, one, f"{one}.from", f"{one}.to", f"{one}.quantity") for one in PERIODS]
    return [one for one in found if one]


def _reading(row: SaidRow, register: str, start: str, end: str, passed: str) -> dict[str, str]:
    said = row.said
    if (start in said) != (end in said):
        raise InvalidInput(
            "a register needs both of its readings",
            field=start if start in said else end,
            value=said.get(start) or said.get(end),
            fix="fill in the other one, or leave both out",
        )
    if start not in said:
        return {}
    found = {"register": register, "start": said[start], "end": said[end]}
    return found | ({"consumption": said[passed]} if passed in said else {})
