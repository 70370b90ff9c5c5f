"""Energy categories and sub-items, named by 5-character codes.

    0 1   B   1   C
    │ │   │   │   └ second level   (chiller)
    │ │   │   └──── first level    (plant)
    │ │   └──────── sub-item       (air conditioning)
    └─┴──────────── category       (electricity)

A code with zeros from some place on stands for everything below it: `01000` is all
electricity, `01B00` all air conditioning. Reactive energy (`90000`) is a category of our own,
so that no sum adds it to electricity. Source of the others: MOHURD technical guidelines for
sub-metering of energy in public buildings (2008), names as found in secondary texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from metering.errors import InvalidInput

_CODE = re.compile(r"[0-9]{2}[0A-Z][0-9][0-9A-Z]")


@dataclass(frozen=True)
class Category:
    """An energy category: its two digits and its canonical unit."""

    code: str
    unit: str


FOLLOWS: Final[Mapping[str, int]] = {"03": 1, "04": 1, "05": -1, "09": 1}
"""Category of what the weather makes run -> whether by the cold (1) or the heat (-1) outside."""
CHILLER: Final = "01B1C"
PURPOSES: Final = (HEATING := "heating", COOLING := "cooling")

CATEGORIES: dict[str, Category] = {
    c.code: c
    for c in (
        Category("01", "kWh"),  # Electricity
        Category("02", "m3"),  # Water
        Category("03", "m3"),  # Natural gas
        Category("04", "MJ"),  # District heat
        Category("05", "MJ"),  # District cooling
        Category("07", "kg"),  # Coal
        Category("08", "kg"),  # Liquefied petroleum gas
        Category("09", "m3"),  # Town gas
        Category("10", "m3"),  # Petrol
        Category("11", "m3"),  # Kerosene
        Category("12", "m3"),  # Diesel
        Category("90", "kvarh"),  # Reactive energy
    )
}


def check_item(code: str) -> str:
    """The code itself if it is well formed and its category known, else InvalidInput."""
    if not isinstance(code, str) or not _CODE.fullmatch(code) or code[:2] not in CATEGORIES:
        raise InvalidInput(
            "not an item code",
            field="item",
            value=code,
            fix="five characters such as 01000 (electricity), 01B00 (air conditioning), 02000",
        )
    if (code[2] == "0" and code[3:] != "00") or (code[3] == "0" and code[4] != "0"):
        raise InvalidInput(
            "a level below an empty one",
            field="item",
            value=code,
            fix="fill the levels from the left, zeros only at the end",
        )
    return code


@lru_cache(maxsize=1 << 12)  # asked of every series of an answer, of few items
def category(code: str) -> Category:
    """The category of an item code."""
    return CATEGORIES[check_item(code)[:2]]


def purpose(code: str) -> str:
    """Whether the weather makes an item run for `heating` or `cooling`; '' for any other."""
    return {1: HEATING, -1: COOLING}.get(FOLLOWS.get(code[:2], 0), "")


def whole(code: str) -> str:
    """The item code of the whole category: `01B10` -> `01000`."""
    return code[:2] + "000"


def parent(code: str) -> str | None:
    """The next wider item: `01B1C` -> `01B10` -> `01B00` -> `01000` -> None."""
    if code[4] != "0":
        return code[:4] + "0"
    if code[3] != "0":
        return code[:3] + "00"
    return whole(code) if code[2] != "0" else None


@lru_cache(maxsize=1 << 16)  # a registry has few items, and asks this of every pair
def covers(wider: str, code: str) -> bool:
    """Whether `code` is `wider` or a part of it."""
    return code.startswith(wider.rstrip("0") if wider[2] != "0" else wider[:2])
