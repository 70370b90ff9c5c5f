"""Checks of gateways, of points, and of what came of them in the days that are looked at."""

from __future__ import annotations

from collections import Counter
from typing import Final

from api.usecases.repairs.facts import PointArrivals, RepairFacts
from api.usecases.repairs.repair import (
    LookedAt,
    Mending,
    MendingKind,
    Repair,
    RepairSubject,
    Said,
    looked_at,
)
from api.usecases.repairs.rows import POINTS, mended, meter_row
from metering.clock_repair import QUARANTINED
from metering.gateway_life import SILENT_US, SKEW_US, ManagedGateway
from metering.localtime import iso
from metering.reading import Kind
from metering.registry import Meter, Point

MINUTE_US: Final = 60_000_000
FLAGGED: Final = 20
"""One reading in so many that is out of range is one too many."""
STEPS_MIN: Final = (15, 20, 30, 60, 1440)
"""Steps that a meter can have [min]."""
_LEAST_LATE_US: Final = 60 * MINUTE_US
"""A point is not called silent for less."""


def _of_gateway(
    one: ManagedGateway, said: Said | None = None, mending: Mending | None = None
) -> Repair:
    return Repair(RepairSubject.GATEWAY, one.gateway.user, said or {}, mending)


def _live(facts: RepairFacts) -> list[ManagedGateway]:
    return [one for one in facts.gateways if not one.revoked]


def gateway_never_heard(facts: RepairFacts) -> LookedAt:
    """Gateways that never sent anything, those apart whose meters all are read by people: no
    device is to send for them."""
    unread = {
        point.gateway
        for _, _, point, _ in facts.installed
        if not facts.arrivals.get(point.id, PointArrivals()).entered
    }
    serving = {point.gateway for _, _, point, _ in facts.installed}
    by_hand = serving - unread
    return looked_at(
        _of_gateway(one)
        if one.counts.last_arrival_us == 0 and one.gateway.user not in by_hand
        else None
        for one in _live(facts)
    )


def gateway_silent(facts: RepairFacts) -> LookedAt:
    """Gateways that sent something once."""
    return looked_at(
        _of_gateway(one, {"since": iso(one.counts.last_arrival_us)})
        if facts.now_us - one.counts.last_arrival_us > SILENT_US
        else None
        for one in _live(facts)
        if one.counts.last_arrival_us
    )


def gateway_refused(facts: RepairFacts) -> LookedAt:
    """Gateways that were turned away or cut off in the last day, and are not there."""
    return looked_at(
        None
        if one.trouble is None or one.connections
        else _of_gateway(
            one,
            {
                "refusal": one.trouble.reason,
                "times": one.trouble.times,
                "at": iso(one.trouble.at_us),
            },
        )
        for one in _live(facts)
    )


def gateway_held(facts: RepairFacts) -> LookedAt:
    """Gateways that send more than their share."""
    return looked_at(
        None if one.held is None else _of_gateway(one, {"since": iso(one.held.since_us)})
        for one in _live(facts)
    )


def gateway_clock(facts: RepairFacts) -> LookedAt:
    """Gateways of whose clock anything is known."""
    return looked_at(
        _of_gateway(one, {"seconds": round(ahead_us / 1e6)}, _accept(one))
        if abs(ahead_us) > SKEW_US
        else None
        for one in _live(facts)
        if (ahead_us := _ahead(one)) is not None
    )


def _ahead(one: ManagedGateway) -> int | None:
    """How far its clock is ahead [us] by its latest messages, else by what is proposed of it."""
    if one.clock_offset_us is None and one.clock_proposed is not None:
        return one.clock_proposed.offset_us
    return one.clock_offset_us


def _accept(one: ManagedGateway) -> Mending | None:
    return None if one.clock_proposed is None else Mending(MendingKind.CLOCK)


def quarantined(facts: RepairFacts) -> LookedAt:
    """Gateways that were heard: what of theirs waits until it is known which clock is right."""
    return looked_at(
        _of_gateway(one, {"readings": one.quarantined}, _accept(one)) if one.quarantined else None
        for one in _live(facts)
        if one.counts.last_arrival_us
    )


def gateway_gaps(facts: RepairFacts) -> LookedAt:
    """What is missing of what gateways sent."""
    return looked_at(
        _of_gateway(one, {"gaps": one.open_gaps}) if one.open_gaps else None for one in _live(facts)
    )


def gateway_without_points(facts: RepairFacts) -> LookedAt:
    """Gateways of which no point is registered."""
    return looked_at(None if one.points else _of_gateway(one) for one in _live(facts))


