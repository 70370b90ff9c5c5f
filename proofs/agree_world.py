"""The world of `agree`: three institutions, what is registered of them, and what their meters sent.

bureau (Asia/Shanghai)   office   a billed total with sub-items behind it, one with prices of its
                                  own, one meter with prices of its own, water; formulas: what the
                                  total is beyond its sub-items, a part of that for some days, water
                                  by a ratio
                         annex    15 minutes off the grid, an hourly meter, one read once a day,
                                  one that is silent from some day on; formulas: a part of the first
                                  one, and an hourly part of the pump
                         store    a total that falls silent while its sub-items go on, a formula
                                  of these; it moves to the court in the middle of the month
                         dc       utility ▶ UPS ▶ IT, whose IT side has a hole
court (Asia/Shanghai)    archive  one meter, with other prices than the bureau's
                         lab      a total that is a formula, from some day on
mission (Europe/Berlin)  villa    prices in another currency from some day on; a clock change; an
                                  hourly formula

Everything is told in days and minutes of the local clock, so that nobody's idea of time but
this module's is in the readings. It knows nothing of the platform.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

MINUTE_US = 60_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOW = "2026-11-04T10:00:00+08:00"
"""What the platform's clock shows when it starts."""
FIRST, MONTH, AFTER = date(2026, 9, 29), date(2026, 10, 1), date(2026, 11, 1)
"""First day with readings; the month that is asked, and the first day behind it."""
TODAY = date(2026, 11, 4)
BEIJING, BERLIN = "Asia/Shanghai", "Europe/Berlin"
UNTIL = {BEIJING: "2026-11-04 09:00", BERLIN: "2026-11-04 02:00"}
"""No reading is later, on the local clock."""
BATCH = 2000


@dataclass(frozen=True)
class WorldPlace:
    """A node of the space tree."""

    code: str
    parent: str
    type: str
    zone: str


@dataclass(frozen=True)
class WorldMove:
    """A place that is below another one from a local day on."""

    code: str
    day: date
    parent: str


@dataclass(frozen=True)
class WorldMeter:
    """A meter with the one point behind it."""

    code: str
    node: str
    item: str
    load: int
    """About so much in a step [Wh or L]."""
    step_min: int = 15
    total: bool = False
    kind: str = "register"
    fed_by: str = ""
    role: str = ""
    offset_s: int = 0
    """How long after the step's start it is read."""
    silent: tuple[tuple[str, str], ...] = ()
    """Readings between these local times never come; both ends do. An end of '' is never."""


Done = str | tuple[str, "Done", "Done"]
"""A number, the code of a meter, or what is done with two: (sign, left, right)."""


@dataclass(frozen=True)
class FormulaInTurn:
    """What a meter without a point is of others, from a local day on and until another."""

    meter: str
    text: str
    """As the registry says it."""
    done: Done
    """The same as it is worked out."""
    valid_from: str = ""
    valid_to: str = ""


@dataclass(frozen=True)
class WorldPrice:
    """A row of the tariffs."""

    tariff: str
    item: str
    days: str
    start: str
    end: str
    price: str
    months: str = "1-12"
    currency: str = "CNY"
    valid_from: str = ""
    valid_to: str = ""
    institution: str = ""
    meter: str = ""


@dataclass(frozen=True)
class WorldFactor:
    """kgCO2 of a canonical unit."""

    item: str
    value: str
    valid_from: str = ""
    valid_to: str = ""


PLACES = (
    WorldPlace("bureau", "", "institution", BEIJING),
    WorldPlace("campus", "bureau", "site", BEIJING),
    WorldPlace("office", "campus", "building", BEIJING),
    WorldPlace("annex", "campus", "building", BEIJING),
    WorldPlace("store", "campus", "building", BEIJING),
    WorldPlace("dc", "campus", "datacentre", BEIJING),
    WorldPlace("court", "", "institution", BEIJING),
    WorldPlace("yard", "court", "site", BEIJING),
    WorldPlace("archive", "yard", "building", BEIJING),
    WorldPlace("lab", "yard", "building", BEIJING),
    WorldPlace("mission", "", "institution", BERLIN),
    WorldPlace("quarter", "mission", "site", BERLIN),
    WorldPlace("villa", "quarter", "building", BERLIN),
)
MOVES = (WorldMove("store", date(2026, 10, 16), "yard"),)
GATEWAYS = {"bureau": "campus/gw", "court": "yard/gw", "mission": "quarter/gw"}
"""By the institution that a meter was in at first: what moves goes on sending by its gateway."""

