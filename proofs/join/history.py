"""Years of readings as somebody kept them in a spreadsheet, and what is true of them.

One row an hour, one column a meter: registers in tenths of their unit. Most cells are numbers,
some are texts with separators or full-width digits; some are empty or say that nothing is known,
some cannot be read, and the time of one row cannot. What the register showed at midnight can
always be read, so that the energy of each day is known exactly.

    local hour     0    1    2    2'   3   ...     of a day on which clocks are set back
    register    12.3 13.0 13.6 14.1 15.0           the second 2 is told by the order of rows
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from openpyxl import Workbook

from proofs.join.office import METERS, JoinMeter, JoinOffice

MISSING: Final[tuple[str | None, ...]] = (None, "-", "N/A", "无")
UNREADABLE: Final = ("12..5", "#REF!", "坏表", "1.2.3,4")
MISSING_OF, REFUSED_OF, TEXT_OF = 0.004, 0.0006, 0.05
"""Shares of the cells."""
HOUR: Final = timedelta(hours=1)
Cell = str | float | None
Shown = tuple[datetime, Decimal]
"""When a register was read [UTC], and what it showed."""


@dataclass
class JoinHistory:
    """A file of readings, and what a careful reader finds in it."""

    content: bytes = b""
    rows: int = 0
    """Cells of values in it."""
    missing: int = 0
    refused: int = 0
    readings: dict[str, list[Shown]] = field(default_factory=dict)
    """Of each meter by its code, in order: what is to be stored."""
    days: dict[str, dict[date, Decimal]] = field(default_factory=dict)
    """Of each meter by its code: its energy on each local day [unit], ratio included."""

    @property
    def stored(self) -> int:
        """How many readings are to be stored."""
        return sum(map(len, self.readings.values()))


def join_history(office: JoinOffice, end: date, days: int, seed: int) -> JoinHistory:
    """The registers of all meters over the local days before `end`, its first midnight included."""
    rng = random.Random(f"{seed} {office.language}")  # noqa: S311 - a world to be made again
    zone = ZoneInfo(office.zone)
    hours = list(_hours(end - timedelta(days=days), end, zone))
    lost = rng.choice([n for n, one in enumerate(hours) if one.astimezone(zone).hour == 11])
    found = JoinHistory(rows=len(hours) * len(METERS))
    columns = [_column(meter, hours, zone, lost, found, rng) for meter in METERS]
    times = [_time(office, one.astimezone(zone)) for one in hours]
    times[lost] = "?"
    found.content = _workbook(office, times, columns)
    return found


def _hours(first: date, last: date, zone: ZoneInfo) -> Iterator[datetime]:
    """Every hour that passes from one local midnight to another, both included [UTC]."""
    moment, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, last))
    while moment <= end:
        yield moment
        moment += HOUR


def _column(
    meter: JoinMeter,
    hours: Sequence[datetime],
    zone: ZoneInfo,
    lost: int,
    found: JoinHistory,
    rng: random.Random,
) -> list[Cell]:
    """The cells of a meter; what is true of them is added to what was found."""
    tenths = rng.randrange(200_000, 900_000)
    cells: list[Cell] = []
    readings = found.readings.setdefault(meter.code, [])
    midnights: dict[date, int] = {}
    for number, moment in enumerate(hours):
        local = moment.astimezone(zone)
        if local.hour == 0:
            midnights[local.date()] = tenths
        cell, is_read = _cell(tenths, local.hour == 0, rng)
        cells.append(cell)
        if number == lost or (not is_read and cell not in MISSING):
            # A value that has no time is refused; one that is empty is missing all the same.
            found.refused += cell not in MISSING
            found.missing += cell in MISSING
        elif is_read:
            readings.append((moment, Decimal(tenths) / 10))
        else:
            found.missing += 1
        tenths += round(10 * meter.mean * _shape(local) * rng.uniform(0.9, 1.1))
    found.days[meter.code] = {
        day: meter.ratio * (midnights[day + timedelta(days=1)] - shown) / 10
        for day, shown in midnights.items()
        if day + timedelta(days=1) in midnights
    }
    return cells


def _cell(tenths: int, is_kept: bool, rng: random.Random) -> tuple[Cell, bool]:
    """How a register is written, and whether it can be read."""
    drawn = 1.0 if is_kept else rng.random()
    if drawn < MISSING_OF:
        return rng.choice(MISSING), False
    if drawn < MISSING_OF + REFUSED_OF:
        return rng.choice(UNREADABLE), False
    if rng.random() > TEXT_OF:
        return tenths / 10, True
    text = f"{tenths // 10:,}.{tenths % 10}"
    return (text if rng.random() < 0.5 else _full_width(text.replace(",", ""))), True


def _full_width(text: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) for one in text)


def _shape(local: datetime) -> float:
    """How an office uses energy over day, week and year, one being usual."""
    works = local.weekday() < 5 and 8 <= local.hour < 18
    season = 1 + 0.3 * math.cos(2 * math.pi * (local.timetuple().tm_yday - 15) / 365)
    return season * (1.9 if works else 0.55)


def _time(office: JoinOffice, local: datetime) -> str | datetime:
    """A time as the language writes it: a date of the spreadsheet, or words."""
    if office.language == "zh-CN":
        return f"{local.year}年{local.month}月{local.day}日 {local.hour}时"
    return local.replace(tzinfo=None, fold=0)


def _workbook(
    office: JoinOffice, times: Sequence[str | datetime], columns: Sequence[Sequence[Cell]]
) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("readings")
    heading = "时间" if office.language == "zh-CN" else "Time"
    sheet.append([heading, *(office.name_of(meter) for meter in METERS)])
    for moment, *values in zip(times, *columns, strict=True):
        sheet.append([moment, *values])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
