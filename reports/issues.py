"""Issues of a month's report: the first complete rendering is kept, and told again ever after.

ask ──▶ kept? ──yes──▶ the issue, byte for byte
          └──no───▶ make ──complete──▶ tell its days ──▶ keep as issue 1 ──▶ the issue
                         └─provisional─▶ told once, never kept
a person, with a reason ──▶ issue N + 1, with what it tells otherwise than issue N

Each pair of bases of coal and carbon has issues of its own.

Its days are told in the books before it is kept, and only as they stand; while readings of them are
being booked, there is no issue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from metering.errors import Conflict, InvalidInput, NotFound, Unavailable
from metering.factor import USUAL_BASES, Bases
from metering.ports import ReportStore
from metering.report_issue import ReportFile, ReportIssue, report_name
from reports.differences import differences
from reports.formats import can_be_set, check_format, render
from reports.model import MonthReport
from reports.month import Terms, drawn
from reports.seal import from_json, sealed, to_json
from reports.source import ReportSource, month_of
from reports.words import check_language

REPORTED: Final = "say in a sentence, in Chinese or Latin letters, why the month is reported again"
MOST_REASON: Final = 2_000
"""Characters of a reason."""
ATTEMPTS: Final = 5
"""To draw a report whose days do not change until they are told."""


@dataclass(frozen=True)
class Issued:
    """A report as it is told: an issue that is kept, or a provisional report."""

    store: ReportStore
    report: MonthReport
    kept: ReportIssue | None
    """None for a provisional report."""
    new: bool = False
    """Whether this very call kept it."""

    def file(self, language: str, format: str) -> bytes:
        """The file in a language (zh-CN or en; json has none) and format.

        Of an issue it is the one that was rendered first, whatever the layout has become.
        Unavailable where the kept bytes are no longer those that were written.
        """
        check_language(language)
        if self.kept is None:
            return render(self.report, language, format)
        if check_format(format) == "json":
            return self.kept.content
        file = self.store.file(self.kept, language, format)
        if file is None:
            made = ReportFile.of(render(self.report, language, format))
            file = self.store.keep_file(self.kept, language, format, made)
        return _whole(file, self.kept, f"{language} {format}")


@dataclass(frozen=True)
class Issues:
    """Tells, keeps and makes issues; whoever calls has checked the scope."""

    source: ReportSource
    store: ReportStore
    now_us: Callable[[], int]
    by: str
    """Who asks; named as the maker of what is not there yet."""
    terms: Terms | None = None

    def get(
        self,
        institution: str,
        month: str,
        *,
        number: int | None = None,
        provisional: bool = False,
        bases: Bases = USUAL_BASES,
    ) -> Issued:
        """An issue by its number on these bases of coal and carbon, the latest where none is given.

        Where the month has no issue yet, a complete report becomes issue 1; while its readings are
        being booked it is provisional, and Conflict where issue 1 is asked for by its number.
        NotFound for a number that does not exist; else as `month_report`.
        """
        code = self._checked(institution, month)
        kept = self.store.issue(code, month, number, bases)
        if kept is not None:
            return self._issued(kept)
        if number not in (None, 1):
            raise self._no_such(code, month, number, bases)
        provisional = provisional and number is None
        made = self._made(code, month, provisional, bases)
        if made.provisional and number is not None:
            raise _being_booked(code, month)
        if made.provisional:
            return Issued(self.store, made, None)
        first = self._first(made)
        kept = self.store.add(first)
        return self._issued(kept, new=kept == first)

    def make(self, institution: str, month: str, reason: str, bases: Bases = USUAL_BASES) -> Issued:
        """Another issue on these bases from today's state, with its reason and what it tells
        otherwise than the one before on the same bases.

        InvalidInput without a reason; NotFound where there is no issue 1 to differ from; Conflict
        where nothing differs, where readings are being booked, or where somebody else made an
        issue meanwhile.
        """
        code, reason = self._checked(institution, month), checked_reason(reason, fix=REPORTED)
        before = self.store.issue(code, month, bases=bases)
        if before is None:
            raise self._no_such(code, month, 1, bases)
        made = self._made(code, month, False, bases)
        if made.provisional:
            raise _being_booked(code, month)
        changes = differences(from_json(before.content), made)
        if not changes:
            raise _nothing_differs(before)
        now_us = self.now_us()
        wanted = replace(
            made, issue=before.number + 1, reason=reason, issued_us=now_us, changes=changes
        )
        issue = _kept(sealed(wanted), now_us, self.by)
        kept = self.store.add(issue)
        if kept.content != issue.content:
            raise _somebody_was_faster(kept)
        return self._issued(kept, new=True)

    def list(self, institution: str, month: str) -> list[ReportIssue]:
        """All issues of the month; none where nobody has asked for it yet. Those on the usual bases
        come first, of each bases the oldest first."""
        return self.store.issues(self._checked(institution, month), month)

    def _checked(self, institution: str, month: str) -> str:
        month_of(month)
        return self.source.institution(institution)

    def _made(self, institution: str, month: str, provisional: bool, bases: Bases) -> MonthReport:
        """The report as the books stand; the days of a complete one are told from now on."""
        for _ in range(ATTEMPTS):
            made = drawn(
                self.source,
                institution,
                month,
                provisional=provisional,
                terms=self.terms,
                bases=bases,
            )
            try:
                if made.untold and not made.report.provisional:
                    self.source.figures.tell(institution, made.untold)
            except Conflict:
                continue
            return made.report
        raise _being_booked(institution, month)

    def _first(self, made: MonthReport) -> ReportIssue:
        return _kept(sealed(replace(made, issue=1)), self.now_us(), self.by)

    def _issued(self, kept: ReportIssue, *, new: bool = False) -> Issued:
        return Issued(self.store, _read(kept), kept, new)

    def _no_such(self, institution: str, month: str, number: int | None, bases: Bases) -> NotFound:
        latest = self.store.issue(institution, month, bases=bases)
        name = report_name(institution, month, bases)
        return NotFound(
            "no such issue of the report",
            field="issue",
            value=number,
            fix=f"{name} has issues 1 to {latest.number}"
            if latest
            else f"ask for the report of {name}: a complete one becomes issue 1",
        )


def pins(report: MonthReport) -> dict[str, Any]:
    """What a report was made from: revision, versions, and the findings with their states."""
    names = (
        *("revision", "rows_registry_version", "registry_version", "rules_version"),
        *("factor_set", "tariff_version"),
    )
    return {
        **{name: getattr(report, name) for name in names},
        "findings": {case.id: case.state for case in report.cases},
    }


def checked_reason(reason: str, *, fix: str) -> str:
    """The reason in one line; InvalidInput where it is empty, too long or cannot be printed, with
    what it is to say as the fix."""
    told = " ".join(reason.split())
    wrong = "" if told else "a reason is needed"
    if len(told) > MOST_REASON:
        wrong = f"a reason of more than {MOST_REASON} characters"
    elif not (told.isprintable() and can_be_set(told)):
        wrong = "a reason with characters that cannot be printed"
    if not wrong:
        return told
    raise InvalidInput(
        wrong,
        field="reason",
        value=reason,
        fix=fix,
    )


def _kept(report: MonthReport, now_us: int, by: str) -> ReportIssue:
    return ReportIssue(
        institution=report.institution,
        month=report.month,
        number=report.issue,
        content=to_json(report),
        content_hash=report.content_hash,
        pins=pins(report),
        made_us=now_us,
        made_by=by,
        reason=report.reason,
        differences=tuple(msgspec.to_builtins(report.changes)),
        bases=report.bases,
    )


def _read(kept: ReportIssue) -> MonthReport:
    """The sealed report; Unavailable where its seal is broken."""
    try:
        report = from_json(kept.content)
    except InvalidInput as broken:
        raise _damaged(kept, "json") from broken
    if report.content_hash != kept.content_hash or report.bases != kept.bases:
        raise _damaged(kept, "json")
    return report


def _whole(file: ReportFile, kept: ReportIssue, what: str) -> bytes:
    if not file.whole:
        raise _damaged(kept, what)
    return file.data


def _damaged(kept: ReportIssue, what: str) -> Unavailable:
    return Unavailable(
        f"the kept report is damaged ({what})",
        field="issue",
        value=kept.name,
        fix="restore the database from a backup",
    )


def _nothing_differs(before: ReportIssue) -> Conflict:
    return Conflict(
        f"nothing differs from issue {before.number}",
        field="issue",
        value=before.number + 1,
        fix=f"go on using issue {before.number}",
    )


def _being_booked(institution: str, month: str) -> Conflict:
    return Conflict(
        "readings of the month are still being booked",
        field="month",
        value=f"{institution} {month}",
        fix="ask again in a moment",
    )


def _somebody_was_faster(kept: ReportIssue) -> Conflict:
    return Conflict(
        f"issue {kept.number} was made meanwhile by {kept.made_by}",
        field="issue",
        value=kept.number,
        fix="look at it first; make another one only if it is not enough",
    )
