"""Two sites of a study on verified savings, electricity of a year by the hour, with weather.

An office (b01) with its plant and its plugs apart, and a shop (b03). The calendar is that of the
United States. What happened there nobody labelled, so they are only told, not looked at.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from proofs.detect.fleet import Fleet
from proofs.detect.real.calendars import of_years, off_and_holidays, united_states
from proofs.detect.real.hourly import gridded

FOLDER = "mv_sites"
DAYS = 365
STARTS = {"b01": np.datetime64("2016-01-01T00"), "b03": np.datetime64("2015-11-19T00")}
"""A midnight with a year after it."""
MOST_YEAR = 2017
METERS = (
    "SELECT meter AS name, ts_local AS taken, kw FROM (UNPIVOT (SELECT * FROM read_parquet(?) "
    "WHERE site = '{site}') ON total, hvac, plugs, consumption INTO NAME meter VALUE kw)"
)
AIR = (
    "SELECT site AS name, ts_local AS taken, temperature AS kw FROM read_parquet(?) "
    "WHERE site = '{site}'"
)


def mv_sites(data: Path) -> list[Fleet]:
    """The sites in the folder of real data; nothing of them is scored."""
    return [_site(data / FOLDER, site, start) for site, start in STARTS.items()]


def _site(folder: Path, site: str, start: np.datetime64) -> Fleet:
    hours = DAYS * 24
    meters, consumption, weather = (
        METERS.format(site=site),
        str(folder / "consumption.parquet"),
        str(folder / "weather.parquet"),
    )
    names, load = gridded(meters, consumption, start, hours)
    _, air = gridded(AIR.format(site=site), weather, start, hours)
    off, festive = off_and_holidays(start, DAYS, of_years(united_states, 2015, MOST_YEAR))
    zeros = np.zeros(len(names), dtype=np.int64)
    return Fleet(
        name=site,
        start=start,
        load=load,
        temperature=air,
        station=zeros,
        off_days=off[None],
        holidays=festive[None],
        calendar=zeros,
        scored_from=hours,
        labels=(),
        building=tuple(names),
    )
