"""Phase lost: one phase of a meter reads nothing for days, while the other two work (`phases`).

    current, power or voltage of a phase ─▶ dead on five days of seven ─▶ which of them are dead?

| current | voltage | power | what it is |
|---|---|---|---|
| none | there | | the current transformer is open or shorted, or nothing is connected any more |
| flows | none | | the fuse of the voltage tap |
| none | none | | the supply of the phase: what hung on it is off, nothing goes unmetered |
| flows | | none | the fuse of the voltage tap |

Where what would tell them apart is not known, both are named with even odds. Energy that was not
metered is told as a range, of each kWh that was, from the phase's share of the three on the days
before; it is a fault of the meter and no waste.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site
from analytics.detectors.unpriced import unpriced
from analytics.lasting import lasting
from analytics.phases import NO_VOLTAGE, NOTHING, PhaseDays, phase_days
from analytics.sensors import CURRENTS, PHASES, POWERS, VOLTAGES

NAME = "meter_phase"
TRANSFORMER, TAP, SUPPLY = "phase_current_lost", "phase_voltage_lost", "phase_supply_lost"
LETTERS = ("a", "b", "c")
UNSURE = 0.5

Roles = tuple[str, str, str]


def _lost(site: Site) -> list[Candidate]:
    found = []
    for code in site.codes:
        said = {one.role: one.values for one in site.sensed if one.meter == code}
        sets = [roles for roles in PHASES if said.keys() >= set(roles)]
        for own, letter in enumerate(LETTERS):
            by = {
                roles: phase_days(
                    [said[role] for role in roles],
                    own,
                    site.clock.day,
                    NO_VOLTAGE if roles == VOLTAGES else NOTHING,
                )
                for roles in sets
            }
            found += _of_phase(site, site.codes.index(code), letter, by)
    return found


def _of_phase(site: Site, row: int, letter: str, by: Mapping[Roles, PhaseDays]) -> list[Candidate]:
    """One for each run of days on which any of its quantities is dead that had worked before."""
    days = {day for one in by.values() for day in one.days[one.dead].tolist()}
    told = []
    for run in lasting(sorted(days)):
        dead = {
            roles
            for roles, one in by.items()
            if 2 * int(one.dead[np.isin(one.days, run)].sum()) >= len(run)
            and one.had_worked(run[0])
        }
        if dead:
            told.append(_candidate(site, row, letter, by, dead, run))
    return [one for one in told if one is not None]


def _candidate(
    site: Site,
    row: int,
    letter: str,
    by: Mapping[Roles, PhaseDays],
    dead: set[Roles],
    run: list[int],
) -> Candidate | None:
    hours = np.unique(np.concatenate([by[roles].hours for roles in dead]))
    hours = hours[np.isin(site.clock.day[hours], run)]
    cause, also = _cause(by.keys() - dead, dead)
    detail: dict[str, str | int | float] = {"phase": letter}
    if also:
        detail |= {"also": also, "odds": UNSURE}
    of = [by[roles] for roles in (POWERS, CURRENTS) if roles in by]
    worked = [one for one in of if one.had_worked(run[0])]
    if worked and cause != SUPPLY:
        low, middle, high = (part / (1 - part) for part in worked[0].usual(run[0]))
        detail |= {
            "unmetered": round(middle, 4),
            "unmetered_low": 0.0 if also == SUPPLY else round(low, 4),
            "unmetered_high": round(high, 4),
        }
    return unpriced(
        site,
        NAME,
        row,
        hours,
        cause=cause,
        detail=detail,
        confidence=UNSURE if also else 1.0,
    )


def _cause(alive: set[Roles], dead: set[Roles]) -> tuple[str, str]:
    """What it is, and what else it may be; '' where the phases tell."""
    if CURRENTS in alive:
        return TAP, ""
    if VOLTAGES in alive:
        return TRANSFORMER, ""
    if dead >= {CURRENTS, VOLTAGES}:
        return SUPPLY, ""
    if CURRENTS in dead:
        return TRANSFORMER, SUPPLY
    return TAP, SUPPLY if VOLTAGES in dead else TRANSFORMER


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.PHASES}),
    candidates=_lost,
    quantity=EvidenceUnit.FAULT,
    causes=(TRANSFORMER, TAP, SUPPLY),
    action="check_phase",
)
