"""Readings that are no hourly energy, with what people said of them.

Each is as published: its own step, unit and kind of label. No label here is the whole truth, and
each loader says what is known of its defects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from proofs.detect.fleet import Floats
from proofs.detect.real.calendars import nth_weekday

Mask = npt.NDArray[np.bool_]
Times = npt.NDArray[np.datetime64]
CHANGE_AT = np.timedelta64(2, "h")
"""After midnight, when clocks are changed."""


@dataclass(frozen=True, eq=False)
class LabelledSeries:
    """Readings of one device, and which of them somebody called wrong."""

    name: str
    unit: str
    """Of all columns, or what their units are."""
    time: Times
    """Beginning, or instant, of each row, to the microsecond, (rows,), never falling."""
    values: dict[str, Floats]
    """Columns by name, (rows,) each; NaN where nothing came."""
    labels: Mask
    """Rows that somebody called wrong, (rows,)."""
    kind: str
    """What they were called."""
    local: bool
    """Whether `time` is a clock on a wall, of which nobody said the zone; otherwise UTC."""
    days: dict[np.datetime64, str] = field(default_factory=dict)
    """What was wrong on each day, where a whole day was; empty where labels are by row."""


def boiler(data: Path) -> Iterator[LabelledSeries]:
    """Oxygen in the exhaust of a boiler, quarter hours: 42 rows in 15 months are marked by a
    person, in a few runs of a dozen rows. More than a quarter of all rows are 0, as while the
    boiler is off, and are not marked, though some of the marked are 0 too. There are rows between
    the quarter hours."""
    found = _columns(
        "SELECT epoch_us(ts_utc) AS time, value, anomaly FROM read_parquet(?) ORDER BY 1",
        data / "boiler_labelled/o2.parquet",
    )
    yield LabelledSeries(
        "boiler_o2",
        "%",
        _times(found),
        _values(found, "value"),
        _mask(found["anomaly"]),
        kind="marked by a person",
        local=False,
    )


def nab(data: Path) -> Iterator[LabelledSeries]:
    """Temperature of a machine (5 min) and of an office (1 h), [F]: six known failures, one row
    each, around which windows of a tenth of each series were drawn. The label is the window; most
    of its rows look as usual, and what looks odd outside may be a failure nobody knew of. Hours are
    missing in the office's, and a time comes twice in the machine's."""
    file = data / "nab_temperature/nab_temperature.parquet"
    for name in ("ambient_temperature_system_failure", "machine_temperature_system_failure"):
        found = _columns(
            "SELECT epoch_us(ts_local) AS time, value, in_window FROM read_parquet(?) "
            "WHERE series = ? ORDER BY 1",
            file,
            name,
        )
        yield LabelledSeries(
            name,
            "F",
            _times(found),
            _values(found, "value"),
            _mask(found["in_window"]),
            kind="window around a failure",
            local=True,
        )


def solar(data: Path) -> Iterator[LabelledSeries]:
    """Output of solar plants with stale, interpolated and outlying rows and the one day at which a
    level shifts; quarter hours, the shift by day. Nights are 0 and no fault. More than a third of
    the rows of the stale one are empty, and none of these is marked. Units are watts or a share of
    the plant, as each was published without saying which."""
    file = data / "pv_quality_labelled/pv_labelled.parquet"
    for name in (
        "ac_power_inv_2173_stale_data",
        "ac_power_inv_2173_interpolated_data",
        "ac_power_inv_7539_outliers",
        "pvlib_data_shift",
    ):
        found = _columns(
            "SELECT epoch_us(ts) AS time, value, label, CAST(kind AS VARCHAR) AS kind "
            "FROM read_parquet(?) WHERE series = ? ORDER BY 1",
            file,
            name,
        )
        yield LabelledSeries(
            name,
            "W or share",
            _times(found),
            _values(found, "value"),
            _mask(found["label"]),
            kind=str(found["kind"][0]),
            local=False,
        )


def solar_clock(data: Path) -> Iterator[LabelledSeries]:
    """Output of a plant whose logger wrongly followed daylight saving, quarter hours on a clock
    that says it is 7 h behind UTC. Nobody published a mask: the label is the summer by the rule of
    the United States, and by month the middle of the day's output does move by about an hour."""
    found = _columns(
        "SELECT epoch_us(measured_on) - 7 * 3600000000 AS time, ac_power_2 FROM read_parquet(?) "
        "ORDER BY 1",
        data / "pv_quality_labelled/dst_shift_ac_power.parquet",
    )
    time = _times(found)
    summer = np.zeros(len(time), dtype=np.bool_)
    for year in np.unique(time.astype("datetime64[Y]").astype(np.int64) + 1970):
        begin, end = (
            np.datetime64(day) + CHANGE_AT
            for day in (nth_weekday(int(year), 3, 6, 2), nth_weekday(int(year), 11, 6, 1))
        )
        summer |= (time >= begin) & (time < end)
    yield LabelledSeries(
        "dst_shift_ac_power",
        "W",
        time,
        _values(found, "ac_power_2"),
        summer,
        kind="clock an hour ahead",
        local=True,
    )


