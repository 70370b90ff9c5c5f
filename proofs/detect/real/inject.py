"""Known events put into recorded meters, and what each of them cost to the kWh.

Written without a look at any detector: what is put in follows the catalogue of patterns and the
building's own hours (`own_hours`), not what a detector looks for. The part that is learnt from is
never touched; what really went wrong in the recordings stays in both twins, without a label.

- A third of the meters get no event; the others get one and, by Poisson, more: on average one for
  each meter and scored year. Events of a meter lie ten days apart at least.
- Sizes are drawn evenly by their logarithm, 5 to 60 % of the building's typical daytime load (base
  load 5 to 40 %), durations likewise, from hours to 60 days; base load creeps for 45 to 150.
- An event is put where nine tenths of the hours have a reading that is not 0. Waste whose net is
  not above 0 is drawn again.
- Net waste of a label is the twin with the event minus the twin without it, from its first hour to
  two days after its last; a fault of the meter wastes nothing.
- Each meter has dice of its own, thrown by seed, fleet and building: another meter in the fleet
  changes nothing of this one. Meters are changed one by one: a fleet of sub-meters and their sum
  would no longer add up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from proofs.detect.fleet import Fleet, Floats, Ints, Label
from proofs.detect.real import shapes
from proofs.detect.real.own_hours import hour_of_week, own_hours
from proofs.detect.real.shapes import Subject, Window

Shape = Callable[[Subject, Window, np.random.Generator], Floats | None]
DAY = 24
AFTER = 2 * DAY
"""Hours after an event in which what is given back counts against it."""
APART = 10 * DAY
QUIET_SHARE = 1 / 3
"""Of the meters, that get no event."""
PRESENT = 0.9
TRIES = 60
LASTING_DAYS = (14, 28, 42, 60, 90)


@dataclass(frozen=True)
class Injection:
    """One kind of event: how often, how long, how large, and what it does."""

    kind: str
    often: float
    """Its weight among the kinds that are drawn."""
    hours: tuple[int, int]
    """Shortest and longest window."""
    shape: Shape
    size: tuple[float, float] = (0.05, 0.60)
    """Least and largest share of the building's typical daytime load."""
    waste: bool = True
    """Whether energy was really taken; false for a fault of the meter."""


INJECTIONS = (
    Injection("after_hours_plant", 3, (3 * DAY, 60 * DAY), shapes.after_hours_plant),
    Injection("weekend_run", 2, (3 * DAY, 60 * DAY), shapes.weekend_run),
    Injection("early_start", 1.5, (5 * DAY, 60 * DAY), shapes.early_start),
    Injection("late_stop", 1.5, (5 * DAY, 60 * DAY), shapes.late_stop),
    Injection("base_step", 2, (3 * DAY, 60 * DAY), shapes.base_step, (0.05, 0.40)),
    Injection("base_creep", 1, (45 * DAY, 150 * DAY), shapes.base_creep, (0.05, 0.40)),
    Injection("slope", 1, (14 * DAY, 60 * DAY), shapes.slope),
    Injection("multiplier", 1, (2 * DAY, 60 * DAY), shapes.multiplier, waste=False),
    Injection("spike", 1, (1, 3), shapes.spike, waste=False),
    Injection("stuck", 1, (8, 5 * DAY), shapes.stuck, waste=False),
    Injection("zero", 0.7, (3, 3 * DAY), shapes.zero, waste=False),
    Injection("negative", 0.5, (3, 10 * DAY), shapes.negative, waste=False),
    Injection("gap", 0.8, (3, 10 * DAY), shapes.gap, waste=False),
    Injection("clock", 0.5, (14 * DAY, 60 * DAY), shapes.clock, waste=False),
)
"""A building draws among those that it has hours for."""
LONGEST = (LASTING_DAYS[0] * DAY, LASTING_DAYS[-1] * DAY)
LASTING = (
    Injection("after_hours_plant", 1, LONGEST, shapes.louder_nights, (0.35, 0.35)),
    Injection("weekend_run", 1, LONGEST, shapes.weekend_run, (0.35, 0.35)),
    Injection("base_step", 1, LONGEST, shapes.base_step, (0.10, 0.25)),
)
"""Nights of a third more than that building's nights, whole weekends, and load left on."""


def injected(fleet: Fleet, seed: int) -> Fleet:
    """The fleet with events in its scored part, and their labels; `fleet` stays the twin."""

    def wanted(subject: Subject, rng: np.random.Generator) -> Sequence[Injection]:
        years = (len(subject.load) - fleet.scored_from) / 8766.0
        if rng.random() < QUIET_SHARE:
            return ()
        mean = max(years / (1.0 - QUIET_SHARE) - 1.0, 0.0)
        possible = _possible(INJECTIONS, subject, fleet.scored_from)
        often = np.array([one.often for one in possible])
        drawn = rng.choice(len(possible), size=1 + int(rng.poisson(mean)), p=often / often.sum())
        return [possible[number] for number in drawn]

    return _with_events(fleet, seed, "events", wanted)


