"""Rows of the registry as a grid of Haystack 4 in JSON (Hayson).

tree.csv      site at the top of what is built, below it space, floor, room; siteRef, spaceRef
meters.csv    equip, meter and what it measures; siteMeter or submeterOf
points.csv    point, sensor, his; equipRef, unit
gateways.csv  device
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

from greenoffice.building_models.haystack_words import (
    MARKER,
    METER_TAGS,
    ROLE_TAGS,
    SENSOR_TAGS,
    own_tag,
)
from greenoffice.building_models.said import Rows
from greenoffice.building_models.words import HAYSTACK_UNITS
from metering.registry import Registry
from metering.registry.write import Record
from metering.units import UNITS

Dict = dict[str, Any]
BODIES: Final = ("province", "city", "institution")
"""What Haystack has no word for: things with tags of our own alone."""
_SPACES: Final = {"floor": "floor", "room": "room", "datacentre": "dataCenter"}
_ELECTRIC: Final = ("01", "90")


def hayson_of(rows: Rows, registry: Registry) -> str:
    """The model as JSON; `registry` tells the time zones of its sites."""
    writing = _Writing(rows, registry)
    found = [writing.place(row) for row in rows["tree.csv"]]
    found += [writing.gateway(row) for row in rows["gateways.csv"]]
    found += [writing.meter(row) for row in rows["meters.csv"]]
    found += writing.points()
    names = dict.fromkeys(name for one in found for name in one)
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in found)
    columns = json.dumps([{"name": name} for name in names])
    return (
        f'{{"_kind": "grid", "meta": {{"ver": "3.0"}}, "cols": {columns}, "rows": [\n{lines}\n]}}\n'
    )


class _Writing:
    """Rows that are being written."""

    def __init__(self, rows: Rows, registry: Registry) -> None:
        self.rows, self.registry = rows, registry
        self.places = {row["code"]: row for row in rows["tree.csv"]}
        self.meters = {row["code"]: row for row in rows["meters.csv"]}

    def site(self, code: str) -> str:
        """The topmost thing that is built, from a place on up; '' of a body."""
        found, seen = "", set[str]()
        while code in self.places and code not in seen:
            seen.add(code)
            if self.places[code]["type"] in BODIES:
                break
            found, code = code, self.places[code]["parent"]
        return found

    def within(self, code: str) -> Dict:
        """References to where something is that is in a place, or hangs on it."""
        site = self.site(code)
        if not site:
            return {own_tag("bodyRef"): _ref(code)} if code else {}
        return {"siteRef": _ref(site)} | ({} if site == code else {"spaceRef": _ref(code)})

    def place(self, row: Record) -> Dict:
        said = _named(row) | {own_tag("type"): row["type"]}
        if row["zone"]:
            said[own_tag("zone")] = row["zone"]
        if row["area_m2"]:
            said["area"] = _number(row["area_m2"], "m²")
        if row["type"] in BODIES:
            return said | self.within(row["parent"])
        if self.site(row["code"]) == row["code"]:
            said |= {"site": MARKER} | self.within(row["parent"])
            zone = self.registry.zone(row["code"])
            return said if ":" in zone else said | {"tz": zone.rsplit("/", 1)[-1]}
        more = _SPACES.get(row["type"])
        return said | {"space": MARKER} | _markers(more) | self.within(row["parent"])

    def gateway(self, row: Record) -> Dict:
        user = f"{row['site']}/{row['code']}"
        said = _named(row, user) | {"device": MARKER, own_tag("gateway"): user}
        return said | self.within(row["site"])

    def meter(self, row: Record) -> Dict:
        tags = METER_TAGS.get(row["item"][:2], ())
        said = _named(row) | _markers("equip", "meter", *tags) | {own_tag("item"): row["item"]}
        feeders = [one for one in row["fed_by"].split(";") if one]
        if row["total"] == "yes":
            said[own_tag("total")] = MARKER
        if feeders:
            said["submeterOf"] = _ref(feeders[0])
        elif row["total"] == "yes" and self.site(row["node"]) == row["node"]:
            said["siteMeter"] = MARKER
        return said | self.within(row["node"])

    def points(self) -> list[Dict]:
        """One each; Haystack says of a point one meter that it is of, the first."""
        found: dict[tuple[str, str], Dict] = {}
        for row in self.rows["points.csv"]:
            found.setdefault((row["gateway"], row["point"]), self.point(row))
        return list(found.values())

    def point(self, row: Record) -> Dict:
        series = f"{row['gateway']}/{row['point']}"
        said: Dict = {"id": _ref(series), "dis": row["point"]}
        said |= _markers("point", "sensor", "his") | {"kind": "Number", own_tag("point"): series}
        for column in ("kind", "ratio", "digits"):
            if row[column]:
                said[own_tag(column)] = row[column]
        if row["unit"] in HAYSTACK_UNITS:
            said["unit"] = HAYSTACK_UNITS[row["unit"]]
        else:
            said[own_tag("unit")] = row["unit"]
        if row["role"]:
            said[own_tag("role")] = row["role"]
        said |= _markers(*ROLE_TAGS.get(row["role"]) or self.measured(row))
        if row["meter"]:
            said["equipRef"] = _ref(row["meter"])
        node = row["node"] or (self.meters[row["meter"]]["node"] if row["meter"] else "")
        if row["node"]:
            said[own_tag("nodeRef")] = _ref(row["node"])
        return said | self.within(node)

    def measured(self, row: Record) -> tuple[str, ...]:
        """Tags of what a point's values are."""
        tags = SENSOR_TAGS.get(UNITS[row["unit"]].canonical, ())
        if not row["meter"]:
            return tags
        category = self.meters[row["meter"]]["item"][:2]
        flow = (row["direction"],) if category in _ELECTRIC and row["direction"] else ()
        return (*METER_TAGS.get(category, ()), *tags, *flow)


def _ref(name: str) -> Dict:
    """A reference; what its letters may not be is written as ~ and its code."""
    text = "".join(
        one if one.isascii() and (one.isalnum() or one in "_-.") else _escaped(one) for one in name
    )
    return {"_kind": "ref", "val": text}


def _escaped(letter: str) -> str:
    return ":" if letter == "/" else f"~{ord(letter):x}~"


def _markers(*tags: str | None) -> Dict:
    return {tag: MARKER for tag in tags if tag}


def _number(text: str, unit: str) -> Dict:
    value = Decimal(text)
    whole = value == value.to_integral_value()
    return {"_kind": "number", "val": int(value) if whole else float(value), "unit": unit}


def _named(row: Record, name: str = "") -> Dict:
    code = name or row["code"]
    said: Dict = {"id": _ref(code), "dis": row["name_zh"] or row["name_en"] or code}
    for language in ("Zh", "En"):
        if text := row[f"name_{language.lower()}"]:
            said[own_tag(f"name{language}")] = text
    return said
