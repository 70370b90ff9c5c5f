"""To enter the bills of suppliers, and to hold each against the books.

A bill is a second witness beside the meter. Where nobody reads the meter of its account, what it
says is the only figure: it goes into the books as a quantity of its days would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from api.caller import Caller
from api.moments import closed_moment
from api.ranges import check_order, local_date
from api.reach import Outside
from api.usecases.bill_audits import audit_of, standing_bills
from api.usecases.bills import accounts_in
from api.usecases.entries import (
    gateway_and_name,
    hand_point,
    id_of,
    listed,
    needed,
    said_after,
    said_of,
    spread,
    taken_back,
    told_of,
    withdrawal_of,
    words_of,
)
from api.usecases.evidence import evidence_named
from api.usecases.reached import BILLS, bill_reached, holds_all, row_of
from figures import AsOf, View, over
from figures.bills import BillAudit, BillCase
from metering.errors import Conflict, InvalidInput, NotFound
from metering.localtime import day_bounds, days_between
from metering.quality import MISSING
from metering.registry import Meter, Registry
from metering.registry.facts.accounts import Account
from metering.statement import (
    MOST_NOTE,
    EnteredReading,
    EvidenceFile,
    Stated,
    Statement,
    StatementKind,
    StatementState,
    days_left,
    stated_by,
)
from metering.units import BOOK_UNITS, conversion, equivalent
from metering.units import unit as unit_of
from metering.wording import worded

MOST_DAYS: Final = 400
MOST_LISTED: Final = 50
"""Bills of a page: each is held against the books."""


@dataclass(frozen=True)
class NewSupplierBill:
    """A bill as it stands on paper."""

    account: str
    number: str
    start: str
    end: str
    said: Mapping[str, Any]
    """What else stands on it, by field: lines, readings, total and so on, numbers as texts."""
    quantity: Decimal | None = None
    unit: str = ""
    note: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class SupplierBillTold:
    """A bill with what became of it, and what the books have of its days."""

    statement: Statement
    state: StatementState
    taken_in: bool
    evidence: tuple[EvidenceFile, ...]
    meter: str
    supplier: str
    unit: str
    """Canonical unit of the meter."""
    quantity: Decimal | None
    """Of the bill in that unit; None where it names none."""
    booked: Decimal | None
    """Of the books; None where nothing is known, and where it is the bill's own."""
    missing: int
    """Share of its days of which the books know nothing [1/10,000]."""
    provisional: bool
    case: BillCase
    """All that the bill is held against."""
    audit: BillAudit
    """What came of it."""

    is_only_figure: bool
    """Whether the books have nothing but the bill, at least on one of its days."""

    @property
    def source(self) -> str:
        """Of what the books have: bill, meter, or entry where later ones said all its days anew."""
        if self.is_only_figure:
            return "bill"
        return "entry" if self.statement.point else "meter"

    @property
    def difference(self) -> Decimal | None:
        """What the bill says beyond the books; None where either is not wholly known."""
        if self.quantity is None or self.booked is None or self.missing:
            return None
        return self.quantity - self.booked


def enter_bill(caller: Caller, bill: NewSupplierBill, key: str = "") -> SupplierBillTold:
    """Write a bill into the journal, durable on return. One of the same account and number corrects
    the one before. Errors as of `entries.enter`."""
    rows = rows_of_account(caller, bill.account)
    id = id_of(caller, key)
    filed = caller.platform.desk.find(id)
    if filed is None:
        stated = stated_bill(caller, rows, bill, id)
        filed = caller.platform.desk.file(stated, str(caller.actor), caller.platform.now_us())
    if (filed.subject, filed.said.get("number")) != (bill.account, bill.number.strip()) or any(
        filed.said.get(name) != value for name, value in bill.said.items()
    ):
        raise Conflict(
            "this key was used for another bill",
            field="Idempotency-Key",
            value=key,
            fix="take a new key for each bill",
        )
    return _told_now(caller, filed)


def withdraw_bill(caller: Caller, id: str, reason: str) -> SupplierBillTold:
    """Take a bill back, with a reason. NotFound for one out of reach, Conflict for one that a later
    bill has replaced."""
    bill = bill_of(caller, id)
    reason = needed(worded(reason, "reason", MOST_NOTE), "reason")
    own = bill.statement
    if bill.state is StatementState.CORRECTED:
        raise Conflict(
            "a later bill of this number has replaced it",
            field="id",
            value=id,
            fix="withdraw the later one, which /v1/bills lists",
        )
    if bill.state is StatementState.STANDS:
        gateway, readings = "", tuple[EnteredReading, ...]()
        if own.point:
            gateway, _ = gateway_and_name(str(own.said["point"]))
            readings = taken_back(own, said_after(caller, own, bill.meter))
        stated = Stated(withdrawal_of(own, reason), gateway, readings)
        caller.platform.desk.file(stated, str(caller.actor), caller.platform.now_us())
    return _told_now(caller, own)


