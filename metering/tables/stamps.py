"""Dates and times as people and programs write them.

2026-10-01 00:15    2026/10/1 0:15    2026年10月1日 0时15分    20261001 0015    1 Oct 2026 12:15 AM
01.10.2026 00:15    10/01/2026 (asked)    2026-10-01T00:15+08:00    24:00    下午 3:15
46296.0104 (a spreadsheet's days)    1790783700, 1790783700000 (since 1970)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from metering.errors import InvalidInput
from metering.tables.forms import decide
from metering.tables.plain import TwoReadings, plain

FORMS: Final = {
    "ymd": 'date order "ymd" (year, month, day)',
    "dmy": 'date order "dmy" (day, month, year)',
    "mdy": 'date order "mdy" (month, day, year)',
    "epoch_s": 'date order "epoch_s" (seconds since 1970)',
    "epoch_ms": 'date order "epoch_ms" (milliseconds since 1970)',
    "epoch_us": 'date order "epoch_us" (microseconds since 1970)',
    "serial": 'date order "serial" (days since 1899-12-30)',
    "serial_1904": 'date order "serial_1904" (days since 1904-01-01)',
}
"""Forms of times, and how each is said."""
FOUND: Final = tuple(form for form in FORMS if form != "serial_1904")
"""Those that are found by themselves; the other days of a spreadsheet are said."""
_EPOCHS: Final = {
    "epoch_s": (re.compile(r"\d{10}(\.\d{1,6})?", re.ASCII), 1_000_000),
    "epoch_ms": (re.compile(r"\d{13}", re.ASCII), 1_000),
    "epoch_us": (re.compile(r"\d{16}", re.ASCII), 1),
}
_SERIALS: Final = {"serial": datetime(1899, 12, 30), "serial_1904": datetime(1904, 1, 1)}
_SERIAL = re.compile(r"[2-7]\d{4}(\.\d{1,15})?", re.ASCII)
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_YEAR_FIRST = re.compile(
    r"(\d{4})\s?([-/.年])\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})\s?[日号]?", re.ASCII
)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:[ T]?(\d\d)(\d\d)?(\d\d)?)?(?!\d)", re.ASCII)
_SHORT = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)(?!\d)", re.ASCII)
_DAY_NAME = re.compile(r"(\d{1,2})[- ]([a-z]{3})[a-z]*\.?,?[- ](\d{4})", re.ASCII | re.IGNORECASE)
_NAME_DAY = re.compile(r"([a-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})", re.ASCII | re.IGNORECASE)
_WEEKDAY = re.compile(
    r"\s*\(?(?:(?:星期|周)(?P<chinese>[一二三四五六日天])|(?<=\()(?P<bare>[一二三四五六日])(?=\))"
    r"|\b(?P<english>mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)(?:day|nesday|urday)?\b\.?)\)?,?",
    re.IGNORECASE,
)
_WEEKDAYS: Final = {
    **{one: n for n, one in enumerate("一二三四五六日")},
    **{one: n for n, one in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))},
    "天": 6,
}
_HALF = r"上午|下午|晚上|凌晨|早上|中午|[ap]\.?m\.?"
_CLOCK = re.compile(
    rf"\s?T?\s?,?\s?(?P<before>{_HALF})?\s?"
    r"(?P<hour>\d{1,2})(?:(?P<mark>[:时点])\s?(?:(?P<minute>\d{1,2})\s?"
    r"(?:[:分]\s?(?:(?P<second>\d{1,2})(?P<part>\.\d{1,9})?秒?)?)?)?)?"
    rf"\s?(?P<after>{_HALF})?\s?(?P<offset>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)

_YEAR_MONTH = re.compile(r"(20\d\d)[-/.年]?(\d{1,2})月?份?(?:[-/.]0?1)?", re.ASCII)


@dataclass(frozen=True)
class Stamp:
    """A time as it was written."""

    wall: datetime
    """Of the clock that wrote it, without a zone."""
    offset: timedelta | None = None
    """From UTC, where it was written; None: the wall clock of a place that has to be known."""
    dated: bool = False
    """Whether it is a day without a time of day."""

    def __str__(self) -> str:
        return self.wall.isoformat(sep=" ", timespec="minutes")


@dataclass(frozen=True)
class TimeForm:
    """How the times of a column are written."""

    form: str = "ymd"

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise InvalidInput(
                "unknown order of dates", field="date", value=self.form, fix=", ".join(FORMS)
            )

    def read(self, text: str) -> Stamp:
        """The time of a text; ValueError for what is none in this form."""
        if self.form == "ymd" and len(text) in (16, 19) and text[4] == text[7] == "-":
            try:
                return Stamp(_sane(datetime.fromisoformat(text)))
            except ValueError:
                pass
        return _READERS[self.form](plain(text), self.form)


def time_form(texts: Iterable[str], column: str, form: str = "") -> TimeForm:
    """The form of a column's texts, of which missing ones are left out by the caller; `form` is
    what was said. Raises AmbiguousFormat where two forms read them, and not the same times."""
    if form:
        return TimeForm(form)
    return TimeForm(decide(column, ((_readings(one), 1) for one in texts), FOUND, FORMS, "date"))


def plain_day(text: str) -> date:
    """A day of which nothing else is known: with the year first, or with the name of its month.
    ValueError for what is none; TwoReadings for `10/01/2026`, which may be two."""
    read = _readings(text)
    stamps = set(read.values())
    if len(stamps) > 1:
        raise TwoReadings(text)
    if not stamps or not {"ymd", "dmy"} & set(read):
        raise ValueError(text)
    (stamp,) = stamps
    if not stamp.dated or ("ymd" not in read and not _says_order(plain(text))):
        raise ValueError(text)
    return stamp.wall.date()


def plain_month(text: str) -> str:
    """YYYY-MM of a month with its year first: `2026-10`, `202610`, `2026年10月`, also of its first
    day. ValueError for anything else."""
    found = _YEAR_MONTH.fullmatch(plain(text))
    if found is None:
        raise ValueError(text)
    return f"{date(int(found[1]), int(found[2]), 1):%Y-%m}"


def clock_of(text: str) -> timedelta:
    """A time of day, 24:00 included; ValueError for what is none."""
    found = _CLOCK.fullmatch(plain(text))
    if found is None or found["offset"]:
        raise ValueError(text)
    return _time_of_day(found)


def _says_order(text: str) -> bool:
    """Whether a date tells its own order, by a name or by points between day, month and year."""
    return "." in text or any(month in text.lower() for month in _MONTHS)


def _readings(text: str) -> dict[str, Stamp]:
    found = {}
    for form in FOUND:
        try:
            found[form] = _READERS[form](plain(text), form)
        except ValueError:
            continue
    return found


def _sane(wall: datetime) -> datetime:
    """Clocks that were never set, and slips of a digit, are no times."""
    if not 1970 <= wall.year < 2100 or wall.tzinfo is not None:
        raise ValueError(wall)
    return wall


def _epoch(text: str, form: str) -> Stamp:
    pattern, unit = _EPOCHS[form]
    if not pattern.fullmatch(text):
        raise ValueError(text)
    whole, _, part = text.partition(".")
    time_us = int(whole) * unit + (int(part.ljust(6, "0")) if part else 0)
    return Stamp(_sane(datetime(1970, 1, 1) + timedelta(microseconds=time_us)), timedelta())


def _serial(text: str, form: str) -> Stamp:
    """Days are read to the millisecond: a spreadsheet keeps a minute as a fraction of a day."""
    if not _SERIAL.fullmatch(text):
        raise ValueError(text)
    shift = timedelta(milliseconds=round(float(text) * 86_400_000))
    return Stamp(_sane(_SERIALS[form] + shift), dated="." not in text)


def _written(text: str, form: str) -> Stamp:
    clean = _WEEKDAY.sub(" ", text, count=1).strip()
    day, rest = _date(clean, form)
    _check_weekday(text, day)
    if not rest.strip():
        return Stamp(_sane(datetime.combine(day, datetime.min.time())), dated=True)
    found = _CLOCK.fullmatch(rest)
    if found is None:
        raise ValueError(text)
    if _is_range(found):
        raise ValueError(text)
    wall = datetime.combine(day, datetime.min.time()) + _time_of_day(found)
    return Stamp(_sane(wall), _offset(found["offset"]))


def _check_weekday(text: str, day: date) -> None:
    """A weekday that is not that of the day tells that the day was read in a wrong order."""
    if found := _WEEKDAY.search(text):
        name = found["chinese"] or found["bare"] or found["english"].lower()[:3]
        if _WEEKDAYS[name] != day.weekday():
            raise ValueError(text)


def _is_range(clock: re.Match[str]) -> bool:
    """Whether it may be an interval, as in `2026-10-01 00:00-01:00`, as well as a time west of
    Greenwich, which programs write with seconds or a T."""
    offset = clock["offset"] or ""
    return offset.startswith("-") and not clock["second"] and "T" not in clock[0][:2].upper()


def _date(text: str, form: str) -> tuple[date, str]:
    """The day, and the text after it."""
    if form == "ymd":
        if found := _YEAR_FIRST.match(text):
            return date(int(found[1]), int(found[3]), int(found[4])), text[found.end() :]
        if found := _COMPACT.match(text):
            clock = ":".join(one for one in found.groups()[3:] if one)
            hour = f"{clock}:00" if len(clock) == 2 else clock
            rest = f"{hour}{text[found.end() :]}"
            return date(int(found[1]), int(found[2]), int(found[3])), rest
    elif form == "dmy" and (found := _DAY_NAME.match(text)):
        return date(int(found[3]), _month(found[2]), int(found[1])), text[found.end() :]
    elif form == "dmy" and (found := _NAME_DAY.match(text)):
        return date(int(found[3]), _month(found[1]), int(found[2])), text[found.end() :]
    return _short(text, form)


def _short(text: str, form: str) -> tuple[date, str]:
    found = _SHORT.match(text)
    if found is None:
        raise ValueError(text)
    one, two, three = (int(found[n]) for n in (1, 3, 4))
    short = len(found[4]) == 2
    if form == "ymd":
        if not short or found[2] == ".":
            raise ValueError(text)
        return date(2000 + one, two, three), text[found.end() :]
    year = 2000 + three if short else three
    if form == "dmy":
        return date(year, two, one), text[found.end() :]
    if found[2] == ".":  # who writes points writes the day first
        raise ValueError(text)
    return date(year, one, two), text[found.end() :]


def _month(name: str) -> int:
    return _MONTHS.index(name.lower()) + 1


def _time_of_day(found: re.Match[str]) -> timedelta:
    """ValueError for hours that there are none of, or that may be two, such as 晚上 12:00."""
    half = (found["before"] or found["after"] or "").lower().replace(".", "")
    if (found["before"] and found["after"]) or not (half or found["mark"]):
        raise ValueError(found[0])
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    second, part = int(found["second"] or 0), found["part"] or ".0"
    if half:
        hour = _by_half(hour, half)
    whole = timedelta(hours=hour, minutes=minute, seconds=second)
    if minute > 59 or second > 59 or whole > timedelta(hours=24):
        raise ValueError(found[0])
    return whole + timedelta(microseconds=int(part[1:7].ljust(6, "0")))


def _by_half(hour: int, half: str) -> int:
    late = half in ("下午", "晚上", "pm", "中午")
    if hour > 12 and late:
        return hour
    if not 1 <= hour <= 12 and not (hour == 0 and not late):
        raise ValueError(half)
    if half == "中午":
        return hour if hour >= 11 else hour + 12
    if half == "晚上" and hour == 12:
        raise ValueError(half)
    return hour % 12 + (12 if late else 0)


def _offset(text: str | None) -> timedelta | None:
    if not text:
        return None
    if text.upper() in ("Z", "UTC", "GMT"):
        return timedelta()
    digits = text[1:].replace(":", "").ljust(4, "0")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if shift > timedelta(hours=14):
        raise ValueError(text)
    return -shift if text[0] == "-" else shift


_READERS: Final[dict[str, Callable[[str, str], Stamp]]] = {
    "ymd": _written,
    "dmy": _written,
    "mdy": _written,
    "epoch_s": _epoch,
    "epoch_ms": _epoch,
    "epoch_us": _epoch,
    "serial": _serial,
    "serial_1904": _serial,
}
