"""One meter's curve from the readings of its installations.

    old register ─────────┤ final reading
    new register          ├───────── first reading        one instant: nothing is lost
                     change of date

Each installation's series stands alone. On the day of a change the old register counts until
the new one's first reading of that day; where both read at that instant the total is exact,
else the stretch between them is missing. A register that is replaced under the name of its point
goes on in one series, in which that day may hold a break.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ledger.clean import Around, Cleaned, clean
from ledger.cleaning.decisions import Decision, EventFacts, Span, facts_of, spans_of
from ledger.curve import Curve, join
from ledger.intervals import NEGATIVE, TOLERANCE_US, placed
from ledger.limits import RegisterLimits, book_factor, to_book_units
from ledger.passage import Passage, merged
from ledger.periods import day_starts
from metering.localtime import HOUR_US, MINUTE_US, day_bounds, local_day
from metering.moment import Moment
from metering.quality import APPORTIONED, ESTIMATED, MEASURED, MISSING
from metering.quantity import I64
from metering.reading import F64, Flag, Kind, ReadingColumns
from metering.registry import Installation, Meter, Registry

BOOKED = (Kind.REGISTER, Kind.INTERVAL, Kind.MEAN)
OPEN_END = int(np.iinfo(np.int64).max)
DAY_US = 24 * HOUR_US


class Usable(NamedTuple):
    """Readings of one register in book units."""

    time_us: I64
    value: I64
    rejected_us: I64
    """Times of those that cannot be used."""

    def within(self, start_us: int, end_us: int) -> Usable:
        """Those in [start, end]; the arrays are views."""
        used, other = (
            slice(*np.searchsorted(times, (start_us, end_us + 1)).tolist())
            for times in (self.time_us, self.rejected_us)
        )
        return Usable(self.time_us[used], self.value[used], self.rejected_us[other])


class Noted(NamedTuple):
    """A register's value at its change, as somebody wrote it down."""

    time_us: int
    value: float
    """In the canonical unit."""


class Beside(NamedTuple):
    """A service of another meter, under which the same register counts before or afterwards."""

    served: tuple[Service, ...]
    """All services of that meter."""
    place: int


@dataclass(frozen=True)
class Service:
    """One installation of a meter, with what is needed to read its register."""

    meter: Meter
    installation: Installation
    kind: Kind
    zone: str
    start_us: int
    end_us: int
    """First and last instant, both included, at which its readings count."""
    counted: str
    """The canonical unit of its point."""
    declared: tuple[tuple[int, int], ...] = ()
    """[start, end) of the local days on which its register was replaced [us]."""
    began: Moment | None = None
    """When it began, where more than the day is known; likewise `ended`."""
    ended: Moment | None = None
    final: Decimal | None = None
    """What it said at its end, in its own unit, where that was written down."""
    reads_from_us: int = -OPEN_END
    """First and last instant, both included, at which readings of its point are its own: of a
    window in which it changed they are not."""
    reads_until_us: int = OPEN_END
    opening: Noted | None = None
    """The first value as a reading before all others, and the final one as a reading after."""
    closing: Noted | None = None
    came_from: Beside | None = field(default=None, compare=False, repr=False)
    """Where its register counted before it moved here, and where it moved to: only what passed on
    the way is told from there."""
    goes_to: Beside | None = field(default=None, compare=False, repr=False)
    guest: bool = False
    """Whether it is of another meter."""

    @property
    def point(self) -> int:
        """The point that serves the meter."""
        return self.installation.point

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Services name what is known of them, often."""
        return hash((self.meter.code, self.point, self.start_us, self.end_us))

    @cached_property
    def is_alone(self) -> bool:
        """Whether it is a register with nothing written down at its ends, that no other meter
        hands over to it or takes from it."""
        noted = self.opening or self.closing or self.came_from or self.goes_to
        return self.kind is Kind.REGISTER and not noted and not self.guest

    @cached_property
    def limits(self) -> RegisterLimits:
        """Step, turn of the register and the most that can pass in an hour, as registered."""
        return RegisterLimits.of(self.meter, self.installation, self.counted)

    @cached_property
    def factor(self) -> Fraction:
        """Book units per canonical unit of its point, the transformer ratio included."""
        return book_factor(self.meter, self.installation.ratio, self.counted)

    @cached_property
    def scale(self) -> float:
        """The factor as it is multiplied with."""
        return float(self.factor)

    def signed(self, facts: EventFacts) -> EventFacts:
        """What is told of a decision, with its energy as it is booked."""
        energy = facts.energy
        return facts if energy is None else replace(facts, energy=energy * self.installation.sign)

    def until(self, time_us: int) -> Service:
        """The same, up to an instant."""
        until = time_us if self.ended is None else min(self.reads_until_us, time_us)
        return replace(self, end_us=time_us, reads_until_us=until)

    def since(self, time_us: int) -> Service:
        """The same, from an instant on."""
        since = time_us if self.began is None else max(self.reads_from_us, time_us)
        return replace(self, start_us=time_us, reads_from_us=since)

    def usable(self, rows: ReadingColumns) -> Usable:
        """What of the point's readings can be used."""
        units, good = to_book_units(rows.value, self.scale)
        if rows.flag.any():
            good &= (rows.flag.astype(np.int64) & int(Flag.OUT_OF_RANGE)) == 0
        if good.all():
            return Usable(rows.time_us, units, rows.time_us[:0])
        return Usable(rows.time_us[good], units[good], rows.time_us[~good])


