"""Which versions judge a site's hours, and those that are made today.

kept versions ─▶ frozen ──▶ due? ─ no ─────────────────────────────▶ judge the hours
                              │ yes
                              ├─ history without a baseline: cross-fit, so that its waste shows
                              ├─ what the detectors see, and cases: left out
                              └─ fit, keep, then judge by frozen and made ones together
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import numpy as np

from analytics.baseline import Baseline, choices, hashes
from analytics.bins import HourCalendar
from analytics.crossfit import (
    History,
    Taught,
    expected_across,
    learned,
    taught,
    taught_again,
)
from analytics.detectors import Candidate
from analytics.groups import Bools, Floats, Ints
from analytics.judging import Judged, judged
from analytics.leaving_out import left_out
from analytics.media import least_of, led_by_weather
from analytics.renewal import Known, Making, due, fitted_hours, known_days
from analytics.scan.habit import Habit
from analytics.stored import Version, one_of, packed, unpacked
from analytics.stretches import habit_of
from metering.baseline import (
    BaselineProgress,
    BaselineRequest,
    BaselineVersion,
    least_days,
    open_requests,
)
from metering.finding import Case
from metering.localtime import day_of_number

HASH_DIGITS = 12
LEAST_LEFT_DAYS = 21
"""Where less is left of a history, what is usual is learned of all of it: medians bear some
waste, but say nothing of a few days."""


Lesson = tuple[Baseline, Habit]
"""What a meter has learned."""


@dataclass(frozen=True, eq=False)
class Memory:
    """What is known of a site before a look at it."""

    versions: Sequence[BaselineVersion] = ()
    """Of its meters, by number."""
    requests: Sequence[BaselineRequest] = ()
    cases: Sequence[Case] = ()


NOTHING = Memory()


@dataclass(frozen=True, eq=False)
class Scene:
    """A site's hours, as far as fits need them."""

    institution: str
    zone: str
    codes: tuple[str, ...]
    items: tuple[str, ...]
    """What each meter measures."""
    feeders: Mapping[str, Sequence[str]]
    history: History
    today: date
    now_us: int
    revision: int
    see: Callable[[Judged], Sequence[Candidate]]
    """What the detectors see where hours are judged so."""
    memory: Memory = NOTHING
    registered: bool = False
    """Whether somebody registered when people work."""

    def bounded(self, expected: Floats, rows: Sequence[int]) -> Floats:
        """What is expected of some meters, (meters, hours), not below what can be."""
        return np.maximum(expected, least_of([self.items[row] for row in rows])[:, None])

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Hash of all that a fit of each meter depends on."""
        hours = self.history
        told = (hours.energy, hours.temperature, hours.clock, hours.hours_us)
        return hashes(*told, hours.settings)


@dataclass(frozen=True, eq=False)
class Learned:
    """The versions of today."""

    judged: Judged
    made: tuple[BaselineVersion, ...] = ()
    """To be kept."""
    fresh: frozenset[str] = frozenset()
    """Meters whose past is judged by a version of today, which is not frozen yet."""
    progress: tuple[BaselineProgress, ...] = ()
    """Meters that have no version."""


@dataclass
class _Rows:
    """What is known of each meter, by its row."""

    frozen: list[list[Version]]
    today: list[BaselineVersion | None]
    known: list[Known]
    due: dict[int, Making] = field(default_factory=dict)


def learn(scene: Scene) -> Learned:
    """Make the versions that are due, and judge the hours by all that stand.

    Raises InvalidInput where a version that is kept cannot be read.
    """
    rows = _rows(scene)
    kept = _kept_today(scene, rows)
    made = {} if kept else _made(scene, rows)
    versions = [
        [*own, *(one for one in (kept | made).get(row, ()))] for row, own in enumerate(rows.frozen)
    ]
    anew = [row for row, making in rows.due.items() if making.anew]
    return Learned(
        judged=judged_by(scene, versions),
        made=tuple(one.facts for own in made.values() for one in own),
        fresh=frozenset(scene.codes[row] for row in anew),
        progress=tuple(
            BaselineProgress(scene.institution, scene.codes[row], known.since(0), scene.today)
            for row, known in enumerate(rows.known)
            if not versions[row]
        ),
    )


def is_due(scene: Scene) -> bool:
    """Whether a version is to be made, or made again."""
    return bool(_rows(scene).due)


def _rows(scene: Scene) -> _Rows:
    own: dict[str, list[BaselineVersion]] = {code: [] for code in scene.codes}
    for version in scene.memory.versions:
        if version.meter in own:
            own[version.meter].append(version)
    frozen = [[v for v in own[code] if v.day < scene.today] for code in scene.codes]
    asked = open_requests(scene.memory.requests, [v for some in frozen for v in some])
    rows = _Rows(
        frozen=[[unpacked(v) for v in some] for some in frozen],
        today=[next((v for v in own[code] if v.day == scene.today), None) for code in scene.codes],
        known=known_days(scene.history.energy, scene.history.clock),
    )
    for row, code in enumerate(scene.codes):
        last = rows.frozen[row][-1] if rows.frozen[row] else None
        making = due(rows.known[row], last, asked.get(code))
        if making is not None:
            rows.due[row] = making
    return rows


def _kept_today(scene: Scene, rows: _Rows) -> dict[int, list[Version]]:
    """The versions made earlier today, if all that are due are among them and nothing changed
    under any; the fits of a site are made together, so that they come out equal."""
    found: dict[int, list[Version]] = {}
    for row, making in rows.due.items():
        one = rows.today[row]
        if (
            one is None
            or (one.number, one.reason, one.asked) != (making.number, making.reason, making.asked)
            or one.inputs != scene.inputs[row]
        ):
            return {}
        found[row] = [unpacked(one)]
    return found


def _made(scene: Scene, rows: _Rows) -> dict[int, list[Version]]:
    if not rows.due:
        return {}
    told = _left_out(scene)
    anew = [row for row, making in rows.due.items() if making.anew]
    later = [row for row, making in rows.due.items() if not making.anew]
    own = scene.history.of(anew)
    lesson = taught(own, told[anew])
    past = scene.bounded(expected_across(lesson), anew)
    first = {
        row: [_version(scene, rows, row, one, told, past[place])]
        for place, (row, one) in enumerate(_lessons(scene, anew, own, lesson, past))
    }
    before = [[*own, *first.get(row, ())] for row, own in enumerate(rows.frozen)]
    seen = _left_out(scene, scene.see(judged_by(scene, before)))
    made = {
        row: [_version(scene, rows, row, one, seen, past[place])]
        for place, (row, one) in enumerate(
            _lessons(scene, anew, own, taught_again(lesson, own, seen[anew]), past)
        )
    }
    for row, one in _fitted_later(scene, rows, later, seen):
        made[row] = [_version(scene, rows, row, one, seen, None)]
    return made


def _left_out(scene: Scene, seen: Sequence[Candidate] = ()) -> Bools:
    """Hours of cases, and the last evening: its night is judged when its morning is there."""
    clock = scene.history.clock
    of_cases = left_out(
        scene.codes,
        scene.feeders,
        scene.history.hours_us,
        scene.memory.cases,
        seen,
        today=scene.today,
        zone=scene.zone,
    )
    return np.asarray(of_cases | (clock.night & (clock.duty_day == clock.day[-1])))


def judged_by(scene: Scene, versions: Sequence[Sequence[Version]]) -> Judged:
    """The hours by the versions of each meter, oldest first; as `expected_of` says."""
    history = scene.history
    return expected_of(scene.items, versions, history.clock, history.temperature, history.hours_us)


def expected_of(
    items: Sequence[str],
    versions: Sequence[Sequence[Version]],
    clock: HourCalendar,
    temperature: Floats,
    hours_us: Ints,
) -> Judged:
    """Hours by the versions of each meter, oldest first; `items` is what each measures,
    `temperature` [C] (hours,). Nothing is expected below what can be, nor by a version of fewer
    days than what the meter measures asks for."""
    by = judged(versions, clock, temperature, hours_us)
    expected = np.maximum(by.expected, least_of(items)[:, None])
    enough = by.rests_on([least_days(item) for item in items], clock)
    return replace(by, expected=np.where(enough, expected, np.nan))


def _lessons(
    scene: Scene, rows: Sequence[int], own: History, lesson: Taught, past: Floats
) -> list[tuple[int, Lesson]]:
    """What each meter has learned from `own` history, judged by fits on other weeks, `past`."""
    if not rows:
        return []
    together = learned(lesson, past)
    few = np.isfinite(lesson.history.energy).sum(axis=1, keepdims=True) < LEAST_LEFT_DAYS * 24
    sound = replace(own, energy=np.where(few, own.energy, lesson.history.energy))
    led = led_by_weather([scene.items[row] for row in rows])
    habit = habit_of(sound, together, past, own.energy, registered=scene.registered, led=led)
    return [(row, (one_of(together, n), habit.rows([n]))) for n, row in enumerate(rows)]


def _fitted_later(
    scene: Scene, rows: _Rows, later: Sequence[int], without: Bools
) -> list[tuple[int, Lesson]]:
    """Each meter fitted on its history since the day that its making names."""
    if not later:
        return []
    history = scene.history
    inside = np.stack([fitted_hours(history.clock, rows.due[row].since) for row in later])
    energy = np.where(inside, history.energy[list(later)], np.nan)
    own = replace(history, energy=energy)
    lesson = taught(own, without[list(later)])
    return _lessons(scene, later, own, lesson, scene.bounded(expected_across(lesson), later))


def _version(
    scene: Scene, rows: _Rows, row: int, lesson: Lesson, without: Bools, past: Floats | None
) -> Version:
    making, history = rows.due[row], scene.history
    fitted, habit = lesson
    first, daily = _days_since(rows.known[row], making.since)
    error = float(fitted.cvrmse[0])
    facts = BaselineVersion(
        institution=scene.institution,
        meter=scene.codes[row],
        number=making.number,
        made_us=scene.now_us,
        day=scene.today,
        first_day=day_of_number(first),
        last_day=day_of_number(first + daily.size - 1),
        days=int(np.isfinite(daily).sum()),
        rung=int(fitted.rungs[0]),
        error=error if np.isfinite(error) else None,
        settings=_settings(history),
        reason=making.reason,
        revision=scene.revision,
        left_out=_count(history, row, without, making.since),
        inputs=scene.inputs[row],
        model=b"",
        actor=making.actor,
        asked=making.asked,
    )
    version = Version(
        facts=facts,
        baseline=fitted,
        past_us=history.hours_us[:0] if past is None else history.hours_us,
        past=np.zeros(0) if past is None else past,
        daily=daily,
        habit=habit,
    )
    return replace(version, facts=replace(facts, model=packed(version), id=""))


def _days_since(known: Known, since: int) -> tuple[int, Floats]:
    """The first day of history since another, and the mean power of each day from it to the
    last one [kW]."""
    places: Ints = np.flatnonzero(np.isfinite(known.daily) & (known.days >= since)).astype(np.int64)
    days = known.days[places]
    daily = np.full(int(days[-1] - days[0]) + 1, np.nan)
    daily[days - days[0]] = known.daily[places]
    return int(days[0]), daily


def _count(history: History, row: int, without: Bools, since: int) -> int:
    known = np.isfinite(history.energy[row]) & fitted_hours(history.clock, since)
    return int((known & without[row]).sum())


def _settings(history: History) -> str:
    chosen = choices(history.settings, history.clock.office)
    return hashlib.sha256(chosen.encode()).hexdigest()[:HASH_DIGITS]
