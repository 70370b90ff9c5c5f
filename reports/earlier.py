"""Reports of earlier formats: read, shown and written again as they were sealed.

Format 1 knew one currency, no bounds and no differences; format 2 no issues, and not the versions
of registry and rules; format 3 only the usual bases of coal and carbon. What they did not say
stays unknown.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import msgspec

from reports.model import (
    FORMAT_1,
    FORMAT_2,
    FORMAT_3,
    MoneyLine,
    MonthReport,
    ReportLine,
    ReportTotal,
    Spent,
)

EARLIER: Final = (FORMAT_1, FORMAT_2, FORMAT_3)
_NEW_IN_2: Final = ("differences", "ratios")
_NEW_IN_3: Final = (
    "registry_version",
    "rules_version",
    "rows_registry_version",
    "issue",
    "reason",
    "issued_us",
    "changes",
)
_NEW_IN_4: Final = ("coal", "carbon", "lacking")
_OF_MONEY: Final = ("money", "cost_low", "cost_high", "all_priced", "unpriced")
_NEWS: Final = {
    "lines": _OF_MONEY,
    "totals": _OF_MONEY,
    "prices": ("node", "meter"),
}
"""What format 1 did not have, by list."""


def written(report: MonthReport) -> Any:
    """The report with the names that its format had, and no others."""
    exact = (Decimal,) if report.format == FORMAT_3 else ()
    found = msgspec.to_builtins(report, builtin_types=exact)
    for name in _NEW_IN_4:
        found.pop(name, None)  # what a file did not name, its report does not hold
    if report.format == FORMAT_3:
        return found
    for name in _NEW_IN_3:
        found.pop(name, None)
    if report.format == FORMAT_2:
        return found
    for name in _NEW_IN_2:
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


def _money(spent: ReportLine | ReportTotal) -> tuple[MoneyLine, ...]:
    one: Spent = spent
    if one.cost is None:
        return ()
    return (MoneyLine(one.currency, one.cost, None, None, None),)
