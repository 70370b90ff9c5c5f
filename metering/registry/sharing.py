"""Places that belong to several others at once, each of which has a share.

    tree.csv    desk, office-a, 0.6        fraction: those of a day add up to 1
                desk, office-b, 0.4
                hall, faculty, 1200 m2     area, or persons: each its part of the sum
                hall, library, 800 m2
                lab, physics, meter p1   each by what its own meter counts on the day
                lab, biology, meter b1

A share is a text of the edge; `1` is the whole, which is no share.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import gcd

UNDIVIDED = "1"
_SHARE = re.compile(r"(\d{1,12}(?:\.\d{1,9})?) ?(m2|persons)?", re.ASCII)
_METER = re.compile(r"meter ([A-Za-z0-9._-]{1,64})", re.ASCII)


@dataclass(frozen=True)
class Share:
    """How much of a place one of several has: a fraction of it where there is no unit."""

    amount: Decimal
    unit: str = ""
    """m2, persons or meter."""
    meter: str = ""
    """The meter that says how much it is on each day."""

    def __str__(self) -> str:
        if self.meter:
            return f"meter {self.meter}"
        plain = format(self.amount, "f")
        number = plain.rstrip("0").rstrip(".") if "." in plain else plain
        return f"{number} {self.unit}".rstrip()


def read_share(text: str) -> Share | None:
    """The share of a text such as `0.6`, `1200 m2`, `35 persons` or `meter E7`; None where it is
    none, or is not above 0."""
    if (named := _METER.fullmatch(text)) is not None:
        return Share(Decimal(1), "meter", named[1])
    match = _SHARE.fullmatch(text)
    if match is None or not Decimal(match[1]):
        return None
    return Share(Decimal(match[1]), match[2] or "")


@dataclass(frozen=True)
class Division:
    """The shares of a place on a day, and whose one of them is."""

    weights: tuple[int, ...]
    """Of all who have a share, in the order of their codes, without a common divisor."""
    place: int
    """Which of them is meant."""
    meters: tuple[str, ...] = ()
    """By what these count each day, in the same order; the weights are then those of no day."""

    @cached_property
    def whole(self) -> int:
        """What the weights add up to."""
        return sum(self.weights)

    @property
    def own(self) -> int:
        """The weight that is meant."""
        return self.weights[self.place]

    def on_a_day(self, totals: Sequence[int | None]) -> Division | None:
        """The shares of a day, by what the meters counted on it; equal ones where that is nothing.
        None where one of them is not known."""
        known = [max(0, total) for total in totals if total is not None]
        if len(known) < len(totals):
            return None
        common = gcd(*known)
        return Division(tuple(t // common if common else 1 for t in known), self.place)


def division(shares: Mapping[str, str], code: str) -> Division:
    """How shares by code divide, for one of them. A text that is no share counts as 1."""
    found = [read_share(shares[one]) or Share(Decimal(1)) for one in sorted(shares)]
    if all(one.meter for one in found):
        meters = tuple(one.meter for one in found)
        return Division((1,) * len(found), sorted(shares).index(code), meters)
    amounts = [one.amount for one in found]
    places = max(-int(amount.as_tuple().exponent) for amount in amounts)
    whole = [int(amount.scaleb(max(0, places))) for amount in amounts]
    common = gcd(*whole)
    return Division(tuple(one // common for one in whole), sorted(shares).index(code))
