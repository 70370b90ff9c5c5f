"""Issues of monthly reports."""

from __future__ import annotations

from typing import Protocol

from metering.report_issue import ReportFile, ReportIssue


class ReportStore(Protocol):
    """Issues of monthly reports. Nothing of them is ever changed or deleted."""

    def add(self, issue: ReportIssue) -> ReportIssue:
        """Keep it, unless the institution's month has an issue of that number: the one that
        stands is returned. Conflict where the number before is missing."""
        ...

    def issue(self, institution: str, month: str, number: int | None = None) -> ReportIssue | None:
        """The issue of that number, the latest where none is given; None if there is none."""
        ...

    def issues(self, institution: str, month: str) -> list[ReportIssue]:
        """All issues of the month, oldest first."""
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
