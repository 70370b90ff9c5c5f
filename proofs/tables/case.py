"""A file with what it must come to, and the readings that most of them hold.

Four readings stand behind most of them, written down first:

    meter   hour of 1 October 2026 in Shanghai    value
    001     0                                     1234.5
    001     1                                     0.25
    1E5     0                                     -3
    1E5     1                                     (there is none)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Reading = tuple[str, str, float]
"""(meter, instant in UTC, value)."""
ZONE = "Asia/Shanghai"
BERLIN = "Europe/Berlin"
FOUR: tuple[Reading, ...] = (
    ("001", "2026-09-30T16:00:00Z", 1234.5),
    ("001", "2026-09-30T17:00:00Z", 0.25),
    ("1E5", "2026-09-30T16:00:00Z", -3.0),
)


@dataclass(frozen=True)
class TableCase:
    """A file with its right outcome."""

    name: str
    file: str
    data: bytes
    readings: tuple[Reading, ...] = FOUR
    missing: int = 1
    refused: tuple[tuple[int, str], ...] = ()
    """(row, word of the reason) of each value that must be refused."""
    error: str = ""
    """What the whole file must be answered with: the field that the error names."""
    ambiguous: bool = False
    """Whether that error must ask, rather than refuse."""
    said: Mapping[str, Any] = field(default_factory=dict)
    """What people say of the file beside its zone."""
    encoding: str = ""
    separator: str = ""
    zone: str = ZONE
    quality: tuple[str, ...] = ()
    """Of each reading in the order of the file, where the format tells it."""
    units: tuple[tuple[str, str], ...] = ()
    """(meter, unit) of each series, where it is to be looked at."""


Number = Callable[[float], str]
Time = Callable[[datetime], str]
DAY = datetime(2026, 10, 1)
HOURS = (DAY, DAY + timedelta(hours=1))


def point(value: float) -> str:
    """With a decimal point."""
    return f"{value:g}"


def iso_minutes(time: datetime) -> str:
    """YYYY-MM-DD HH:MM."""
    return f"{time:%Y-%m-%d %H:%M}"


def long_rows(
    number: Number = point,
    time: Time = iso_minutes,
    heading: tuple[str, str, str] = ("time", "meter", "value"),
    nothing: str = "",
) -> list[list[str]]:
    """The four readings as texts, a row each."""
    first, second = (time(one) for one in HOURS)
    return [
        list(heading),
        [first, "001", number(1234.5)],
        [second, "001", number(0.25)],
        [first, "1E5", number(-3)],
        [second, "1E5", nothing],
    ]
