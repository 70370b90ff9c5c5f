"""Places that belong to several others at once, each of which has a share.

    tree.csv    desk, office-a, 0.6        fraction: those of a day add up to 1
                desk, office-b, 0.4
                hall, faculty, 1200 m2     area, or persons: each its part of the sum
                hall, library, 800 m2

A share is a text of the edge; `1` is the whole, which is no share.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import gcd

UNDIVIDED = "1"
UNITS_OF_SHARES = ("", "m2", "persons")
"""A fraction of the whole, floor area, people."""
_SHARE = re.compile(r"(\d{1,12}(?:\.\d{1,9})?) ?(m2|persons)?", re.ASCII)


@dataclass(frozen=True)
class Share:
    """How much of a place one of several has."""

    amount: Decimal
    unit: str = ""

    def __str__(self) -> str:
        plain = format(self.amount, "f")
        number = plain.rstrip("0").rstrip(".") if "." in plain else plain
        return f"{number} {self.unit}".rstrip()


def read_share(text: str) -> Share | None:
    """The share of a text such as `0.6`, `1200 m2` or `35 persons`; None where it is none, or is
    not above 0."""
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

    @cached_property
    def whole(self) -> int:
        """What the weights add up to."""
        return sum(self.weights)

    @property
    def own(self) -> int:
        """The weight that is meant."""
        return self.weights[self.place]


def division(shares: Mapping[str, str], code: str) -> Division:
    """How shares by code divide, for one of them. A text that is no share counts as 1."""
    amounts = [(read_share(shares[one]) or Share(Decimal(1))).amount for one in sorted(shares)]
    places = max(-int(amount.as_tuple().exponent) for amount in amounts)
    whole = [int(amount.scaleb(max(0, places))) for amount in amounts]
    common = gcd(*whole)
    return Division(tuple(one // common for one in whole), sorted(shares).index(code))