FORMULA = "formula"
"""The kind of a meter without a point."""
METERS = (
    WorldMeter(
        "office-total",
        "office",
        "01000",
        24_000,
        total=True,
        silent=(
            ("2026-10-08 07:45", "2026-10-08 10:15"),
            ("2026-10-23 21:15", "2026-10-24 00:45"),
            ("2026-10-27 16:15", "2026-10-29 09:45"),
        ),
    ),
    WorldMeter("office-light", "office", "01A00", 6_000),
    WorldMeter(
        "office-ac",
        "office",
        "01B00",
        9_000,
        silent=(("2026-10-30 05:00", "2026-10-30 13:00"),),
    ),
    WorldMeter("office-lift", "office", "01C00", 2_500),
    WorldMeter(
        "office-water",
        "office",
        "02000",
        700,
        60,
        total=True,
        silent=(("2026-10-31 22:00", "2026-11-01 07:00"),),
    ),
    WorldMeter(
        "annex-main",
        "annex",
        "01000",
        11_000,
        offset_s=433,
        silent=(
            ("2026-09-30 22:07:13", "2026-10-01 03:07:13"),
            ("2026-10-22 09:07:13", "2026-10-22 15:22:13"),
        ),
    ),
    WorldMeter(
        "annex-pump",
        "annex",
        "01C00",
        8_000,
        60,
        silent=(("2026-10-26 06:00", "2026-10-26 11:00"),),
    ),
    WorldMeter(
        "annex-old",
        "annex",
        "01000",
        190_000,
        1440,
        offset_s=29_100,
        silent=(("2026-10-25 08:05", "2026-10-27 08:05"),),
    ),
    WorldMeter("annex-lost", "annex", "01000", 3_000, silent=(("2026-10-27 13:30", ""),)),
    WorldMeter(
        "store-total",
        "store",
        "01000",
        5_000,
        total=True,
        silent=(("2026-10-29 17:45", ""),),
    ),
    WorldMeter("store-light", "store", "01A00", 2_000),
    WorldMeter("store-cooling", "store", "01B00", 2_500),
    WorldMeter(
        "dc-utility",
        "dc",
        "01000",
        40_000,
        total=True,
        role="utility",
        silent=(("2026-10-31 20:00", "2026-10-31 23:15"),),
    ),
    WorldMeter("dc-ups-in", "dc", "01D10", 30_000, fed_by="dc-utility", role="ups_in"),
    WorldMeter("dc-ups-out", "dc", "01D10", 28_000, fed_by="dc-ups-in", role="ups_out"),
    WorldMeter(
        "dc-it",
        "dc",
        "01D10",
        25_000,
        kind="interval",
        fed_by="dc-ups-out",
        role="it",
        silent=(("2026-10-29 09:45", "2026-10-29 17:00"),),
    ),
    WorldMeter("archive-main", "archive", "01000", 3_500, total=True),
    WorldMeter("archive-light", "archive", "01A00", 1_200),
    WorldMeter(
        "villa-main",
        "villa",
        "01000",
        4_000,
        total=True,
        silent=(
            ("2026-10-23 22:30", "2026-10-24 02:15"),
            ("2026-10-25 01:15", "2026-10-25 04:30"),
        ),
    ),
    WorldMeter("villa-heat", "villa", "01B00", 5_000, 60),
    WorldMeter("lab-hall", "lab", "01A00", 2_200),
    WorldMeter(
        "lab-bench", "lab", "01C00", 3_100, silent=(("2026-10-28 03:15", "2026-10-28 09:30"),)
    ),
    WorldMeter("office-rest", "office", "01D00", 0, kind=FORMULA),
    WorldMeter("office-let", "office", "01C00", 0, kind=FORMULA),
    WorldMeter("office-cooling", "office", "02000", 0, 60, kind=FORMULA),
    WorldMeter("annex-let", "annex", "01A00", 0, kind=FORMULA, fed_by="annex-main"),
    WorldMeter("annex-shop", "annex", "01D00", 0, 60, kind=FORMULA),
    WorldMeter("store-rest", "store", "01C00", 0, kind=FORMULA),
    WorldMeter("lab-total", "lab", "01000", 0, total=True, kind=FORMULA),
    WorldMeter("villa-rest", "villa", "01C00", 0, 60, kind=FORMULA),
)
FORMULAS = (
    FormulaInTurn(
        "office-rest",
        "office-total - office-light - office-ac - office-lift",
        ("-", ("-", ("-", "office-total", "office-light"), "office-ac"), "office-lift"),
    ),
    FormulaInTurn(
        "office-let",
        "0.35 * (office-rest + office-light)",
        ("*", "0.35", ("+", "office-rest", "office-light")),
        valid_to="2026-10-29",
    ),
    FormulaInTurn(
        "office-let",
        "office-rest / 3 - 0.1 * office-lift",
        ("-", ("/", "office-rest", "3"), ("*", "0.1", "office-lift")),
        valid_from="2026-10-31",
    ),
    FormulaInTurn(
        "office-cooling",
        "0.5 * office-water * (office-ac / (office-ac + office-lift))",
        (
            "*",
            ("*", "0.5", "office-water"),
            ("/", "office-ac", ("+", "office-ac", "office-lift")),
        ),
    ),
    FormulaInTurn("annex-let", "0.62 * annex-main", ("*", "0.62", "annex-main")),
    FormulaInTurn(
        "annex-shop",
        "0.333 * annex-pump + 0.05 * annex-let",
        ("+", ("*", "0.333", "annex-pump"), ("*", "0.05", "annex-let")),
        valid_to="2026-11-02",
    ),
    FormulaInTurn(
        "store-rest",
        "0.4 * (store-light - store-cooling)",
        ("*", "0.4", ("-", "store-light", "store-cooling")),
    ),
    FormulaInTurn(
        "lab-total",
        "1.04 * (lab-hall + lab-bench)",
        ("*", "1.04", ("+", "lab-hall", "lab-bench")),
        valid_from="2026-10-12",
    ),
    FormulaInTurn("villa-rest", "villa-main - villa-heat", ("-", "villa-main", "villa-heat")),
)


