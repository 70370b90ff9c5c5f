"""The working calendar: which local days are working days.

A calendar file lists exceptions only: statutory holidays (`holiday`), other days off (`rest`)
and make-up working days (`working`). Every other day follows the week, Monday to Friday working.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class DayKind(StrEnum):
    """Whether people work on a day."""

    WORKING = "working"
    REST = "rest"
    HOLIDAY = "holiday"
    """a statutory holiday: a day of rest for which a tariff may have prices of its own"""


@dataclass(frozen=True)
class CalendarDay:
    """One exception to the week."""

    day: date
    kind: DayKind
    name_zh: str = ""
    name_en: str = ""
    status: str = "official"
    source: str = ""


@dataclass(frozen=True)
class WorkCalendar:
    """Exceptions over the plain week."""

    days: dict[date, CalendarDay] = field(default_factory=dict)

    @classmethod
    def of(cls, days: Iterable[CalendarDay]) -> WorkCalendar:
        """A calendar of exceptions to the week; of two entries for a day the later one stands."""
        return cls({entry.day: entry for entry in days})

    def kind(self, day: date) -> DayKind:
        """Working, rest or holiday."""
        if day in self.days:
            return self.days[day].kind
        return DayKind.WORKING if day.weekday() < 5 else DayKind.REST

    def is_working(self, day: date) -> bool:
        """Whether the day is a working day."""
        return self.kind(day) is DayKind.WORKING
