"""To enter what people read and know: a register's reading, or what passed over some days.

    said ─▶ meter in reach ─▶ its point then ─▶ readings ─▶ desk: journal, durable ─▶ answer

What passed over days is a reading of an interval for each of its days, by their length, so that the
days add up to what was said to the last book unit.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any, Final

import numpy as np

from api.caller import Caller
from api.ranges import check_order, instant, local_date, local_month
from api.reach import Outside
from api.usecases.evidence import evidence_named
from api.usecases.reached import ENTRIES, entry_reached, holds_all
from metering.errors import Conflict, InvalidInput, NotFound, Unavailable
from metering.localtime import (
    DAY_MIN,
    day_bounds,
    days_between,
    iso,
    local_day,
    next_month,
)
from metering.quantity import apportion
from metering.reading import Flag, Kind
from metering.registry import Installation, Meter, Point
from metering.registry.facts.accounts import KIND as ACCOUNT
from metering.statement import (
    MOST_NOTE,
    EnteredReading,
    EvidenceFile,
    Stated,
    Statement,
    StatementKind,
    StatementState,
    days_left,
    standing_of,
    stated_by,
)
from metering.units import BOOK_UNITS, UNITS, conversion, equivalent
from metering.units import unit as unit_of
from metering.wording import worded

MOST_DAYS: Final = 366
MOST_READ_BY: Final = 128
MOST_KEY: Final = 128
_LISTED: Final = 100


@dataclass(frozen=True)
class Entry:
    """What somebody wants to enter, as it was said."""

    meter: str
    value: Decimal
    unit: str = ""
    time: str = ""
    """The instant of a reading."""
    day: str = ""
    """The local day of a reading: it stands at its beginning."""
    month: str = ""
    start: str = ""
    end: str = ""
    point: str = ""
    """SITE/GATEWAY/NAME, where more than one serves the meter then."""
    read_by: str = ""
    note: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """A statement with what became of it."""

    statement: Statement
    state: StatementState
    taken_in: bool
    """Whether its readings are among the readings by now."""
    evidence: tuple[EvidenceFile, ...] = field(default=())


def enter(caller: Caller, entry: Entry, key: str = "") -> Told:
    """Write an entry into the journal, durable on return. `key` is the caller's own name of it: the
    same one again answers with the entry that is there.

    Raises InvalidInput for what cannot be entered so, NotFound for a meter out of reach, and
    Conflict where the key named another entry before.
    """
    meter = caller.reach.meter(entry.meter)
    id = id_of(caller, key)
    filed = caller.platform.desk.find(id)
    if filed is None:
        stated = stated_entry(caller, meter, entry, id)
        filed = caller.platform.desk.file(stated, str(caller.actor), caller.platform.now_us())
    _check_same(filed, entry, key)
    return told_of(caller, [filed])[0]


def withdraw(caller: Caller, id: str, reason: str) -> Told:
    """Take an entry back, with a reason: nothing uses its readings any more. NotFound for one out
    of reach, Conflict for one that does not stand."""
    entry = entry_of(caller, id)
    reason = needed(worded(reason, "reason", MOST_NOTE), "reason")
    desk, own = caller.platform.desk, entry.statement
    if entry.state is StatementState.STANDS:
        taken = withdrawal_of(own, reason)
        rows = taken_back(own, said_after(caller, own, own.subject))
        gateway, _ = gateway_and_name(str(own.said["point"]))
        desk.file(Stated(taken, gateway, rows), str(caller.actor), caller.platform.now_us())
    elif entry.state is StatementState.CORRECTED:
        raise Conflict(
            "a later entry has replaced it",
            field="id",
            value=id,
            fix="withdraw the later one, which /v1/entries or /v1/bills lists",
        )
    return told_of(caller, [own])[0]


def withdrawal_of(own: Statement, reason: str) -> Statement:
    """What takes a statement back: one and the same, however often it is asked."""
    id = hashlib.sha256(f"withdrawal {own.id}".encode()).hexdigest()[:20]
    kind = StatementKind.WITHDRAWAL
    return Statement(id, kind, own.subject, own.first, own.after, {"reason": reason}, own.id)


def said_after(caller: Caller, own: Statement, meter: str) -> list[Statement]:
    """What was stated of a meter, or of an account with it, after a statement."""
    return [one for one in said_of(caller, meter) if one.place > own.place]


def said_of(caller: Caller, meter: str) -> list[Statement]:
    """What was stated of a meter, or of an account with it."""
    accounts = {row.account for row in ACCOUNT.of(caller.reach.registry) if row.meter == meter}
    desk = caller.platform.desk
    return [one for subject in sorted({meter} | accounts) for one in desk.about(subject)]


def taken_back(own: Statement, later: Iterable[Statement]) -> tuple[EnteredReading, ...]:
    """Its readings without their values, but for those that were said anew since."""
    _, name = gateway_and_name(str(own.said["point"]))
    return tuple(EnteredReading(name, at, None, "") for at in times_without(own, later))


def entry_of(caller: Caller, id: str) -> Told:
    """The entry of that id; NotFound where there is none in the caller's reach."""
    found = caller.platform.desk.find(id)
    if found is None or found.kind not in ENTRIES:
        raise NotFound(
            "no such entry in your scope", field="id", value=id, fix="an id that /v1/entries lists"
        )
    if not entry_reached(caller, found):
        raise Outside(
            "no such entry in your scope", field="id", value=id, fix="an id that /v1/entries lists"
        )
    return told_of(caller, [found])[0]


