"""Which registers serve a meter and when, with what was written down when they changed.

    old register  ───────┤ final             a value that was written down is a reading of the
    new register     first ├───────          instant; old readings count up to it, new ones on

In a window old readings count up to its start and new ones from its end; a final value stands at
its end and a first one at its start, so that all of the window is there for either to have passed.

    meter m       P ──────a  t              a register that moves goes on under another meter: what
    meter n               t  b────── P      it counted from a to b is split at t
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from ledger.limits import to_book_units
from ledger.meter import Beside, Noted, Service, registered
from ledger.passage import Passage, Turn
from metering.moment import Moment
from metering.reading import Kind
from metering.registry import Installation, Registry
from metering.units import unit

FELL: Final = "reset"
ROSE: Final = "jump"


def services(registry: Registry, meter: str) -> list[Service]:
    """The meter's installations in order of time, those that carry energy. Where only the day of
    a change is known it holds from the start of the day, until the new one's first reading is
    known (`ledger.meter.handed_over`). One whose register moved to another meter, or came from
    one, knows the other."""
    return [
        replace(
            one,
            came_from=None if one.opening else _beside(registry, move.came_from),
            goes_to=None if one.closing else _beside(registry, move.goes_to),
        )
        for one, move in _own(registry, meter)
    ]


def _own(registry: Registry, meter: str) -> list[tuple[Service, _Move]]:
    """The services of a meter alone, and where their registers were before and are afterwards."""
    served = _linked_in_order(registered(registry, meter))
    moves = [_move(registry, one) for one in served]
    return [(_with_values(one, move), move) for one, move in zip(served, moves, strict=True)]


def _linked_in_order(found: Sequence[Service]) -> list[Service]:
    served = list(found)
    for place in range(1, len(served)):
        before, service = served[place - 1], served[place]
        if service.began is not None and service.began == before.ended:
            served[place - 1], served[place] = _linked(before, service)
        else:
            served[place - 1], served[place] = _closed(before), _opened(service)
    if served:
        served[0] = _opened(served[0])
        served[-1] = _closed(served[-1])  # after that: it may be the same one
    return served


class _Move(NamedTuple):
    """The same register under other meters, before and afterwards, where there is one."""

    came_from: Service | None
    goes_to: Service | None


def _move(registry: Registry, service: Service) -> _Move:
    others = _elsewhere(registry, service)
    if not others:
        return _Move(None, None)
    own = [s for s in registered(registry, service.meter.code) if s.point == service.point]
    before = [s for s in others if _moves(s, service) and _shared(registry, s, service)]
    after = [s for s in others if _moves(service, s) and _shared(registry, service, s)]
    stays = any(_meet(service, s) for s in own), any(_meet(s, service) for s in own)
    return _Move(
        before[0] if before and not stays[1] else None,
        after[0] if after and not stays[0] else None,
    )


def _elsewhere(registry: Registry, service: Service) -> list[Service]:
    """The point's services of other meters."""
    code = service.meter.code
    others = {one.meter for one in registry.meters_of_point(service.point)} - {code}
    return [
        one
        for other in sorted(others & registry.meters.keys())
        for one in registered(registry, other)
        if one.point == service.point
    ]


def _moves(old: Service, new: Service) -> bool:
    """Whether one register goes on under another meter."""
    return _meet(old, new) and one_register(old, new)


def _shared(registry: Registry, old: Service, new: Service) -> bool:
    """Whether both meters are of one institution on the day of the change: what passed between
    two institutions is not split."""
    day = new.installation.valid.first
    return len({registry.institution(one.meter.node, day) for one in (old, new)}) == 1


def _meet(old: Service, new: Service) -> bool:
    """Whether the one begins as the other ends."""
    if new.began is None:
        return old.ended is None and old.end_us == new.start_us
    return new.began == old.ended


def _with_values(service: Service, move: _Move) -> Service:
    """With what was written down on either side when it moved. One that is dated to a day moves at
    the start of the day."""
    if move.came_from is not None:
        began = service.began or _instant(service.start_us)
        _, service = _linked(move.came_from, replace(service, began=began))
    if move.goes_to is not None:
        ended = service.ended or _instant(service.end_us)
        service = replace(service, ended=ended)
        service, _ = _linked(service, replace(move.goes_to, began=ended))
    return service


def _instant(time_us: int) -> Moment:
    return Moment(time_us, time_us, date.min, date.min)


def _beside(registry: Registry, one: Service | None) -> Beside | None:
    if one is None:
        return None
    served = tuple(other for other, _ in _own(registry, one.meter.code))
    places = [n for n, other in enumerate(served) if other.installation == one.installation]
    return Beside(served, places[0])


