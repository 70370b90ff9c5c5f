"""Labelled readings that are no energy: what fits each, and counts instead of shares.

    by the hour     as if they were a meter: all detectors at thresholds of generated tuning meters
    by the reading  as the ledger books them: what the books say of a meter whose power they were,
                    beside two plain scores that may say as much as there is marked
    by the day      fans of air handlers, whose power goes with the cube of their speed: a band of
                    the days without a fault

Nothing is tuned on them. A run of marked rows is one event; what touches it is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from analytics.groups import median
from metering.reading import Kind
from proofs.counters import booked, once_each
from proofs.detect.asking import Said
from proofs.detect.figures import TOLD, Figures, alerts_of
from proofs.detect.fleet import Fleet, Floats, Ints
from proofs.detect.generated import generated_fleet
from proofs.detect.real.labelled import SERIES, LabelledSeries
from proofs.detect.real.signals import (
    DAY_US,
    LEAST_LEARNT_DAYS,
    Span,
    has_hours,
    hourly_fleet,
    marked_spans,
    near_ones_joined,
    row_spans,
)
from proofs.detect.scoring import overlap
from proofs.detect.sections.fleets import wasted
from proofs.detect.sections.hours import HOURS, hours_of, hours_threshold
from proofs.detect.sections.trial import TUNED_SEEDS, Trial
from proofs.detect.words import WORDS

AIR_HANDLERS: Final = "lbnl_ahu_faults"
BOOKED: Final = ("boiler_labelled", "nab_temperature", "pv_quality_labelled")
"""Whose marks are of rows, or of days at most."""
BOOKS: Final = "books"
"""Events of the ledger, but for those of missing readings."""
MISSING_KIND: Final = "gap"
EVER: Final = 2**62
FAN: Final = "supply_air_fan_speed_control_signal"
FAN_POWER: Final = 3
"""A fan takes as this power of its speed."""
LEAST_SOUND: Final = 3
"""Days without a fault that make a band."""


def signals(trial: Trial) -> Figures:
    """By way of judging and series: counts of each detector; and what cannot be tried, and why."""
    read = {name: list(one(trial.data)) for name, one in SERIES.items()}
    plain = [one for name, several in read.items() if name != AIR_HANDLERS for one in several]
    fleets = {one.name: hourly_fleet(one) for one in plain}
    return {
        "hours": _by_hour(trial, [one for one in fleets.values() if one is not None]),
        "readings": {
            one.name: by_reading(one) for name in BOOKED for one in read[name] if has_hours(one)
        },
        "fans": {one.name: fan_days(one) for one in read[AIR_HANDLERS]},
        "not_tried": [why_not(one) for one in plain if fleets[one.name] is None],
    }


def why_not(series: LabelledSeries) -> str:
    """Why a series cannot be judged by the hour, measured."""
    days = (series.time[-1] - series.time[0]) // np.timedelta64(1, "D")
    step = int(np.median(np.diff(series.time)) / np.timedelta64(1, "m"))
    last = (marked_spans(series)[-1][0] - int(series.time[0].astype(np.int64))) // DAY_US
    return (
        f"{series.name} by the hour: {days} days in steps of {step} min, the last mark begins on "
        f"day {last}; {LEAST_LEARNT_DAYS} days by the hour are needed before one"
    )


def _by_hour(trial: Trial, fleets: Sequence[Fleet]) -> Figures:
    said = trial.panel.asked(fleets, trial.panel.quick)
    thresholds = {name: trial.generated.of[name, TOLD] for name in said}
    tuned = [hours_of(generated_fleet(seed, trial.sizes.meters))[0] for seed in TUNED_SEEDS]
    thresholds[HOURS] = hours_threshold(tuned)
    said[HOURS] = [hours_of(fleet)[0] for fleet in fleets]
    return {
        fleet.name: {
            "learnt_days": fleet.scored_from // 24,
            "days": (fleet.load.shape[1] - fleet.scored_from) // 24,
            "events": len(wasted(fleet)),
            "detectors": {
                name: _alerts_counted(several[place], thresholds[name])
                for name, several in said.items()
            },
        }
        for place, fleet in enumerate(fleets)
    }


def _alerts_counted(said: Said, threshold: float) -> Figures:
    alerts, labels = alerts_of(said, threshold), wasted(said.fleet)
    pairs = [(alert, label) for alert in alerts for label in labels if overlap(alert, label)]
    right = [(alert, label) for alert, label in pairs if label.kind in WORDS.get(alert.pattern, ())]
    return {
        "alerts": len(alerts),
        "right": len({id(alert) for alert, _ in pairs}),
        "found": len({id(label) for _, label in pairs}),
        "named": len({id(label) for _, label in right}),
    }


def by_reading(series: LabelledSeries) -> Figures:
    """What the books say of a series as the power of a meter, by kind of event, and what plain
    scores do; each with how much of it touches what is marked, and how much of that it finds."""
    values = next(iter(series.values.values()))
    time_us, known = once_each(series.time.astype(np.int64), values)
    books = booked({series.name: (time_us, known)}, Kind.MEAN, "01000", "kW")
    events = [one for one in books.events("o", -EVER, EVER) if one.kind != MISSING_KIND]
    marked = marked_spans(series)
    told = {BOOKS: near_ones_joined([(one.start_us, one.end_us) for one in events])}
    told |= {
        name: most_told(score(series.time.astype(np.int64), values), series, len(marked))
        for name, score in PLAIN.items()
    }
    return {
        "rows": len(values),
        "events": len(marked),
        "kinds": dict(sorted(Counter(one.kind for one in events).items())),
        "detectors": {name: spans_counted(spans, marked) for name, spans in told.items()},
    }


def most_told(score: Floats, series: LabelledSeries, most: int) -> list[Span]:
    """Spans of the rows that score highest, as many rows as give at most so many spans; NaN scores
    nothing. No detector could know how many that are."""
    order = np.argsort(-np.nan_to_num(score, nan=-np.inf), kind="stable")
    order = order[np.nan_to_num(score[order]) > 0]
    told: list[Span] = []
    for count in range(1, order.size + 1):
        more = row_spans(series, np.sort(order[:count]))
        if len(more) > most:
            break
        told = more
    return told


def spans_counted(spans: Sequence[Span], marked: Sequence[Span]) -> Figures:
    """How many there are, how many touch what is marked, and how much of that is touched."""
    return {
        "alerts": len(spans),
        "right": sum(any(_touch(span, other) for other in marked) for span in spans),
        "found": sum(any(_touch(span, other) for span in spans) for other in marked),
    }


def _touch(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def day_before(time_us: Ints, values: Floats) -> Floats:
    """How far each row is from that of a day before, (rows,); NaN where there is none."""
    place = np.minimum(np.searchsorted(time_us, time_us - DAY_US), len(values) - 1)
    there = time_us[place] == time_us - DAY_US
    return np.asarray(np.abs(np.where(there, values - values[place], np.nan)))


def time_of_day(time_us: Ints, values: Floats) -> Floats:
    """How far each row is from the median of its time of the day, (rows,)."""
    _, slot = np.unique(time_us % DAY_US, return_inverse=True)
    usual = [float(median(values[slot == one][None])[0]) for one in range(int(slot.max()) + 1)]
    return np.asarray(np.abs(values - np.array(usual)[slot]))


PLAIN: Final[dict[str, Callable[[Ints, Floats], Floats]]] = {
    "seasonal naive": day_before,
    "generic": time_of_day,
}
"""How strange each row of a series is, by times [us] and values."""


def fan_days(series: LabelledSeries) -> Figures:
    """Days of a fan, those with a fault, and of these and of the others how many took more or less
    than the farthest of the (other) days without one; None where too few of those are known."""
    day = series.time.astype("datetime64[D]")
    days = np.unique(day)
    power = np.array([np.nanmean(series.values[FAN][day == one] ** FAN_POWER) for one in days])
    faulty = np.array([one in series.days for one in days])
    sound = power[~faulty]
    told: Figures = {"days": days.size, "faulty": int(faulty.sum()), "beyond": None}
    if sound.size < LEAST_SOUND:
        return told | {"sound_beyond": None}
    others = [np.delete(sound, place) for place in range(sound.size)]
    return told | {
        "beyond": sum(_is_beyond(one, sound) for one in power[faulty]),
        "sound_beyond": sum(map(_is_beyond, sound, others)),
    }


def _is_beyond(one: float, band: Floats) -> bool:
    return bool(not band.min() <= one <= band.max())
