"""alert_budgets.csv: how many new cases a place is told of in a year, and which never wait.

That of the nearest place above holds. A place with one of its own, and every site, keeps an account
of its own (`metering.alert_accounts`). Where none is registered, one a year for each meter.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from metering.registry.kind import FactKind, Reference
from metering.registry.rows import Row, Table
from metering.registry.tables import DATED
from metering.validity import ALWAYS, Validity

USUAL: Final = Decimal(1)
MOST: Final = Decimal(100)


@dataclass(frozen=True)
class AlertBudget:
    """What a node and all below it are told of at once."""

    node: str
    per_meter_year: Decimal
    """New cases in 365 days for each of its meters, 0 to 100."""
    dear_a_year: Decimal | None = None
    """What costs as much a year for sure never waits, in the currency of the case; None: what is
    dearer for sure than nine in ten of what was told."""
    valid: Validity = ALWAYS


def _read(row: Row) -> AlertBudget:
    rate = row.number("per_meter_year", least=0)
    if not row.text("per_meter_year"):
        row.wrong("per_meter_year", "no value", f"a number from 0 to {MOST}")
    if rate is not None and rate > MOST:
        row.wrong("per_meter_year", f"above {MOST}", f"a number from 0 to {MOST}")
    dear = row.number("dear_a_year", least=0)
    return AlertBudget(row.code("node"), USUAL if rate is None else rate, dear, row.validity())


KIND = FactKind(
    name="alert_budget",
    type=AlertBudget,
    table=Table("alert_budgets.csv", ("node", "per_meter_year"), ("dear_a_year", *DATED)),
    by=("node", "valid"),
    refers=(Reference("node", "nodes"),),
    apart=("node",),
    read=_read,
)
