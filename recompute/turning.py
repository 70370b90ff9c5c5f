"""Where a meter's register or ratio changed at an instant or in a window: docs/recompute.md, "From
a meter's points to its curve"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from recompute.arrivals import canonical
from recompute.curve import APPORTIONED, MISSING, CurveStretch, PassedCurve
from recompute.facts import InstallationLine
from recompute.registers import (
    MeasuredMeter,
    RegisterService,
    WrittenDown,
    book_units,
)
from recompute.story import EventSays

RESET, JUMP = "reset", "jump"


class ChangeWindow(NamedTuple):
    """The instant of a change, or the window that holds it [us]."""

    start: int
    end: int
    noted: bool
    """Whether final and first value are known; else one register goes on at another ratio."""


def with_values(served: Sequence[RegisterService]) -> list[RegisterService]:
    """Registers in order of time, with what was written down when they changed."""
    found = list(served)
    for place, (old, new) in enumerate(pairwise(served)):
        if new.began is not None and new.began == old.ended:
            found[place], found[place + 1] = linked(found[place], new)
        else:
            found[place] = _closed(found[place])
            found[place + 1] = _opened(new)
    if found:
        found[0] = _opened(found[0])
        found[-1] = _closed(found[-1])
    return found


def _opened(one: RegisterService) -> RegisterService:
    at = one.began
    if at is None or at[0] < at[1] or one.one.first is None or one.opening is not None:
        return one
    return replace(one, opening=_written(one, at[0], one.one.first))


def _closed(one: RegisterService) -> RegisterService:
    at = one.ended
    if at is None or at[0] < at[1] or one.final is None or one.closing is not None:
        return one
    return replace(one, closing=_written(one, at[0], one.final))


def linked(old: RegisterService, new: RegisterService) -> tuple[RegisterService, RegisterService]:
    """With what was written down where the one began as the other ended."""
    assert new.began is not None
    (start, end), final, first = new.began, old.final, new.one.first
    if one_register(old, new) and (final is None or first is None or final == first):
        final = first = final if first is None else first
    elif old.point == new.point and start == end:
        old = replace(old, end=start - 1, reads_until=start - 1)
    if start == end:
        if final is not None:
            old = replace(old, closing=_written(old, start, final), end=start)
        if first is not None:
            new = replace(new, opening=_written(new, start, first))
    elif final is not None and first is not None:
        old = replace(old, closing=_written(old, end, final), end=end)
        new = replace(new, opening=_written(new, start, first), start=start)
    return old, new


def _written(one: RegisterService, time_us: int, value: Fraction) -> WrittenDown:
    return (time_us, canonical(float(value), one.one.unit))


def one_register(old: RegisterService, new: RegisterService) -> bool:
    """Whether one register counts on at another ratio, or for another meter."""
    a, b = old.one, new.one
    same = _counting(a) == _counting(b)
    other = a.ratio != b.ratio or a.meter != b.meter
    return same and other and old.point.kind == "register"


def _counting(one: InstallationLine) -> tuple[object, ...]:
    return (one.point, one.digits, one.unit, one.signed, one.sign)


def turn_of(old: RegisterService, new: RegisterService) -> ChangeWindow | None:
    """The change over which what passed can be known."""
    if old.ended != new.began or (new.began is None and old.end != new.start):
        return None
    start, end = new.began or (new.start, new.start)
    if old.closing is not None and new.opening is not None:
        return ChangeWindow(start, end, noted=True) if start < end else None
    goes_on = one_register(old, new) and old.closing is None and new.opening is None
    return ChangeWindow(start, end, noted=False) if goes_on else None


def with_passages(
    served: Sequence[RegisterService], found: Sequence[MeasuredMeter]
) -> Iterator[MeasuredMeter]:
    """What each register says, and between them what passed where it is known."""
    for place, one in enumerate(found):
        yield one
        if place + 1 < len(found):
            old, new = served[place], served[place + 1]
            turn = turn_of(old, new)
            if turn is not None and turn.noted:
                yield _as_one(turn, one, found[place + 1], old.step_us)
            elif turn is not None:
                split = gone_on(turn, (old, one), (new, found[place + 1]))
                yield _both(turn, split, old) if split else MeasuredMeter(PassedCurve())


def _as_one(
    turn: ChangeWindow, left: MeasuredMeter, right: MeasuredMeter, step: int
) -> MeasuredMeter:
    """All that passed over a window as one stretch, in place of the two ends that make it up."""
    one, other = left.curve.stretches[-1:], right.curve.stretches[:1]
    one = one if one and one[0].end == turn.end else ()
    other = other if other and other[0].start == turn.start else ()
    left.curve = PassedCurve(left.curve.stretches[: len(left.curve.stretches) - len(one)])
    right.curve = PassedCurve(right.curve.stretches[len(other) :])
    left.drop([span for span in left.spans if span[0] == "gap" and span[2] >= turn.end])
    right.drop([span for span in right.spans if span[0] == "gap" and span[1] <= turn.start])
    if not one or not other or MISSING in (one[0].quality, other[0].quality):
        return MeasuredMeter(PassedCurve())
    energy = one[0].energy + other[0].energy
    return apportioned_over([CurveStretch(one[0].start, other[0].end, energy, APPORTIONED)], step)


class SplitPassage(NamedTuple):
    """What one register counted from the last reading before a change to the first one after it,
    split by time at the instant, of a window halfway."""

    start: int
    at: int
    end: int
    before: int
    """As it is booked, at the ratio of its side; `after` likewise."""
    after: int
    refused: str
    """`reset` or `jump` where it cannot have gone on."""


def gone_on(
    turn: ChangeWindow,
    old: tuple[RegisterService, MeasuredMeter],
    new: tuple[RegisterService, MeasuredMeter],
) -> SplitPassage | None:
    """None where no reading stands on one side, or there is nothing between."""
    if old[1].last is None or new[1].first is None:
        return None
    (start, low), (end, high) = old[1].last, new[1].first
    if start >= end:
        return None
    rises = [_rise(one, low, high) for one in (old[0], new[0])]
    at = min(max((turn.start + turn.end) // 2, start), end)
    before = rises[0] * (at - start) // (end - start)
    after = rises[1] - rises[1] * (at - start) // (end - start)
    caps = [
        _cap(one, at_us, end - start, fell=high < low) for one, at_us in ((old, start), (new, end))
    ]
    parts_caps = zip((before, after), caps, strict=True)
    passed = [cap is None or abs(part) <= cap for part, cap in parts_caps]
    signed, sign = old[0].one.signed, old[0].one.sign
    can = (rises[0] >= 0 or signed) and all(passed)
    refused = "" if can else RESET if high < low and not signed else JUMP
    return SplitPassage(start, at, end, sign * before, sign * after, refused)


def _both(turn: ChangeWindow, split: SplitPassage, old: RegisterService) -> MeasuredMeter:
    """Both parts, of a window as one."""
    start, at, end, before, after, refused = split
    if refused:
        return refused_between(refused, start, end)
    if turn.start == turn.end and start < at < end:
        parts = [(start, at, before), (at, end, after)]
    else:
        parts = [(start, end, before + after)]
    stretches = [CurveStretch(a, b, energy, APPORTIONED) for a, b, energy in parts]
    return apportioned_over(stretches, old.step_us)


def refused_between(kind: str, start: int, end: int) -> MeasuredMeter:
    """A break, told of two instants."""
    span = (kind, start, end)
    return MeasuredMeter(PassedCurve(), [span], says={span: EventSays()})


def _rise(service: RegisterService, low: float, high: float) -> int:
    """From one value to the other at a ratio, past the last digit where it fell."""
    factor = float(service.factor)
    rise = (book_units(high, factor) or 0) - (book_units(low, factor) or 0)
    return rise + (service.modulus or 0) if rise < 0 else rise


def _cap(
    side: tuple[RegisterService, MeasuredMeter], time_us: int, stretch: int, *, fell: bool
) -> Fraction | None:
    """The most that can pass by the limit of a day; None without one."""
    service, measured = side
    cap = measured.rates.cap(time_us, stretch) if measured.rates is not None else None
    if cap is None and fell and not service.one.signed:
        return Fraction(service.modulus or 0, 10)
    return cap


def apportioned_over(stretches: Sequence[CurveStretch], step: int) -> MeasuredMeter:
    """Stretches that are told as a gap where they are longer than a native step."""
    made = MeasuredMeter(PassedCurve(tuple(stretches)))
    start, end = stretches[0].start, stretches[-1].end
    if end - start > step:
        span = ("gap", start, end)
        made.spans.append(span)
        made.says[span] = EventSays(energy=sum(one.energy for one in stretches))
    return made
