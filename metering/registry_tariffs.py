"""Whether a tariff prices every minute, and no minute twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from metering.registry import Registry, Validity
from metering.registry_checks import Spans, overlapping
from metering.registry_csv import Row
from metering.registry_tables import Facts
from metering.tariff import TariffRow

_Key = tuple[str, str, str, date | None]


def check_tariffs(facts: Facts, whole: Registry) -> None:
    """Each set of rows (tariff, item, dates) covers every month's working and rest days from
    00:00 to 24:00 once; sets of one item do not overlap in time."""
    sets: dict[tuple[_Key, date | None], list[tuple[Row, TariffRow]]] = {}
    for row, price in facts.tariff:
        sets.setdefault((_key(price), price.valid_to), []).append((row, price))
    for rows in sets.values():
        _check_cover(rows)
    spans: Spans = {}
    for (key, valid_to), rows in sets.items():
        spans.setdefault(key[1:3], []).append((rows[0][0], Validity(key[3], valid_to)))
    replaced = {key for key, _ in sets}
    kept = {(_key(old), old.valid_to) for old in whole.tariff if _key(old) not in replaced}
    for key, valid_to in kept:
        spans.setdefault(key[1:3], []).append((None, Validity(key[3], valid_to)))
    for row in overlapping(spans):
        fix = "end the earlier one with valid_to, or start this one later"
        row.wrong("valid_from", "two tariffs price the item at the same time", fix)


def _key(row: TariffRow) -> _Key:
    return (row.tariff, row.institution, row.item, row.valid_from)


def _check_cover(rows: list[tuple[Row, TariffRow]]) -> None:
    for row, price in rows:
        if price.start_min >= price.end_min:
            row.wrong("end", "not after start", "split what goes over midnight into two rows")
    said: set[tuple[int, str]] = set()
    for month in sorted(_months(rows[0][1])):
        for kind in ("working", "rest"):
            fitting = [p for p in rows if month in p[1].months and p[1].days in ("all", kind)]
            fault = _fault(fitting)
            if fault is None:
                continue
            minute, problem, at = fault
            if (minute, problem) not in said:
                said.add((minute, problem))
                where = f"{problem} at {minute // 60:02}:{minute % 60:02}"
                fix = f"cover 00:00-24:00 once on every {kind} day of month {month}"
                (at or rows[0][0]).wrong("start", where, fix)


def _fault(rows: Iterable[tuple[Row, TariffRow]]) -> tuple[int, str, Row | None] | None:
    """The first minute without a price, or with two."""
    reached, last = 0, None
    for row, price in sorted(rows, key=lambda one: one[1].start_min):
        if price.start_min > reached:
            return reached, "no price", row
        if price.start_min < reached:
            return price.start_min, "two prices", row
        reached, last = max(reached, price.end_min), row
    return None if reached == 1440 else (reached, "no price", last)


def _months(row: TariffRow) -> set[int]:
    """Months in which the set is valid at all."""
    first, end = row.valid_from, row.valid_to
    if first is None or end is None or (end - first).days >= 366:
        return set(range(1, 13))
    return {(first + timedelta(days=n)).month for n in range((end - first).days)}