def entries(
    caller: Caller, meter: str | None, before: tuple[int, str] | None, limit: int
) -> list[Told]:
    """Entries that are taken in, newest first: of a meter, or of all that the caller reaches."""
    subjects: frozenset[str] | None = frozenset(caller.reach.meters)
    if meter is not None:
        subjects = frozenset({caller.reach.meter(meter).code})
    elif caller.reach.scope.whole:
        subjects = None
    found = listed(caller, ENTRIES, subjects, partial(entry_reached, caller), before, limit)
    return told_of(caller, found)


def listed(
    caller: Caller,
    kinds: frozenset[StatementKind],
    subjects: frozenset[str] | None,
    reached: Callable[[Statement], bool],
    before: tuple[int, str] | None,
    limit: int,
) -> list[Statement]:
    """The newest statements before a place that are reached, at most so many; subjects None: of
    all."""
    found, place = list[Statement](), before
    while len(found) < limit:
        page = caller.platform.statements.statements(kinds, subjects, before=place, limit=_LISTED)
        found += [one for one in page if reached(one)]
        if len(page) < _LISTED:
            break
        place = page[-1].arrived_us, page[-1].id
    return found[:limit]


def told_of(
    caller: Caller, statements: Sequence[Statement], at_us: int | None = None
) -> list[Told]:
    """What became of each, or had become of it at an instant [us]."""
    standing: dict[str, StatementState] = {}
    for subject in {one.subject for one in statements if one.kind not in ENTRIES}:
        standing |= standing_of(stated_by(caller.platform.desk.about(subject), at_us))
    for meter in {one.subject for one in statements if one.kind in ENTRIES}:
        standing |= standing_of(stated_by(said_of(caller, meter), at_us))
    known = caller.platform.statements
    return [
        Told(
            one,
            standing.get(one.id, StatementState.STANDS),
            known.statement(one.id) is not None,
            tuple(EvidenceFile(**file) for file in one.said.get("evidence", ())),
        )
        for one in statements
    ]


def evidence_of(caller: Caller, id: str, sha256: str) -> tuple[EvidenceFile, bytes]:
    """A file that an entry names, with its bytes; NotFound where the entry names none such."""
    for file in entry_of(caller, id).evidence:
        if file.sha256 == sha256:
            return file, caller.platform.evidence.content(sha256)
    raise NotFound(
        "the entry names no such file",
        field="evidence",
        value=sha256,
        fix=f"one that /v1/entries/{id} lists",
    )


def id_of(caller: Caller, key: str) -> str:
    """The id of what a caller states under a key of its own; a new one where it has none."""
    if not key:
        return secrets.token_hex(10)
    if len(key) > MOST_KEY or not key.isprintable():
        raise InvalidInput(
            f"not a key of at most {MOST_KEY} characters",
            field="Idempotency-Key",
            value=key[:40],
            fix="a text of your own for each entry, such as a UUID",
        )
    of = f"{caller.actor.proof.kind} {caller.actor.proof.key_id} {key}"
    return hashlib.sha256(of.encode()).hexdigest()[:20]


