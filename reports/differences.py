"""What one report of a month tells otherwise than another: row by row, field by field.

    rows of a kind ──by key──▶ added │ gone │ changed ──field by field──▶ Change

Every field of every row is looked at, save those that only say what a report was made from
(revision, versions, hash) and money that stands in it twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from metering.finding import FIXED_BEFORE, CaseState
from metering.items import category
from metering.localtime import iso
from reports.details import clock, spans
from reports.model import MonthReport, ReportDifference
from reports.table import exact

Row = dict[str, Any]
Key = tuple[str, ...]
SHARES: Final = ("measured", "apportioned", "estimated", "missing")
TWICE: Final = {"cost", "cost_low", "cost_high", "currency"}
"""Of lines, differences and totals: it is told by `money` and `all_priced`."""


@dataclass(frozen=True)
class ReportList:
    """A list of the report."""

    name: str
    rows: str
    key: tuple[str, ...]
    main: str
    """The field whose value is told where a whole row is added or gone."""


KINDS: Final = (
    ReportList("total", "totals", ("node",), "kgco2"),
    ReportList("line", "lines", ("node", "item"), "amount"),
    ReportList("difference", "differences", ("node", "item"), "amount"),
    ReportList("period", "periods", ("item", "period", "currency"), "amount"),
    ReportList(
        "price",
        "prices",
        (
            *("item", "node", "meter", "tariff", "valid_from", "months", "days"),
            *("start_min", "end_min"),
        ),
        "price",
    ),
    ReportList("factor", "factors", ("item", "quantity", "region", "valid_from"), "value"),
    ReportList("lacking", "lacking", ("item", "quantity"), "days"),
    ReportList("finding", "cases", ("id",), "state"),
    ReportList("event", "events", ("meter", "kind"), "count"),
    ReportList("restatement", "restatements", ("node", "item", "day", "revision"), "new_amount"),
    ReportList("ratio", "ratios", ("node", "ratio"), "value"),
    ReportList("indicator", "indicators", ("node", "quantity", "per"), "value"),
    ReportList("place", "places", ("code",), "name_zh"),
    ReportList("meter", "meters", ("code",), "name_zh"),
)
HEAD: Final = ("zone", "first", "last", "start_us", "end_us", "open_reasons")
AMOUNTS: Final = {"amount", "unpriced", "old_amount", "new_amount", "above", "below", "daily"}
UNITS: Final = {"kgco2": "kgCO2", "kgce": "kgce", "hours": "h", "minutes": "min", "area_m2": "m2"}


def differences(old: MonthReport, new: MonthReport) -> tuple[ReportDifference, ...]:
    """What `new` tells otherwise than `old`, a report of the same institution and month; empty
    where both tell the same, whatever they were made from."""
    before, after = (msgspec.to_builtins(one, builtin_types=(Decimal,)) for one in (old, new))
    found = list(_changed("report", "", {}, _head(before), _head(after)))
    for kind in KINDS:
        found += _of_kind(kind, _rows(kind, before), _rows(kind, after))
    return tuple(found)


def _head(report: Row) -> Row:
    return {name: report[name] for name in HEAD}


def _rows(kind: ReportList, report: Row) -> dict[Key, Row]:
    """The rows by their key; those of equal keys are told apart by their order."""
    found: dict[Key, Row] = {}
    seen: Counter[Key] = Counter()
    for row in report.get(kind.rows, ()):  # earlier formats have fewer lists
        key = tuple(_text(row[name]) or "" for name in kind.key)
        seen[key] += 1
        own = key if seen[key] == 1 else (*key, f"#{seen[key]}")
        found[own] = {**row, "first": report["first"]}
        if kind.name == "finding":  # earlier issues call what is fixed resolved
            state = row["state"]
            found[own]["state"] = str(CaseState.FIXED) if state == FIXED_BEFORE else state
    return found


def _of_kind(
    kind: ReportList, old: Mapping[Key, Row], new: Mapping[Key, Row]
) -> Iterator[ReportDifference]:
    for key, row in new.items():
        subject = _subject(kind, key, row)
        if key in old:
            yield from _changed(kind.name, subject, row, _flat(kind, old[key]), _flat(kind, row))
        else:
            yield _whole(kind, subject, row, "added")
    for key in [key for key in old if key not in new]:
        yield _whole(kind, _subject(kind, key, old[key]), old[key], "gone")


def _subject(kind: ReportList, key: Key, row: Row) -> str:
    """What tells the row apart from others of its node and item."""
    if kind.name == "price":
        days = "" if row["days"] == "all" else row["days"]
        times = f"{clock(row['start_min'])}–{clock(row['end_min'])}"
        parts = (row["tariff"], row["valid_from"], spans(tuple(row["months"])), days, times)
        return " ".join(part for part in (*parts, *key[len(kind.key) :]) if part)
    told = {"node", "item", "meter", "code"}
    rest = [part for name, part in zip(kind.key, key, strict=False) if name not in told]
    return " ".join(part for part in (*rest, *key[len(kind.key) :]) if part)


def _changed(kind: str, subject: str, row: Row, old: Row, new: Row) -> Iterator[ReportDifference]:
    for field in dict.fromkeys((*new, *old)):
        values = (old.get(field), new.get(field))
        if values[0] != values[1]:  # 1.10 and 1.1 are the same price
            before, after = (_told(field, value, row) for value in values)
            yield _change(kind, "changed", subject, row, field, before, after)


def _whole(kind: ReportList, subject: str, row: Row, what: str) -> ReportDifference:
    value = _told(kind.main, row[kind.main], row)
    old, new = (None, value) if what == "added" else (value, None)
    return _change(kind.name, what, subject, row, kind.main, old, new)


def _change(
    kind: str, what: str, subject: str, row: Row, field: str, old: str | None, new: str | None
) -> ReportDifference:
    node = row.get("meter") or row.get("node") or row.get("code") or ""
    item = row.get("item") or ""
    return ReportDifference(kind, what, node, item, subject, field, old, new, _unit(field, row))


def _flat(kind: ReportList, row: Row) -> Row:
    """The fields of a row that are not its key, those within it under names with dots."""
    left_out = {*kind.key, "first"} | (TWICE if "money" in row else set())
    found: Row = {}
    for name, value in row.items():
        if name not in left_out:
            found |= _spread(name, value, row)
    return found


def _spread(name: str, value: Any, row: Row) -> Row:
    parts: Mapping[str, Any]
    if name.endswith("shares"):
        parts = dict(zip(SHARES, value or (None,) * 4, strict=True))
        return {f"{name}.{part}": share for part, share in parts.items()}
    if name == "daily":
        first = date.fromisoformat(row["first"])
        return {f"daily.{first + timedelta(days=n)}": day for n, day in enumerate(value)}
    if name == "money":
        parts = {
            one["currency"]: {k: v for k, v in one.items() if k != "currency"} for one in value
        }
    elif isinstance(value, dict):
        parts = value
    else:
        return {name: value}
    found: Row = {}
    for part, inner in parts.items():
        found |= _spread(f"{name}.{part}", inner, row)
    return found


def _told(field: str, value: Any, row: Row) -> str | None:
    """A value as text: amounts in their unit, shares as parts of one, times in UTC."""
    if value is None:
        return None
    if ".shares" in f".{field}" or field == "cover":
        return f"{Decimal(value) / 10_000:f}"
    if isinstance(value, int) and _is_amount(field):
        return f"{exact(value, _book_unit(row)):f}"
    if field.endswith("_us"):
        return iso(value)
    return _text(value)


def _is_amount(field: str) -> bool:
    parts = field.split(".")
    return parts[0] in AMOUNTS or (parts[0].startswith("last_") and parts[-1] == "amount")


def _book_unit(row: Row) -> str:
    return row.get("unit") or category(row["item"]).unit


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _unit(field: str, row: Row) -> str:
    """In what a field is told; '' where it has no unit."""
    parts = field.split(".")
    if _is_amount(field):
        return _book_unit(row)
    if parts[0] == "money":
        return parts[1] if parts[-1] in ("amount", "low", "high") else ""
    if field == "price":
        return f"{row['currency']}/{category(row['item']).unit}"
    if field == "cost":
        return str(row["currency"])
    if field.startswith("waste") or (field == "value" and "per" in row):
        return str(row["unit"])
    return UNITS.get(field, "")