def registered(registry: Registry, meter: str) -> list[Service]:
    """The meter's installations in order of time, those that carry energy, without what was
    written down when they changed; see `ledger.turning.services`."""
    one = registry.meters[meter]
    zone = registry.zone(one.node)
    found = []
    for installation in registry.installations_of(meter):
        point = registry.points.get(installation.point)
        if point is None or point.kind not in BOOKED:
            continue
        valid = installation.valid
        start = day_bounds(valid.start, zone)[0] if valid.start else -OPEN_END
        end = day_bounds(valid.end, zone)[0] if valid.end else OPEN_END
        began, ended = installation.began, installation.ended
        start, end = began.end_us if began else start, ended.start_us if ended else end
        one_service = Service(one, installation, point.kind, zone, start, end, point.unit)
        dated = replace(one_service, began=began, ended=ended, final=installation.final)
        found.append(replace(dated, reads_from_us=start, reads_until_us=end))
    found.sort(key=lambda s: (s.start_us, s.end_us, s.installation.point))
    return _joined(
        [s for s, before in zip(found, [None, *found], strict=False) if _follows(s, before)]
    )


def _follows(service: Service, before: Service | None) -> bool:
    """Two registers from the same day on cannot both be the meter: the first one is."""
    return before is None or before.start_us < service.start_us


def _joined(found: Sequence[Service]) -> list[Service]:
    """Registers that follow each other under one point and ratio go on in one series."""
    joined: list[Service] = []
    for service in found:
        last = joined[-1] if joined else None
        if last is not None and _goes_on(last, service):
            window = day_bounds(local_day(service.start_us, service.zone), service.zone)
            longer = replace(last, end_us=service.end_us, reads_until_us=service.reads_until_us)
            longer = replace(longer, ended=service.ended, final=service.final)
            joined[-1] = replace(longer, declared=(*last.declared, window))
        else:
            joined.append(service)
    return joined


def _goes_on(old: Service, new: Service) -> bool:
    one, other = old.installation, new.installation
    same = _counting(one) == _counting(other)
    by_day = old.ended is None is new.began
    return same and by_day and old.kind is Kind.REGISTER and new.start_us == old.end_us


def _counting(one: Installation) -> tuple[object, ...]:
    return (one.point, one.ratio, one.digits, one.signed, one.direction)


