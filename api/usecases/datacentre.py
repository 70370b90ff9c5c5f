"""A data centre's ratios of energies and energies by role, over local days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import figures
from api.caller import Caller
from api.moments import moment_at
from api.ranges import check_days, check_order, local_date
from figures import RATIOS, Ratio, RoleSum
from metering.localtime import local_day

MOST_DAYS = 400
FULL_DAYS = 7
"""Full days that are answered for where no range is asked; the page shows the same."""
UNIT_ITEM = "01000"
"""Whose unit the energies of all roles have."""


@dataclass(frozen=True)
class RatiosTold:
    """Ratios and energies by role, at one revision."""

    zone: str
    revision: int
    registry_version: int
    ratios: list[Ratio]
    roles: list[RoleSum]


def ratios_of(
    caller: Caller, node: str, first: date, last: date, as_of: str | None = None
) -> RatiosTold:
    """All ratios and roles of a node over local days, both included, at one revision: the present
    one where none is named."""
    with caller.view(moment_at(caller, as_of, node, last)) as view:
        return RatiosTold(
            view.registry.zone(node),
            view.revision(view.registry.institution(node)),
            view.registry.version,
            [figures.ratio(view, node, name, first, last) for name in RATIOS],
            list(figures.role_sums(view, node, first, last)),
        )


def days_asked(caller: Caller, node: str, start: str | None, end: str | None) -> tuple[date, date]:
    """(first, last) local days of the range, both included."""
    today = local_day(caller.platform.now_us(), caller.reach.registry.zone(node))
    after = today if end is None else local_date(end, "end")
    first = after - timedelta(days=FULL_DAYS) if start is None else local_date(start, "start")
    check_order(first, after, first < after)
    check_days((after - first).days, MOST_DAYS, f"at most {MOST_DAYS} days; ask for parts")
    return first, after - timedelta(days=1)