def _opened(service: Service) -> Service:
    """With the first value where it began at an instant."""
    began, first = service.began, service.installation.first
    if began is None or first is None or began.start_us != began.end_us or service.opening:
        return service
    return replace(service, opening=_noted(service, began.start_us, first))


def _closed(service: Service) -> Service:
    """With the final value where it ended at an instant."""
    ended, final = service.ended, service.final
    if ended is None or final is None or ended.start_us != ended.end_us or service.closing:
        return service
    return replace(service, closing=_noted(service, ended.start_us, final))


def _linked(old: Service, new: Service) -> tuple[Service, Service]:
    """Two that change at one instant, or in one window."""
    assert new.began is not None
    start, end = new.began.start_us, new.began.end_us
    final, first = old.final, new.installation.first
    if one_register(old, new) and (final is None or first is None or final == first):
        final, first = (first if final is None else final), (final if first is None else first)
    elif old.point == new.point and start == end:  # its reading of the instant is the new one's
        old = replace(old, end_us=start - 1, reads_until_us=start - 1)
    if start == end:
        if final is not None:
            old = replace(old, closing=_noted(old, start, final), end_us=start)
        if first is not None:
            new = replace(new, opening=_noted(new, start, first))
    elif final is not None and first is not None:
        old = replace(old, closing=_noted(old, end, final), end_us=end)
        new = replace(new, opening=_noted(new, start, first), start_us=start)
    return old, new


def _noted(service: Service, time_us: int, value: Decimal) -> Noted:
    """A value as it was written down, in the register's unit, as a reading of that time."""
    sent = unit(service.installation.register_unit)
    number = float(value) * float(sent.factor.numerator) / float(sent.factor.denominator)
    return Noted(time_us, number + float(sent.offset))


def one_register(old: Service, new: Service) -> bool:
    """Whether the two are one register that counts at another ratio, or for another meter."""
    a, b = old.installation, new.installation
    same = _counting(a) == _counting(b)
    other = a.ratio != b.ratio or a.meter != b.meter
    return same and other and old.kind is Kind.REGISTER


def _counting(one: Installation) -> tuple[object, ...]:
    return (one.point, one.digits, one.register_unit, one.signed, one.direction)


def turns(served: Sequence[Service]) -> dict[int, Turn]:
    """By the place of the old one, the changes over which what passed can be known although
    neither of the two says it."""
    found = {}
    for place, (old, new) in enumerate(pairwise(served)):
        if not _meet(old, new) or (old.guest and new.guest):
            continue
        start, end = (new.start_us,) * 2
        if new.began is not None:
            start, end = new.began.start_us, new.began.end_us
        if old.closing is not None and new.opening is not None:
            if start < end:
                found[place] = Turn(start, end, noted=True)
        elif one_register(old, new) and old.closing is None is new.opening:
            found[place] = Turn(start, end, noted=False)
    return found


def gone_on(
    turn: Turn,
    old: tuple[Service, int, float, float],
    new: tuple[Service, int, float, float],
) -> Passage | None:
    """What one register counted over a change of its ratio, from the (service, time, value, most
    that can pass from one to the other) of the reading before it and of that after it; None
    where there is none between the two."""
    (one, start, low, most), (other, end, high, at_most) = old, new
    if start >= end:
        return None
    at = min(max((turn.start_us + turn.end_us) // 2, start), end)
    first, second = _rise(one, low, high), _rise(other, low, high)
    before = first * (at - start) // (end - start)
    after = second - second * (at - start) // (end - start)
    caps = _turned(one, most, low, high), _turned(other, at_most, low, high)
    signed, sign = one.installation.signed, one.installation.sign
    can = (signed or first >= 0) and abs(before) <= caps[0] and abs(after) <= caps[1]
    refused = "" if can else FELL if high < low and not signed else ROSE
    return Passage(turn, start, end, sign * before, sign * after, refused)


def _rise(service: Service, low: float, high: float) -> int:
    """Book units from one value to the other, past the last digit where the register fell."""
    units, _ = to_book_units(np.array([low, high]), service.factor)
    rise = int(units[1] - units[0])
    return rise + (service.limits.modulus or 0) if rise < 0 else rise


def _turned(service: Service, most: float, low: float, high: float) -> float:
    """Most that can pass; past the last digit a tenth of a turn where no limit is known."""
    if high >= low or most != np.inf or service.installation.signed:
        return most
    return (service.limits.modulus or 0) / 10