def handed_over(served: Sequence[Service], firsts: Mapping[int, int]) -> list[Service]:
    """The services with the instants at which one takes over from the other; `firsts` has by
    place in `served` the time of the first reading of its day of change, where there is one."""
    found = list(served)
    for place in range(1, len(found)):
        old, new = found[place - 1], found[place]
        if new.start_us > old.end_us or (new.began is not None and new.began == old.ended):
            continue
        change = firsts.get(place, new.start_us)
        by_day = new.began is None is old.ended
        if new.point != old.point and by_day and place not in firsts:
            change = day_bounds(local_day(new.start_us, new.zone), new.zone)[1]
        found[place - 1] = old.until(max(change, old.start_us))
        found[place] = new.since(max(change, old.start_us))
    return found


@dataclass(frozen=True, eq=False)
class Stretch:
    """Readings of one service around the wanted time, in rising time, and what was decided."""

    time_us: I64
    value: F64
    flag: I64
    decisions: tuple[Decision, ...] = ()
    missing: tuple[int, int] | None = None
    """(start, end) of an open run of equal readings that is longer than the meter rests."""
    set_aside: tuple[Span, ...] = ()
    """Months in which the registered limit does not hold."""
    earlier_us: I64 = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Times of the usable readings before, as many as say what cadence is usual."""
    passage: Passage | None = None
    """Over to the next register, where what passed is known."""
    repeated: Mapping[Span, EventFacts] = field(default_factory=dict)
    """Intervals that repeat one value for longer than the meter is known to."""

    @classmethod
    def of(
        cls,
        rows: ReadingColumns,
        decisions: tuple[Decision, ...] = (),
        missing: tuple[int, int] | None = None,
        set_aside: tuple[Span, ...] = (),
    ) -> Stretch:
        """A stretch of one point's rows, sorted by time, with what was decided of them."""
        flag = rows.flag.astype(np.int64)
        return cls(rows.time_us, rows.value, flag, decisions, missing, set_aside)

    @property
    def entered(self) -> NDArray[np.bool_]:
        """(n,) whether a person entered the reading."""
        entered: NDArray[np.bool_] = (self.flag & int(Flag.ENTERED)) != 0
        return entered

    def after(self, earlier_us: I64) -> Stretch:
        """The same, with the times of the usable readings before."""
        return replace(self, earlier_us=earlier_us)


@dataclass
class Measured:
    """What a meter's readings say: its curve and what was found on the way."""

    curve: Curve
    spans: list[Span] = field(default_factory=list)
    facts: dict[Span, EventFacts] = field(default_factory=dict)
    """What is known of some of them."""

    def keep(self, told: Callable[[Span], bool]) -> None:
        """Only what is to be told, with what is known of it."""
        self.spans = [span for span in self.spans if told(span)]
        self.facts = {span: known for span, known in self.facts.items() if told(span)}


def measure(served: Sequence[Service], stretches: Mapping[int, Stretch]) -> Measured:
    """The meter's curve over the given stretches (by place in `served`)."""
    parts: list[Measured] = []
    own = {n: measure_one(served[n], stretches[n]) for n in stretches if not served[n].guest}
    for place in sorted(stretches):
        passage = stretches[place - 1].passage if place - 1 in stretches else None
        if passage is not None:
            step_us = one_step_us(served[place if place in own else place - 1])
            parts.append(_over(passage, own.get(place - 1), own.get(place), step_us))
        parts += [own[place]] if place in own else []
    for place, one in own.items():
        _doubt_ends(served[place], one)
    facts: dict[Span, EventFacts] = {}
    for part in parts:
        facts |= part.facts
    curve = join([part.curve for part in parts if len(part.curve.time_us)])
    return Measured(curve, [span for part in parts for span in part.spans], facts)


def one_step_us(service: Service) -> int:
    """A native step of the service's meter [us]."""
    return service.meter.step_min * MINUTE_US


