"""A simulated office with dated, priced faults: one fleet for each run, and its clean twin.

    2022 the fault-free year in other weather      2023 the run, or its twin
    hour 0 ...................................... scored_from ............. end

The meters of a run are parts of one building: all electricity and its parts, all gas and its parts.
A fault moves several of them, so it has a label on each that `labels.csv` names; on some it moves
next to nothing, or saves, and the label's net says so. Its net holds what is given back until the
next event or the end of the year, longer than the two days of other labels. A label covers the
whole window of the event, also where the event acts at night alone.

Cold snaps, heat waves, closures and tenants that leave are harmless, and waste nothing. Weather is
the file's outdoor air; the fans' schedule as run and the event's hours, which are in the file too,
are truth and are not read.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np

from proofs.detect.fleet import Fleet, Floats, Label
from proofs.detect.real.calendars import off_and_holidays

FOLDER = "energyplus_office"
START = np.datetime64("2022-01-01T00")
YEAR = 8760
ELECTRIC = (
    *("total_kwh", "lighting_kwh", "plugs_kwh", "exterior_lighting_kwh", "fans_kwh"),
    *("pumps_kwh", "cooling_kwh", "heating_elec_kwh"),
)
GAS = ("gas_kwh", "heating_gas_kwh", "hot_water_gas_kwh")
METERS = (*ELECTRIC, *GAS)
KINDS = {
    "hvac_all_night": "after_hours_plant",
    "fans_all_night": "after_hours_plant",
    "lights_after_hours": "after_hours_plant",
    "base_load_step": "base_step",
    "night_setback_lost": "lost_setback",
    "slope_degradation": "slope",
    "cooling_setpoint_low": "balance_point",
    "free_cooling_not_used": "free_cooling",
    "closure_week": "closure",
    "heating_and_cooling_at_once": "simultaneous_heating_and_cooling",
}
"""What the labels call otherwise than the catalogue of patterns."""


@dataclass(frozen=True, eq=False)
class TwinFleets:
    """Meters with events, and the same without them."""

    fleet: Fleet
    twin: Fleet


def runs(data: Path, site: str) -> list[str]:
    """Names of the runs of a site that have events, harmful or harmless, in the file's order."""
    return [
        row["run_id"]
        for row in _rows(data / FOLDER / "runs.csv")
        if row["run_id"].startswith(f"{site}__") and row["clean_twin"]
    ]


def simulated(data: Path, run: str) -> TwinFleets:
    """A run with its labels, and its clean twin without any; `KeyError` for a run there is not."""
    told = {row["run_id"]: row for row in _rows(data / FOLDER / "runs.csv")}[run]
    labels = labels_of(_rows(data / FOLDER / "labels.csv"), run)
    return TwinFleets(
        _fleet(data, run, told["reference"], labels),
        _fleet(data, told["clean_twin"], told["reference"], ()),
    )


def labels_of(rows: Iterable[dict[str, str]], run: str) -> tuple[Label, ...]:
    """Labels of one run, by meter and time, of rows as `labels.csv` has them."""
    labels = [
        Label(
            meter=METERS.index(row["meter"]),
            kind=KINDS.get(row["pattern"], row["pattern"]),
            first=_hour(row["start"]),
            end=_hour(row["end_exclusive"]),
            kwh=float(row["net_kwh"]) if row["waste"] == "1" else 0.0,
            harmless=row["waste"] != "1",
        )
        for row in rows
        if row["run_id"] == run
    ]
    return tuple(sorted(labels, key=lambda label: (label.meter, label.first)))


def _fleet(data: Path, run: str, reference: str, labels: tuple[Label, ...]) -> Fleet:
    """The reference year and a run behind it."""
    years = [_read(data, name) for name in (reference, run)]
    site = run.partition("__")[0]
    holidays = [
        date.fromisoformat(row["date"])
        for row in _rows(data / FOLDER / "calendar.csv")
        if row["site"] == site
    ]
    off, festive = off_and_holidays(START, 2 * YEAR // 24, holidays)
    return Fleet(
        name=run,
        start=START,
        load=np.concatenate([year[:-1] for year in years], axis=1),
        temperature=np.concatenate([year[-1:] for year in years], axis=1),
        station=np.zeros(len(METERS), dtype=np.int64),
        off_days=off[None],
        holidays=festive[None],
        calendar=np.zeros(len(METERS), dtype=np.int64),
        scored_from=YEAR,
        labels=labels,
        medium=tuple("gas" if meter in GAS else "electricity" for meter in METERS),
        building=(site,) * len(METERS),
    )


def _read(data: Path, run: str) -> Floats:
    """Energy by the hour [kWh] of `METERS`, and outdoor air [C] behind, (meters + 1, hours)."""
    found = duckdb.connect().execute(
        f"SELECT {', '.join(METERS)}, outdoor_c FROM read_parquet(?) ORDER BY ts",  # noqa: S608
        [str(data / FOLDER / f"{run}.parquet")],
    )
    columns = found.fetchnumpy()
    return np.stack(
        [np.ma.filled(column.astype(np.float64), np.nan) for column in columns.values()]
    )


def _hour(at: str) -> int:
    """Hours from `START` to a local time."""
    return int((np.datetime64(datetime.fromisoformat(at), "h") - START) // np.timedelta64(1, "h"))


def _rows(file: Path) -> list[dict[str, str]]:
    """Rows of a CSV file with a head."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
