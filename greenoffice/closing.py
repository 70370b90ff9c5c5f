"""`greenoffice close`, `reopen`, `closings`, `settle` and `settlements`, on a data folder."""

from __future__ import annotations

import sys
from pathlib import Path

from greenoffice.folder import DataFolder
from greenoffice.reporting import ACTOR, issues_of, trace_issue
from greenoffice.saying import say
from greenoffice.stores import open_stores
from metering.access import AuditEntry
from metering.closing import Closing
from reports import Closings, Settlements, WorthSince, as_table, money_changes
from storage import Stores


def close(data: Path, institution: str, period: str, reason: str) -> None:
    """Close a period of an institution beside a running platform."""
    stores, closings = _opened(data)
    closing, issued = closings.close(institution, period, reason)
    for one in issued:
        trace_issue(stores, one)
    _trace(stores, closings, closing, "closing.close", closing.closed.reason)
    _print(closing)


def reopen(data: Path, name: str, reason: str, confirm: bool) -> None:
    """Ask for a closing to be reopened; with `confirm`, reopen one that a key asked for."""
    stores, closings = _opened(data)
    found = closings.confirm(name) if confirm else closings.ask(name, reason)
    action = "closing.reopen" if confirm else "closing.ask"
    _trace(stores, closings, found, action, found.asked.reason if found.asked else "")
    _print(found)


def listed(data: Path, institution: str) -> None:
    """Print the closings of an institution, each with the days that are told otherwise since."""
    _, closings = _opened(data)
    code = closings.issues.source.institution(institution)
    for one in closings.store.closings(code):
        _print(one)
        since = closings.aftermath(one)
        say(f"days told otherwise since: {len(since.restatements)}")
        for figure in since.figures:
            print("\n".join(told_figure(figure)))


def settle(data: Path, institution: str, period: str) -> None:
    """Make a settlement run of a period, and print it."""
    stores, closings = _opened(data)
    source, load = closings.issues.source, stores.registry.load
    runs = Settlements(source, stores.closings, ACTOR, stores.access, load)
    made = runs.run(institution, period)
    subject = f"{made.institution} {made.period} run {made.number}"
    stores.access.audit(AuditEntry(made.run_us, ACTOR, "settlement.run", subject, made.institution))
    sys.stdout.write(as_table([made]))


def settlements(data: Path, institution: str, output: Path | None) -> None:
    """Write the settlement runs of an institution as CSV."""
    stores, closings = _opened(data)
    code = closings.issues.source.institution(institution)
    text = as_table(stores.closings.runs(code))
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")


def _opened(data: Path) -> tuple[Stores, Closings]:
    folder = DataFolder(data.absolute())
    stores = open_stores(folder)
    issues = issues_of(folder, stores)
    load = stores.registry.load
    return stores, Closings(issues, stores.books, stores.closings, "", stores.access, load)


def _print(one: Closing) -> None:
    print(told_closing(one))


def told_closing(one: Closing) -> str:
    """A closing on a line: name, institution, period, state, revision and registry version."""
    return (
        f"{one.name}  {one.institution}  {one.period}  {one.state}  "
        f"{one.revision}@{one.registry_version}"
    )


def told_figure(one: WorthSince) -> list[str]:
    """Lines of a figure that is worth otherwise, and of the edits of the rows that it rests on."""
    money = [f"{change:+f} {currency}" for currency, change in money_changes(one).items()]
    old, new = one.closed.kgco2, one.present.kgco2
    carbon = "unknown" if old is None or new is None else f"{new - old:+f}"
    told = [*money, f"{carbon} kgCO2", f"{one.restated} d"]
    head = f"  {one.key.code}  {one.key.item}  {one.first:%Y-%m}  {'  '.join(told)}"
    return [head, *(f"    {edit}" for edit in one.edits)]


def _trace(stores: Stores, closings: Closings, closing: Closing, action: str, reason: str) -> None:
    subject = f"{closing.institution} {closing.period} {closing.name}"
    now_us = closings.issues.now_us()
    stores.access.audit(
        AuditEntry(now_us, ACTOR, action, subject, closing.institution, reason=reason)
    )