def _over(
    passage: Passage, left: Measured | None, right: Measured | None, step_us: int
) -> Measured:
    """What passed between two registers, whose own curves are cut where it takes in a part."""
    turn = passage.turn
    if turn.noted and left is not None and right is not None:
        left.curve, between, right.curve = merged(turn, left.curve, right.curve)
        left.keep(lambda span: span[0] != "gap" or span[2] < turn.end_us)
        right.keep(lambda span: span[0] != "gap" or span[1] > turn.start_us)
    elif passage.refused:
        return Measured(Curve.empty(), [(passage.refused, passage.start_us, passage.end_us)])
    else:
        between = passage.between()
    found = Measured(between)
    if len(between.time_us):
        _tell_gap(found, 0, len(between.time_us) - 1, step_us)
    return found


def _tell_gap(measured: Measured, first: int, last: int, step_us: int) -> None:
    """Tell of a gap from a knot to another where it is longer than a native step."""
    times, total = measured.curve.time_us, measured.curve.total
    span = ("gap", int(times[first]), int(times[last]))
    if span[2] - span[1] > step_us and span not in measured.facts:
        measured.spans.append(span)
        measured.facts[span] = EventFacts(energy=int(total[last] - total[first]))


def _doubt_ends(service: Service, measured: Measured) -> None:
    """A value that was written down in a window bounds no measured stretch: nobody knows when the
    register said it."""
    curve, last = measured.curve, len(measured.curve.time_us) - 1
    began, ended = service.began, service.ended
    doubted = []
    if last > 0 and began and began.start_us < began.end_us and service.opening is not None:
        doubted += [(0, 1)] if curve.time_us[0] == began.start_us else []
    if last > 0 and ended and ended.start_us < ended.end_us and service.closing is not None:
        doubted += [(last - 1, last)] if curve.time_us[last] == ended.end_us else []
    for left, right in doubted:
        if curve.quality[left] != MISSING:
            curve.quality[left] = APPORTIONED
            _tell_gap(measured, left, right, one_step_us(service))


def measure_one(service: Service, stretch: Stretch) -> Measured:
    """The curve of one installation."""
    good = (stretch.flag & int(Flag.OUT_OF_RANGE)) == 0
    if service.kind is not Kind.REGISTER:
        readings = stretch.time_us[good], stretch.value[good], stretch.entered[good]
        measured = _measure_intervals(service, *readings, stretch)
        return replace(measured, spans=[*measured.spans, *stretch.set_aside])
    units, usable = to_book_units(stretch.value, service.factor)
    usable &= good
    cleaned = clean(
        stretch.time_us[usable],
        units[usable],
        service.limits,
        decisions=stretch.decisions,
        rejected_us=stretch.time_us[~usable],
        missing=stretch.missing,
        around=Around(stretch.earlier_us, service.zone, stretch.time_us[usable & stretch.entered]),
    )
    found = of_cleaned(service, cleaned)
    return replace(found, spans=[*found.spans, *stretch.set_aside])


def of_cleaned(service: Service, cleaned: Cleaned) -> Measured:
    """The curve of a register from its readings that stand."""
    sign = service.installation.sign
    curve = Curve.of(cleaned.time_us, sign * cleaned.energy, cleaned.quality)
    facts = {span: service.signed(one) for span, one in cleaned.facts.items()}
    return Measured(curve, list(cleaned.spans), facts)


class Intervals(NamedTuple):
    """Intervals of one service with their energy, rising; those of negative readings are among
    them only where the service is signed."""

    start_us: I64
    end_us: I64
    energy: I64
    """[book units], as counted."""
    whole: NDArray[np.bool_]
    off_us: I64
    """Times of readings that begin nowhere."""
    below: list[Span]
    """Intervals whose readings are refused since they lie below 0, each told alone: so no day's
    telling depends on another day."""
    entered: NDArray[np.bool_]
    """Whether a person entered what passed."""

    def take(self, chosen: NDArray[np.bool_]) -> Intervals:
        """The chosen intervals."""
        return self._replace(
            start_us=self.start_us[chosen],
            end_us=self.end_us[chosen],
            energy=self.energy[chosen],
            whole=self.whole[chosen],
            entered=self.entered[chosen],
        )


