"""A register that goes on under another meter: docs/cleaning.md, "A meter that moves"."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from recompute.curve import APPORTIONED, MISSING, CurveStretch, PassedCurve
from recompute.facts import FileFacts, MeterLine
from recompute.registers import MeasuredMeter, RegisterService
from recompute.story import EventSays
from recompute.turning import (
    apportioned_over,
    gone_on,
    linked,
    one_register,
    refused_between,
    turn_of,
)

Side = tuple[RegisterService, MeasuredMeter]


@dataclass(frozen=True)
class Moves:
    """Finds where a register counted before it served a meter, and where it does afterwards."""

    facts: FileFacts
    registered: Callable[[FileFacts, MeterLine], list[RegisterService]]
    """The registers of a meter, as they are registered."""

    def with_values(self, served: Sequence[RegisterService]) -> list[RegisterService]:
        """With what was written down on either side of a move; one that is dated to a day happens
        as the day begins."""
        return [self._with_values(one) for one in served]

    def _with_values(self, one: RegisterService) -> RegisterService:
        before, after = self._before(one), self._after(one)
        if before is not None:
            began = one.began or (one.start, one.start)
            _, one = linked(before, replace(one, began=began))
        if after is not None:
            ended = one.ended or (one.end, one.end)
            one, _ = linked(replace(one, ended=ended), replace(after, began=ended))
        return one

    def beside(
        self, one: RegisterService, dated: RegisterService
    ) -> Iterator[tuple[RegisterService | None, RegisterService | None]]:
        """(where it came from, None) and (None, where it goes to), so far as only the readings tell
        what passed on the way; `dated` is the same as its dates say it."""
        before, after = self._before(dated), self._after(dated)
        if before is not None and one.opening is None:
            yield before, None
        if after is not None and one.closing is None:
            yield None, after

    def _before(self, one: RegisterService) -> RegisterService | None:
        stays = any(_meet(other, one) for other in self._here(one))
        found = [other for other in self._elsewhere(one) if self._moves(other, one)]
        return found[0] if found and not stays else None

    def _after(self, one: RegisterService) -> RegisterService | None:
        stays = any(_meet(one, other) for other in self._here(one))
        found = [other for other in self._elsewhere(one) if self._moves(one, other)]
        return found[0] if found and not stays else None

    def _here(self, one: RegisterService) -> list[RegisterService]:
        return [s for s in self.registered(self.facts, one.meter) if s.point == one.point]

    def _elsewhere(self, one: RegisterService) -> list[RegisterService]:
        """Where the point serves other meters, by their codes."""
        facts = self.facts
        codes = sorted({line.meter for line in facts.installations} - {one.meter.code})
        meters = [facts.meters[code] for code in codes if code in facts.meters]
        return [
            other
            for meter in meters
            for other in self.registered(facts, meter)
            if other.point == one.point
        ]

    def _moves(self, old: RegisterService, new: RegisterService) -> bool:
        """Whether the one goes on as the other, in one institution on the day of the change."""
        if not _meet(old, new) or not one_register(old, new):
            return False
        day = new.one.dates.start or date.min
        return len({self.facts.institution(one.meter.node, day) for one in (old, new)}) == 1


def _meet(old: RegisterService, new: RegisterService) -> bool:
    if old.ended is None or new.began is None:
        return old.ended is new.began and old.end == new.start
    return old.ended == new.began


def moved_parts(old: Side, new: Side, *, first: bool) -> MeasuredMeter:
    """What passed on the way up to the change, or from there on."""
    turn = turn_of(old[0], new[0])
    split = None if turn is None else gone_on(turn, old, new)
    nothing = MeasuredMeter(PassedCurve())
    if split is None:
        return nothing
    start, end, energy = split.start, split.at, split.before
    if not first:
        start, end, energy = split.at, split.end, split.after
    if start >= end:
        return nothing
    if split.refused:
        return refused_between(split.refused, start, end)
    own = old[0] if first else new[0]
    return apportioned_over([CurveStretch(start, end, energy, APPORTIONED)], own.step_us)


def doubted_ends(service: RegisterService, alone: MeasuredMeter) -> None:
    """A value that was written down in a window bounds no measured stretch."""
    stretches = list(alone.curve.stretches)
    doubted = []
    began, ended = service.began, service.ended
    if stretches and service.opening and began and began[0] < began[1]:
        doubted += [0] if stretches[0].start == began[0] else []
    if stretches and service.closing and ended and ended[0] < ended[1]:
        doubted += [len(stretches) - 1] if stretches[-1].end == ended[1] else []
    for place in doubted:
        one = stretches[place]
        if one.quality == MISSING:
            continue
        stretches[place] = replace(one, quality=APPORTIONED)
        span = ("gap", one.start, one.end)
        if one.end - one.start > service.step_us and span not in alone.spans:
            alone.spans.append(span)
            alone.says[span] = EventSays(energy=one.energy)
    alone.curve = PassedCurve(tuple(stretches))
