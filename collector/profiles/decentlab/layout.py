"""The notation in which values of Decentlab devices are written down.

A group of 16-bit words, most significant byte first, gives one or more values, parted by commas:

    leaf_temperature 0-32768/100 C      word 0, less 32768, by 100
    air_temperature 0*175/65535+-45 C   word 0, times 175, by 65535, plus -45
    cumulative_pulse_count 2w 1 total   words 2 and 3 as one, lower first: a count that only grows
    status 0 state                      a code

What needs more than that is a formula of its own, on the words of its group.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from metering.reading import Kind
from metering.units import UNITS

Words = Sequence[int]
Formula = Callable[[Words], float]

_FIELD = re.compile(
    r"(?P<name>\w+) (?P<place>\d+)(?P<wide>w)?(?:-(?P<less>\d+))?(?:\*(?P<times>-?[\d.]+))?"
    r"(?:/(?P<by>[\d.]+))?(?:\+(?P<plus>-?[\d.]+))?(?P<words>(?: \S+)*)"
)
_KINDS = {"total": Kind.REGISTER, "state": Kind.STATE, "counted": None}


@dataclass(frozen=True, slots=True)
class Worked:
    """A value by its formula, and what it is counted in."""

    name: str
    formula: Formula
    unit: str | None = None
    kind: Kind | None = Kind.INSTANT

    def of(self, words: Words) -> Quantity | Problem:
        """The value of a group's words; a problem where the formula has none for them."""
        try:
            value = self.formula(words)
        except (ArithmeticError, ValueError):
            value = float("nan")
        if not isfinite(value):
            return Problem(
                "bad_value", "not a finite number", "value", str(list(words)),
                "send a number, or leave the value out", point=self.name,
            )  # fmt: skip
        return Quantity(self.name, value, self.unit, self.kind)


@dataclass(frozen=True, slots=True)
class WordGroup:
    """So many words, and what they say."""

    length: int
    values: tuple[Worked, ...]


def group(length: int, *parts: str | Worked) -> WordGroup:
    """A group of values in the notation above, and of worked ones. Raises ValueError for a text
    that is none."""
    values: list[Worked] = []
    for part in parts:
        if isinstance(part, Worked):
            values.append(part)
        else:
            values += [_value(text.strip()) for text in part.split(",")]
    return WordGroup(length, tuple(values))


def wide(words: Words, place: int = 0) -> int:
    """Two words as one number, the lower first."""
    return words[place] + (words[place + 1] << 16)


def _value(text: str) -> Worked:
    field = _FIELD.fullmatch(text)
    if field is None:
        raise ValueError(f"value = {text!r}: not a value; see the notation of this module")
    unit: str | None = None
    kind: Kind | None = Kind.INSTANT
    for word in field["words"].split():
        if word in _KINDS:
            kind = _KINDS[word]
        elif word in UNITS:
            unit = word
        else:
            raise ValueError(f"value = {text!r}: {word} is no unit; see metering.units")
    if kind is Kind.STATE:
        unit = "1"
    return Worked(field["name"], _linear(field), unit, kind)


def _linear(field: re.Match[str]) -> Formula:
    place, is_wide = int(field["place"]), bool(field["wide"])
    less, times = int(field["less"] or 0), float(field["times"] or 1)
    by, plus = float(field["by"] or 1), float(field["plus"] or 0)

    def formula(words: Words) -> float:
        raw = wide(words, place) if is_wide else words[place]
        return (raw - less) * times / by + plus

    return formula
