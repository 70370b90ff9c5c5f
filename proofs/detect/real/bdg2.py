"""142 buildings of Building Data Genome 2 by the hour: 2016 to learn from, 2017 scored.

Times are the site's clock as published; only Panther shows daylight saving (one empty hour in
March 2017), Fox lies in Arizona and has none, and the two British sites filled the spring hour
with something. Panther begins on 2016-06-01. All meters of Mouse stand at 0 from late October
2017 on: nobody labelled that, nor any other of the gaps, zeros, spikes and steps that are really
in these data, so an alert on the fleet without injected events is not proven false.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from proofs.detect.real.calendars import england, of_years, off_and_holidays, united_states
from proofs.detect.real.hourly import RealMeters, RecordedFile, recorded_meters

FILE = "bdg2_electricity/electricity_hourly.parquet"
START = np.datetime64("2016-01-01T00")
DAYS = 366 + 365
SCORED_FROM = 366 * 24
BRITISH = ("Mouse", "Robin")
ROWS = "SELECT building_id AS name, ts_local AS taken, kwh AS kw FROM read_parquet(?)"


RECORDING = RecordedFile(
    "bdg2", ROWS, START, SCORED_FROM, lambda building: int(building.startswith(BRITISH))
)


def bdg2(data: Path) -> RealMeters:
    """The buildings in the folder of real data, by name, those with enough readings."""
    calendars = [
        off_and_holidays(START, DAYS, of_years(rule, 2016, 2017))
        for rule in (united_states, england)
    ]
    return recorded_meters(RECORDING, str(data / FILE), calendars)