def _day(tariff: str, item: str, pieces: str, **more: str) -> list[WorldPrice]:
    """Prices side by side: 'working 00:00 0.3 08:30 1.1 24:00'."""
    days, *rest = pieces.split()
    turns, prices = rest[::2], rest[1::2]
    return [
        WorldPrice(tariff, item, days, start, end, price, **more)
        for start, end, price in zip(turns, turns[1:], prices, strict=False)
    ]


PRICES = (
    *_day(
        "grid",
        "01000",
        "working 00:00 0.3127 08:30 1.0843 12:00 0.6931 17:00 1.0843 21:30 0.3127 24:00",
        institution="bureau",
    ),
    *_day(
        "grid", "01000", "rest 00:00 0.3127 08:30 0.6931 21:30 0.3127 24:00", institution="bureau"
    ),
    *_day("grid", "01000", "holiday 10:00 0.1519 14:00", institution="bureau", months="2,5,10"),
    *_day("lights", "01A00", "all 00:00 0.4017 06:45 0.5519 24:00", institution="bureau"),
    *_day("lift", "01000", "all 00:00 0.4119 07:00 0.8237 19:00 0.4119 24:00", meter="office-lift"),
    *_day(
        "court", "01000", "all 00:00 0.2911 07:30 0.8123 22:15 0.2911 24:00", institution="court"
    ),
    *_day("water", "02000", "all 00:00 3.35 05:50 4.10 23:10 3.35 24:00"),
    *_day(
        "stadt",
        "01000",
        "all 00:00 0.51 08:30 0.93 24:00",
        institution="mission",
        valid_to="2026-10-24",
    ),
    *_day(
        "stadt",
        "01000",
        "all 00:00 0.2133 06:00 0.3377 22:00 0.2133 24:00",
        institution="mission",
        valid_from="2026-10-24",
        currency="EUR",
    ),
)
FACTORS = (
    WorldFactor("01000", "0.5306", valid_to="2026-10-23"),
    WorldFactor("01000", "0.5127", valid_from="2026-10-23"),
)
CALENDAR = {
    **{f"2026-10-0{n}": "holiday" for n in (1, 2, 3)},
    **{f"2026-10-0{n}": "rest" for n in (4, 5, 6, 7)},
    "2026-10-10": "working",
    "2026-10-22": "holiday",
}
"""Exceptions to the week; the second holiday is one of this world alone."""


