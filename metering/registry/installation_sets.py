"""Rows that put one point at one meter on one local day: a set that is replaced as a whole.

    set_key    meter, point, first day      10:07 ├──────┤ 15:22 ├─────   one set of two rows

So the corrected minute of an instant takes the place of the earlier one, and a day may still have
more than one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import chain, count

from metering.moment import Moment, read_moment
from metering.registry.model import Installation

SetKey = tuple[str, int, date]
_BY_DAY = (-(2**62), -(2**62))
"""A beginning by the day comes before the instants of the day."""


def set_key(one: Installation) -> SetKey:
    """Of the set of rows that is replaced as a whole."""
    return (one.meter, one.point, one.valid.first)


def in_time(one: Installation) -> tuple[SetKey, tuple[int, int], str]:
    """By set, and in it by the time of the beginning."""
    return (set_key(one), _when(one.starts)[1], one.starts)


def sets_of(rows: Iterable[Installation]) -> dict[SetKey, list[Installation]]:
    """The rows by set, each set's in order of time; of two that say the same the later row."""
    sets: dict[SetKey, dict[str, Installation]] = {}
    for one in rows:
        sets.setdefault(set_key(one), {})[one.starts] = one
    return {key: sorted(found.values(), key=in_time) for key, found in sets.items()}


def with_installed(
    present: Iterable[Installation], wanted: Iterable[Installation]
) -> tuple[Installation, ...]:
    """`present` with the sets of `wanted`, in place of those of the same key."""
    sets = sets_of(present) | sets_of(wanted)
    return tuple(row for rows in sets.values() for row in rows)


def counterparts(present: Sequence[str], others: Sequence[str]) -> list[int]:
    """For each beginning of a set the place of the one in `present` that it stands for: that of
    the same instant or window, else the next in time that is left. Those that are more have the
    places behind the last one."""
    free: dict[object, list[int]] = {}
    for place, text in enumerate(present):
        free.setdefault(_when(text)[0], []).append(place)
    found: dict[int, int] = {}
    order = sorted(range(len(others)), key=lambda n: _when(others[n])[1])
    for n in order:
        if same := free.get(_when(others[n])[0]):
            found[n] = same.pop(0)
    taken = set(found.values())
    left = sorted(
        (place for place in range(len(present)) if place not in taken),
        key=lambda place: _when(present[place])[1],
    )
    more = chain(left, count(len(present)))
    found |= {n: next(more) for n in order if n not in found}
    return [found[n] for n in range(len(others))]


def _when(text: str) -> tuple[Moment | str, tuple[int, int]]:
    """What a beginning says, and its place in time; a day, or what cannot be read, is the first."""
    try:
        moment = read_moment(text)
    except ValueError:
        return text, _BY_DAY
    return moment, (moment.start_us, moment.end_us)
