"""charges.csv: what stands on a supplier's bill beside the energy's own price.

unit      price x energy, in each tariff period times its ratio     funds, losses, sewage
demand    price x the most power of the period                      kW
contract  price x the contracted power; beyond a margin dearer      kW
capacity  price x the transformers' capacity                        kVA
month     price once, however much passed
vat       percent of all that is taxed
energy    no price: says whether the energy's own lines are adjusted and taxed
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from metering.registry.kind import FactKind
from metering.registry.rows import CODE, YES_NO, Row, Table
from metering.registry.tables import DATED
from metering.validity import ALWAYS, Validity


class Basis(StrEnum):
    """What a charge is taken of."""

    ENERGY = "energy"
    UNIT = "unit"
    DEMAND = "demand"
    CONTRACT = "contract"
    CAPACITY = "capacity"
    MONTH = "month"
    VAT = "vat"


ADJUSTED = (Basis.ENERGY, Basis.DEMAND, Basis.CONTRACT, Basis.CAPACITY)
"""What the power factor adjusts where nothing else is said."""
STANDING = (Basis.DEMAND, Basis.CONTRACT, Basis.CAPACITY, Basis.MONTH)
"""What stands for a time, however much passes."""
PERS = ("", "period", "month", "thirtieth", "day")
"""How the days of a bill count of a charge that stands for a time; '' is period."""
INSIDE = (Basis.UNIT, Basis.VAT)
"""What may be part of other prices."""
_RATIO = re.compile(r"(\d{1,4}(?:\.\d{1,12})?)", re.ASCII)


@dataclass(frozen=True)
class Charge:
    """One charge of a plan; each plan has as many as its bills have lines of them."""

    plan: str
    charge: str
    basis: Basis
    price: Decimal = Decimal(0)
    ratios: str = ""
    """Of a unit charge that follows the periods: `peak=1.5;valley=0.5`; others are 1."""
    adjusted: bool = False
    taxed: bool = True
    included: bool = False
    """Whether other prices hold it: it is told and not added."""
    over_from: Decimal | None = None
    """Of the contracted power, from which on more is dearer, such as 1.05."""
    over_factor: Decimal | None = None
    relief_from: Decimal | None = None
    """kWh for each kVA from which on demand is cheaper, such as 260."""
    relief_factor: Decimal | None = None
    per: str = ""
    """Of what the price is, where it stands for a time: once for what the supplier bills at a time
    (`period`), by the days of each calendar month, by thirtieths of a month, or of a day."""
    currency: str = "CNY"
    source: str = ""
    grade: str = ""
    valid: Validity = ALWAYS

    def ratio(self, period: str) -> Decimal:
        """What the price is taken times in a tariff period."""
        return dict(_pairs(self.ratios)).get(period, Decimal(1))


def _pairs(text: str) -> list[tuple[str, Decimal]]:
    named = (part.partition("=") for part in text.split(";") if part)
    return [(period, Decimal(ratio)) for period, _, ratio in named]


def _read(row: Row) -> Charge | None:
    basis = row.choice("basis", Basis)
    if basis is None:
        return None
    price = row.number("price", least=0)
    if not row.text("price") and basis is not Basis.ENERGY:
        row.wrong("price", "no price", "a number per kWh, m3, kW, kVA or month, or percent of vat")
    if row.text("price") and basis is Basis.ENERGY:
        row.wrong("price", "the energy's own price stands in tariff.csv", "leave it empty here")
    included = _said(row, "included", otherwise=False)
    if included and basis not in INSIDE:
        fix = f"only for {' and '.join(INSIDE)}; leave it empty"
        row.wrong("included", f"{basis} is part of no other price", fix)
    return Charge(
        plan=row.code("plan"),
        charge=row.code("charge"),
        basis=basis,
        price=price or Decimal(0),
        ratios=_ratios(row, basis),
        adjusted=_said(row, "adjusted", otherwise=basis in ADJUSTED),
        taxed=_said(row, "taxed", otherwise=True),
        included=included,
        **_pair(row, basis, "over_from", "over_factor", (Basis.CONTRACT,)),
        **_pair(row, basis, "relief_from", "relief_factor", (Basis.DEMAND, Basis.CONTRACT)),
        per=_per(row, basis),
        currency=_currency(row),
        source=row.named("source", 500),
        grade=row.named("grade"),
        valid=row.validity(),
    )


def _said(row: Row, column: str, *, otherwise: bool) -> bool:
    text = row.one_of(column, ("", "yes", "no"))
    return text == "yes" if text else otherwise


def _ratios(row: Row, basis: Basis) -> str:
    text = row.text("ratios").replace(" ", "")
    seen: set[str] = set()
    for part in text.split(";") if text else ():
        period, _, ratio = part.partition("=")
        if not CODE.fullmatch(period) or not _RATIO.fullmatch(ratio) or period in seen:
            row.wrong("ratios", "not ratios of periods", "such as peak=1.5;valley=0.5")
            return ""
        seen.add(period)
    if text and basis is not Basis.UNIT:
        row.wrong("ratios", f"{basis} follows no periods", "only a unit charge does")
        return ""
    return text


def _per(row: Row, basis: Basis) -> str:
    said = row.one_of("per", PERS)
    if said and basis not in STANDING:
        row.wrong("per", f"{basis} stands for no time", f"only for {', '.join(STANDING)}")
        return ""
    return said


def _pair(
    row: Row, basis: Basis, start: str, factor: str, allowed: tuple[Basis, ...]
) -> dict[str, Decimal | None]:
    """Both columns or none, of a basis that has them."""
    found = {start: row.number(start, above=0), factor: row.number(factor, above=0)}
    given = [one for one in (start, factor) if row.text(one)]
    if given and basis not in allowed:
        row.wrong(given[0], f"{basis} has none", f"only {' and '.join(allowed)} has")
    elif len(given) == 1:
        row.wrong(given[0], "half of a rule", f"fill {start} and {factor}, or neither")
    return found


def _currency(row: Row) -> str:
    text = row.text("currency") or "CNY"
    if not re.fullmatch("[A-Z]{3}", text):
        row.wrong("currency", "not a currency code", "three capital letters such as CNY or EUR")
        return "CNY"
    return text


KIND = FactKind(
    name="charge",
    type=Charge,
    table=Table(
        "charges.csv",
        ("plan", "charge", "basis", "price"),
        (
            *("ratios", "adjusted", "taxed", "included"),
            *("over_from", "over_factor", "relief_from", "relief_factor", "per"),
            *("currency", "source", "grade", *DATED),
        ),
        closed={
            "basis": tuple(Basis),
            "per": PERS[1:],
            **dict.fromkeys(("adjusted", "taxed", "included"), YES_NO),
        },
        usual={"currency": ("CNY",)},
    ),
    by=("plan", "charge", "valid"),
    apart=("plan", "charge"),
    read=_read,
    billed=True,
)
