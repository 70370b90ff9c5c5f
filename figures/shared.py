"""What a place has of each place that it shares with others: its own part, and its share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import groupby

from figures.months import month_quality
from figures.view import View
from metering.book import BookRow, SeriesKey
from metering.localtime import days_between
from metering.quality import Shares
from metering.quantity import divided, total
from metering.registry.sharing import Division


@dataclass(frozen=True, eq=False)
class SharedPart:
    """A part of a shared place's figure, over local days on which the share is one."""

    place: str
    first: date
    last: date
    """Included."""
    share: str
    """As registered, such as 0.6 or 1200 m2."""
    fraction: Fraction | None
    """What it is of the whole; None where a meter says it day by day."""
    amount: int | None
    """Book units; None where nothing is known."""
    shares: Shares
    """(4,) of expected time [1/10,000], as of the whole."""
    provisional: bool


def shared_parts(view: View, key: SeriesKey, first: date, last: date) -> list[SharedPart]:
    """What a node's figure of an item has of each shared place right below it, on the local days
    first..last, both included. Of the whole nothing is told; quality is the whole's."""
    found = []
    for child in sorted(view.registry.children(key.code)):
        days = list(_days(view, key, child, first, last))
        for (share, division), group in groupby(days, lambda one: (one[1], one[2])):
            own = [day for day, _, _ in group]
            rows = view.shared_rows(child, key.item, own[0], own[-1])
            if rows:
                found.append(_part(view, child, own, share, division, rows))
    return found


def _days(
    view: View, key: SeriesKey, child: str, first: date, last: date
) -> Iterator[tuple[date, str, Division]]:
    """Days on which the node has a share of the place, with the share."""
    if child not in view.registry.shared:
        return
    for day in days_between(first, last):
        division = view.registry.division(key.code, child, day)
        if division is not None and view.sees(key.code, day):
            yield day, view.registry.shares(child, day)[key.code], division


def _part(
    view: View,
    place: str,
    days: list[date],
    share: str,
    division: Division,
    rows: dict[date, BookRow],
) -> SharedPart:
    shares = {day: view.shares_on(division, day) for day in rows}
    amounts = [
        total(divided(part.slots, own.weights, own.place))
        for day, row in rows.items()
        if (own := shares[day]) is not None
        for part in row.parts
    ]
    known = [one for one in amounts if one is not None]
    return SharedPart(
        place,
        days[0],
        days[-1],
        share,
        None if division.meters else Fraction(division.own, division.whole),
        sum(known) if known else None,
        month_quality(rows, days, view.registry.zone(place), view.now_us),
        any(row.provisional for row in rows.values()) or len(rows) < len(days),
    )
