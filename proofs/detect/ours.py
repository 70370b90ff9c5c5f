"""What the platform says of a fleet: its own looks, month after month, as an office has them.

    hour 0 ............... scored_from ... month ... month ... end
     one look makes versions ─┤
      they are frozen         └▶ each look judges by them; cases keep what was told

Meters that share a calendar and a weather station are a site. A case that did not grow for a month
is settled, as by a person who mended what it told. Register events are the ledger's and are not
made up here, so faults of meters are told only as far as hours alone show them. Meters of
other mediums than `LOOKED_AT` are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from analytics import FAULTS, FlatRates, Inputs, Memory, look, settle
from metering.baseline import BaselineVersion, is_checked
from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.finding import Case, CaseState, Finding
from metering.items import category
from metering.localtime import HOUR_US
from metering.quality import MEASURED, MISSING, all_of
from metering.quantity import ABSENT
from metering.registry import Meter
from metering.units import BOOK_UNITS
from proofs.detect.fleet import Alert, Fleet, Ints

ZONE = "UTC"
"""Hours of a fleet know no daylight saving."""
BODY = "bench"
DAY_H = 24
MONTH_H = 30 * DAY_H
WINDOW_H = 92 * DAY_H
"""What a look of an office sees."""
LEARNT_H = 400 * DAY_H
"""What a look that makes versions sees at most."""
ITEMS = {
    "electricity": "01000",
    "water": "02000",
    "gas": "03000",
    "heat": "04000",
    "cooling": "05000",
}
"""Medium -> item; what a fleet counts is taken for the unit of that."""
LOOKED_AT = frozenset(medium for medium, item in ITEMS.items() if is_checked(item))
"""Mediums that the platform looks for waste in."""
SUREST = 1e3
"""Score of a fault that hours prove."""


@dataclass(frozen=True, eq=False)
class _Place:
    """Meters of a fleet that share a calendar and a station."""

    fleet: Fleet
    rows: Ints
    calendar: WorkCalendar


def alerts_of(fleet: Fleet) -> list[Alert]:
    """What the platform tells of the scored part, by meter and time; the surer, the higher the
    score. Labels are not read; meters of other mediums than electricity have none."""
    alerts = [alert for place in _places(fleet) for alert in _alerts(place)]
    return sorted(alerts, key=lambda alert: (alert.meter, alert.first))


def _places(fleet: Fleet) -> Iterator[_Place]:
    checked = np.array([one in LOOKED_AT for one in fleet.medium] or [True] * len(fleet.load))
    pairs = np.stack([fleet.calendar, fleet.station], axis=1)
    for calendar, station in np.unique(pairs[checked], axis=0):
        same = checked & (fleet.calendar == calendar) & (fleet.station == station)
        yield _Place(fleet, np.flatnonzero(same), _calendar(fleet, int(calendar)))


def _calendar(fleet: Fleet, row: int) -> WorkCalendar:
    """Exceptions to the plain week."""
    first = fleet.start.astype("datetime64[D]")
    entries = []
    for number, (off, festive) in enumerate(
        zip(fleet.off_days[row], fleet.holidays[row], strict=True)
    ):
        day = date.fromisoformat(str(first + number))
        if off == (day.weekday() >= 5) and not festive:
            continue
        kind = DayKind.HOLIDAY if festive else DayKind.REST if off else DayKind.WORKING
        entries.append(CalendarDay(day, kind))
    return WorkCalendar.of(entries)


def _alerts(place: _Place) -> list[Alert]:
    fleet, hours = place.fleet, place.fleet.load.shape[1]
    first = look(_inputs(place, max(fleet.scored_from - LEARNT_H, 0), fleet.scored_from))
    versions: tuple[BaselineVersion, ...] = first.made
    cases: list[Case] = []
    for now in (*range(fleet.scored_from + MONTH_H, hours, MONTH_H), hours):
        inputs = _inputs(place, max(now - WINDOW_H, fleet.scored_from), now)
        seen = look(inputs, Memory(versions, cases=cases))
        versions += seen.made
        changes = settle(cases, seen)
        cases = [
            replace(case, evidence=changes.grown[case.number])
            if case.number in changes.grown
            else _settled(case, changes.closed.get(case.number, ""))
            for case in cases
        ]
        number = len(cases)
        cases += [replace(one, number=number + at) for at, one in enumerate(changes.opened, 1)]
    return [_alert(place, case) for case in cases if case.closed == ""]


def _settled(case: Case, closed: str) -> Case:
    """A case that did not grow since the look before."""
    if not case.stands:
        return case
    return replace(case, state=CaseState.CLOSED if closed else CaseState.FIXED, closed=closed)


def site_inputs_of(fleet: Fleet, first: int, end: int) -> Inputs:
    """Hours `first` to `end` of a fleet that is one site, as the books would hold them."""
    (place,) = _places(fleet)
    return _inputs(place, first, end)


def _inputs(place: _Place, first: int, end: int) -> Inputs:
    """Hours `first` to `end` as the books would hold them."""
    fleet = place.fleet
    load = fleet.load[place.rows, first:end]
    known = np.isfinite(load)
    items = [ITEMS[fleet.medium[row]] if fleet.medium else "01000" for row in place.rows]
    per = np.array([BOOK_UNITS[category(item).unit].per_canonical for item in items])
    scaled = np.rint(np.where(known, load, 0.0) * per[:, None])
    station = int(fleet.station[place.rows[0]])
    shares = np.stack([all_of(MISSING, end - first)] * len(load))
    shares[known] = all_of(MEASURED, 1)[0]
    air = np.full(end - first, np.nan) if station < 0 else fleet.temperature[station, first:end]
    return Inputs(
        institution=BODY,
        zone=ZONE,
        meters=[Meter(str(row), BODY, item) for row, item in zip(place.rows, items, strict=True)],
        feeders={},
        hours_us=_hour_us(fleet, np.arange(first, end)),
        energy=np.where(known, scaled.astype(np.int64), ABSENT),
        shares=shares,
        temperature=air,
        calendar=place.calendar,
        events=(),
        rates=FlatRates(),
        now_us=int(_hour_us(fleet, np.array([end]))[0]),
    )


def _hour_us(fleet: Fleet, hours: Ints) -> Ints:
    start_us = int(fleet.start.astype("datetime64[us]").astype(np.int64))
    return np.asarray(start_us + hours * HOUR_US, np.int64)


def _alert(place: _Place, case: Case) -> Alert:
    told = case.evidence
    start_us = int(_hour_us(place.fleet, np.array([0]))[0])
    # What is left beyond a settled case may have hours of evidence and no span.
    end_us = told.end_us if told.end_us > told.start_us else told.hours_us[-1] + HOUR_US
    return Alert(
        meter=int(told.meter),
        pattern=told.pattern,
        first=(told.start_us - start_us) // HOUR_US,
        end=-(-(end_us - start_us) // HOUR_US),
        score=_score(told),
        known_at=(case.opened_us - start_us) // HOUR_US - 1,
        kwh=told.waste,
        low=told.waste_low,
        high=told.waste_high,
    )


def _score(told: Finding) -> float:
    """How far it stands out; what single hours of a meter prove has no score and comes first."""
    if "score" in told.detail:
        return float(told.detail["score"])
    return SUREST if told.pattern in FAULTS else told.confidence
