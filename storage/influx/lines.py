"""Rows as line protocol: measurement `reading`, tag `point`, everything else fields.

Only the point is a tag: series + time is then exactly a reading's identity, and writing it
again overwrites it. With the unit or the gateway as a tag a correction would stand beside the
value it corrects.
"""

from __future__ import annotations

from typing import Final

import numpy as np

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
    """One line per row, times in microseconds. `repr` is the shortest text that reads back as
    the same float64, and its point or exponent makes the field a float for ever."""
    columns = (np.asarray(column).tolist() for column in vars(rows).values())
    return [
        f"reading,point={point} value={value!r},flag={flag}i,order_hi={order_hi}i,"
        f"order_lo={order_lo}i,segment={segment}i,offset={offset}i,index={index}i {time_us}"
        for point, time_us, value, flag, order_hi, order_lo, segment, offset, index in zip(
            *columns, strict=True
        )
    ]
