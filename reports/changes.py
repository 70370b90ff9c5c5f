"""What an issue tells otherwise than the one before, as people read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from reports.details import Details, per
from reports.model import MonthReport, ReportDifference
from reports.printed import DASH
from reports.table import Cell, ReportTable, TableColumn
from texts import word

MOST_OF_A_KIND: Final = 6
"""On paper; the XLSX and CSV files have all."""
INNER: Final = {"daily", "shares", "book_unit", "low", "high"}
"""Parts of a value that are not set on paper: what they belong to is."""
NAMED: Final = {"period", "event", "ratio"}
"""Kinds whose subject begins with a key of the texts of that name."""
VALUES: Final = {
    **{name: name for name in ("state", "pattern", "days", "period", "type")},
    "action": "action_short",
    **{"why": "why", "provisional": "truth", "all_priced": "truth"},
}
"""Fields whose values are words of ours, with the group of their texts."""


def changes(report: MonthReport, language: str) -> ReportTable:
    """Every change a row."""
    return _Words(report, language).table()


def printed(report: MonthReport, language: str) -> dict[str, Any] | None:
    """What stands on paper; None of the first issue and of what is none."""
    return _Words(report, language).printed() if report.issue > 1 else None


class _Words:
    def __init__(self, report: MonthReport, language: str) -> None:
        self.report, self.tables = report, Details(report, language)
        self.language = self.tables.language

    def table(self) -> ReportTable:
        t = self.tables.t
        headings = (
            t("about"),
            t("code"),
            t("node"),
            t("item"),
            t("change"),
            t("which"),
            t("field"),
            t("unit"),
            t("old_value"),
            t("new_value"),
        )
        rows = tuple(self._row(one) for one in self.report.changes)
        return ReportTable("changes", t("changes"), tuple(map(TableColumn, headings)), rows)

    def _row(self, one: ReportDifference) -> tuple[Cell, ...]:
        return (
            word("about", one.kind, self.language),
            one.node,
            self._name(one),
            self.tables.item(one.item) if one.item else "",
            word("what", one.what, self.language),
            self._which(one),
            self.field(one),
            per(one.unit),
            self._value(one, one.old),
            self._value(one, one.new),
        )

    def printed(self) -> dict[str, Any]:
        t, all_of_them = self.tables.t, self.report.changes
        shown = list(self._on_paper())
        more = len(all_of_them) - len(shown)
        return {
            "issue": [[str(cell) for cell in row] for row in self.tables.issue().rows],
            "heads": [t("about"), t("field"), t("old_value"), t("new_value")],
            "rows": [self._line(one) for one in shown],
            "more": t("note_more") % more if more else None,
        }

    def _on_paper(self) -> Iterator[ReportDifference]:
        """The first of every kind."""
        count: Counter[str] = Counter()
        for one in self.report.changes:
            if not INNER & set(one.field.split(".")) and count[one.kind] < MOST_OF_A_KIND:
                count[one.kind] += 1
                yield one

    def _line(self, one: ReportDifference) -> list[str]:
        item = self.tables.item(one.item) if one.item else ""
        about = [word("about", one.kind, self.language), self._name(one), item]
        if one.kind != "indicator":
            about.append(self._which(one))
        what = self.field(one)
        if one.what != "changed":
            what = f"{word('what', one.what, self.language)} · {what}"
        values = (self._value(one, value) for value in (one.old, one.new))
        return [
            " · ".join(part for part in about if part),
            what,
            *(DASH if value is None else _with(value, one.unit) for value in values),
        ]

    def _name(self, one: ReportDifference) -> str:
        known = {**self.tables.meters, **self.tables.places}
        return known.get(one.node, one.node)

    def _which(self, one: ReportDifference) -> str:
        """The subject, its first word as a word of ours where it is one."""
        first, _, rest = one.subject.partition(" ")
        named = word(one.kind, first, self.language) if one.kind in NAMED else first
        return f"{named} {rest}".rstrip()

    def field(self, one: ReportDifference) -> str:
        """`Same month last year · amount`"""
        return " · ".join(self._parts(one))

    def _parts(self, one: ReportDifference) -> Iterator[str]:
        parts = one.field.split(".")
        for part in parts[:2] if parts[0] == "money" and parts[-1] == "amount" else parts:
            yield word("field", part, self.language)

    def _value(self, one: ReportDifference, value: str | None) -> str | None:
        if value is None:
            return None
        if one.field == "cause":
            group = "restated" if one.kind == "restatement" else "cause_short"
        else:
            group = VALUES.get(one.field.split(".")[-1], "")
        return word(group, value, self.language) if group else value


def _with(value: str, unit: str) -> str:
    return f"{value} {per(unit)}" if unit else value
