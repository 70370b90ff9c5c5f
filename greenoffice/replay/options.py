"""What a recorded table is: which columns, which kind of value, whose time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from metering.errors import InvalidInput
from metering.localtime import zone_of
from metering.reading import Kind
from metering.units import BOOK_UNITS, POWER_OF_ENERGY, unit


@dataclass(frozen=True)
class ValueColumn:
    """A column of values and its unit."""

    column: str
    unit: str
    """'': what the file says."""


@dataclass(frozen=True)
class ReplayOptions:
    """How to read a recorded file; what is empty is detected.

    `zone` is the site's zone. Times are read as: `utc` - UTC (a column with offsets, or naive
    UTC); `offset` - naive local time of a fixed offset; otherwise naive local time of `zone`.
    """

    file: Path
    """A file, a folder, or FILE#SHEET."""
    kind: Kind
    site: str
    zone: str
    time: str = ""
    values: tuple[ValueColumn, ...] = ()
    """Empty: all that are no times and no names."""
    unit: str = ""
    """Where no columns are named: what the values become; '' is what the file says."""
    id: str = ""
    """Heading of the column that names the series; '': as the table shows, such as a column
    each."""
    interval_min: int | None = None
    label: str = "start"
    utc: bool = False
    offset: str | None = None
    where: str | None = None
    batch: int = 500
    date: str = ""
    """Order of dates, decimal sign, encoding and separator."""
    decimal: str = ""
    encoding: str = ""
    separator: str = ""

    def __post_init__(self) -> None:
        zone_of(self.zone)
        if self.offset is not None:
            zone_of(self.offset)
        if self.utc and self.offset is not None:
            raise InvalidInput(
                "both --utc and --offset", field="offset", value=self.offset, fix="give one of them"
            )
        if self.kind in (Kind.INTERVAL, Kind.MEAN) and self.interval_min is None:
            raise InvalidInput(
                f"kind {self.kind} needs the interval's length",
                field="interval",
                fix="add --interval MINUTES, e.g. 60",
            )
        if self.interval_min is not None and self.interval_min not in (15, 30, 60, 1440):
            raise InvalidInput(
                "interval cannot be booked",
                field="interval",
                value=self.interval_min,
                fix="15, 30, 60 or 1440 minutes",
            )
        if self.label not in ("start", "end"):
            raise InvalidInput("unknown label", field="label", value=self.label, fix="start or end")
        for one in filter(None, (self.unit, *(value.unit for value in self.values))):
            unit(one)

    def booked(self, of_unit: str) -> bool:
        """Whether values of a unit can be booked as energy or volume."""
        canonical = unit(of_unit).canonical
        if self.kind is Kind.MEAN:
            return canonical in POWER_OF_ENERGY.values()
        return self.kind in (Kind.REGISTER, Kind.INTERVAL) and canonical in BOOK_UNITS


def value_columns(columns: list[str], units: list[str]) -> tuple[ValueColumn, ...]:
    """Columns paired with their units; one unit may serve all columns, and none leaves to the file
    what it says."""
    if len(units) <= 1:
        units = (units or [""]) * len(columns)
    if len(units) != len(columns):
        raise InvalidInput(
            "as many --unit as --value are needed",
            field="unit",
            value=units,
            fix="repeat --unit for every --value, in the same order",
        )
    return tuple(ValueColumn(c, u) for c, u in zip(columns, units, strict=True))


def kind_of(text: str) -> Kind:
    """The kind of that name; InvalidInput where there is none."""
    if text not in list(Kind):
        raise InvalidInput(
            "no such kind", field="--kind", value=text, fix=f"one of {', '.join(Kind)}"
        )
    return Kind(text)
