"""limits.csv: from when on detectors hold something for waste, at a meter, a place or everywhere.

That of the meter stands before that of the nearest place above it, and this before the one for
everything. Where none is registered detectors take the one that is usual.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from metering.registry.kind import FactKind, Reference
from metering.registry.rows import Row, Table
from metering.registry.tables import DATED
from metering.validity import ALWAYS, Validity

SIZES = ("sigmas", "share_of_load", "schedule_share", "load_hours")
"""Limits that are a number from 0 on."""
COUNTS = {"nights": 1, "night_window": 1, "rest_days": 2, "merge_days": 0}
"""Limits that count days, with the least that each may be."""
MOST_DAYS = 31


@dataclass(frozen=True)
class DetectionLimit:
    """One limit of the detectors; neither node nor meter is everything."""

    name: str
    value: Decimal
    node: str = ""
    meter: str = ""
    valid: Validity = ALWAYS


def _read(row: Row) -> DetectionLimit:
    name = row.one_of("name", (*SIZES, *COUNTS))
    if name in COUNTS:
        whole = row.whole("value", COUNTS[name], MOST_DAYS)
        value = None if whole is None else Decimal(whole)
    else:
        value = row.number("value", least=0)
    if not row.text("value"):
        row.wrong("value", "no value", "a number")
    node, meter = (row.code(one) if row.text(one) else "" for one in ("node", "meter"))
    if node and meter:
        row.wrong("meter", "a limit of a node and of a meter", "fill one of the two, or neither")
    return DetectionLimit(name, value or Decimal(0), node, meter, row.validity())


KIND = FactKind(
    name="limit",
    type=DetectionLimit,
    table=Table(
        "limits.csv",
        ("name", "value"),
        ("node", "meter", *DATED),
        closed={"name": (*SIZES, *COUNTS)},
    ),
    by=("name", "node", "meter", "valid"),
    refers=(
        Reference("node", "nodes", needed=False),
        Reference("meter", "meters", needed=False),
    ),
    apart=("name", "node", "meter"),
    read=_read,
    stored="detection_limit",
)
