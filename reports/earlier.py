"""Reports of format 1: read, shown and written again as they were sealed.

Format 1 knew one currency, no bounds and no differences; what it did not say stays unknown.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import msgspec

from reports.model import Line, MoneyLine, MonthReport, Spent, Total

FORMAT_1: Final = "greenoffice-month/1"
_OF_MONEY: Final = ("money", "cost_low", "cost_high", "all_priced", "unpriced")
_NEWS: Final = {
    "lines": _OF_MONEY,
    "totals": _OF_MONEY,
    "prices": ("node", "meter"),
}
"""What format 1 did not have, by list."""


def written(report: MonthReport) -> Any:
    """The report with the names that format 1 had, and no others."""
    found = msgspec.to_builtins(report)
    for name in ("differences", "ratios"):
        del found[name]
    for name, news in _NEWS.items():
        for row in found[name]:
            for one in news:
                row.pop(one, None)
    return found


def understood(report: MonthReport) -> MonthReport:
    """A report of format 1 as ours: its cost is its money in its one currency."""
    return replace(
        report,
        lines=tuple(replace(one, money=_money(one)) for one in report.lines),
        totals=tuple(replace(one, money=_money(one)) for one in report.totals),
    )


def _money(spent: Line | Total) -> tuple[MoneyLine, ...]:
    one: Spent = spent
    if one.cost is None:
        return ()
    return (MoneyLine(one.currency, one.cost, None, None, None),)
