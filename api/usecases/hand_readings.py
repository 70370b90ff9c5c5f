"""Readings taken in front of a meter: which one, what it showed last, and whether a new reading
is likely.

    search ──▶ meter ──▶ last reading, usual rise a day ──▶ reading ──▶ doubts? ──▶ asked again
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from api.caller import Caller
from api.usecases.entries import Entry, gateway_and_name, said_of, unit_of_register
from metering.errors import InvalidInput, Unavailable
from metering.localtime import local_day, parse_instant
from metering.reading import Flag, Kind, ReadingColumns
from metering.registry import Installation, Meter, Point
from metering.statement import Statement, StatementKind, StatementState, standing_of
from metering.units import conversion
from metering.units import unit as unit_of

MOST_FOUND: Final = 50
JUMP: Final = 5
"""Times the usual rise a day beyond which a reading is asked about."""
DAY_US: Final = 86_400_000_000
_USUAL_US: Final = 30 * DAY_US
"""Over how long the usual rise is taken, before the last reading."""
_UNUSED: Final = int(Flag.OUT_OF_RANGE | Flag.WITHDRAWN)


class HandDoubt(StrEnum):
    """Why a reading is asked about."""

    LOWER = "lower"
    """It is below the one before."""
    HIGHER = "higher"
    """It is above one that was taken later."""
    JUMP = "jump"
    """It rose more than JUMP times as much as usual."""


class Reason(StrEnum):
    """Why a doubtful reading is right all the same, as whoever read it says."""

    RIGHT = "right"
    TURNED = "turned"
    """The register went past its last digit and began at 0."""
    EXCHANGED = "exchanged"
    """There is another meter now."""


@dataclass(frozen=True)
class RegisterReading:
    """What a register showed."""

    time_us: int
    value: Fraction
    """In the unit of the register."""
    entered: bool


@dataclass(frozen=True)
class HandMeter:
    """A meter with a register that somebody may read."""

    meter: Meter
    place: str
    """Code of its node."""
    installed: Installation
    point: Point
    unit: str
    """In which its register counts."""
    zone: str


@dataclass(frozen=True)
class RegisterBeside:
    """What stands around a moment at a register."""

    before: RegisterReading | None
    after: RegisterReading | None
    usual: Fraction | None
    """Rise a day before the reading before; None where it is not known."""


def readable_meters(caller: Caller, search: str) -> list[HandMeter]:
    """Meters with a register today whose code, name or place has all words of a search, sorted by
    place; a meter with several registers once for each."""
    words = search.lower().split()
    registry, now_us = caller.reach.registry, caller.platform.now_us()
    found = []
    for meter in caller.reach.meters.values():
        node = registry.nodes[meter.node]
        names = (meter.code, meter.name("zh"), meter.name("en"))
        places = (node.code, node.name("zh"), node.name("en"))
        text = " ".join(filter(None, (*names, *places))).lower()
        if all(word in text for word in words):
            found += _registers(caller, meter, now_us)
    return sorted(found, key=lambda one: (one.place, one.meter.code, one.point.name))


def hand_meter(caller: Caller, code: str, point: str = "") -> HandMeter:
    """The register of a meter today, `point` being SITE/GATEWAY/NAME where it has several. NotFound
    for a meter out of reach, InvalidInput for one without a register."""
    meter = caller.reach.meter(code)
    found = _registers(caller, meter, caller.platform.now_us())
    named = [one for one in found if point in ("", point_name(one))]
    if not named:
        raise InvalidInput(
            "this meter has no register that could be read",
            field="meter",
            value=code,
            fix="a point of kind register for it in points.csv, of a gateway such as SITE/by-hand",
        )
    return named[0]


def point_name(one: HandMeter) -> str:
    """SITE/GATEWAY/NAME of the register."""
    return f"{one.point.gateway}/{one.point.name}"


def _registers(caller: Caller, meter: Meter, now_us: int) -> list[HandMeter]:
    registry = caller.reach.registry
    zone = registry.zone(meter.node)
    today = local_day(now_us, zone)
    pairs = [(one, registry.points[one.point]) for one in registry.installations_of(meter.code)]
    return [
        HandMeter(meter, meter.node, one, point, unit_of_register(one, point), zone)
        for one, point in pairs
        if point.kind is Kind.REGISTER
        and one.valid.holds(today)
        and point.id in caller.reach.points
    ]


def last_of(caller: Caller, one: HandMeter) -> RegisterReading | None:
    """What the register showed last; None where nothing is known, or the readings are away."""
    return beside(caller, one, caller.platform.now_us() + 1).before


def beside(caller: Caller, one: HandMeter, at_us: int) -> RegisterBeside:
    """What stands around a moment [us], entries that are not taken in yet with it."""
    before, after, earlier = None, None, None
    with suppress(Unavailable):  # while the readings are away an entry is taken all the same
        readings, point = caller.platform.readings, one.point.id
        before = _newest(one, readings.before([point], at_us, 8))
        after = _newest(one, readings.after([point], at_us + 1, 8), first=True)
        if before is not None:
            long_ago = readings.before([point], before.time_us - _USUAL_US, 8)
            earlier = _newest(one, long_ago) or _newest(one, readings.after([point], 0, 8), True)
    for said in _waiting(caller, one):
        if said.time_us < at_us and (before is None or said.time_us > before.time_us):
            before = said
        if said.time_us > at_us and (after is None or said.time_us < after.time_us):
            after = said
    return RegisterBeside(before, after, _usual(earlier, before))


def _usual(earlier: RegisterReading | None, before: RegisterReading | None) -> Fraction | None:
    if earlier is None or before is None or before.time_us - earlier.time_us < DAY_US:
        return None
    rise = before.value - earlier.value
    return rise * DAY_US / (before.time_us - earlier.time_us) if rise > 0 else None


def _newest(one: HandMeter, rows: ReadingColumns, first: bool = False) -> RegisterReading | None:
    """The last of some rows that counts, or the first."""
    order = range(len(rows)) if first else reversed(range(len(rows)))
    for n in order:
        if int(rows.flag[n]) & _UNUSED or rows.value[n] != rows.value[n]:
            continue
        value = Fraction(str(float(rows.value[n]))) / unit_of(one.unit).factor
        entered = bool(int(rows.flag[n]) & int(Flag.ENTERED))
        return RegisterReading(int(rows.time_us[n]), value, entered)
    return None


def _waiting(caller: Caller, one: HandMeter) -> list[RegisterReading]:
    """Entries of the register that stand; those that were taken in are among the readings too."""
    said = said_of(caller, one.meter.code)
    states = standing_of(said)
    found = []
    for each in said:
        if each.kind is StatementKind.READING and states[each.id] is StatementState.STANDS:
            found += _entered(one, each)
    return found


def _entered(one: HandMeter, said: Statement) -> list[RegisterReading]:
    gateway, name = gateway_and_name(str(said.said["point"]))
    if (gateway, name) != (one.point.gateway, one.point.name):
        return []
    value = Fraction(str(said.said["value"])) * unit_of(str(said.said["unit"])).factor
    at_us = parse_instant(str(said.said["at"]), "at")
    return [RegisterReading(at_us, value / unit_of(one.unit).factor, True)]


def doubts(one: HandMeter, value: Decimal, at_us: int, around: RegisterBeside) -> list[HandDoubt]:
    """Why a reading [unit of the register] at a moment is to be asked about; [] where it is
    likely."""
    conversion(one.unit, one.point.unit)
    shown, found = Fraction(value), list[HandDoubt]()
    before, after, usual = around.before, around.after, around.usual
    if before is not None and shown < before.value and not one.installed.signed:
        found.append(HandDoubt.LOWER)
    if after is not None and shown > after.value and not one.installed.signed:
        found.append(HandDoubt.HIGHER)
    if before is not None and usual is not None and at_us > before.time_us:
        days = max(Fraction(1), Fraction(at_us - before.time_us, DAY_US))
        if shown - before.value > JUMP * usual * days:
            found.append(HandDoubt.JUMP)
    return found


def entry_at(
    one: HandMeter, value: Decimal, time: str, words: tuple[str, str], photo: str
) -> Entry:
    """The entry of a reading; `words` are who read it and the note, `photo` a SHA-256 or ''."""
    read_by, note = words
    return Entry(
        meter=one.meter.code,
        value=value,
        unit=one.unit,
        time=time,
        point=point_name(one),
        read_by=read_by,
        note=note,
        evidence=(photo,) if photo else (),
    )
