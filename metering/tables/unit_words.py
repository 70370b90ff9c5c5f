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
"""Words by the unit that they stand for; 万千瓦时, ten thousand, is none of ours."""
_SMALL: Final = {
    small: found[0]
    for small, found in {
        name.lower(): [one for one in UNITS if one.lower() == name.lower()] for name in UNITS
    }.items()
    if len(found) == 1
}
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