def gateway_revoked(facts: RepairFacts) -> LookedAt:
    """Gateways of points that serve a meter today."""
    used = {point.gateway for _, _, point, _ in facts.installed}
    return looked_at(
        _of_gateway(one) if one.revoked else None
        for one in facts.gateways
        if one.gateway.user in used
    )


def unregistered_points(facts: RepairFacts) -> LookedAt:
    """Points that gateways send or describe."""
    return looked_at(
        Repair(RepairSubject.GATEWAY, user, {"points": count}, Mending(MendingKind.APPROVE))
        if count
        else None
        for user, count in sorted(facts.proposed.items())
    )


def dead_letters(facts: RepairFacts) -> LookedAt:
    """Messages that were not taken in, by gateway; the gateways where there are none."""
    apart = {one.code for one in quarantined(facts).repairs}
    found: dict[str, Counter[str]] = {}
    for one in facts.letters:
        if one.reason not in QUARANTINED or one.gateway not in apart:  # else told of as such
            found.setdefault(one.gateway, Counter())[one.reason] += one.letters
    repairs = tuple(
        Repair(
            RepairSubject.GATEWAY,
            gateway,
            {"letters": reasons.total(), "reason": reasons.most_common(1)[0][0]},
            Mending(MendingKind.REPLAY),
        )
        for gateway, reasons in sorted(found.items())
    )
    return LookedAt(max(len(facts.gateways), len(repairs)), repairs)


def point_silent(facts: RepairFacts) -> LookedAt:
    """Points of meters whose gateway sends."""
    heard = {
        one.gateway.user
        for one in _live(facts)
        if one.counts.last_arrival_us and facts.now_us - one.counts.last_arrival_us <= SILENT_US
    }
    return looked_at(
        _silent(meter, point, facts.arrivals.get(point.id, PointArrivals()), facts.now_us)
        for meter, _, point, _ in facts.installed
        if point.gateway in heard
    )


def _silent(meter: Meter, point: Point, came: PointArrivals, now_us: int) -> Repair | None:
    allowed_us = max(_LEAST_LATE_US, 3 * meter.step_min * MINUTE_US, 3 * (came.step_us or 0))
    if came.last_us is not None and now_us - came.last_us <= max(allowed_us, SILENT_US):
        return None
    since = "" if came.last_us is None else iso(came.last_us)
    return Repair(
        RepairSubject.METER, meter.code, {"point": f"{point.gateway}/{point.name}", "since": since}
    )


def slower_than_step(facts: RepairFacts) -> LookedAt:
    """Points of meters of which enough came."""
    return looked_at(
        _slower(facts, meter, came.step_us)
        for meter, _, point, _ in facts.installed
        if (came := facts.arrivals.get(point.id, PointArrivals())).step_us is not None
    )


def _slower(facts: RepairFacts, meter: Meter, step_us: int | None) -> Repair | None:
    every_us = step_us or 0
    if every_us <= 1.5 * meter.step_min * MINUTE_US:
        return None
    minutes = round(every_us / MINUTE_US)
    fitting = next((one for one in STEPS_MIN if one * MINUTE_US >= 0.9 * every_us), None)
    mending = None
    if fitting is not None:
        mending = meter_row(facts, meter.code, {"step_min": str(fitting)})
    said = {"every": minutes, "step": meter.step_min}
    return Repair(RepairSubject.METER, meter.code, said, mending)


def out_of_range(facts: RepairFacts) -> LookedAt:
    """Points with bounds of which something came."""
    return looked_at(
        Repair(
            RepairSubject.POINT,
            f"{point.gateway}/{point.name}",
            {
                "flagged": came.flagged,
                "rows": came.rows,
                "low": "" if point.low is None else f"{point.low:g}",
                "high": "" if point.high is None else f"{point.high:g}",
                "unit": point.unit,
            },
            mended(facts, POINTS, (point.gateway, point.name), {}, asks=("low", "high")),
        )
        if came.flagged * FLAGGED > came.rows
        else None
        for point in facts.reach.points.values()
        if (point.low is not None or point.high is not None)
        and (came := facts.arrivals.get(point.id, PointArrivals())).rows
    )


def no_time(facts: RepairFacts) -> LookedAt:
    """Points that count energy: readings of theirs that bring no time."""
    return looked_at(
        Repair(
            RepairSubject.POINT,
            f"{point.gateway}/{point.name}",
            {"undated": came.undated, "rows": came.rows},
        )
        if came.undated
        else None
        for point in facts.reach.points.values()
        if point.kind in (Kind.REGISTER, Kind.INTERVAL)
        and (came := facts.arrivals.get(point.id, PointArrivals())).rows
    )
