"""Buildings of a campus in San Diego: two years to learn from, two scored.

Quarter hours are averaged to hours of the clock on the wall; where that hour comes twice, its
eight quarters are. Only the groups of building loads are taken: solar roofs, batteries, chargers
and the total of a microgrid, which is their sum, are no loads of people. Two buildings were metered
for months alone and drop out. Nobody labelled what really went wrong in these years.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from proofs.detect.real.calendars import of_years, off_and_holidays, united_states
from proofs.detect.real.hourly import RealMeters, RecordedFile, recorded_meters

FILE = "ucsd_microgrid/meters_15min.parquet"
START = np.datetime64("2016-03-01T00")
DAYS = 4 * 365 + 1
SCORED_FROM = 2 * 365 * 24
ROWS = (
    "SELECT meter AS name, ts_local AS taken, real_kw AS kw FROM read_parquet(?) "
    "WHERE \"group\" LIKE 'BuildingLoad%' AND meter NOT LIKE '%EV'"
)


RECORDING = RecordedFile("ucsd", ROWS, START, SCORED_FROM, lambda _: 0)


def ucsd(data: Path) -> RealMeters:
    """The buildings in the folder of real data, by name, those with enough readings."""
    calendars = [off_and_holidays(START, DAYS, of_years(united_states, 2016, 2020))]
    return recorded_meters(RECORDING, str(data / FILE), calendars)
