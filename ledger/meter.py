"""One meter's curve from the readings of its installations.

    old register ─────────┤ final reading
    new register          ├───────── first reading        one instant: nothing is lost
                     change of date

Each installation's series stands alone. On the day of a change the old register counts until
the new one's first reading of that day; where both read at that instant the total is exact,
else the stretch between them is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from ledger.clean import Rested, Span, clean
from ledger.curve import Curve, join
from ledger.limits import RegisterLimits, book_factor, to_book_units
from ledger.periods import day_edges
from metering.localtime import HOUR_US, MINUTE_US, day_bounds, day_of_number, local_day
from metering.quality import MEASURED, MISSING
from metering.quantity import I64
from metering.reading import F64, Flag, Kind, ReadingColumns
from metering.registry import Installation, Meter, Registry

BOOKED = (Kind.REGISTER, Kind.INTERVAL, Kind.MEAN)
OPEN_END = int(np.iinfo(np.int64).max)
DAY_US = 24 * HOUR_US


@dataclass(frozen=True)
class Service:
    """One installation of a meter, with what is needed to read its register."""

    meter: Meter
    installation: Installation
    kind: Kind
    zone: str
    start_us: int
    end_us: int

    @property
    def limits(self) -> RegisterLimits:
        """Step, turn of the register and the most that can pass in an hour, as registered."""
        return RegisterLimits.of(self.meter, self.installation)


def services(registry: Registry, meter: str) -> list[Service]:
    """The meter's installations in order of time, those that carry energy."""
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
        found.append(Service(one, installation, point.kind, zone, start, end))
    found.sort(key=lambda s: (s.start_us, s.end_us, s.installation.point))
    return [s for s, before in zip(found, [None, *found], strict=False) if _follows(s, before)]


def _follows(service: Service, before: Service | None) -> bool:
    """Two registers from the same day on cannot both be the meter: the first one is."""
    return before is None or before.start_us < service.start_us


@dataclass(frozen=True, eq=False)
class Stretch:
    """Readings of one point around the wanted time, in rising time."""

    time_us: I64
    value: F64
    flag: I64
    last: bool = True
    """No reading of the point is later."""

    @classmethod
    def of(cls, rows: ReadingColumns, *, last: bool = True) -> Stretch:
        """A stretch of one point's rows, sorted by time; `last` where no row follows them in the
        store."""
        return cls(rows.time_us, rows.value, rows.flag.astype(np.int64), last)

    def between(self, start_us: int, end_us: int) -> Stretch:
        """The readings with start <= time <= end."""
        inside = (self.time_us >= start_us) & (self.time_us <= end_us)
        return Stretch(
            self.time_us[inside],
            self.value[inside],
            self.flag[inside],
            self.last or bool((self.time_us > end_us).any()),
        )


@dataclass
class Measured:
    """What a meter's readings say: its curve and what was found on the way."""

    curve: Curve
    spans: list[Span] = field(default_factory=list)


RestedOf = Callable[[Service], Rested | None]


def measure(
    served: Sequence[Service], stretches: Mapping[int, Stretch], rested: RestedOf
) -> Measured:
    """The meter's curve over the given stretches (by point)."""
    curves, spans = [], []
    for service, (start, end) in zip(served, reaches(served, stretches), strict=True):
        stretch = stretches.get(service.installation.point)
        if stretch is None:
            continue
        one = measure_one(service, stretch.between(start, end), rested(service))
        curves.append(one.curve)
        spans += one.spans
    return Measured(join([c for c in curves if len(c.time_us)]), spans)


def reaches(served: Sequence[Service], stretches: Mapping[int, Stretch]) -> list[tuple[int, int]]:
    """(first, last) instant, both included, at which each installation's readings count."""
    found: list[tuple[int, int]] = []
    for place, service in enumerate(served):
        start = found[-1][1] if found and served[place - 1].end_us >= service.start_us else None
        start = service.start_us if start is None else max(start, service.start_us)
        after = served[place + 1] if place + 1 < len(served) else None
        found.append((start, _handover(service, after, stretches)))
    return found


