"""What a computation that was asked for has moved: settled days that stand otherwise since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from api.caller import Caller
from api.usecases.repairs.recomputing import Recomputing
from metering.book import BookRow

MOST_ROWS: Final = 50_000
"""Days of meters that are looked at; of more meters it is counted how many are left out."""


@dataclass(frozen=True)
class MeterMoved:
    """A meter of which days stand otherwise."""

    meter: str
    item: str
    days: int
    before: int | None
    """What those days came to together [book units]; None where nothing of them was known."""
    after: int | None
    """Likewise what they come to now."""


@dataclass(frozen=True)
class Moved:
    """What has changed since it was asked for, whoever changed it."""

    meters: tuple[MeterMoved, ...]
    left_out: int = 0
    """Meters that were not looked at, of very many."""


def moved(caller: Caller, now: Recomputing) -> Moved:
    """Days of the meters that were settled when it was asked for and stand otherwise now, by meter.
    Nothing where the audit log does not say when that was."""
    asked, found, left_out = now.asked, list[MeterMoved](), 0
    revisions = now.entry.detail["revisions"] if now.entry is not None else {}
    most = max(1, MOST_ROWS // now.days)
    with caller.view() as view:
        for institution, revision in revisions.items():
            touched = sorted(view.touched(institution, revision) & set(now.meters))
            left_out += len(touched[most:])
            keys = [view.key_of(meter) for meter in touched[:most]]
            view.load(keys, asked.first, asked.last)
            then = caller.platform.books.rows_at(keys, asked.first, asked.last, revision)
            before = {(row.key, row.day): row for row in then}
            for key in keys:
                present = view.rows(key, asked.first, asked.last)
                pairs = [
                    (old, row)
                    for day, row in present.items()
                    if row.revision > revision and (old := before.get((key, day))) is not None
                ]
                if pairs:
                    totals = [_total([pair[of] for pair in pairs]) for of in (0, 1)]
                    found.append(MeterMoved(key.code, key.item, len(pairs), *totals))
    return Moved(tuple(found), left_out)


def _total(rows: Sequence[BookRow]) -> int | None:
    known = [row.total for row in rows if row.total is not None]
    return sum(known) if known else None
