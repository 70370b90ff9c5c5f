"""The month's report of an institution: told as it was told, and made again for a reason."""

from __future__ import annotations

from api.caller import Caller
from metering.report_issue import ReportIssue
from reports import Issued, Issues, ReportSource


def issues_of(caller: Caller, institution: str) -> Issues:
    """The institution's issues, if the key reaches all of it."""
    for node in [institution, *sorted(caller.reach.registry.held(institution))]:
        caller.reach.node(node)
    platform = caller.platform
    source = ReportSource(platform.figures, caller.reach.registry, platform.findings)
    return Issues(source, platform.reports, platform.now_us, str(caller.actor))


def report_of(
    caller: Caller, institution: str, month: str, *, number: int | None, provisional: bool
) -> Issued:
    """A month's report; the first complete one is kept, which leaves a trace."""
    issues = issues_of(caller, institution)
    issued = issues.get(institution, month, number=number, provisional=provisional)
    _trace(caller, issued)
    return issued


def another_issue(caller: Caller, institution: str, month: str, reason: str) -> ReportIssue:
    """Another issue from today's state; Conflict where nothing differs from the latest."""
    issued = issues_of(caller, institution).make(institution, month, reason)
    _trace(caller, issued)
    assert issued.kept is not None
    return issued.kept


def _trace(caller: Caller, issued: Issued) -> None:
    """An issue that was kept just now stands in the audit log."""
    if issued.new and issued.kept is not None:
        one = issued.kept
        subject = f"{one.institution} {one.month} issue {one.number}"
        caller.trace("report.issue", subject, one.reason, one.institution)
