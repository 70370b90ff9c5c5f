"""What a model of Haystack 4 in JSON (Hayson) holds."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from zoneinfo import available_timezones

from greenoffice.building_models.found import (
    FoundGateway,
    FoundMeter,
    FoundPlace,
    FoundPoint,
    ModelFound,
    ModelNames,
    PassedOver,
    names_of,
)
from greenoffice.building_models.haystack_words import COUNTS, ROLE_TAGS, TAG_ITEMS, own_tag
from greenoffice.building_models.words import HAYSTACK_UNITS, square_metres
from metering.errors import InvalidInput
from metering.reading import Kind
from metering.registry.kinds import TABLES
from metering.registry.rows import Problems
from metering.tables import known_unit

MOST_THINGS: Final = 100_000
_ABOVE: Final = ("spaceRef", own_tag("bodyRef"), "siteRef")
"""The nearest first: a thing in a space is in its site too."""
_UNITS: Final = {symbol: ours for ours, symbol in HAYSTACK_UNITS.items()}
_OLD: Final = re.compile(r"[mnrsduthbcxz-]:.*", re.S)


def read_haystack(name: str, text: str, problems: Problems) -> ModelFound:
    """All things of the model; what cannot be read of one is noted at `name` and its id. Raises
    InvalidInput for what is no grid of Haystack 4, or holds more things than models do."""
    return _HaystackReading(name, problems).found(_things(name, text))


def _things(name: str, text: str) -> list[dict[str, Any]]:
    grid = _json(name, text)
    if isinstance(grid, dict) and "@context" in grid:
        raise _no_grid(name, "JSON-LD, whose words stand elsewhere", "save the model as Turtle")
    rows = grid.get("rows") if isinstance(grid, dict) else None
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise _no_grid(
            name, "no grid of Haystack", "a grid of Haystack 4 as JSON: _kind, cols, rows"
        )
    if any(_OLD.fullmatch(one["id"]) for one in rows if isinstance(one.get("id"), str)):
        raise _no_grid(name, "JSON of Haystack 3", "export it as JSON of Haystack 4 (Hayson)")
    if len(rows) > MOST_THINGS:
        raise _no_grid(name, f"more than {MOST_THINGS} things", "a model of fewer buildings")
    return rows


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except RecursionError:
        raise _no_grid(name, "nested too deep", "a grid of Haystack 4 as JSON") from None
    except ValueError:
        raise _no_grid(name, "not JSON", "a grid of Haystack 4 as JSON") from None


def _no_grid(name: str, message: str, fix: str) -> InvalidInput:
    return InvalidInput(message, field="file", value=name, fix=fix)


class _HaystackReading:
    """A grid that is being read."""

    def __init__(self, name: str, problems: Problems) -> None:
        self.name, self.problems = name, problems

    def found(self, things: list[dict[str, Any]]) -> ModelFound:
        """All things, each as what its tags say."""
        found = ModelFound()
        for place, thing in enumerate(things, 1):
            subject = _ref(thing.get("id")) or f"row {place}"
            if subject in found.local:
                fix = "each thing once"
                self.problems.add(f"{self.name} {subject}", 0, "id", subject, "the id twice", fix)
                continue
            found.local[subject] = _local(subject)
            self.sort(subject, thing, found)
        return found

    def sort(self, subject: str, thing: dict[str, Any], found: ModelFound) -> None:
        """Put a thing where it belongs."""
        if type := _place_type(thing):
            found.places.append(self.place(subject, thing, type))
        elif "meter" in thing:
            found.meters.append(_meter(subject, thing))
        elif user := _own(thing, "gateway"):
            found.gateways.append(FoundGateway(subject, user, _names(thing)))
        elif "point" in thing:
            found.points.append(_point(subject, thing))
        else:
            found.within[subject] = _around(thing)
            found.passed_over.append(PassedOver(subject, _tags(thing)))

    def place(self, subject: str, thing: dict[str, Any], type: str) -> FoundPlace:
        zone = _own(thing, "zone")
        if not zone and "site" in thing and not _own(thing, "type"):
            zone = self.zone(subject, thing)
        return FoundPlace(
            subject, type, _around(thing), _names(thing), zone, self.area(subject, thing)
        )

    def zone(self, subject: str, thing: dict[str, Any]) -> str:
        """The zone of a city, as Haystack calls it."""
        city = thing.get("tz")
        if not isinstance(city, str):
            return ""
        found = _zones(city)
        if len(found) == 1:
            return found[0]
        fix = "the last part of an IANA name, such as Shanghai"
        self.problems.add(f"{self.name} {subject}", 0, "tz", city, "unknown time zone", fix)
        return ""

    def area(self, subject: str, thing: dict[str, Any]) -> str:
        """In m2; '' where there is none, or it cannot be read, which is noted."""
        area = thing.get("area")
        if area is None:
            return ""
        said = area.get("val") if isinstance(area, dict) else area
        unit = area.get("unit", "m²") if isinstance(area, dict) else "m²"
        try:
            return square_metres(str(said), str(unit))
        except ValueError:
            fix = "a number with the unit m² or ft²"
            said = f"{said} {unit}"
            self.problems.add(f"{self.name} {subject}", 0, "area", said, "no area", fix)
            return ""


@lru_cache(maxsize=64)
def _zones(city: str) -> list[str]:
    """IANA names whose last part is the city; that of a continent where several are one."""
    known = available_timezones()
    found = sorted(one for one in known if one == city or one.endswith(f"/{city}"))
    first = [one for one in found if one.count("/") == 1 and not one.startswith(("Etc/", "US/"))]
    return [city] if city in known else first or found


def _ref(value: Any) -> str:
    if isinstance(value, dict) and value.get("_kind") == "ref":
        return value["val"] if isinstance(value.get("val"), str) else ""
    return ""


def _local(subject: str) -> str:
    """What we wrote as ~, the code of a letter and ~ is that letter again."""
    try:
        plain = re.sub(r"~([0-9a-f]{1,6})~", lambda found: chr(int(found[1], 16)), subject)
    except (ValueError, OverflowError):
        return subject
    return plain


def _own(thing: dict[str, Any], name: str) -> str:
    said = thing.get(own_tag(name))
    return said if isinstance(said, str) else ""


def _place_type(thing: dict[str, Any]) -> str:
    own = _own(thing, "type")
    if own in TABLES["tree.csv"].closed["type"]:
        return own
    if "site" in thing:
        return "building"
    if "space" not in thing and "floor" not in thing and "room" not in thing:
        return ""
    if "zone" in thing or "dataCenter" in thing:
        return "datacentre" if "dataCenter" in thing else ""
    return "floor" if "floor" in thing else "room"


def _meter(subject: str, thing: dict[str, Any]) -> FoundMeter:
    items = [item for tag, item in TAG_ITEMS if tag in thing]
    around = _around(thing)
    whole = own_tag("total") in thing or "siteMeter" in thing
    feeder = _ref(thing.get("submeterOf"))
    return FoundMeter(
        subject,
        _own(thing, "item") or (items[0] if items else ""),
        around if whole else (),
        around,
        (feeder,) if feeder else (),
        _names(thing),
    )


def _point(subject: str, thing: dict[str, Any]) -> FoundPoint:
    own = _own(thing, "kind")
    known = own in set(Kind)
    node = _ref(thing.get(own_tag("nodeRef")))
    where = (node,) if known else _around(thing)
    meter = _ref(thing.get("equipRef"))
    flow = next((one for one in ("export", "import") if one in thing), "")
    return FoundPoint(
        subject,
        _tags(thing),
        _own(thing, "point"),
        Kind(own) if known else _meaning(thing),
        _unit(thing),
        tuple(filter(None, (meter, *where))),
        _own(thing, "role") or _role(thing),
        flow,
        _own(thing, "ratio"),
        _own(thing, "digits"),
        known,
    )


def _meaning(thing: dict[str, Any]) -> Kind | None:
    if "sensor" not in thing:
        return None
    if any(tag in thing for tag in COUNTS):
        return Kind.INTERVAL if thing.get("hisMode") == "consumption" else Kind.REGISTER
    return Kind.MEAN if "demand" in thing or ("power" in thing and "avg" in thing) else None


def _role(thing: dict[str, Any]) -> str:
    if "sensor" not in thing:
        return ""
    return next((role for role, tags in ROLE_TAGS.items() if all(tag in thing for tag in tags)), "")


def _unit(thing: dict[str, Any]) -> str:
    symbol = thing.get("unit")
    said = symbol if isinstance(symbol, str) else ""
    return _own(thing, "unit") or _UNITS.get(said) or known_unit(said) or said


def _around(thing: dict[str, Any]) -> tuple[str, ...]:
    """The nearest thing in which it is."""
    found = (_ref(thing.get(name)) for name in _ABOVE)
    return tuple(filter(None, found))[:1]


def _names(thing: dict[str, Any]) -> ModelNames:
    zh, en = _own(thing, "nameZh"), _own(thing, "nameEn")
    if zh or en or _own(thing, "type") or _own(thing, "item") or _own(thing, "gateway"):
        return ModelNames(zh, en)
    dis = thing.get("dis")
    return names_of([(dis, "")] if isinstance(dis, str) else [])


def _tags(thing: dict[str, Any]) -> str:
    """Its markers, by which Haystack says what a thing is."""
    tags = [name for name, value in thing.items() if value == {"_kind": "marker"}]
    return " ".join(sorted(tags)) or "no tags"
