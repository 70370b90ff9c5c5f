"""Issues of reports in memory."""

from __future__ import annotations

import threading
from dataclasses import replace

from metering.factor import USUAL_BASES, Bases
from metering.ports import ReportStore
from metering.report_issue import (
    ReportFile,
    ReportIssue,
    in_order,
    no_issue_to_keep_for,
    out_of_turn,
)

Key = tuple[str, str, Bases, int]


class MemoryReports(ReportStore):
    """A ReportStore in dicts."""

    def __init__(self) -> None:
        self._issues: dict[Key, ReportIssue] = {}
        self._files: dict[tuple[Key, str, str], ReportFile] = {}
        self._lock = threading.RLock()

    def add(self, issue: ReportIssue) -> ReportIssue:
        before = _key(replace(issue, number=issue.number - 1))
        with self._lock:
            if issue.number > 1 and before not in self._issues:
                raise out_of_turn(issue)
            return self._issues.setdefault(_key(issue), issue)

    def issue(
        self,
        institution: str,
        month: str,
        number: int | None = None,
        bases: Bases = USUAL_BASES,
    ) -> ReportIssue | None:
        found = [one for one in self.issues(institution, month) if one.bases == bases]
        if number is None:
            return found[-1] if found else None
        return next((one for one in found if one.number == number), None)

    def issues(self, institution: str, month: str) -> list[ReportIssue]:
        with self._lock:
            found = [one for key, one in self._issues.items() if key[:2] == (institution, month)]
        return sorted(found, key=in_order)

    def keep_file(
        self, issue: ReportIssue, language: str, format: str, file: ReportFile
    ) -> ReportFile:
        with self._lock:
            if _key(issue) not in self._issues:
                raise no_issue_to_keep_for(issue)
            return self._files.setdefault((_key(issue), language, format), file)

    def file(self, issue: ReportIssue, language: str, format: str) -> ReportFile | None:
        with self._lock:
            return self._files.get((_key(issue), language, format))


def _key(issue: ReportIssue) -> Key:
    return (issue.institution, issue.month, issue.bases, issue.number)