def bill_of(caller: Caller, id: str, as_of: str | None = None) -> SupplierBillTold:
    """The bill of that id; NotFound where there is none in the caller's reach. With `as_of`, the
    name of a closing, as it and the books stood then."""
    moment = closed_moment(caller, as_of)
    found = caller.platform.desk.find(id)
    if found is None or found.kind not in BILLS or not stated_by([found], _instant(moment)):
        raise NotFound(
            "no such bill in your scope", field="id", value=id, fix="an id that /v1/bills lists"
        )
    with caller.view(moment) as view:
        if not bill_reached(caller, view.registry, found, accounts_in(caller, view.registry)):
            raise Outside(
                "no such bill in your scope", field="id", value=id, fix="an id that /v1/bills lists"
            )
        return _told(caller, view, [found], moment)[0]


def supplier_bills(
    caller: Caller,
    account: str | None,
    before: tuple[int, str] | None,
    limit: int,
    as_of: str | None = None,
) -> list[SupplierBillTold]:
    """Bills that are taken in, newest first: of an account, or of all that the caller reaches. With
    `as_of`, the name of a closing, those that end in its period and had arrived, as they and the
    books stood then."""
    moment = closed_moment(caller, as_of)
    at_us = _instant(moment)
    if at_us is not None:
        last = (at_us + 1, "")
        before = last if before is None else min(before, last)
    with caller.view(moment) as view:
        registry = view.registry
        known = accounts_in(caller, registry)
        if moment is not None:
            known = _of_institution(registry, known, moment.institution)
        if account is not None:
            _rows_of(known, account)
        subjects = frozenset(known) if account is None else frozenset({account})
        reached = partial(_listed, caller, registry, known=known, moment=moment)
        found = listed(caller, BILLS, subjects, reached, before, limit)
        return _told(caller, view, found, moment)


def _listed(
    caller: Caller,
    registry: Registry,
    one: Statement,
    known: Mapping[str, list[Account]],
    moment: AsOf | None,
) -> bool:
    """Whether a bill is reached and, of a moment, ends in the closed period."""
    ends = moment is None or moment.covers(one.after - timedelta(days=1))
    return ends and bill_reached(caller, registry, one, known)


def _last_day(row: Account) -> date:
    return row.valid.end - timedelta(days=1) if row.valid.end else date.max


def _instant(moment: AsOf | None) -> int | None:
    return None if moment is None else moment.at_us


def _of_institution(
    registry: Registry, known: Mapping[str, list[Account]], institution: str
) -> dict[str, list[Account]]:
    """Accounts whose meter is the institution's on the last day on which they hold."""
    meters = registry.meters
    return {
        account: rows
        for account, rows in known.items()
        if registry.institution(meters[rows[-1].meter].node, _last_day(rows[-1])) == institution
    }


def bills_within(caller: Caller, account: str, first: date, after: date) -> list[Statement]:
    """Bills of an account that stand and are of any of the local days [first, after), also before
    they are taken in, newest first."""
    registry = caller.reach.registry
    known = accounts_in(caller, registry)
    _rows_of(known, account)
    found = [
        one
        for one in standing_bills(caller, account)
        if one.first < after and first < one.after and bill_reached(caller, registry, one, known)
    ]
    return sorted(found, key=lambda one: (one.arrived_us, one.id), reverse=True)


def audited_bills(caller: Caller, bills: Sequence[Statement]) -> list[SupplierBillTold]:
    """Bills of the caller's accounts with what came of their audits."""
    with caller.view() as view:
        return _told(caller, view, bills, None)


def bill_evidence(caller: Caller, id: str, sha256: str) -> tuple[EvidenceFile, bytes]:
    """A file that a bill names, with its bytes; NotFound where the bill names none such."""
    for file in bill_of(caller, id).evidence:
        if file.sha256 == sha256:
            return file, caller.platform.evidence.content(sha256)
    raise NotFound(
        "the bill names no such file",
        field="evidence",
        value=sha256,
        fix=f"one that /v1/bills/{id} lists",
    )


def rows_of_account(caller: Caller, number: str) -> list[Account]:
    """What is registered of an account; NotFound for one out of reach."""
    return _rows_of(accounts_in(caller, caller.reach.registry), number)


def _rows_of(known: Mapping[str, list[Account]], number: str) -> list[Account]:
    if number not in known:
        raise NotFound(
            "no such account in your scope",
            field="account",
            value=number,
            fix="a number of accounts.csv whose meters your key reaches",
        )
    return known[number]


