"""What a report is made from: figures of the books, the registry and the findings."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date

from figures import AsOf, Figures, View
from metering.access import Scope
from metering.errors import InvalidInput, NotFound
from metering.factor import USUAL_BASES, Bases
from metering.finding import Case, Finding
from metering.ports import CaseReader
from metering.registry import NodeType, Registry

PAGE = 500
EARLIEST, LATEST = 1971, 9998
"""Years whose months, and those a year before, can be told in microseconds."""


@dataclass(frozen=True)
class ReportSource:
    """Figures, registry and findings; whoever calls has checked the scope."""

    figures: Figures
    registry: Registry
    findings: CaseReader

    def view(
        self, institution: str, as_of: AsOf | None = None, bases: Bases = USUAL_BASES
    ) -> AbstractContextManager[View]:
        """One state of the books and the clock, under the registry and of an institution's own
        days, on bases of coal and carbon; for one report. With `as_of` it is an earlier one."""
        scope = Scope.below(institution, self.registry)
        return self.figures.view(self.registry, scope, as_of, bases)

    def institution(self, code: str) -> str:
        """The code itself; NotFound or InvalidInput where it is no institution's."""
        if code not in self.registry.nodes:
            raise NotFound(
                "no such institution",
                field="institution",
                value=code,
                fix="the code of an institution in the registry",
            )
        if self.registry.nodes[code].type is not NodeType.INSTITUTION:
            above = self.registry.institution(code)
            raise InvalidInput(
                f"a {self.registry.nodes[code].type}, not an institution",
                field="institution",
                value=code,
                fix=above or "the code of an institution in the registry",
            )
        return code

    def findings_of(self, institution: str, start_us: int, end_us: int) -> list[Case]:
        """Cases with evidence in [start, end), by start and number."""
        span = (start_us, end_us)
        found: list[Case] = []
        after: str | None = None
        while True:
            page = self.findings.list(
                frozenset([institution]), between_us=span, after=after, limit=PAGE
            )
            found += [one for one in page if _within(one.evidence, start_us, end_us)]
            if len(page) < PAGE:
                return sorted(found, key=lambda one: (one.evidence.start_us, one.number))
            after = page[-1].id


def _within(finding: Finding, start_us: int, end_us: int) -> bool:
    """Whether any of the evidence lies in [start, end); a case may pause for months."""
    hours = finding.hours_us
    return not hours or any(start_us <= at < end_us for at in hours)


def month_of(text: str) -> date:
    """First day of a month written YYYY-MM."""
    try:
        month = date.fromisoformat(f"{text}-01")
        if len(text) != 7 or not EARLIEST <= month.year <= LATEST:
            raise ValueError
        return month
    except (TypeError, ValueError):
        raise InvalidInput(
            "not a month", field="month", value=text, fix="YYYY-MM, e.g. 2026-10"
        ) from None
