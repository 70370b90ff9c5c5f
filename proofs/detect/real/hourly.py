"""Recorded rows brought to one grid of hours, and which of the meters have enough of them.

The grid is the clock on the wall: people come and go by it, and 24 rows are a day. Where a site
keeps daylight saving, the hour that is left out in spring stays empty, and the hour that comes
twice in autumn is the mean of both. A `Fleet` of such a site is hence on standard time but for the
summer, in which the weather, if there were any, would be an hour off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from proofs.detect.fleet import Fleet, Floats
from proofs.detect.real.calendars import Days

LEARNT_DAYS = 120
"""Days with readings that a meter needs before the scored part; fewer show no season at all."""
SCORED_SHARE = 0.9
"""Of the scored hours that need a reading."""
ZERO_SHARE = 0.5
"""Of the scored readings that may be 0; what stands still for longer is out of use."""


@dataclass(frozen=True, eq=False)
class RealMeters:
    """Recorded meters, and those that were left out."""

    fleet: Fleet
    dropped: tuple[str, ...]
    """`name: why` of each meter that is not in the fleet."""


@dataclass(frozen=True)
class RecordedFile:
    """How a file of readings becomes a fleet."""

    name: str
    query: str
    """Gives `name`, `taken` (local time) and `kw` of its one parameter, the file."""
    start: np.datetime64
    """A midnight, hour 0."""
    scored_from: int
    """First hour that is scored; a multiple of 24."""
    calendar_of: Callable[[str], int]
    """The calendar of a meter by its name."""


def gridded(query: str, file: str, start: np.datetime64, hours: int) -> tuple[list[str], Floats]:
    """Names, sorted, and mean power [kW] (meters, hours) of a query that gives name, local time
    and power [kW] of its one parameter, the file. NaN where no row is; rows outside are left."""
    found = (
        duckdb.connect()
        .execute(
            "SELECT name, epoch_us(date_trunc('hour', taken)) // 3600000000 AS hour, "  # noqa: S608
            f"avg(kw) AS kw FROM ({query}) WHERE kw IS NOT NULL AND isfinite(kw) GROUP BY ALL",
            [file],
        )
        .fetchnumpy()
    )
    names, row = np.unique(np.asarray(found["name"], dtype=str), return_inverse=True)
    column = found["hour"].astype(np.int64) - start.astype("datetime64[h]").astype(np.int64)
    inside = (column >= 0) & (column < hours)
    load = np.full((len(names), hours), np.nan)
    load[row[inside], column[inside]] = found["kw"][inside]
    return [str(name) for name in names], load


def why_dropped(load: Floats, scored_from: int) -> str:
    """Why a meter's hours [kW] (hours,) are too few to learn from or to score; empty if not."""
    learnt, scored = ~np.isnan(load[:scored_from]), load[scored_from:]
    days = int(learnt.reshape(-1, 24).any(axis=1).sum())
    if days < LEARNT_DAYS:
        return f"{days} days to learn from, {LEARNT_DAYS} are needed"
    share = float(np.mean(~np.isnan(scored)))
    if share < SCORED_SHARE:
        return f"{share:.0%} of the scored hours have a reading, {SCORED_SHARE:.0%} are needed"
    still = float(np.mean(scored[~np.isnan(scored)] == 0.0))
    if still > ZERO_SHARE:
        return f"{still:.0%} of the scored readings are 0, {ZERO_SHARE:.0%} may be"
    return ""


def recorded_meters(
    recording: RecordedFile, file: str, calendars: Sequence[tuple[Days, Days]]
) -> RealMeters:
    """The meters of a file that have enough readings, by name; without weather (station -1).

    `calendars` are (off days, holidays), each (days,), in the order of `RecordedFile.calendar_of`.
    """
    hours = len(calendars[0][0]) * 24
    names, load = gridded(recording.query, file, recording.start, hours)
    why = [why_dropped(one, recording.scored_from) for one in load]
    kept = [row for row, reason in enumerate(why) if not reason]
    fleet = Fleet(
        name=recording.name,
        start=recording.start,
        load=load[kept],
        temperature=np.empty((0, hours)),
        station=np.full(len(kept), -1, dtype=np.int64),
        off_days=np.stack([off for off, _ in calendars]),
        holidays=np.stack([festive for _, festive in calendars]),
        calendar=np.array([recording.calendar_of(names[row]) for row in kept], dtype=np.int64),
        scored_from=recording.scored_from,
        labels=(),
        building=tuple(names[row] for row in kept),
    )
    return RealMeters(fleet, tuple(f"{names[row]}: {one}" for row, one in enumerate(why) if one))
