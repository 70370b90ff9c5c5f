"""The month's report of an institution: told as it was told, and made again for a reason."""

from __future__ import annotations

from api.caller import Caller
from api.moments import closing_of
from metering.closing import Closing
from metering.errors import InvalidInput
from metering.factor import USUAL_BASES, Bases
from metering.report_issue import ReportIssue
from reports import Issued, Issues, ReportSource, issue_of


def issues_of(caller: Caller, institution: str) -> Issues:
    """The institution's issues, if the key reaches all of it."""
    for node in [institution, *sorted(caller.reach.registry.held(institution))]:
        caller.reach.node(node)
    platform = caller.platform
    source = ReportSource(platform.figures, caller.reach.registry, platform.findings)
    return Issues(source, platform.reports, platform.now_us, str(caller.actor))


def report_of(
    caller: Caller,
    institution: str,
    month: str,
    *,
    number: int | None,
    provisional: bool,
    as_of: str | None = None,
    bases: Bases = USUAL_BASES,
) -> Issued:
    """A month's report on bases of coal and carbon; the first complete one is kept, which leaves a
    trace. With `as_of` it is the issue that a closing pins, which is on the usual bases."""
    issues = issues_of(caller, institution)
    if as_of is not None:
        _check_pinned(bases)
        number = issue_of(_closing(caller, as_of, institution), month)
    issued = issues.get(institution, month, number=number, provisional=provisional, bases=bases)
    trace_issue(caller, issued)
    return issued


def _check_pinned(bases: Bases) -> None:
    """InvalidInput where a closing pins no report on these bases."""
    for name, value in bases.unusual:
        raise InvalidInput(
            "a closing pins the report on the usual bases alone",
            field=name,
            value=value,
            fix=f"leave out as_of and name an issue, or leave out {name}",
        )


def _closing(caller: Caller, name: str, institution: str) -> Closing:
    found = closing_of(caller, name)
    if found.institution != institution:
        raise InvalidInput(
            f"a closing of {found.institution}",
            field="as_of",
            value=name,
            fix=f"a closing of {institution}",
        )
    return found


def another_issue(
    caller: Caller, institution: str, month: str, reason: str, bases: Bases = USUAL_BASES
) -> ReportIssue:
    """Another issue from today's state; Conflict where nothing differs from the latest on the same
    bases."""
    issued = issues_of(caller, institution).make(institution, month, reason, bases)
    trace_issue(caller, issued)
    assert issued.kept is not None
    return issued.kept


def trace_issue(caller: Caller, issued: Issued) -> None:
    """An issue that was kept just now stands in the audit log."""
    if issued.new and issued.kept is not None:
        one = issued.kept
        caller.trace("report.issue", one.name, one.reason, one.institution)
