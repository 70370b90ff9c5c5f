"""Issues of monthly reports."""

from __future__ import annotations

from typing import Protocol

from metering.factor import USUAL_BASES, Bases
from metering.report_issue import ReportFile, ReportIssue


class ReportStore(Protocol):
    """Issues of monthly reports. Nothing of them is ever changed or deleted."""

    def add(self, issue: ReportIssue) -> ReportIssue:
        """Keep it, unless the institution's month has an issue of that number on its bases: the
        one that stands is returned. Conflict where the number before is missing."""
        ...

    def issue(
        self,
        institution: str,
        month: str,
        number: int | None = None,
        bases: Bases = USUAL_BASES,
    ) -> ReportIssue | None:
        """The issue of that number on these bases, the latest where none is given; None if there
        is none."""
        ...

    def issues(self, institution: str, month: str) -> list[ReportIssue]:
        """All issues of the month: those on the usual bases, then those on each other pair by its
        names; of one pair oldest first."""
        ...

    def keep_file(
        self, issue: ReportIssue, language: str, format: str, file: ReportFile
    ) -> ReportFile:
        """Keep a rendering, unless one of that language and format is kept: the one that stands
        is returned. Conflict where the issue itself is not kept."""
        ...

    def file(self, issue: ReportIssue, language: str, format: str) -> ReportFile | None:
        """The rendering that is kept; None if there is none."""
        ...
