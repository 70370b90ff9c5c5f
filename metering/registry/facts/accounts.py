"""accounts.csv: what a supplier bills by an account: the meter, the contract, the day of reading.

A meter whose contract changes goes on with the same account: rows whose dates meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from metering.registry.kind import FactKind, Reference
from metering.registry.rows import Row, Table
from metering.registry.tables import DATED
from metering.validity import ALWAYS, Validity

STANDARDS = ("", "0.90", "0.85", "0.80")
"""Power factors that a supplier holds accounts to; '' for none."""
DEMANDS = ("", "block", "sliding")
"""How the demand is taken; '' is block."""
LAST_READING_DAY = 28
USUAL_DECIMALS, MOST_DECIMALS = 2, 6


@dataclass(frozen=True)
class Account:
    """One account at a supplier, on the days on which its contract says this."""

    account: str
    meter: str
    """The meter that is billed; its item is what is billed."""
    plan: str = ""
    """Whose charges and steps hold, beside the energy's own tariff; '' for none."""
    reading_day: int | None = None
    """Day of the month at whose beginning the supplier reads; None is the first of the next."""
    reactive: str = ""
    """Meter of the reactive energy that is drawn."""
    reactive_export: str = ""
    """Of that which is fed back; suppliers add it."""
    power_factor: str = ""
    capacity_kva: Decimal | None = None
    contract_kw: Decimal | None = None
    demand: str = ""
    decimals: int = USUAL_DECIMALS
    """Of billed quantities."""
    multiplier: Decimal | None = None
    """What the supplier multiplies a difference of readings by."""
    customer_class: str = ""
    voltage: str = ""
    supplier: str = ""
    source: str = ""
    grade: str = ""
    valid: Validity = ALWAYS


def _read(row: Row) -> Account:
    reading_day = row.whole("reading_day", 2, LAST_READING_DAY)
    decimals = row.whole("decimals", 0, MOST_DECIMALS)
    reactive, export = (
        row.code(one) if row.text(one) else "" for one in ("reactive", "reactive_export")
    )
    factor = row.one_of("power_factor", STANDARDS)
    if factor and not reactive:
        fix = "name the meter of reactive energy in the column reactive, or leave power_factor out"
        row.wrong("power_factor", "no reactive energy to judge it by", fix)
    return Account(
        account=row.code("account"),
        meter=row.code("meter"),
        plan=row.code("plan") if row.text("plan") else "",
        reading_day=reading_day,
        reactive=reactive,
        reactive_export=export,
        power_factor=factor,
        capacity_kva=row.number("capacity_kva", above=0),
        contract_kw=row.number("contract_kw", above=0),
        demand=row.one_of("demand", DEMANDS),
        decimals=USUAL_DECIMALS if decimals is None else decimals,
        multiplier=row.ratio("multiplier"),
        customer_class=row.named("customer_class"),
        voltage=row.named("voltage"),
        supplier=row.named("supplier"),
        source=row.named("source", 500),
        grade=row.named("grade"),
        valid=row.validity(),
    )


KIND = FactKind(
    name="account",
    type=Account,
    table=Table(
        "accounts.csv",
        ("account", "meter"),
        (
            *("plan", "reading_day", "reactive", "reactive_export", "power_factor"),
            *("capacity_kva", "contract_kw", "demand", "decimals", "multiplier"),
            *("customer_class", "voltage", "supplier", "source", "grade", *DATED),
        ),
        closed={"power_factor": STANDARDS[1:], "demand": DEMANDS[1:]},
    ),
    by=("account", "valid"),
    refers=(
        Reference("meter", "meters"),
        Reference("reactive", "meters", needed=False),
        Reference("reactive_export", "meters", needed=False),
    ),
    apart=("account",),
    read=_read,
    billed=True,
)