def stated_bill(caller: Caller, rows: Sequence[Account], bill: NewSupplierBill, id: str) -> Stated:
    """What a bill of an account comes to, and nothing is written; errors as of `enter_bill`."""
    first, after = local_date(bill.start, "start"), local_date(bill.end, "end")
    check_order(bill.start, bill.end, first < after)
    if (after - first).days > MOST_DAYS:
        raise InvalidInput(
            f"more than {MOST_DAYS} days at once", field="end", value=bill.end, fix="enter parts"
        )
    meter = caller.reach.meter(row_of(rows, first).meter)
    zone = caller.reach.registry.zone(meter.node)
    if day_bounds(after, zone)[0] > caller.platform.now_us():
        raise InvalidInput(
            "the days are not over yet", field="end", value=bill.end, fix="the days of the bill"
        )
    if not holds_all(caller, meter, first, after):
        raise NotFound(
            "the meter is not yours on these days",
            field="account",
            value=bill.account,
            fix="days of your own time, which reached of /v1/nodes lists",
        )
    number = needed(worded(bill.number, "number", 64, line=True), "number")
    said: dict[str, Any] = {**bill.said, "number": number, "meter": meter.code, "zone": zone}
    said |= words_of("", bill.note)
    if bill.quantity is not None:
        canonical(bill.quantity, bill.unit or meter.unit, meter)
        said |= {"quantity": f"{bill.quantity:f}", "unit": bill.unit or meter.unit}
    if files := evidence_named(caller, bill.evidence, bill.account):
        said["evidence"] = files
    days = days_between(first, after - timedelta(days=1))
    point = hand_point(caller, meter, days) if bill.quantity is not None else None
    if point is not None:
        said["point"] = f"{point.gateway}/{point.name}"
    statement = Statement(id, StatementKind.BILL, bill.account, first, after, said)
    readings = _no_more(caller, statement, meter)
    if point is not None:
        assert bill.quantity is not None
        values = spread(bill.quantity, said["unit"], meter.unit, days, zone)
        unit = unit_of(said["unit"]).canonical
        readings |= {
            (point.gateway, at): EnteredReading(point.name, at, value, unit)
            for day, value in zip(days, values, strict=True)
            for at in [day_bounds(day, zone)[0]]
        }
    gateways = {gateway for gateway, _ in readings}
    if len(gateways) > 1:
        raise InvalidInput(
            "the point of the meter is another one than that of the bill before",
            field="number",
            value=number,
            fix="withdraw the bill before, then enter this one",
        )
    return Stated(statement, next(iter(gateways), ""), tuple(readings.values()))


def _no_more(caller: Caller, one: Statement, meter: Meter) -> dict[tuple[str, int], EnteredReading]:
    """What the bill that this one corrects said of days, and nobody said anew, taken back."""
    own = [b for b in caller.platform.desk.about(one.subject) if b.kind is StatementKind.BILL]
    same = told_of(caller, [b for b in own if b.thing == one.thing])
    standing = [b.statement for b in same if b.state is StatementState.STANDS]
    if not standing or "point" not in standing[0].said:
        return {}
    gateway, _ = gateway_and_name(str(standing[0].said["point"]))
    rows = taken_back(standing[0], said_after(caller, standing[0], meter.code))
    return {(gateway, row.time_us): row for row in rows}


def canonical(quantity: Decimal, unit: str, meter: Meter) -> Decimal:
    """A bill's quantity in the canonical unit of its meter; InvalidInput for a unit that does not
    convert to it, and below 0."""
    known = unit_of(unit)
    if known.canonical != meter.unit and equivalent(known.canonical, meter.unit) == 1:
        conversion(unit, meter.unit)
    if quantity < 0:
        raise InvalidInput(
            "below 0", field="quantity", value=quantity, fix="what passed, as the bill says it"
        )
    factor = known.factor * equivalent(known.canonical, meter.unit)
    return quantity * factor.numerator / factor.denominator


def _told_now(caller: Caller, own: Statement) -> SupplierBillTold:
    with caller.view() as view:
        return _told(caller, view, [own])[0]


def _told(
    caller: Caller, view: View, statements: Sequence[Statement], moment: AsOf | None = None
) -> list[SupplierBillTold]:
    """Each with the books of its days, all of one view."""
    known, at_us = accounts_in(caller, view.registry), _instant(moment)
    subjects = {own.subject for own in statements}
    others = {one: standing_bills(caller, one, at_us) for one in subjects}
    found = []
    for one in told_of(caller, statements, at_us):
        own = one.statement
        at_rest = moment is not None
        row = row_of(known[own.subject], own.first)
        meter = view.registry.meters[row.meter]
        alone = _is_only_figure(caller, own, meter, at_us)
        case, audit = audit_of(
            caller, view, own, others[own.subject], at_rest=at_rest, is_only_figure=alone
        )
        last = own.after - timedelta(days=1)
        period = over(view, view.key_of(meter.code), own.first, last)
        said = own.said
        quantity = None
        if "quantity" in said:
            quantity = canonical(Decimal(said["quantity"]), str(said["unit"]), meter)
        per = BOOK_UNITS[meter.unit].per_canonical
        amount = None if alone else period.amount
        found.append(
            SupplierBillTold(
                statement=own,
                state=one.state,
                taken_in=one.taken_in,
                evidence=one.evidence,
                meter=meter.code,
                supplier=row.supplier,
                unit=meter.unit,
                quantity=quantity,
                booked=None if amount is None else Decimal(amount) / per,
                missing=int(period.shares[MISSING]),
                provisional=period.provisional,
                case=case,
                audit=audit,
                is_only_figure=alone,
            )
        )
    return found


def _is_only_figure(caller: Caller, own: Statement, meter: Meter, at_us: int | None) -> bool:
    """Whether a day of a bill that went into the books was not said anew by then."""
    if not own.point:
        return False
    return bool(days_left(own, stated_by(said_of(caller, meter.code), at_us)))
