"""Issues of reports on SQL."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Engine, select, true

from metering.factor import USUAL_BASES, Bases, bases_named
from metering.ports import ReportStore
from metering.report_issue import (
    ReportFile,
    ReportIssue,
    in_order,
    no_issue_to_keep_for,
    out_of_turn,
)
from storage.sql.engine import Row, insert_missing, reading, writing
from storage.sql.schema import REPORT_FILE, REPORT_ISSUE

_KEY = ["institution", "month", "coal", "carbon", "number"]
_FILE_KEY = ["issue_id", "language", "format"]


class SqlReports(ReportStore):
    """A ReportStore."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, issue: ReportIssue) -> ReportIssue:
        with writing(self._engine) as con:
            if issue.number > 1 and _id_of(con, issue, issue.number - 1) is None:
                raise out_of_turn(issue)
            insert_missing(con, REPORT_ISSUE, [_columns(issue)], _KEY)
            kept = _issue(con, issue.institution, issue.month, issue.number, issue.bases)
        assert kept is not None
        return kept

    def issue(
        self,
        institution: str,
        month: str,
        number: int | None = None,
        bases: Bases = USUAL_BASES,
    ) -> ReportIssue | None:
        with reading(self._engine) as con:
            return _issue(con, institution, month, number, bases)

    def issues(self, institution: str, month: str) -> list[ReportIssue]:
        statement = select(REPORT_ISSUE).where(
            REPORT_ISSUE.c.institution == institution, REPORT_ISSUE.c.month == month
        )
        with reading(self._engine) as con:
            return sorted(map(_of_row, con.execute(statement)), key=in_order)

    def keep_file(
        self, issue: ReportIssue, language: str, format: str, file: ReportFile
    ) -> ReportFile:
        with writing(self._engine) as con:
            id = _id_of(con, issue, issue.number)
            if id is None:
                raise no_issue_to_keep_for(issue)
            row = {"issue_id": id, "language": language, "format": format, **vars(file)}
            insert_missing(con, REPORT_FILE, [row], _FILE_KEY)
            kept = _file(con, issue, language, format)
        assert kept is not None
        return kept

    def file(self, issue: ReportIssue, language: str, format: str) -> ReportFile | None:
        with reading(self._engine) as con:
            return _file(con, issue, language, format)


def _issue(
    con: Connection, institution: str, month: str, number: int | None, bases: Bases
) -> ReportIssue | None:
    table = REPORT_ISSUE.c
    statement = (
        select(REPORT_ISSUE)
        .where(table.institution == institution, table.month == month)
        .where(table.coal == str(bases.coal), table.carbon == str(bases.carbon))
        .where(true() if number is None else table.number == number)
        .order_by(table.number.desc())
        .limit(1)
    )
    row = con.execute(statement).first()
    return None if row is None else _of_row(row)


def _id_of(con: Connection, issue: ReportIssue, number: int) -> int | None:
    table = REPORT_ISSUE.c
    statement = select(table.id).where(
        table.institution == issue.institution,
        table.month == issue.month,
        table.coal == str(issue.bases.coal),
        table.carbon == str(issue.bases.carbon),
        table.number == number,
    )
    found: int | None = con.scalar(statement)
    return found


def _file(con: Connection, issue: ReportIssue, language: str, format: str) -> ReportFile | None:
    table = REPORT_FILE.c
    statement = select(table.data, table.sha256).where(
        table.issue_id == _id_of(con, issue, issue.number),
        table.language == language,
        table.format == format,
    )
    row = con.execute(statement).first()
    return None if row is None else ReportFile(bytes(row.data), row.sha256)


def _columns(issue: ReportIssue) -> Row:
    known = {name: value for name, value in vars(issue).items() if name != "bases"}
    bases = {"coal": str(issue.bases.coal), "carbon": str(issue.bases.carbon)}
    return {**known, **bases, "differences": list(issue.differences)}


def _of_row(row: Any) -> ReportIssue:
    values = {
        field.name: getattr(row, field.name)
        for field in fields(ReportIssue)
        if field.name != "bases"
    }
    values["bases"] = bases_named(row.coal, row.carbon)
    values["content"] = bytes(values["content"])
    values["differences"] = tuple(values["differences"])
    return ReportIssue(**values)
