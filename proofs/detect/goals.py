"""What ours are to reach, and where another detector is better.

Ours are judged by what they tell at thresholds of their own where that is at most one alert in a
meter-year, and otherwise at the threshold that kept to it on tuning data. Marks of one and two
alerts are those of a study on generated meters. Beside them stand every other detector, and what a
person may expect: faults that matter are found, their energy is told, what wastes nothing is not
told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import product

from proofs.detect.asking import GENERIC, OURS, OWN
from proofs.detect.figures import FROZEN, TOLD, Figures
from proofs.detect.real.splits import Half
from proofs.detect.sections.hours import HOURS
from proofs.detect.sections.office import LARGE
from proofs.detect.sections.signals import BOOKS

EASY = {"precision": 0.88, "kwh_recall": 0.86}
"""Where a generic score reaches these, the generated meters are too easy to say anything."""
MARKS = {
    1: {"precision": 0.93, "recall": 0.73, "kwh_recall": 0.87},
    2: {"precision": 0.59, "recall": 0.87, "kwh_recall": 0.95},
}
TOLD_MARKS = {
    "fleets": {"precision": 0.95, "kwh_recall": 0.90},
    "bdg2": {"precision": 0.80, "kwh_recall": 0.75},
    "ucsd": {"precision": 0.80, "kwh_recall": 0.75},
}
"""Least shares at `MOST_TOLD` or fewer alerts."""
MOST_TOLD = 1
COMPARED = ("precision", "recall", "kwh_recall", "kwh_covered")
MOST_HARMLESS = 0.1
"""Alerts in a meter-year in which nothing is wasted."""
LASTING = {"found": 1.0, "kwh_covered": 0.95}
HELD = (0.86, 0.94)
"""Share of 90 % intervals that hold the label's energy, in each class of length."""
OF_SIGNALS = {"hours": (*OWN, HOURS), "readings": (BOOKS,)}
"""Ways in which labelled readings are judged, and which detectors of each are ours."""
LEAST_TOLD = 10
"""Intervals from which on their share says something."""


@dataclass(frozen=True)
class Goal:
    """A figure and what it is to be; None where there was nothing to measure."""

    name: str
    value: float | None
    wanted: str
    met: bool


def goals_of(result: Figures) -> list[Goal]:
    """All goals of the sections that ran."""
    goals = [
        *_fleets(result.get("fleets")),
        *_recorded(result.get("recorded")),
        *_office(result.get("office")),
        *_harmless(result.get("harmless")),
        *_lasting(result.get("lasting")),
        *_hours(result.get("hours")),
        *_signals(result.get("signals")),
    ]
    lost = losses_of(result)
    for section in ("fleets", "recorded"):
        if section in result:
            count = sum(str(loss["where"]).startswith(section) for loss in lost)
            goals.append(
                Goal(f"{section}: figures in which another is better", count, "0", not count)
            )
    return goals


def too_easy(result: Figures) -> bool:
    """Whether a generic score finds so much of the generated meters that they say nothing."""
    return any(not goal.met for goal in _hard(result.get("fleets")))


def losses_of(result: Figures) -> list[Figures]:
    """Figures in which another detector is better than ours at the same point."""
    found = []
    for where, detectors in _tables(result):
        for at in FROZEN:
            for figure in COMPARED:
                ours = _value(detectors[OURS], at, figure)
                for name, other in detectors.items():
                    theirs = _value(other, at, figure)
                    if name != OURS and theirs is not None and (ours is None or theirs > ours):
                        found.append(
                            {
                                "where": f"{where}, {at}",
                                "figure": figure,
                                "ours": ours,
                                "other": name,
                                "theirs": theirs,
                            }
                        )
    return found


def as_rows(goals: list[Goal]) -> list[Figures]:
    """Goals for JSON."""
    return [asdict(goal) for goal in goals]


def _tables(result: Figures) -> Iterator[tuple[str, Mapping[str, Figures]]]:
    if "fleets" in result:
        yield "fleets", result["fleets"]["detectors"]
    for name, fleet in result.get("recorded", {}).get("fleets", {}).items():
        yield f"recorded {name}", fleet["detectors"]


def _value(figures: Figures, at: str, figure: str) -> float | None:
    value: float | None = figures[at][figure][0]
    return value


def _least(name: str, value: float | None, least: float) -> Goal:
    return Goal(name, value, f">= {least}", value is not None and value >= least)


def _most(name: str, value: float | None, most: float) -> Goal:
    return Goal(name, value, f"<= {most}", value is not None and value <= most)


def _hard(section: Figures | None) -> Iterator[Goal]:
    """That a generic score stays under `EASY` in at least one figure of each."""
    if section is None:
        return
    for figure, limit in EASY.items():
        value = _value(section["detectors"][GENERIC], "exact 1", figure)
        name = f"fleets: {figure} of the frozen generic score at exactly 1"
        yield Goal(name, value, f"< {limit}", value is None or value < limit)


