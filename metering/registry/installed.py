"""When the registers of a meter served it: what must not overlap, and the days of a change.

old register  ────────────┤ ends    final
new register         first  starts ├────────────     a day, an instant, or a window with /
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from metering.errors import InvalidInput
from metering.localtime import day_bounds, zone_of
from metering.moment import Moment, read_moment
from metering.registry.installation_sets import SetKey, set_key
from metering.registry.model import Installation, Registry
from metering.registry.rows import Row
from metering.validity import ALWAYS, Validity

DAY = timedelta(days=1)
DAY_US = 86_400_000_000
FIRST, LAST = date(1000, 1, 1), date(9000, 1, 1)
_NEVER, _EVER = -(2**62), 2**62


class _Served(NamedTuple):
    """From when to when a register serves [us], and the windows in which that turned."""

    start_us: int
    end_us: int
    starts: Moment | None
    ends: Moment | None
    row: Row | None


def check_installed(pairs: Sequence[tuple[Row, Installation]], whole: Registry) -> None:
    """Note every row whose register serves a meter together with another one, and those of a point
    that begins more than once on a day of which one says no more than the day."""
    said = {set_key(one) for _, one in pairs}
    standing = [(None, one) for one in whole.installations if set_key(one) not in said]
    by_meter: dict[str, list[_Served]] = {}
    for row, one in (*pairs, *standing):
        by_meter.setdefault(one.meter, []).append(_served(row, one, whole))
    fix = "end the earlier installation with valid_to, or start this one later"
    together: list[Row] = []
    for served in by_meter.values():
        for row in _overlapping(served):
            row.wrong("meter", "two points serve the meter at the same time", fix)
            together.append(row)
        for row, column in _half_told(served):
            row.wrong(column, "one row of the change says the day, the other the time", BOTH_FIX)
    for row in _by_the_day(pairs, together):
        fix = "an instant or a window in valid_from of each row of that day"
        row.wrong("valid_from", "the point begins more than once on that day", fix)


def _by_the_day(pairs: Iterable[tuple[Row, Installation]], told: Sequence[Row]) -> Iterable[Row]:
    """Of each set of several rows the first one that says no more than the day."""
    sets: dict[SetKey, list[tuple[Row, Installation]]] = {}
    for row, one in pairs:
        sets.setdefault(set_key(one), []).append((row, one))
    for twins in sets.values():
        by_day = [row for row, one in twins if not one.starts]
        if len(twins) > 1 and by_day and not any(row in told for row, _ in twins):
            yield by_day[0]


def _served(row: Row | None, one: Installation, whole: Registry) -> _Served:
    try:
        zone = whole.zone(whole.meters[one.meter].node)
        zone_of(zone)
    except (KeyError, InvalidInput):  # what is not registered above is said elsewhere
        zone = "UTC"
    start = _NEVER if one.valid.start is None else _midnight(one.valid.start, zone)
    end = _EVER if one.valid.end is None else _midnight(one.valid.end, zone)
    start = one.began.start_us if one.began else start
    end = one.ended.end_us if one.ended else end
    return _Served(start, end, one.began, one.ended, row)


def _midnight(day: date, zone: str) -> int:
    return day_bounds(min(max(day, FIRST), LAST), zone)[0]


def _overlapping(served: Iterable[_Served]) -> Iterable[Row]:
    """Rows that overlap an earlier one, each once; registers that change in one window do not."""
    before: _Served | None = None
    told: list[Row] = []
    for one in sorted(served, key=lambda s: s[:2]):
        if before is not None:
            together = one.starts and one.starts == before.ends and one.end_us >= before.end_us
            row = one.row or before.row
            if one.start_us < before.end_us and not together and row is not None:
                told += [row] if row not in told else []
            if one.end_us < before.end_us:
                continue
        before = one
    return told


BOTH_FIX = "the same instant, window or day in valid_to of the one row and valid_from of the other"


def _half_told(served: Iterable[_Served]) -> Iterable[tuple[Row, str]]:
    """Rows of a change of which one tells the day of the end and the other the instant or window of
    the beginning on that day: nobody could say up to when the old register counts."""
    for old, new in pairwise(sorted(served, key=lambda s: s[:2])):
        if old.ends is None and new.starts is not None:
            later = new.starts.start_us - old.end_us
            if 0 < later < DAY_US and old.row is not None:
                yield old.row, "valid_to"
            elif 0 < later < DAY_US and new.row is not None:
                yield new.row, "valid_from"


def undated(one: Installation) -> Installation:
    """Which register it is and how it counts, without when it began and ended, and without what no
    figure depends on."""
    plain = replace(one, accuracy_class="", calibrated_until=None)
    return replace(plain, valid=ALWAYS, starts="", ends="", first=None, final=None)


_Turn = tuple[date | None, str, Decimal | None]
"""(day, instant or window, the register's value then) of a beginning or an end."""


def _turns(one: Installation) -> tuple[_Turn, _Turn]:
    last = one.valid.end - DAY if one.valid.end and one.ends else one.valid.end
    return (one.valid.start, one.starts, one.first), (last, one.ends, one.final)


def days_of_turns(was: Installation, becomes: Installation) -> list[Validity]:
    """Days of those beginnings and ends that two of one register do not agree on."""
    pairs = zip(_turns(was), _turns(becomes), strict=True)
    return [day for old, new in pairs if old != new for turn in (old, new) for day in _near(turn)]


def turns_between(before: Iterable[Installation], after: Iterable[Installation]) -> list[Validity]:
    """Days of the beginnings and ends that are known to more than the day, or have a value, and
    that only one of the two has."""
    then, now = ({(undated(i), t) for i in part for t in _turns(i)} for part in (before, after))
    return [day for _, turn in then ^ now for day in _near(turn)]


def _near(turn: _Turn) -> list[Validity]:
    """The days around an instant, which may lie on another day in the meter's own zone."""
    if not turn[1]:
        return []
    moment = read_moment(turn[1])
    return [Validity(moment.first_day - DAY, moment.after_day + DAY)]