@cache
def instant(text: str, zone: str) -> int:
    """Microseconds since the epoch of a time of the local clock, as on its first passing."""
    return _us(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


@cache
def midnight(day: date, zone: str) -> int:
    """When a local day begins."""
    return _us(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)))


def _us(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def day_of(time_us: int, zone: str) -> date:
    """The local day that holds an instant."""
    return local(time_us, zone).date()


def local(time_us: int, zone: str) -> datetime:
    """What the local clock shows at an instant."""
    return (EPOCH + timedelta(microseconds=time_us)).astimezone(ZoneInfo(zone))


def zone_of(node: str) -> str:
    """The time zone of a place of the world."""
    return next(place.zone for place in PLACES if place.code == node)


def parent_of(place: WorldPlace, day: date) -> str:
    """What a place is below on a local day; '' for an institution."""
    moved = [move for move in MOVES if move.code == place.code and move.day <= day]
    return moved[-1].parent if moved else place.parent


def above(node: str, day: date) -> list[str]:
    """The node and all above it on a local day, the nearest first."""
    parents = {place.code: parent_of(place, day) for place in PLACES}
    found = []
    while node:
        found.append(node)
        node = parents[node]
    return found


def holds_on(valid_from: str, valid_to: str, day: date) -> bool:
    """Whether what is dated so holds on a local day."""
    told = day.isoformat()
    return (not valid_from or valid_from <= told) and (not valid_to or told < valid_to)


def tenures(node: str, first: date, last: date) -> list[tuple[str, date, date]]:
    """(institution, first, last) of the local days first..last, both included, by who holds the
    node on them."""
    turns = sorted({first, *(move.day for move in MOVES if first < move.day <= last)})
    ends = [*(turn - timedelta(days=1) for turn in turns[1:]), last]
    found: list[tuple[str, date, date]] = []
    for start, end in zip(turns, ends, strict=True):
        holder = above(node, start)[-1]
        began = found.pop()[1] if found and found[-1][0] == holder else start
        found.append((holder, began, end))
    return found


@dataclass(frozen=True)
class Sent:
    """What a meter sent: registers at times, or the energy of the step that begins then."""

    meter: WorldMeter
    zone: str
    times_us: tuple[int, ...]
    values: tuple[int, ...]
    """[Wh or L]"""


def sent(seed: int) -> list[Sent]:
    """Everything that the meters of this world sent, by meter."""
    return [_sent(meter, seed) for meter in METERS if meter.kind != FORMULA]


def _sent(meter: WorldMeter, seed: int) -> Sent:
    zone = zone_of(meter.node)
    chance = random.Random(f"{seed}/{meter.code}")  # noqa: S311 - a simulated load
    holes = [(instant(a, zone), instant(b, zone) if b else 2**62) for a, b in meter.silent]
    value, times, values = chance.randrange(10_000, 90_000), [], []
    for time_us in _due(meter, zone):
        load = chance.randrange(meter.load // 3, meter.load)
        if not any(a < time_us < b for a, b in holes):
            times.append(time_us)
            values.append(load if meter.kind == "interval" else value)
        value += load
    return Sent(meter, zone, tuple(times), tuple(values))


def _due(meter: WorldMeter, zone: str) -> Iterator[int]:
    until = instant(UNTIL[zone], zone)
    if meter.step_min < 1440:
        time_us = midnight(FIRST, zone) + meter.offset_s * 1_000_000
        while time_us <= until:
            yield time_us
            time_us += meter.step_min * MINUTE_US
        return
    day = FIRST
    while (time_us := midnight(day, zone) + meter.offset_s * 1_000_000) <= until:
        yield time_us
        day += timedelta(days=1)


def unit(item: str) -> str:
    """The canonical unit of an item."""
    return "m3" if item.startswith("02") else "kWh"


def registry_files() -> dict[str, str]:
    """The CSV files that describe the world."""
    tables: dict[str, list[Sequence[object]]] = {
        "tree": [_TREE, *_tree()],
        "gateways": [["site", "code"], *([*user.split("/")] for user in GATEWAYS.values())],
        "meters": [
            ["code", "node", "item", "total", "step_min", "fed_by", "dc_role"],
            *(
                [m.code, m.node, m.item, "yes" if m.total else "", m.step_min, m.fed_by, m.role]
                for m in METERS
            ),
        ],
        "points": [
            ["gateway", "point", "kind", "unit", "meter"],
            *(
                [gateway_of(m), m.code, m.kind, unit(m.item), m.code]
                for m in METERS
                if m.kind != FORMULA
            ),
        ],
        "formulas": [
            ["meter", "formula", "valid_from", "valid_to"],
            *([one.meter, one.text, one.valid_from, one.valid_to] for one in FORMULAS),
        ],
        "tariff": [
            [*WorldPrice.__dataclass_fields__, "period"],
            *([*map(_quoted, vars(row).values()), f"p{row.price}"] for row in PRICES),
        ],
        "factors": [
            [*WorldFactor.__dataclass_fields__, "quantity", "unit"],
            *([*vars(row).values(), "kgco2", "kgCO2/kWh"] for row in FACTORS),
        ],
        "calendar": [["date", "kind"], *CALENDAR.items()],
    }
    return {f"{name}.csv": _csv(rows) for name, rows in tables.items()}


_TREE = ["code", "parent", "type", "name_zh", "name_en", "zone", "valid_from", "valid_to"]


def _tree() -> list[list[str]]:
    rows = []
    for place in PLACES:
        moves = [WorldMove(place.code, date.min, place.parent)]
        moves += [move for move in MOVES if move.code == place.code]
        for move, after in zip(moves, [*moves[1:], None], strict=True):
            start = "" if move.day == date.min else move.day.isoformat()
            end = "" if after is None else after.day.isoformat()
            named = [
                place.code,
                move.parent,
                place.type,
                place.code,
                place.code.title(),
                place.zone,
            ]
            rows.append([*named, start, end])
    return rows


def _quoted(cell: object) -> str:
    return f'"{cell}"' if "," in str(cell) else str(cell)


def _csv(rows: Sequence[Sequence[object]]) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def gateway_of(meter: WorldMeter) -> str:
    """The MQTT user that sends a meter's values."""
    return GATEWAYS[above(meter.node, FIRST)[-1]]


def messages(found: Sequence[Sent], user: str) -> Iterator[dict[str, object]]:
    """A gateway's payloads; values in kWh or m3 with their decimals."""
    readings = [
        {
            "point": one.meter.code,
            "kind": one.meter.kind,
            "unit": unit(one.meter.item),
            "time": time_us // 1000,
            "value": float(Decimal(value) / 1000),
        }
        for one in found
        if gateway_of(one.meter) == user
        for time_us, value in zip(one.times_us, one.values, strict=True)
    ]
    for seq, start in enumerate(range(0, len(readings), BATCH), start=1):
        yield {"session": 1, "seq": seq, "readings": readings[start : start + BATCH]}
