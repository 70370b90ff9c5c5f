"""Recorded meters of other mediums than electricity, in which nobody labelled anything.

    water   92 registers of homes [m3]: six months to learn from, the rest scored
    gas     a building [pulses] and a home [kWh], with weather: a year to learn from
    heat    heating of an office [kW] and a home's heat meter [kWh], without weather

What is told of them is not proven false: real leaks and repairs may be among it. How often
something is told is what people would have to look at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from proofs.detect.fleet import Fleet, Floats
from proofs.detect.real.calendars import off_and_holidays
from proofs.detect.real.hourly import gridded

WATER: Final = "water_counters/water_meters_raw.parquet"
GAS: Final = "mv_sites/consumption.parquet"
HOME_GAS: Final = "uk_samples/meters.parquet"
OFFICE_HEAT: Final = "nrel_rsf_submeters/rsf_2011_hourly.parquet"
HOME_HEAT: Final = "heat_meter/heat_meter_sample.parquet"
YEAR_D: Final = 365


def recorded_media(data: Path) -> list[Fleet]:
    """Fleets of water, gas and heat in the folder of real data, one medium each; those whose files
    are absent are left out."""
    makers = {WATER: _water, GAS: _gas, HOME_GAS: _home_gas, OFFICE_HEAT: _office_heat}
    makers[HOME_HEAT] = _home_heat
    return [make(data) for file, make in makers.items() if (data / file).is_file()]


def _water(data: Path) -> Fleet:
    rows = (
        "SELECT meter AS name, ts_local AS taken, max(reading_l) AS kw FROM read_parquet(?) "
        "GROUP BY ALL"
    )
    return _fleet("water", "water", data / WATER, rows, ("2016-03-01", 444, 184), turns=True)


def _gas(data: Path) -> Fleet:
    rows = (
        "SELECT site AS name, ts_local AS taken, 4 * consumption AS kw FROM read_parquet(?) "
        "WHERE site = 'b04'"
    )
    air = (
        "SELECT site AS name, ts_local AS taken, temperature AS kw FROM read_parquet(?) "
        "WHERE site = 'b04'"
    )
    weather = _air(data / "mv_sites/weather.parquet", air, "2012-04-01", 2 * YEAR_D)
    return _fleet("gas", "gas", data / GAS, rows, ("2012-04-01", 2 * YEAR_D, YEAR_D), weather)


def _home_gas(data: Path) -> Fleet:
    rows = (
        "SELECT meter AS name, ts::TIMESTAMP AS taken, value AS kw FROM read_parquet(?) "
        "WHERE meter LIKE '%gas%'"
    )
    air = (
        "SELECT series AS name, ts::TIMESTAMP AS taken, tempC AS kw FROM read_parquet(?) "
        "WHERE series = 'uk-tempC-sample-0'"
    )
    weather = _air(data / "uk_samples/temperature.parquet", air, "2020-04-01", 979)
    return _fleet("home gas", "gas", data / HOME_GAS, rows, ("2020-04-01", 979, YEAR_D), weather)


def _office_heat(data: Path) -> Fleet:
    rows = (
        "SELECT 'heating' AS name, ts_local_end - INTERVAL 1 HOUR AS taken, heating_kw AS kw "
        "FROM read_parquet(?)"
    )
    return _fleet("office heat", "heat", data / OFFICE_HEAT, rows, ("2011-01-01", YEAR_D, 182))


def _home_heat(data: Path) -> Fleet:
    rows = (
        "SELECT 'home' AS name, ts_utc::TIMESTAMP AS taken, max(energy_heat_kwh) AS kw "
        "FROM read_parquet(?) GROUP BY ALL"
    )
    days = ("2018-01-03", 1093, YEAR_D)
    return _fleet("home heat", "heat", data / HOME_HEAT, rows, days, turns=True)


def _fleet(
    name: str,
    medium: str,
    file: Path,
    rows: str,
    days: tuple[str, int, int],
    weather: Floats | None = None,
    *,
    turns: bool = False,
) -> Fleet:
    """A fleet of (first day, days, days to learn from); `turns`: the rows are of registers."""
    first, whole, learnt = days
    start = np.datetime64(f"{first}T00")
    names, load = gridded(rows, str(file), start, whole * 24)
    if turns:
        load = np.diff(load, append=np.nan)
        load[load < 0] = np.nan  # a register that fell: the ledger decides what that was
    off, festive = off_and_holidays(start, whole, [])
    air = np.empty((0, whole * 24)) if weather is None else weather[None]
    return Fleet(
        name=name,
        start=start,
        load=load,
        temperature=air,
        station=np.full(len(load), -1 if weather is None else 0, dtype=np.int64),
        off_days=off[None],
        holidays=festive[None],
        calendar=np.zeros(len(load), dtype=np.int64),
        scored_from=learnt * 24,
        labels=(),
        medium=(medium,) * len(load),
        building=tuple(names),
    )


def _air(file: Path, rows: str, first: str, days: int) -> Floats:
    _, load = gridded(rows, str(file), np.datetime64(f"{first}T00"), days * 24)
    return np.asarray(load[0])