def intervals_of(
    service: Service, time_us: I64, value: F64, entered: NDArray[np.bool_]
) -> Intervals:
    """The intervals of readings in rising time, of whole local days."""
    found = placed(time_us, service.zone, service.meter.step_min, entered)
    scale: Fraction | F64 = service.factor
    if service.kind is Kind.MEAN:
        scale = float(scale) * ((found.end_us - found.start_us) / HOUR_US)
    units, good = to_book_units(value[found.place], scale)
    below = good & (units < 0) & (not service.installation.signed)
    kept = good & ~below
    return Intervals(
        found.start_us[kept],
        found.end_us[kept],
        units[kept],
        found.whole[kept],
        found.off_us,
        [
            (NEGATIVE, int(start), int(end))
            for start, end in zip(found.start_us[below], found.end_us[below], strict=True)
        ],
        entered[found.place[kept]],
    )


def _measure_intervals(
    service: Service,
    time_us: I64,
    value: F64,
    entered: NDArray[np.bool_],
    stretch: Stretch,
) -> Measured:
    """Interval energy and mean power: a reading fills the interval that starts with it."""
    if not len(time_us):
        return Measured(Curve.empty())
    found = intervals_of(service, time_us, value, entered)
    step_us = service.meter.step_min * MINUTE_US
    spans = _off_grid(found.off_us, service.zone, step_us)
    spans += found.below
    told = {one.here_us: one for one in stretch.decisions}
    stands = found.entered | ~np.isin(found.start_us, np.array(list(told), dtype=np.int64))
    out = [told[start] for start in found.start_us[~stands].tolist()]
    for _, first, end in stretch.repeated:
        stands &= found.entered | (found.start_us < first) | (found.end_us > end)
    stands &= found.end_us <= service.end_us  # beyond it another register counts
    quality = np.where(found.whole, MEASURED, APPORTIONED).astype(np.int8)
    quality[found.entered] = ESTIMATED
    energy = service.installation.sign * found.energy
    curve = _blocks(found.start_us[stands], found.end_us[stands], energy[stands], quality[stands])
    spans += [*spans_of(out), *stretch.repeated]
    return Measured(curve, spans, facts_of(out) | dict(stretch.repeated))


def _blocks(starts: I64, ends: I64, units: I64, blocks: NDArray[np.int8]) -> Curve:
    """A curve of separate blocks; between blocks that do not touch, nothing is known."""
    if not len(starts):
        return Curve.empty()
    open_after = np.append(starts[1:] != ends[:-1], True)
    times = np.concatenate((starts, ends[open_after]))
    energy = np.concatenate((units, np.zeros(int(open_after.sum()), dtype=np.int64)))
    quality = np.full(len(times), MISSING, dtype=np.int8)
    quality[: len(starts)] = blocks
    order = np.argsort(times, kind="stable")
    return Curve.of(times[order], energy[order][:-1], quality[order][:-1])


def _off_grid(times: I64, zone: str, step_us: int) -> list[Span]:
    """One span for readings no further apart than two steps. Each local day is told alone: so no
    day's telling depends on another day."""
    if not len(times):
        return []
    firsts, ends = day_starts(times, zone)
    day = np.searchsorted(firsts, times + TOLERANCE_US, side="right") - 1
    breaks = np.flatnonzero((np.diff(times) > 2 * step_us) | (np.diff(day) != 0)) + 1
    first, last = np.append(0, breaks), np.append(breaks, len(times)) - 1
    starts = np.maximum(times[first], firsts[day[first]])
    until = np.minimum(times[last] + step_us, ends[day[last]])
    return [("off_grid", *span) for span in zip(starts.tolist(), until.tolist(), strict=True)]