def air_handlers(data: Path) -> Iterator[LabelledSeries]:
    """Two air handlers by the minute, temperatures [F] and signals [0-1]. Faults were staged for
    whole days, 14 of 15 and 13 of 26: minutes in which the fan stood are marked too, some days are
    years apart, and one day without a fault is hardly enough to learn from. Kind and intensity of
    each day's fault are known; cells that are no number are NaN."""
    for name in ("SZCAV", "MZVAV-2-2"):
        found = _columns(
            "SELECT * EXCLUDE (ts_local, fault_type, fault_intensity), "
            "epoch_us(ts_local) AS time, CAST(fault_type AS VARCHAR) AS kind, "
            "CAST(fault_intensity AS VARCHAR) AS how FROM read_parquet(?) ORDER BY ts_local",
            data / f"lbnl_ahu_faults/{name}.parquet",
        )
        time = _times(found)
        beside = {"time", "kind", "how", "fault_label"}
        day = time.astype("datetime64[D]")
        _, first = np.unique(day, return_index=True)
        yield LabelledSeries(
            name,
            "F; signals 0-1",
            time,
            _values(found, *(column for column in found if column not in beside)),
            _mask(found["fault_label"]),
            kind="fault of the day",
            local=True,
            days={
                day[row]: f"{found['kind'][row]} {found['how'][row]}".strip()
                for row in first
                if found["fault_label"][row]
            },
        )


SERIES = {
    "boiler_labelled": boiler,
    "nab_temperature": nab,
    "pv_quality_labelled": solar,
    "pv_clock": solar_clock,
    "lbnl_ahu_faults": air_handlers,
}


def _columns(query: str, file: Path, *more: str) -> dict[str, npt.NDArray[np.generic]]:
    """Columns of a file by name."""
    return dict(duckdb.connect().execute(query, [str(file), *more]).fetchnumpy())


def _times(found: dict[str, npt.NDArray[np.generic]]) -> Times:
    """The column `time` [us since 1970]."""
    return np.asarray(found["time"]).astype("datetime64[us]")


def _values(found: dict[str, npt.NDArray[np.generic]], *names: str) -> dict[str, Floats]:
    """Columns of numbers; NaN for what is null or no number."""
    return {name: _numbers(found[name]) for name in names}


def _numbers(column: npt.NDArray[np.generic]) -> Floats:
    """Numbers of a column; text is read where it is one."""
    if column.dtype == object:
        return np.array([_number(one) for one in column])
    return np.asarray(np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan))


def _number(text: object) -> float:
    """A number, or NaN."""
    try:
        return float(str(text))
    except ValueError:
        return float("nan")


def _mask(column: npt.NDArray[np.generic]) -> Mask:
    """True where the column is not 0."""
    return np.asarray(np.ma.filled(column, 0)).astype(np.bool_)
