"""Numbers as people write them.

    1,234.5    1.234,5    1 234.5    1'234,5    １２３４．５    1.5 kWh    12 %    -3e2

A sign before three digits, `1,234`, may be a decimal sign or stand between thousands: the whole
column tells which, or it is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, Inexact, localcontext
from itertools import islice
from typing import Final

from metering.tables.forms import decide
from metering.tables.plain import TwoReadings, plain

DECIMALS: Final = (".", ",")
_SAY: Final = {one: f'decimal "{one}"' for one in DECIMALS}
_UNIT = r"(?:\s*(?P<unit>[^\W\d_][^\s]{0,15}|%|°C))?"
_EXPONENT = r"(?:[eE][+-]?\d{1,3})?"
_CLEAR: Final = {".": ""}
_WHOLE = r"-?\d{1,20}"
_POINT = r"-?(?:\d{1,20}\.(?:\d\d?|\d{4,20})|(?:0\d{0,19}|\d{4,20})\.\d{3})"
"""Never three digits behind the sign after one to three, as between thousands."""
_BESIDE: Final = "\x1f"
"""Between texts that are looked at together; in no number."""


def _all(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})(?:{_BESIDE}(?:{pattern}))*", re.ASCII)


_CLEAR_ONES = _all(rf"{_POINT}|{_WHOLE}")
_PLAIN_ONES = _all(rf"{_WHOLE}(?:\.\d{{1,20}})?")
_TOGETHER: Final = 64
_TRANSFORMER = re.compile(
    r"(\d{1,9}) ?(?P<one>[AV]?) ?[/:] ?(?P<second>\d{1,9}) ?(?P<other>[AV]?)",
    re.ASCII | re.IGNORECASE,
)
_PLAIN = re.compile(r"[+-]?\d{1,300}(\.\d{1,300})?", re.ASCII)


def _pattern(decimal: str) -> re.Pattern[str]:
    comma = "," if decimal == "." else r"\."
    sign = re.escape(decimal)
    groups = "|".join(rf"[1-9]\d{{0,2}}(?:{one}\d{{3}})+" for one in (comma, " ", "'"))
    digits = rf"(?P<whole>{groups}|\d{{1,300}}|(?={sign}\d))(?:{sign}(?P<part>\d{{0,300}}))?"
    return re.compile(rf"(?P<sign>[+-]?)\s?{digits}(?P<exponent>{_EXPONENT}){_UNIT}")


_PATTERNS: Final = {one: _pattern(one) for one in DECIMALS}


@dataclass(frozen=True)
class NumberForm:
    """How the numbers of a column are written."""

    decimal: str = "."

    def read(self, text: str) -> tuple[str, str]:
        """(number in plain digits with a point, unit beside it or ''); ValueError for no number."""
        if self.decimal == "." and _PLAIN.fullmatch(text):
            return text, ""
        one = plain(text)
        found = _PATTERNS[self.decimal].fullmatch(one)
        if found is None:
            raise ValueError(text)
        whole = re.sub(r"\D", "", found["whole"]) or "0"
        part = f".{found['part']}" if found["part"] else ""
        sign = "-" if found["sign"] == "-" else ""
        return f"{sign}{whole}{part}{found['exponent']}", found["unit"] or ""


def number_form(texts: Iterable[str], column: str, decimal: str = "") -> NumberForm:
    """The form of a column's texts, of which missing ones are left out by the caller; `decimal` is
    what was said. Raises AmbiguousFormat where both signs may be the decimal one."""
    if decimal:
        return NumberForm(decimal)
    return NumberForm(decide(column, _told(texts), DECIMALS, _SAY, "decimal"))


def _told(texts: Iterable[str]) -> Iterator[tuple[dict[str, str], int]]:
    """What texts with a sign in them tell of the sign, and how many; most say it at a glance."""
    several = iter(texts)
    while some := list(islice(several, _TOGETHER)):
        joined = _BESIDE.join(some)
        if _CLEAR_ONES.fullmatch(joined):
            yield _CLEAR, joined.count(".")
            continue
        for text in some:
            if _CLEAR_ONES.fullmatch(text):
                yield _CLEAR, text.count(".")
            elif "." in (one := plain(text)) or "," in one:
                yield {form: found[0] for form, found in _readings(text).items()}, 1


def plain_numbers(texts: Sequence[str]) -> list[float] | None:
    """The numbers of texts that all are written with digits and a decimal point alone; None where
    one of them is not."""
    if not _PLAIN_ONES.fullmatch(_BESIDE.join(texts)):
        return None
    try:
        return [*map(float, texts)]
    except ValueError:  # the mark stood in a text
        return None


def plain_number(text: str) -> str:
    """A number of which nothing else is known, in plain digits with a point: `1,234.5` is 1234.5.

    The decimal sign is a point unless nothing but a comma can be one. ValueError for what is none
    or has a unit; TwoReadings for `1,234`, which may be either.
    """
    read = _readings(text)
    point = read.get(".")
    if point is None:
        if "," not in read:
            raise ValueError(text)
        point = read[","]
    elif "," in plain(text) and read.get(",", point) != point:
        raise TwoReadings(text)
    number, unit = point
    if unit:
        raise ValueError(text)
    return number


def transformer_ratio(text: str) -> Decimal | None:
    """What a transformer divides by, from what stands on it: 40 of `200/5` and `200 A / 5 A`, 100
    of `10000:100V`. None for anything else, and where the quotient is below 1 or no finite
    decimal."""
    found = _TRANSFORMER.fullmatch(plain(text))
    if not found or len({found["one"].upper(), found["other"].upper(), ""}) > 2:
        return None
    first, second = int(found[1]), int(found["second"])
    if not 0 < second <= first:
        return None
    with localcontext() as exact:
        exact.traps[Inexact] = True
        try:
            return Decimal(first) / Decimal(second)
        except Inexact:
            return None


def _readings(text: str) -> dict[str, tuple[str, str]]:
    found = {}
    for decimal in DECIMALS:
        try:
            found[decimal] = NumberForm(decimal).read(text)
        except ValueError:
            continue
    return found