def injected_lasting(fleet: Fleet, seed: int) -> Fleet:
    """The fleet with one waste in each building that lasts for 14 to 90 days, and its label."""

    def wanted(subject: Subject, rng: np.random.Generator) -> Sequence[Injection]:
        hours = int(rng.choice(LASTING_DAYS)) * DAY
        possible = _possible(LASTING, subject, fleet.scored_from)
        one = possible[int(rng.integers(len(possible)))]
        return [replace(one, hours=(hours, hours))]

    return _with_events(fleet, seed, "lasting", wanted)


def _possible(kinds: Sequence[Injection], subject: Subject, scored_from: int) -> list[Injection]:
    """Those of the kinds that the building has hours for, or weather, somewhere in its year."""
    year = Window(scored_from, len(subject.load), 1.0)
    dice = np.random.default_rng(0)
    return [one for one in kinds if not one.waste or one.shape(subject, year, dice) is not None]


def _with_events(
    fleet: Fleet,
    seed: int,
    purpose: str,
    wanted: Callable[[Subject, np.random.Generator], Sequence[Injection]],
) -> Fleet:
    """Events as `wanted` of each meter, where there is room for them; earlier labels stay."""
    load = fleet.load.copy()
    labels = list(fleet.labels)
    for meter in range(len(load)):
        name = fleet.building[meter] if fleet.building else str(meter)
        rng = np.random.default_rng([seed, crc32(f"{fleet.name}/{purpose}/{name}".encode())])
        subject = _subject(fleet, meter)
        if not subject.own.day_kw > 0.0:
            continue
        taken: list[tuple[int, int]] = []
        for one in wanted(subject, rng):
            placed = _placed(one, subject, fleet.scored_from, taken, rng)
            if placed is None:
                continue
            first, end, after = placed
            gained = _gained(subject.load, after, first, end) if one.waste else 0.0
            load[meter, first : end + AFTER] = after[first : end + AFTER]
            labels.append(Label(meter, one.kind, first, end, gained))
            taken.append((first, end))
    return replace(fleet, load=load, labels=tuple(sorted(labels, key=_order)))


def _order(label: Label) -> tuple[int, int]:
    """By meter, then by time."""
    return label.meter, label.first


def _subject(fleet: Fleet, meter: int) -> Subject:
    """What the injector knows of a meter: its own hours are those of the scored part, for a
    building that changed its hours has those in which the events will be."""
    hours = fleet.load.shape[1]
    week = hour_of_week(fleet.start, hours)
    calendar = fleet.calendar[meter]
    scored = slice(fleet.scored_from, hours)
    plain = ~fleet.holidays[calendar].repeat(DAY)[scored]
    own = own_hours(fleet.load[meter, scored], week[scored], plain)
    station = int(fleet.station[meter])
    return Subject(
        load=fleet.load[meter],
        week=week,
        off=fleet.off_days[calendar].repeat(DAY),
        own=own,
        temperature=fleet.temperature[station] if station >= 0 else None,
    )


def _placed(
    one: Injection,
    subject: Subject,
    scored_from: int,
    taken: Sequence[tuple[int, int]],
    rng: np.random.Generator,
) -> tuple[int, int, Floats] | None:
    """(first hour, end, load after it) at a place that is free and where it shows; None where
    none was found in `TRIES` throws."""
    hours = len(subject.load)
    for _ in range(TRIES):
        length = round(_between(one.hours, rng))
        if length > hours - scored_from - AFTER:
            continue
        first = int(rng.integers(scored_from, hours - length - AFTER + 1))
        window = Window(first, first + length, _between(one.size, rng))
        if not _free(window, taken) or not _alive(subject.load[first : first + length]):
            continue
        after = one.shape(subject, window, rng)
        if after is None:
            continue
        inside = slice(window.first, window.end)
        changed = _changed(subject.load[inside], after[inside])
        if not changed.size:
            continue
        begin, end = first + int(changed[0]), first + int(changed[-1]) + 1
        if one.waste and not _gained(subject.load, after, begin, end) > 0.0:
            continue
        return begin, end, after
    return None


def _changed(before: Floats, after: Floats) -> Ints:
    """Numbers of the hours in which two loads differ; missing is like missing."""
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    return np.flatnonzero(~same)


def _gained(before: Floats, after: Floats, first: int, end: int) -> float:
    """Net energy of an event [kWh], what is given back after it included."""
    return float(np.nansum(after[first : end + AFTER] - before[first : end + AFTER]))


def _between(limits: tuple[float, float], rng: np.random.Generator) -> float:
    """Between two positive limits, evenly by the logarithm."""
    low, high = np.log(limits)
    return float(np.exp(rng.uniform(low, high)))


def _free(window: Window, taken: Sequence[tuple[int, int]]) -> bool:
    """Whether a window lies `APART` from all others."""
    return all(window.first >= end + APART or window.end + APART <= first for first, end in taken)


def _alive(load: Floats) -> bool:
    """Whether nearly all hours of a window have a reading that is not 0."""
    return float(np.mean(np.nan_to_num(load) != 0.0)) >= PRESENT
