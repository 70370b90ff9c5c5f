"""A bill that somebody entered, as the audit takes it.

what stands on paper, as texts ─▶ SupplierBill in the canonical unit of the account's meter
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from figures.bills.audit import ZERO, SupplierBill, SupplierLine, SupplierReading
from figures.bills.model import LineKind
from metering.errors import InvalidInput
from metering.localtime import zone_of
from metering.statement import Statement
from metering.units import equivalent
from metering.units import unit as unit_of

MINUTE: Final = "%Y-%m-%dT%H:%M"
_CENT: Final = Decimal("0.01")
_BY_ENERGY: Final = (LineKind.ENERGY, LineKind.TIER, LineKind.UNIT)
_NAMED: Final = {"energy": LineKind.ENERGY, "tier": LineKind.TIER}


def supplier_bill(
    one: Statement, unit: str, zone: str, kinds: Mapping[str, LineKind] | None = None
) -> SupplierBill:
    """A bill that was entered. `kinds` are those of the books' lines by name, for lines that say
    none. Quantities of energy are in `unit`; one that does not convert to it is as if not said."""
    said, known = one.said, kinds or {}
    quantity = _canonical(_number(said.get("quantity")), str(said.get("unit", unit)), unit)
    return SupplierBill(
        number=str(said["number"]),
        account=one.subject,
        first=one.first,
        after=one.after,
        lines=tuple(_line(line, unit, known) for line in said.get("lines", ())),
        total=Decimal(said["total"]),
        within=tuple(_line(line, unit, known) for line in said.get("within", ())),
        readings=tuple(_reading(each) for each in said.get("readings", ())),
        multiplier=_number(said.get("multiplier")),
        estimated=bool(said.get("estimated", False)),
        demand_at=_minute(str(said.get("demand_at", "")), zone),
        power_factor=_hundredths(str(said.get("power_factor", ""))),
        customer_class=str(said.get("customer_class", "")).strip(),
        voltage=str(said.get("voltage", "")).strip(),
        energy=quantity,
        currency=str(said.get("currency", "")),
        credit=_number(said.get("credit")) or ZERO,
    )


def _number(text: object) -> Decimal | None:
    return None if text is None else Decimal(str(text))


def _line(said: Mapping[str, Any], unit: str, kinds: Mapping[str, LineKind]) -> SupplierLine:
    name = str(said["name"])
    kind = LineKind(said["kind"]) if said.get("kind") else kinds.get(name)
    kind = kind or _NAMED.get(name.partition(".")[0])
    quantity, price = _number(said.get("quantity")), _number(said.get("price"))
    own = str(said.get("unit", "")) or unit
    if kind in _BY_ENERGY and own != unit:
        one = _canonical(Decimal(1), own, unit)
        quantity = _canonical(quantity, own, unit)
        price = None if price is None or not one else price / one
    return SupplierLine(name, kind, quantity, price, Decimal(said["amount"]))


def _reading(said: Mapping[str, Any]) -> SupplierReading:
    return SupplierReading(
        str(said.get("register", "total")),
        Decimal(said["start"]),
        Decimal(said["end"]),
        _number(said.get("consumption")),
    )


def _canonical(quantity: Decimal | None, own: str, unit: str) -> Decimal | None:
    """In the canonical unit; None where it does not convert to it."""
    if quantity is None or own == unit:
        return quantity
    try:
        known = unit_of(own)
    except InvalidInput:
        return None
    same = known.canonical == unit
    if not same and equivalent(known.canonical, unit) == 1:
        return None
    factor = known.factor * equivalent(known.canonical, unit)
    return quantity * factor.numerator / factor.denominator


def _minute(text: str, zone: str) -> str:
    """Local minute of a moment; '' for what is none."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return ""
    local = at if at.tzinfo is None else at.astimezone(zone_of(zone))
    return local.strftime(MINUTE)


def _hundredths(text: str) -> str:
    """A power factor with two decimals; '' for what is none."""
    try:
        return str(Decimal(text.strip()).quantize(_CENT, ROUND_HALF_UP))
    except InvalidOperation:
        return ""