def _fleets(section: Figures | None) -> Iterator[Goal]:
    if section is None:
        return
    yield from _hard(section)
    ours = section["detectors"][OURS]
    for budget, marks in MARKS.items():
        for figure, least in marks.items():
            name = f"fleets: {figure} at {budget}"
            yield _least(name, _value(ours, f"frozen {budget}", figure), least)
        rate = _value(ours, f"frozen {budget}", "alerts_per_meter_year")
        yield _most(f"fleets: alerts in a meter-year at {budget}", rate, budget)
    yield from _told("fleets", "fleets", section["detectors"])


def _recorded(section: Figures | None) -> Iterator[Goal]:
    for world, fleet in (section or {}).get("fleets", {}).items():
        detectors = fleet["detectors"]
        yield from _told(f"recorded {world}", world, detectors)
        for name in OWN:
            rate = detectors[name][f"untouched {TOLD}"]
            yield _most(f"recorded {world}: told of {name} where nothing was put in", rate, 1)


def _told(where: str, marks: str, detectors: Mapping[str, Figures]) -> Iterator[Goal]:
    """Of what ours tell: marks, their lead over every other, and whether intervals hold."""
    for name in OWN:
        at = judged_at(detectors[name])
        here = f"{where}, {name} {at}"
        rate = _value(detectors[name], TOLD, "alerts_per_meter_year")
        yield _most(f"{where}, {name} told: alerts in a meter-year", rate, MOST_TOLD)
        for figure, least in TOLD_MARKS[marks].items():
            own = _value(detectors[name], at, figure)
            yield _least(f"{here}: {figure}", own, least)
            others = [_value(one, TOLD, figure) for key, one in detectors.items() if key not in OWN]
            best = max((one for one in others if one is not None), default=0.0)
            met = own is not None and own > best
            yield Goal(f"{here}: {figure} ahead of every other", own, f"> {best}", met)
        for length, (share, count) in detectors[name][at]["inside"].items():
            if count >= LEAST_TOLD:
                low, high = HELD
                held = share is not None and low <= share <= high
                label = f"{here}: intervals that hold, {length} days"
                yield Goal(label, share, f"{low} to {high}", held)


def judged_at(figures: Figures) -> str:
    """The point at which a detector of ours is judged: what it tells, if that is at most
    `MOST_TOLD`."""
    rate = _value(figures, TOLD, "alerts_per_meter_year")
    return TOLD if rate is not None and rate <= MOST_TOLD else f"frozen {MOST_TOLD}"


def _office(section: Figures | None) -> Iterator[Goal]:
    if section is None:
        return
    for half, name in product(Half, OWN):
        asked = section[half][name]
        large = [
            one
            for one in asked["events"]
            if one["medium"] == "electricity" and (one["of_month"] or 0) >= LARGE
        ]
        found = [one for one in large if one["found"]]
        near = [one for one in large if one["near"]]
        for what, rows in (("found", found), ("energy told", near)):
            share = round(len(rows) / len(large), 3) if large else None
            yield _least(f"office {half}, {name}: large faults {what}", share, 1.0)
        false = asked["false"]
        for run, alerts in false.items():
            if "benign" in run:
                yield _most(f"office {half}, {name}: alerts of {run}", alerts["harmless"], 0)
        twins = max((alerts["twin"] for alerts in false.values()), default=0)
        yield _most(f"office {half}, {name}: alerts of a clean year", twins, 0)


def _harmless(section: Figures | None) -> Iterator[Goal]:
    if section is None:
        return
    for name in OWN:
        rate = section["detectors"][name][TOLD]["alerts_per_meter_year"]
        yield _most(f"harmless, {name}: alerts in a meter-year", rate, MOST_HARMLESS)


def _lasting(section: Figures | None) -> Iterator[Goal]:
    if section is None:
        return
    for world, detectors in section.items():
        for name in OWN:
            for days, figures in detectors[name].items():
                for figure, least in LASTING.items() if figures["events"] else ():
                    what = f"lasting, {world}, {name}: {figure} of {days} days"
                    yield _least(what, figures[figure], least)


def _hours(section: Figures | None) -> Iterator[Goal]:
    """That sound hours lie in their interval as often as it says."""
    for hours, share in (section or {}).get("held", {}).items():
        low, high = HELD
        met = share is not None and low <= share <= high
        yield Goal(f"hours: intervals that hold, {hours} h", share, f"{low} to {high}", met)


def _signals(section: Figures | None) -> Iterator[Goal]:
    """That nobody finds more of what is marked than the best of ours does."""
    for way, own in OF_SIGNALS.items():
        for series, one in (section or {}).get(way, {}).items():
            found = {name: counts["found"] for name, counts in one["detectors"].items()}
            best = max(count for name, count in found.items() if name not in own)
            ours = max(count for name, count in found.items() if name in own)
            yield _least(f"signals, {series}, {way}: marks found", ours, best)
