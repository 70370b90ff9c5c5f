"""Rows as line protocol: measurement `reading`, tag `point`, everything else fields.

Only the point is a tag: series + time is then exactly a reading's identity, and writing it
again overwrites it. With the unit or the gateway as a tag a correction would stand beside the
value it corrects.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from metering.errors import InvalidInput
from metering.reading import ReadingColumns

MEASUREMENT: Final = "reading"
EARLIEST_US: Final = -(2**63 - 2) // 1000 + 1
LATEST_US: Final = (2**63 - 2) // 1000
"""The server keeps nanoseconds in 64 bits: 1677-09-21 to 2262-04-11."""


def check_times(rows: ReadingColumns) -> None:
    """InvalidInput where a time is outside what the server can keep."""
    outside = (rows.time_us < EARLIEST_US) | (rows.time_us > LATEST_US)
    if outside.any():
        raise InvalidInput(
            "a time is outside what InfluxDB can keep",
            field="time",
            value=int(rows.time_us[outside][0]),
            fix="correct the gateway's clock: times lie between the years 1678 and 2262",
        )


def lines(rows: ReadingColumns) -> list[str]:
    """One line per row, times in microseconds; a value is the shortest text that reads back as the
    same float64. What rows side by side share, as those of a message do, is written once."""
    if not len(rows):
        return []
    begins = np.concatenate([[True], np.any([c[1:] != c[:-1] for c in _shared(rows)], axis=0)])
    of_each = zip(*(_texts(column[begins]) for column in _shared(rows)), strict=True)
    made = [
        f",flag={flag}i,order_hi={order_hi}i,order_lo={order_lo}i,segment={segment}i,"
        f"offset={offset}i,index="
        for flag, order_hi, order_lo, segment, offset in of_each
    ]
    shared = np.array(made, np.object_)[np.cumsum(begins) - 1].tolist()
    own = (_texts(column) for column in (rows.point, rows.value, rows.index, rows.time_us))
    return [
        f"reading,point={point} value={value}{of_message}{index}i {time_us}"
        for of_message, point, value, index, time_us in zip(shared, *own, strict=True)
    ]


def _shared(rows: ReadingColumns) -> tuple[NDArray[Any], ...]:
    return rows.flag, rows.order_hi, rows.order_lo, rows.segment, rows.offset


def _texts(column: NDArray[Any]) -> list[str]:
    """Each number of a column, at least one, as text: many in one go take a quarter of the time."""
    return _ENCODER.encode(column.tolist())[1:-1].decode().split(",")


_ENCODER = msgspec.json.Encoder()
