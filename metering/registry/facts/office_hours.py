"""office_hours.csv: when people work at a place, on which days of the week, and since when.

Those of the nearest place above a meter hold for it. Where none are registered detectors take those
that are usual.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from metering.registry.kind import FactKind, Reference
from metering.registry.rows import Row, Table
from metering.registry.tables import DATED
from metering.validity import ALWAYS, Validity

MONDAY_TO_FRIDAY = "1-5"
_DAYS = re.compile(r"[1-7](-[1-7])?(,[1-7](-[1-7])?)*", re.ASCII)


@dataclass(frozen=True)
class WorkingHours:
    """Local minutes of the day from which and until which people work at a node and below it."""

    node: str
    start_min: int
    end_min: int
    days: str = MONDAY_TO_FRIDAY
    """Days of the week, 1 Monday to 7 Sunday: `1-5`, `1-6`, `1,3,5`; the calendar's exceptions
    hold as well."""
    valid: Validity = ALWAYS

    @property
    def weekdays(self) -> frozenset[int]:
        """0 Monday to 6 Sunday."""
        spans = (part.split("-") for part in self.days.split(","))
        return frozenset(n - 1 for span in spans for n in range(int(span[0]), int(span[-1]) + 1))


def _read(row: Row) -> WorkingHours:
    start, end = row.minute("start", 0), row.minute("end", 1440)
    if start >= end:
        row.wrong("end", "not after start", "work over midnight cannot be said; 00:00 to 24:00 can")
    days = row.text("days").replace(" ", "") or MONDAY_TO_FRIDAY
    if not _DAYS.fullmatch(days) or not WorkingHours("", 0, 1, days).weekdays:
        row.wrong("days", "not days of the week", "1 Monday to 7 Sunday, such as 1-5 or 1,3,5")
        days = MONDAY_TO_FRIDAY
    return WorkingHours(row.code("node"), start, end, days, row.validity())


KIND = FactKind(
    name="office_hours",
    type=WorkingHours,
    table=Table(
        "office_hours.csv",
        ("node", "start", "end"),
        ("days", *DATED),
        usual={"days": (MONDAY_TO_FRIDAY, "1-6", "1-7")},
    ),
    by=("node", "valid"),
    refers=(Reference("node", "nodes"),),
    apart=("node",),
    read=_read,
)
