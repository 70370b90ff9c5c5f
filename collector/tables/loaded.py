"""What a table of readings comes to."""

from __future__ import annotations

from dataclasses import dataclass

from collector.tables.refused import RefusedCell
from metering.quantity import I64
from metering.reading import F64


@dataclass(frozen=True, eq=False)
class LoadedHistory:
    """Readings of a table; the arrays have one entry a reading, in the order of the file."""

    series: tuple[tuple[str, str], ...]
    """(name of the meter, or '' where the table has none; heading of the value) of each series."""
    units: tuple[str, ...]
    """Of each series; '' where neither file nor form says one."""
    which: I64
    """Place of the series."""
    time_us: I64
    """UTC; of an interval its start."""
    value: F64
    row: I64
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
