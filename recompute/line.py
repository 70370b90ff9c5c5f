"""One line of the file, read field by field; what is wrong is told with line, field and fix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import isfinite
from typing import Any

from metering.errors import InvalidInput
from metering.localtime import parse_instant
from recompute.facts import Dates


@dataclass(frozen=True)
class Line:
    """A JSON object of the file with its number, the first one being 1."""

    number: int
    values: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """What the line tells of."""
        return self.text("kind")

    def wrong(self, field: str, problem: str, fix: str) -> InvalidInput:
        """The error of a field that cannot be read."""
        return InvalidInput(
            f"line {self.number} cannot be read: {problem}",
            field=field,
            value=self.values.get(field),
            fix=fix,
        )

    def text(self, field: str) -> str:
        """Text; '' where the field is absent or null."""
        value = self.values.get(field)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(field, "not a text", 'a text in quotes, such as "office-a"')
        return value

    def needed(self, field: str) -> str:
        """Text that must not be empty."""
        value = self.text(field)
        if not value:
            raise self.wrong(field, "it is needed and absent", "export the file again")
        return value

    def whole(self, field: str) -> int:
        """A whole number."""
        value = self.values.get(field)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(field, "not a whole number", "digits without quotes")
        return value

    def whole_or_none(self, field: str) -> int | None:
        """A whole number; None where the field is absent or null."""
        return None if self.values.get(field) is None else self.whole(field)

    def number_or_none(self, field: str) -> float | None:
        """A finite number; None where the field is absent or null."""
        value = self.values.get(field)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
            raise self.wrong(field, "not a number", "digits with a point, such as 1.5")
        return float(value)

    def flag(self, field: str) -> bool:
        """Whether it is true; an absent field is not."""
        value = self.values.get(field, False)
        if not isinstance(value, bool):
            raise self.wrong(field, "neither true nor false", "true or false, without quotes")
        return value

    def exact(self, field: str) -> Fraction:
        """An exact number, written as a text such as "0.6931"."""
        try:
            return Fraction(self.needed(field))
        except (ValueError, ZeroDivisionError):
            raise self.wrong(field, "not an exact number", 'a text such as "0.6931"') from None

    def exact_or_none(self, field: str) -> Fraction | None:
        """An exact number; None where the field is absent or null."""
        return None if self.values.get(field) is None else self.exact(field)

    def day(self, field: str) -> date | None:
        """A date; None where the field is absent or null."""
        text = self.text(field)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            raise self.wrong(field, "not a date", "YYYY-MM-DD, such as 2026-10-01") from None

    def days(self) -> Dates:
        """valid_from and valid_to."""
        return Dates(self.day("valid_from"), self.day("valid_to"))

    def instant(self, field: str) -> int:
        """An instant [us UTC]."""
        return self.as_instant(field, self.needed(field))

    def as_instant(self, field: str, text: object) -> int:
        """An instant that stands inside of a field [us UTC]."""
        if not isinstance(text, str):
            raise self.wrong(field, "not an instant", "RFC 3339, e.g. 2026-11-24T08:15:00Z")
        return parse_instant(text, field)

    def window_or_none(self, field: str) -> tuple[int, int] | None:
        """Two instants, the earlier one first [us UTC]; None where the field is absent or null."""
        if self.values.get(field) is None:
            return None
        found = [self.as_instant(field, one) for one in self.listed(field)]
        if len(found) != 2 or found[0] > found[1]:
            raise self.wrong(field, "not two instants in order", "[start, end]; twice an instant")
        return found[0], found[1]

    def listed(self, field: str) -> list[Any]:
        """A list of values, of whatever kind."""
        value = self.values.get(field)
        if not isinstance(value, list):
            raise self.wrong(field, "not a list", "values between [ and ]")
        return value