def _check_same(filed: Statement, entry: Entry, key: str) -> None:
    """The same key stands for the same words."""
    said = filed.said
    words = ("day", "month", "start", "end", "read_by", "note")
    if not (
        filed.subject == entry.meter
        and Decimal(str(said.get("value", "nan"))) == entry.value
        and all(said.get(name, "") == getattr(entry, name).strip() for name in words)
        and (not entry.time or said.get("at") == iso(instant(entry.time, "time", "UTC")))
        and (not entry.unit or said.get("unit") == entry.unit)
        and [one["sha256"] for one in said.get("evidence", ())] == [*entry.evidence]
    ):
        raise Conflict(
            "this key was used for another entry",
            field="Idempotency-Key",
            value=key,
            fix="take a new key for each entry",
        )


def stated_entry(caller: Caller, meter: Meter, entry: Entry, id: str) -> Stated:
    """What an entry for a meter comes to, and nothing is written; errors as of `enter`."""
    given = [name for name in ("time", "day", "month", "start") if getattr(entry, name)]
    if len(given) != 1 or bool(entry.end) != bool(entry.start):
        raise InvalidInput(
            "exactly one of time, day, month, and start with end is needed",
            field="time",
            value=" ".join(given) or None,
            fix="time or day of a reading; month, or start and end, of what passed over days",
        )
    said: dict[str, Any] = {"value": f"{entry.value:f}"}
    for name in ("day", "month", "start", "end"):
        said |= {name: text} if (text := getattr(entry, name)) else {}
    said |= words_of(entry.read_by, entry.note)
    if files := evidence_named(caller, entry.evidence, meter.code):
        said["evidence"] = files
    if given[0] in ("time", "day"):
        return _reading(caller, meter, entry, id, said)
    return _quantity(caller, meter, entry, id, said)


def words_of(read_by: str, note: str) -> dict[str, str]:
    """What there is of these words; InvalidInput for control characters."""
    read_by = worded(read_by, "read_by", MOST_READ_BY, line=True)
    note = worded(note, "note", MOST_NOTE)
    return {name: text for name, text in (("read_by", read_by), ("note", note)) if text}


def _reading(caller: Caller, meter: Meter, entry: Entry, id: str, said: dict[str, Any]) -> Stated:
    """What a register, or an interval, said at an instant."""
    zone = caller.reach.registry.zone(meter.node)
    if entry.time and len(entry.time) <= len("2026-11-24"):
        raise InvalidInput(
            "a day is no instant", field="time", value=entry.time, fix="say it as day"
        )
    at = instant(entry.time or entry.day, "time" if entry.time else "day", zone)
    if at > caller.platform.now_us():
        raise InvalidInput(
            "a reading that lies in the future",
            field="time" if entry.time else "day",
            value=entry.time or entry.day,
            fix="the time at which the meter was read",
        )
    day = local_day(at, zone)
    installed, point = _serving(caller, meter, entry, day, at)
    if entry.day and point.kind is not Kind.REGISTER:
        raise InvalidInput(
            "this point counts what passed, it has no register",
            field="day",
            value=entry.day,
            fix="start and end, or month, of what passed over days",
        )
    unit = entry.unit or unit_of_register(installed, point)
    value = _checked(entry.value, unit, installed, point)
    said |= {"point": f"{point.gateway}/{point.name}", "at": iso(at), "unit": unit, "zone": zone}
    statement = Statement(
        id, StatementKind.READING, meter.code, day, date.fromordinal(day.toordinal() + 1), said
    )
    _check_reached(caller, meter, statement)
    return Stated(statement, point.gateway, (EnteredReading(point.name, at, value, unit),))


def _quantity(caller: Caller, meter: Meter, entry: Entry, id: str, said: dict[str, Any]) -> Stated:
    """What passed over whole local days: an interval for each."""
    zone = caller.reach.registry.zone(meter.node)
    first, after = _days(entry)
    days = days_between(first, date.fromordinal(after.toordinal() - 1))
    if len(days) > MOST_DAYS:
        raise InvalidInput(
            f"more than {MOST_DAYS} days at once", field="end", value=len(days), fix="enter parts"
        )
    if day_bounds(after, zone)[0] > caller.platform.now_us():
        raise InvalidInput(
            "the days are not over yet",
            field="month" if entry.month else "end",
            value=entry.month or entry.end,
            fix="enter it when they are, or the days up to now with start and end",
        )
    if meter.step_min != DAY_MIN:
        raise InvalidInput(
            f"the books of this meter have steps of {meter.step_min} minutes",
            field="meter",
            value=meter.code,
            fix="enter readings of its register; or set step_min to 1440 in meters.csv",
        )
    serving = {_serving(caller, meter, entry, day) for day in days}
    if len(serving) > 1:
        raise InvalidInput(
            "the point of the meter changes within these days",
            field="start",
            value=first.isoformat(),
            fix="enter what passed before the change and what passed after it",
        )
    installed, point = serving.pop()
    _check_counts(installed, point)
    _check_alone(caller, point, days, zone)
    unit = entry.unit or point.unit
    canonical = _canonical(entry.value, unit, point)
    _check_sign(canonical, entry.value, installed)
    said |= {"point": f"{point.gateway}/{point.name}", "unit": unit, "zone": zone}
    statement = Statement(id, StatementKind.QUANTITY, meter.code, first, after, said)
    _check_reached(caller, meter, statement)
    values = spread(entry.value, unit, meter.unit, days, zone)
    rows = (
        EnteredReading(point.name, day_bounds(day, zone)[0], value, point.unit)
        for day, value in zip(days, values, strict=True)
    )
    return Stated(statement, point.gateway, tuple(rows))


