"""Rows of tables become a registry, whatever source they come from, whole or not at all.

    Sheet(table, lines, file) ─┐
    Sheet(table, lines, file) ─┴─▶ take(sheets, existing) ─▶ Registry with what the rows say

Every table may be left out; what a row refers to must stand in the rows or be registered
already. Everything wrong is reported at once (InvalidFiles) and then nothing is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from metering.errors import InvalidFiles
from metering.registry.absent import with_absent
from metering.registry.billing import check_billing
from metering.registry.checks import check_facts
from metering.registry.kind import registry_of
from metering.registry.kinds import FILES, KINDS, POINT, TABLES
from metering.registry.merge import together
from metering.registry.missing import with_ended
from metering.registry.model import Registry
from metering.registry.routes import RouteCheck, check_routes
from metering.registry.rows import Problems, Row, Sheet, rows_of
from metering.registry.tables import Facts
from metering.registry.tariffs import check_tariffs


def take(
    sheets: Sequence[Sheet],
    existing: Registry | None = None,
    *,
    end_missing: date | None = None,
    problems: Problems | None = None,
    check_route: RouteCheck | None = None,
) -> Registry:
    """What the rows say, as a registry of its own to be applied.

    Points known to `existing` keep their ids, and a column that a sheet leaves out keeps what
    stands. With `end_missing`, dated facts that are not in their table end on that day;
    `check_route` knows the decoders. Raises InvalidFiles with all problems, those of `problems`
    among them.
    """
    noted, present = problems or Problems(), existing or Registry()
    _check_sheets(sheets, noted)
    tables = {s.table: rows_of(TABLES[s.table], s, noted) for s in sheets if s.table in TABLES}
    facts = _facts({n: tables[n] for n in TABLES if n in tables}, present)
    wanted = _registry(facts)
    if end_missing is not None:
        wanted = with_ended(present, wanted, tables, end_missing)
    whole = together(present, wanted)
    check_facts(facts, whole, present)
    check_tariffs(facts, whole)
    check_billing(facts, whole)
    if check_route is not None:
        check_routes(facts, check_route)
    if noted.found:
        order = [*TABLES, *(sheet.label for sheet in sheets)]
        raise InvalidFiles(
            sorted(noted.found, key=lambda p: (_place(order, p.file), p.line)),
            field="files",
            fix="mend what is listed, then import again",
        )
    return wanted


def _check_sheets(sheets: Sequence[Sheet], problems: Problems) -> None:
    known = ", ".join(TABLES)
    for place, sheet in enumerate(sheets):
        if sheet.table not in TABLES:
            problems.add(
                sheet.label, 0, "", sheet.table, "not a table of the registry", f"one of {known}"
            )
        elif sheet.table in [before.table for before in sheets[:place]]:
            problems.add(sheet.label, 0, "", sheet.table, "the table a second time", "give it once")
    if not sheets and not problems.found:
        problems.add("", 0, "", "", "no files", f"at least one of {known}")


def _place(order: Sequence[str], file: str) -> int:
    return order.index(file) if file in order else -1


def _facts(tables: Mapping[str, Sequence[Row]], existing: Registry) -> Facts:
    """In the order of TABLES, whatever that of the sheets."""
    known = {POINT.key(p): p.id for p in existing.points.values()}
    facts = Facts(ids=known, last_id=max(known.values(), default=0))
    for name, rows in with_absent(tables, existing).items():
        for row in rows:
            FILES[name][0].note(row, facts)
    return facts


def _registry(facts: Facts) -> Registry:
    """The facts as a registry, in the order of their rows."""
    said = {kind.name: [fact for _, fact in kind.taken(facts)] for kind in KINDS}
    return registry_of(0, KINDS, said)
