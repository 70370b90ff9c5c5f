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


@dataclass(frozen=True)
class ReplayOptions:
    """How to read the table.

    `zone` is the site's zone. Times are read as: `utc` - UTC (a column with offsets, or naive
    UTC); `offset` - naive local time of a fixed offset; otherwise naive local time of `zone`.
    """

    file: Path
    time: str
    values: tuple[ValueColumn, ...]
    kind: Kind
    site: str
    zone: str
    id: str | None = None
    interval_min: int | None = None
    label: str = "start"
    utc: bool = False
    offset: str | None = None
    where: str | None = None
    batch: int = 500
    date: str = ""
    """Order of dates, decimal sign, encoding and separator: detected where empty."""
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
        if not self.values:
            raise InvalidInput("no value column", field="value", fix="add --value COLUMN")
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
        for value in self.values:
            unit(value.unit)

    @property
    def label_shift_us(self) -> int:
        """What to take off the recorded time to get the interval's start."""
        return (self.interval_min or 0) * 60_000_000 if self.label == "end" else 0

    def point_name(self, identity: str, value: ValueColumn) -> str:
        """The gateway's local name of a series."""
        return identity if len(self.values) == 1 else f"{identity}.{value.column}"

    def booked(self, value: ValueColumn) -> bool:
        """Whether the column's values can be booked as energy or volume."""
        canonical = unit(value.unit).canonical
        if self.kind is Kind.MEAN:
            return canonical in POWER_OF_ENERGY.values()
        return self.kind in (Kind.REGISTER, Kind.INTERVAL) and canonical in BOOK_UNITS


def value_columns(columns: list[str], units: list[str]) -> tuple[ValueColumn, ...]:
    """Columns paired with their units; one unit may serve all columns."""
    if len(units) == 1:
        units = units * len(columns)
    if len(units) != len(columns):
        raise InvalidInput(
            "as many --unit as --value are needed",
            field="unit",
            value=units,
            fix="repeat --unit for every --value, in the same order",
        )
    return tuple(ValueColumn(c, u) for c, u in zip(columns, units, strict=True))