def _days(entry: Entry) -> tuple[date, date]:
    """[first, after) of a month, or of start and end."""
    if entry.month:
        first = local_month(entry.month, "month")
        return first, next_month(first)
    first, after = local_date(entry.start, "start"), local_date(entry.end, "end")
    check_order(entry.start, entry.end, first < after)
    return first, after


def spread(value: Decimal, unit: str, booked: str, days: Sequence[date], zone: str) -> list[float]:
    """What passed on each of some days, in the canonical unit of `unit`, by the days' lengths:
    together they are the whole value to the last book unit of a meter in `booked`."""
    known = unit_of(unit)
    scale = equivalent(known.canonical, booked) * BOOK_UNITS[booked].per_canonical
    lengths = [(end - start) // 1_000_000 for start, end in (day_bounds(d, zone) for d in days)]
    parts = apportion(round(Fraction(value) * known.factor * scale), lengths)
    return [float(part / scale) for part in parts.tolist()]


def _serving(
    caller: Caller, meter: Meter, entry: Entry, day: date, at: int | None = None
) -> tuple[Installation, Point]:
    """The point that serves a meter on a local day, or at an instant of it."""
    registry = caller.reach.registry
    found = [
        (one, registry.points[one.point])
        for one in registry.installations_of(meter.code)
        if one.valid.holds(day) and (at is None or _holds_at(one, at))
    ]
    if entry.point:
        named = [pair for pair in found if entry.point == f"{pair[1].gateway}/{pair[1].name}"]
        if not named:
            raise _no_point(meter, entry.point, day, "point")
        found = named
    if not found:
        raise _no_point(meter, meter.code, day, "meter")
    if len(found) > 1:
        names = " or ".join(f"{point.gateway}/{point.name}" for _, point in found)
        raise InvalidInput(
            "several points serve the meter then", field="point", value=meter.code, fix=names
        )
    caller.reach.point(found[0][1].id)
    return found[0]


def _holds_at(one: Installation, at: int) -> bool:
    """Whether it serves at an instant, where more than the day of a change is known."""
    began, ended = one.began, one.ended
    return (began is None or began.end_us <= at) and (ended is None or at <= ended.start_us)


def _no_point(meter: Meter, value: str, day: date, field: str) -> InvalidInput:
    return InvalidInput(
        f"no point serves {meter.code} on {day}",
        field=field,
        value=value,
        fix="a row of points.csv for it, of a gateway of its own such as SITE/by-hand: kind "
        "register for readings, interval for quantities",
    )


def unit_of_register(installed: Installation, point: Point) -> str:
    """The unit in which a bare number of a register or an interval is meant."""
    known = UNITS.get(installed.register_unit)
    fits = known is not None and known.canonical == point.unit
    return installed.register_unit if fits else point.bare_unit


def _canonical(value: Decimal, unit: str, point: Point) -> Fraction:
    """A value in the point's canonical unit; InvalidInput for a unit that does not convert."""
    conversion(unit, point.unit)
    known = unit_of(unit)
    return Fraction(value) * known.factor + known.offset


def _checked(value: Decimal, unit: str, installed: Installation, point: Point) -> float:
    """A register's value as it is sent; InvalidInput for one that it cannot have said."""
    canonical = _canonical(value, unit, point)
    _check_sign(canonical, value, installed)
    low, high = point.low, point.high
    if (low is not None and canonical < low) or (high is not None and canonical > high):
        raise InvalidInput(
            f"outside {low} to {high} {point.unit}, the range of its point",
            field="value",
            value=value,
            fix="read it again, or correct low and high in points.csv",
        )
    digits = installed.digits
    turn = (
        None
        if digits is None
        else _canonical(Decimal(10) ** digits, unit_of_register(installed, point), point)
    )
    if turn is not None and point.kind is Kind.REGISTER and canonical >= turn:
        raise InvalidInput(
            f"more than the {digits} digits of the register",
            field="value",
            value=value,
            fix="what the register shows, before any ratio",
        )
    return float(value)


def _check_sign(canonical: Fraction, value: Decimal, installed: Installation) -> None:
    if canonical < 0 and not installed.signed:
        raise InvalidInput(
            "below 0, and energy passes one way there",
            field="value",
            value=value,
            fix="a value of 0 or more, or signed in points.csv",
        )


def _check_counts(installed: Installation, point: Point) -> None:
    if point.kind is not Kind.INTERVAL:
        raise InvalidInput(
            f"the point of this meter is of kind {point.kind}",
            field="meter",
            value=installed.meter,
            fix="enter readings of its register, with time or day",
        )
    if installed.ratio != 1:
        raise InvalidInput(
            f"the point has a ratio of {installed.ratio}",
            field="meter",
            value=installed.meter,
            fix="a point without a ratio: what is entered is what passed",
        )


def hand_point(caller: Caller, meter: Meter, days: Sequence[date]) -> Point | None:
    """The one point that serves a meter on all the days, where it takes quantities and its gateway
    was never heard; else None."""
    registry, found = caller.reach.registry, set[int]()
    for day in days:
        own = [i for i in registry.installations_of(meter.code) if i.valid.holds(day)]
        if len(own) != 1 or own[0].ratio != 1:
            return None
        found.add(own[0].point)
    point = registry.points[found.pop()] if len(found) == 1 else None
    if point is None or point.kind is not Kind.INTERVAL or meter.step_min != DAY_MIN:
        return None
    reached = point.id in caller.reach.points
    return point if reached and not _is_heard(caller, point) else None


def _is_heard(caller: Caller, point: Point) -> bool:
    """Whether its gateway ever sent anything itself."""
    known = caller.platform.intake.gateways()
    return any(g.gateway == point.gateway and g.counts.last_arrival_us for g in known)


def _check_alone(caller: Caller, point: Point, days: Sequence[date], zone: str) -> None:
    """A day with intervals of its own takes a whole day for one of them. A gateway that was never
    heard sends none: then nobody is asked, so what waits for the intake does not wait here."""
    if not _is_heard(caller, point):
        return
    starts = np.array([day_bounds(day, zone)[0] for day in days], dtype=np.int64)
    rows = None
    with suppress(Unavailable):  # while the readings are away an entry is taken all the same
        rows = caller.platform.readings.after([point.id], int(starts[0]), len(days) + 1)
    if rows is None:
        return
    inside = rows.time_us < day_bounds(days[-1], zone)[1]
    sent = (rows.flag.astype(np.int64) & int(Flag.ENTERED)) == 0
    if (inside & (sent | ~np.isin(rows.time_us, starts))).any():
        raise InvalidInput(
            "the gateway sends intervals of these days",
            field="meter",
            value=f"{point.gateway}/{point.name}",
            fix="enter what is missing at its own time, with time",
        )


def _check_reached(caller: Caller, meter: Meter, one: Statement) -> None:
    if not meter.valid.holds(one.first) or not holds_all(caller, meter, one.first, one.after):
        raise NotFound(
            "the meter is not yours on these days",
            field="meter",
            value=meter.code,
            fix="days of your own time, which reached of /v1/nodes lists",
        )


def times_without(own: Statement, later: Iterable[Statement]) -> list[int]:
    """The times of its readings, without those that later statements said anew."""
    if own.kind is StatementKind.READING:
        return [instant(str(own.said["at"]), "at", "UTC")]
    zone = str(own.said["zone"])
    return [day_bounds(day, zone)[0] for day in sorted(days_left(own, later))]


def gateway_and_name(point: str) -> tuple[str, str]:
    """SITE/GATEWAY and the gateway's own name of a point that a statement names."""
    site, gateway, name = point.split("/", 2)
    return f"{site}/{gateway}", name


def needed(text: str, field: str) -> str:
    """The text; InvalidInput where there is none."""
    if not text:
        raise InvalidInput("it is needed", field=field, value=text, fix="say it in a few words")
    return text
