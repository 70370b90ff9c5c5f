"""From the readings of a meter's points to its curve: which registers serve it, and when one takes
over from the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from metering.localtime import day_bounds, local_day
from recompute.arrivals import StandingReading
from recompute.curve import joined
from recompute.facts import FileFacts, InstallationLine, MeterLine
from recompute.moving import Moves, doubted_ends, moved_parts
from recompute.registers import FOREVER, MeasuredMeter, RegisterService, measured
from recompute.turning import with_passages, with_values


def measure(
    facts: FileFacts, meter: MeterLine, readings: dict[str, list[StandingReading]]
) -> MeasuredMeter:
    """Everything the meter's registers say."""
    moves = Moves(facts, _registered)
    served = _served(moves, meter, readings)
    each = [_alone(one, readings) for one in served]
    found = list(with_passages(served, each))
    dated = with_values(_registered(facts, meter))
    for service, alone, as_dated in zip(served, each, dated, strict=True):
        doubted_ends(service, alone)
        for before, after in moves.beside(service, as_dated):
            own, other = (service, before) if before else (service, after)
            assert other is not None
            guest = _as_served(moves, other, readings)
            beside = _alone(guest, readings)
            pairs = [(own, alone), (guest, beside)]
            found.append(moved_parts(*(reversed(pairs) if before else pairs), first=not before))
    found.sort(key=lambda one: [stretch.start for stretch in one.curve.stretches[:1]])
    told = {span[:2]: span for one in found for span in one.spans}  # the later register's stands
    return MeasuredMeter(
        joined([one.curve for one in found if one.curve.stretches]),
        list(told.values()),
        [made for one in found for made in one.decisions],
        {span: says for one in found for span, says in one.says.items()},
    )


def _alone(service: RegisterService, readings: dict[str, list[StandingReading]]) -> MeasuredMeter:
    return measured(service, readings.get(service.point.name, []))


def _as_served(
    moves: Moves, other: RegisterService, readings: dict[str, list[StandingReading]]
) -> RegisterService:
    """A register of another meter as that meter has it."""
    found = _served(moves, other.meter, readings)
    return next(one for one in found if one.one == other.one)


def _registered(facts: FileFacts, meter: MeterLine) -> list[RegisterService]:
    """The meter's registers in order of time, as they are registered."""
    zone, found = facts.zone(meter.node), []
    for one in facts.installations:
        point = facts.points.get(one.point)
        if one.meter == meter.code and point and point.kind in ("register", "interval", "mean"):
            start = day_bounds(one.dates.start, zone)[0] if one.dates.start else -FOREVER
            end = day_bounds(one.dates.end, zone)[0] if one.dates.end else FOREVER
            start, end = one.began[1] if one.began else start, one.ended[0] if one.ended else end
            dated = RegisterService(meter, point, one, zone, start, end)
            dated = replace(dated, began=one.began, ended=one.ended, final=one.final)
            found.append(replace(dated, reads_from=start, reads_until=end))
    found.sort(key=lambda s: (s.start, s.end))
    apart = [s for n, s in enumerate(found) if n == 0 or found[n - 1].start < s.start]
    served: list[RegisterService] = []
    for service in apart:
        if served and _goes_on(served[-1], service):
            day = day_bounds(local_day(service.start, zone), zone)
            last = replace(served[-1], ended=service.ended, final=service.final)
            last = replace(last, end=service.end, reads_until=service.reads_until)
            served[-1] = replace(last, declared=(*last.declared, day))
        else:
            served.append(service)
    return served


def _served(
    moves: Moves, meter: MeterLine, readings: dict[str, list[StandingReading]]
) -> list[RegisterService]:
    """The meter's registers in order of time, with what was written down, and when one takes over
    from the other."""
    served = moves.with_values(with_values(_registered(moves.facts, meter)))
    for place in range(1, len(served)):
        old, new = served[place - 1], served[place]
        linked = new.began is not None and new.began == old.ended
        if new.start <= old.end and not linked:
            change = max(_change(old, new, readings.get(new.point.name, [])), old.start)
            served[place - 1], served[place] = old.until(change), new.since(change)
    return served


def _goes_on(old: RegisterService, new: RegisterService) -> bool:
    """A register replaced under the name of its point goes on in one series."""
    a, b = old.one, new.one
    same = _counting(a) == _counting(b)
    by_day = old.ended is None and new.began is None
    return same and by_day and old.point.kind == "register" and new.start == old.end


def _counting(one: InstallationLine) -> tuple[object, ...]:
    return (one.point, one.ratio, one.digits, one.signed, one.sign)


def _change(old: RegisterService, new: RegisterService, readings: Sequence[StandingReading]) -> int:
    """The old register counts until the new one's first reading of the day of change."""
    by_day = old.ended is None and new.began is None
    if new.point.name == old.point.name or not by_day:
        return new.start
    end = day_bounds(local_day(new.start, new.zone), new.zone)[1]
    first = next((one.time_us for one in readings if one.time_us >= new.start), FOREVER)
    return first if first <= end else end
