"""Issues of a month's report: what was told once, kept for good."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from metering.errors import Conflict
from metering.factor import USUAL_BASES, Bases


@dataclass(frozen=True)
class ReportIssue:
    """One issue of an institution's report for a month; never changed."""

    institution: str
    month: str
    """YYYY-MM."""
    number: int
    """1, 2, 3 ..."""
    content: bytes
    """The sealed report, without language, exactly as it was first written."""
    content_hash: str
    pins: dict[str, Any]
    """What it was made from: `revision`, `registry_version`, `rules_version` and more."""
    made_us: int
    made_by: str
    reason: str = ""
    """Why there is another issue; '' for issue 1."""
    differences: tuple[dict[str, Any], ...] = field(default=())
    """To the issue before; none for issue 1."""
    bases: Bases = USUAL_BASES
    """On which coal and carbon are told; each pair of bases has issues of its own."""

    @property
    def name(self) -> str:
        """Which issue of which report, such as `bureau 2026-10 coal=equal issue 1`."""
        return f"{report_name(self.institution, self.month, self.bases)} issue {self.number}"


def in_order(issue: ReportIssue) -> tuple[object, ...]:
    """Sorts issues of a month: those on the usual bases first, of each bases oldest first."""
    return (issue.bases.unusual, issue.number)


def report_name(institution: str, month: str, bases: Bases) -> str:
    """Which report, with the bases that are not the usual ones: `bureau 2026-10 coal=equal`."""
    return " ".join((institution, month, *(f"{name}={value}" for name, value in bases.unusual)))


@dataclass(frozen=True)
class ReportFile:
    """An issue as it was first rendered in one language and format."""

    data: bytes
    sha256: str

    @classmethod
    def of(cls, data: bytes) -> ReportFile:
        """The file with its sum."""
        return cls(data, hashlib.sha256(data).hexdigest())

    @property
    def whole(self) -> bool:
        """Whether the bytes are still those of the sum."""
        return hashlib.sha256(self.data).hexdigest() == self.sha256


def out_of_turn(issue: ReportIssue) -> Conflict:
    """The error of an issue whose predecessor does not exist."""
    return Conflict(
        "an issue follows the one before it",
        field="issue",
        value=issue.number,
        fix=f"make issue {issue.number - 1} of "
        f"{report_name(issue.institution, issue.month, issue.bases)} first",
    )


def no_issue_to_keep_for(issue: ReportIssue) -> Conflict:
    """The error of a file whose issue is not kept."""
    return Conflict(
        "no such issue to keep a file of",
        field="issue",
        value=issue.number,
        fix=f"keep {issue.name} first",
    )