def _handover(old: Service, new: Service | None, stretches: Mapping[int, Stretch]) -> int:
    if new is None or new.start_us > old.end_us:
        return old.end_us
    change = min(old.end_us, new.start_us)
    if new.installation.point == old.installation.point:
        same = new.installation.ratio == old.installation.ratio
        return change - 1 if same and old.limits.max_per_hour is None else change
    stretch = stretches.get(new.installation.point)
    day_end = day_bounds(local_day(change, new.zone), new.zone)[1]
    if stretch is None:
        return change
    first = stretch.time_us[(stretch.time_us >= change) & (stretch.time_us < day_end)]
    return int(first[0]) if first.size else change


def measure_one(service: Service, stretch: Stretch, rested: Rested | None) -> Measured:
    """The curve of one installation."""
    good = (stretch.flag & int(Flag.OUT_OF_RANGE)) == 0
    time_us, value = stretch.time_us[good], stretch.value[good]
    if service.kind is Kind.REGISTER:
        factor = book_factor(service.meter, service.installation.ratio)
        units, usable = to_book_units(value, factor)
        cleaned = clean(
            time_us[usable], units[usable], service.limits, ended=stretch.last, rested=rested
        )
        return Measured(Curve.of(cleaned.time_us, cleaned.energy, cleaned.quality), cleaned.spans)
    return _measure_intervals(service, time_us, value)


def _measure_intervals(service: Service, time_us: I64, value: F64) -> Measured:
    """Interval energy and mean power: a reading fills the slot that starts with it."""
    if not len(time_us):
        return Measured(Curve.empty())
    ends = _slot_ends(service, time_us)
    scale: Fraction | F64 = book_factor(service.meter, service.installation.ratio)
    if service.kind is Kind.MEAN:
        scale = float(scale) * ((ends - time_us) / HOUR_US)
    units, usable = to_book_units(value, scale)
    on_grid = ends > 0
    booked = usable & on_grid
    step = service.meter.step_min * MINUTE_US
    spans = _merged("off_grid", time_us[~on_grid], step)
    return Measured(_blocks(time_us[booked], ends[booked], units[booked]), spans)


def _slot_ends(service: Service, time_us: I64) -> I64:
    """End of the slot that starts at each time; 0 where no slot starts there."""
    zone, step = service.zone, service.meter.step_min
    near = {int(n) + shift for n in np.unique(time_us // DAY_US) for shift in (-1, 0, 1)}
    edges = [day_edges(day_of_number(number), zone, step) for number in sorted(near)]
    starts = np.concatenate([starts for starts, _ in edges])
    ends = np.concatenate([ends for _, ends in edges])
    place = np.clip(np.searchsorted(starts, time_us, side="right") - 1, 0, len(starts) - 1)
    return np.where(starts[place] == time_us, ends[place], 0)


def _blocks(starts: I64, ends: I64, units: I64) -> Curve:
    """A curve of separate blocks; between blocks that do not touch, nothing is known."""
    if not len(starts):
        return Curve.empty()
    open_after = np.append(starts[1:] != ends[:-1], True)
    times = np.concatenate((starts, ends[open_after]))
    energy = np.concatenate((units, np.zeros(int(open_after.sum()), dtype=np.int64)))
    quality = np.full(len(times), MISSING, dtype=np.int8)
    quality[: len(starts)] = MEASURED
    order = np.argsort(times, kind="stable")
    return Curve.of(times[order], energy[order][:-1], quality[order][:-1])


def _merged(kind: str, times: I64, step_us: int) -> list[Span]:
    """One span for readings no further apart than two steps."""
    if not len(times):
        return []
    breaks = np.flatnonzero(np.diff(times) > 2 * step_us) + 1
    parts = np.split(times, breaks)
    return [(kind, int(part[0]), int(part[-1]) + step_us) for part in parts]
