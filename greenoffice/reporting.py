"""`greenoffice report`: an issue of the month's report as a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from figures import Figures
from greenoffice.folder import DataFolder
from greenoffice.saying import say, spoken
from greenoffice.stores import open_stores
from metering.access import AuditEntry, by_command
from metering.errors import InvalidInput
from metering.factor import Bases, bases_named
from reports import FORMATS, LANGUAGES, Issued, Issues, ReportSource, file_name
from storage import Stores

ACTOR: Final = str(by_command())


@dataclass(frozen=True)
class ReportOptions:
    """What is asked for."""

    institution: str
    month: str
    format: str = "pdf"
    language: str = "zh-CN"
    output: Path | None = None
    """Default INSTITUTION-MONTH.FORMAT in the present folder, with the bases that are not usual
    before the point."""
    provisional: bool = False
    issue: int | None = None
    """Default: the latest."""
    new_issue: bool = False
    reason: str = ""
    coal: str = "equivalent"
    carbon: str = "location"

    @property
    def bases(self) -> Bases:
        """On which coal and carbon are told; InvalidInput for one that there is not."""
        return bases_named(self.coal, self.carbon)


def report(options: ReportOptions, data: Path) -> None:
    """Write the report beside a running platform; a first complete one is kept as issue 1."""
    _check(options)
    folder = DataFolder(data.absolute())
    stores = open_stores(folder)
    issued = _issued(issues_of(folder, stores), options)
    trace_issue(stores, issued)
    bases = options.bases
    file = options.output or Path(
        file_name(options.institution, options.month, bases, options.format)
    )
    file.write_bytes(issued.file(options.language, options.format))
    number = issued.report.issue
    told = spoken(f"issue {number}") if number else spoken("provisional")
    print(f"{file}  {told}  {issued.report.content_hash}")
    if options.new_issue:
        before = number - 1
        say(f"{len(issued.report.changes)} differences from issue {before}, which stays")


def issues_of(folder: DataFolder, stores: Stores) -> Issues:
    """The issues in a data folder's stores, as the command line makes them."""
    now_us = folder.clock().now_us
    figures = Figures(stores.books, stores.registry.load, now_us, stores.registry.load)
    source = ReportSource(figures, stores.registry.load(), stores.findings)
    return Issues(source, stores.reports, now_us, ACTOR)


def _issued(issues: Issues, options: ReportOptions) -> Issued:
    if options.new_issue:
        return issues.make(options.institution, options.month, options.reason, bases=options.bases)
    return issues.get(
        options.institution,
        options.month,
        number=options.issue,
        provisional=options.provisional,
        bases=options.bases,
    )


def _check(options: ReportOptions) -> None:
    """InvalidInput for what does not exist, and for options that exclude each other."""
    for field, value, known in (
        ("format", options.format, FORMATS),
        ("language", options.language, LANGUAGES),
    ):
        if value not in known:
            fix = f"one of {', '.join(known)}"
            raise InvalidInput(f"unknown {field}", field=field, value=value, fix=fix)
    bases_named(options.coal, options.carbon)
    if options.new_issue and (options.issue is not None or options.provisional):
        raise InvalidInput(
            "a new issue has the next number and is of a complete month",
            field="--new-issue",
            value=options.issue or "--provisional",
            fix="leave out --issue and --provisional",
        )
    if options.reason and not options.new_issue:
        raise InvalidInput(
            "a reason is for a new issue alone",
            field="--reason",
            value=options.reason,
            fix="add --new-issue, or leave the reason out",
        )


def trace_issue(stores: Stores, issued: Issued) -> None:
    """An issue that was kept just now stands in the audit log."""
    one = issued.kept
    if issued.new and one is not None:
        stores.access.audit(
            AuditEntry(
                one.made_us, ACTOR, "report.issue", one.name, one.institution, reason=one.reason
            )
        )
