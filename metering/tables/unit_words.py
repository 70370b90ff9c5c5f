"""Units as people write them."""

from __future__ import annotations

from typing import Final

from metering.tables.plain import plain
from metering.units import UNITS

UNIT_WORDS: Final = {
    **{"度": "kWh", "千瓦时": "kWh", "千瓦·时": "kWh", "kw.h": "kWh", "kw·h": "kWh", "kw-h": "kWh"},
    **{"兆瓦时": "MWh", "瓦时": "Wh", "千瓦": "kW", "瓦": "W", "兆瓦": "MW"},
    **{"立方": "m3", "立方米": "m3", "方": "m3", "m^3": "m3", "升": "L", "cbm": "m3"},
    **{"吨": "t", "千克": "kg", "公斤": "kg", "千焦": "kJ", "兆焦": "MJ", "吉焦": "GJ"},
    **{"千乏时": "kvarh", "千乏": "kvar", "伏": "V", "安": "A", "℃": "°C", "度c": "°C"},
}
"""Words by the unit that they stand for."""
SCALES: Final = {"千": 1_000, "万": 10_000, "百万": 1_000_000, "亿": 100_000_000}
"""What stands before a unit in headings: 万千瓦时 are ten thousand kWh."""
_SMALL: Final = {
    small: found[0]
    for small, found in {
        name.lower(): [one for one in UNITS if one.lower() == name.lower()] for name in UNITS
    }.items()
    if len(found) == 1
}
_DOUBTFUL: Final = frozenset(one.lower() for one in UNITS) - _SMALL.keys()
"""Small letters that may be two units."""
_CAPITALS: Final = {name.upper(): name for name in UNITS if not name.startswith("m")}
"""Nobody writes a thousandth with a capital."""


def known_unit(text: str) -> str:
    """Our name of a unit, however people write it; '' for what is none, and for small letters that
    may be two units (`mwh`)."""
    one = plain(text)
    if one in UNITS:
        return one
    if one in _CAPITALS:
        return _CAPITALS[one]
    found = UNIT_WORDS.get(one.lower(), _SMALL.get(one.lower(), ""))
    if one.startswith("M") and found.startswith("m") and found != "m3":  # a thousand million apart
        return ""
    return found


def scaled_unit(text: str) -> tuple[int, str]:
    """(how many of them, our name of the unit): (10,000, `kWh`) of 万千瓦时; (1, '') for what is no
    unit."""
    one = plain(text)
    if unit := known_unit(one):
        return 1, unit
    for scale, factor in SCALES.items():
        if one.startswith(scale) and (unit := known_unit(one.removeprefix(scale))):
            return factor, unit
    return 1, ""


def unit_in_heading(text: str) -> str:
    """The unit that a heading says, for its values to be held against: our name of it, 万 and the
    like before it; small letters that may be two units as they stand, since they are no unit until
    somebody says which. '' for other words."""
    factor, unit = scaled_unit(text)
    if factor > 1:
        return plain(text)
    return unit or (text.strip() if plain(text).lower() in _DOUBTFUL else "")
