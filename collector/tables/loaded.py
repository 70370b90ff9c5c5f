"""What a table of readings comes to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.tables.refused import RefusedCell
from metering.quantity import I64
from metering.reading import F64

Places = NDArray[np.signedinteger[Any]]
"""Numbers of things that are counted from 0, as narrow as they may be."""


@dataclass(frozen=True, eq=False)
class LoadedHistory:
    """Readings of a table; the arrays have one entry a reading, in the order of the file."""

    series: tuple[tuple[str, str], ...]
    """(name of the meter, or '' where the table has none; heading of the value) of each series."""
    units: tuple[str, ...]
    """Of each series; '' where neither file nor form says one."""
    which: Places
    """Place of the series."""
    time_us: I64
    """UTC; of an interval its start."""
    value: F64
    row: Places
    """Where it stands in the file."""
    missing: int
    """Values that the file says there are none of."""
    refused: tuple[RefusedCell, ...]
    heading_rows: int
    quality: tuple[str, ...] = ()
    """Of each reading, where the format tells it: A actual, E estimated, F and S substituted."""

    @property
    def cells(self) -> int:
        """Values that the file has a place for: stored, missing and refused."""
        return len(self.value) + self.missing + len(self.refused)


def by_series(which: Places, count: int) -> Iterator[tuple[int, I64]]:
    """(series, places of its readings in the order of the file) of each of so many series, also of
    one without readings."""
    order = np.argsort(which, kind="stable")
    edges = np.searchsorted(which[order], np.arange(count + 1))
    for place in range(count):
        yield place, order[edges[place] : edges[place + 1]]
