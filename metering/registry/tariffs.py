"""Whether tariffs price every minute once, and which of them contradict each other.

what a row names    exists, is what it is named as, and can have the item
a set of rows       covers working and rest days once; holiday rows come before both
sets of equal rank  do not hold at the same time (metering/tariff_sets.py)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from metering.items import covers
from metering.registry.model import NodeType, Registry
from metering.registry.rows import Row
from metering.registry.tables import Facts
from metering.tariff import TariffRow, TariffScope
from metering.tariff_sets import SetKey, set_key, sets_of

_Priced = tuple[Row, TariffRow]
_NAMING = ("institution", "node", "meter")


def check_tariffs(facts: Facts, whole: Registry) -> None:
    """Note what is wrong with the files' tariffs; `whole` is old and new together."""
    sets: dict[SetKey, list[_Priced]] = {}
    for row, price in facts.tariff:
        _check_named(row, price, whole)
        sets.setdefault(set_key(price), []).append((row, price))
    for rows in sets.values():
        _check_end(rows)
        _check_cover(rows)
    _check_ranks(sets, whole)


def _check_named(row: Row, price: TariffRow, whole: Registry) -> None:
    for column in [column for column in _NAMING if row.text(column)][1:]:
        row.wrong(column, "names a second thing", f"fill only one of {', '.join(_NAMING)}")
    body = whole.nodes.get(price.institution)
    if body is not None and body.type is not NodeType.INSTITUTION:
        fix = "name an institution of tree.csv, or name this one in the column node"
        row.wrong("institution", f"{body.code} is a {body.type}", fix)
    meter = whole.meters.get(price.meter)
    if meter is not None and not covers(price.item, meter.item):
        fix = f"an item that covers it, such as {meter.item}"
        row.wrong("item", f"the meter {meter.code} measures {meter.item}", fix)


def _check_end(rows: Sequence[_Priced]) -> None:
    """One set ends on one day: else a part of it would leave the rest with gaps."""
    first, end = rows[0][0], rows[0][1].valid.end
    for row, price in rows:
        if price.valid.end != end:
            problem = f"another valid_to than in {_place(first)}"
            row.wrong("valid_to", problem, "one valid_to for all rows of a tariff and valid_from")


def _check_cover(rows: Sequence[_Priced]) -> None:
    for row, price in rows:
        if price.start_min >= price.end_min:
            row.wrong("end", "not after start", "split what goes over midnight into two rows")
    said: set[str] = set()
    for month in sorted(_months(rows[0][1])):
        held = [one for one in rows if month in one[1].months]
        for kind in ("working", "rest", "holiday"):
            if kind == "holiday":
                fault = _fault([p for p in held if p[1].days == kind], partial=True)
                fix = f"one price for each minute of a holiday of month {month}"
            else:
                fault = _fault([p for p in held if p[1].days in ("all", kind)])
                fix = f"cover 00:00-24:00 once on every {kind} day of month {month}"
            if fault is not None and fault[0] not in said:
                said.add(fault[0])
                (fault[1] or rows[0][0]).wrong("start", fault[0], fix)


def _fault(rows: Iterable[_Priced], *, partial: bool = False) -> tuple[str, Row | None] | None:
    """The first minute without a price, unless `partial`, or with two; and the row it is at."""
    reached, last = 0, None
    for row, price in sorted(rows, key=lambda one: one[1].start_min):
        if price.start_min > reached and not partial:
            return f"no price at {_clock(reached)}", row
        if price.start_min < reached and last is not None:
            return f"two prices at {_clock(price.start_min)}, the other in {_place(last)}", row
        reached, last = max(reached, price.end_min), row
    return None if partial or reached == 1440 else (f"no price at {_clock(reached)}", last)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _place(row: Row) -> str:
    return f"{row.file}:{row.line}"


def _months(row: TariffRow) -> set[int]:
    """Months in which the set is valid at all."""
    first, end = row.valid.start, row.valid.end
    if first is None or end is None or (end - first).days >= 366:
        return set(range(1, 13))
    return {(first + timedelta(days=n)).month for n in range((end - first).days)}


@dataclass(frozen=True)
class _Span:
    """When a set holds, and where it stands: `row` is its first in the files, if it is there."""

    price: TariffRow
    row: Row | None = None

    @property
    def start(self) -> date:
        return self.price.valid.first

    @property
    def end(self) -> date:
        return self.price.valid.limit

    @property
    def order(self) -> tuple[date, int]:
        """By its start, and what is registered before what comes."""
        return (self.start, 0 if self.row is None else self.row.line)

    def named(self) -> str:
        if self.row is not None:
            return f"in {_place(self.row)}"
        since = self.price.valid.start or "the beginning"
        return f"registered as tariff {self.price.tariff} from {since}"


def _check_ranks(sets: dict[SetKey, list[_Priced]], whole: Registry) -> None:
    """A registered set that the files replace is not asked: it will be gone."""
    ranks: dict[TariffScope, list[_Span]] = {}
    for rows in sets.values():
        row, price = rows[0]
        ranks.setdefault(price.scope, []).append(_Span(price, row))
    for key, old in sets_of(whole.tariff).items():
        if key not in sets and old[0].scope in ranks:
            ranks[old[0].scope].append(_Span(old[0]))
    for spans in ranks.values():
        _check_apart(sorted(spans, key=lambda one: one.order))


def _check_apart(spans: Sequence[_Span]) -> None:
    """Name both of every two that overlap; `spans` are in the order of their starts."""
    held = spans[0]
    for span in spans[1:]:
        if span.start < held.end:
            told, other = (held, span) if span.row is None else (span, held)
            if told.row is not None:
                problem = "two tariffs of equal rank price the item at the same time"
                fix = "end the earlier one with valid_to, or start the later one after it"
                told.row.wrong("valid_from", f"{problem}, the other {other.named()}", fix)
        held = span if span.end > held.end else held
