"""Findings of one site: baselines, detectors, suppression, price.

    books ─▶ trusted hours ─▶ judged by ─▶ detectors ─▶ suppress ─▶ price ─▶ findings
               ▲              frozen          ▲
               │              versions        │
               └── shares, register events ───┘

Meter faults come first: their hours are taken out before anything is fitted, so a wrong
reading never becomes waste. The running local day is provisional and left out. Versions of
baselines that are due are made on the way (`analytics.learning`).

A look says what the detectors see in the window and what the books hold there; what becomes of the
cases that are known already is `analytics.cases`.

Meters of a site whose week or limits differ have a clock of their own and are judged apart; what a
meter below explains is looked for over all of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np

from analytics.balances import BalanceDays, by_hour
from analytics.beside import JudgedMeter, beside_of
from analytics.billed import BilledMeter
from analytics.bins import USUAL_WEEK, HourCalendar, Timetable
from analytics.centres import CentreMeters
from analytics.crossfit import History
from analytics.day_marks import LATE_DAYS, LateHours, unexplained
from analytics.detectors import DETECTORS, FAULTS, Candidate, Limits, Site, candidates
from analytics.detectors.site import USUAL_LIMITS
from analytics.detectors.stretched import fewest_days
from analytics.fitting import DEFAULTS, FitSettings
from analytics.groups import Bools, Floats, Ints
from analytics.hierarchy import suppress
from analytics.judging import Judged
from analytics.learning import NOTHING, Learned, Memory, Scene, learn
from analytics.learning import is_due as learning_is_due
from analytics.media import driven, led_by_weather
from analytics.opposed import Opposed, OpposedHours, opposed
from analytics.outages import Outage
from analytics.pricing import Rates
from analytics.report import Evidence, to_finding
from analytics.saving import savings
from analytics.scan.again import Sights, SiteSeen
from analytics.sensors import SensedHours
from analytics.stays import ALL_TIME, Stay, charted, within_stay
from analytics.stretches import CommonTerms, Roles, net_noise, seen_of
from metering.baseline import BaselineProgress, BaselineVersion, is_checked
from metering.book import RegisterEvent
from metering.calendar import WorkCalendar
from metering.day_mark import DayMark
from metering.errors import InvalidInput
from metering.finding import Finding
from metering.localtime import HOUR_US, day_bounds, day_of_number, local_day
from metering.quality import MEASURED, WHOLE, Shares
from metering.quantity import ABSENT
from metering.registry import Meter
from metering.saving import Saving
from metering.units import BOOK_UNITS

ELECTRICITY = "01"
DISTRUSTED = frozenset(
    {"gap", "stuck", "reset", "spike", "rollover", "jump", "bridge", "reversed", "replaced"}
)
NOT_SEEN: Sights = {}


@dataclass(frozen=True, eq=False)
class Inputs:
    """Hours of the meters of one site, which share a zone and a weather station."""

    institution: str
    zone: str
    meters: Sequence[Meter]
    feeders: Mapping[str, Sequence[str]]
    """Meter code -> codes of the meters that feed it."""
    hours_us: Ints
    """Starts of local hours [us UTC], rising, shape (hours,)."""
    energy: Ints
    """Book units (mWh, mL, kJ) an hour, shape (meters, hours); ABSENT where unknown."""
    shares: Shares
    """(meters, hours, 4) parts per 10,000."""
    temperature: Floats
    """Outdoor [C], shape (hours,); NaN where unknown."""
    calendar: WorkCalendar
    events: Sequence[RegisterEvent]
    rates: Rates
    """What its energy costs and emits."""
    now_us: int
    above: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Meter code -> its node and those above it on the site, nearest first; its node alone where it
    is left out."""
    weeks: Mapping[str, Timetable] = field(default_factory=dict)
    """Meter code -> when people work where it is; the usual week where it is left out."""
    revision: int = 0
    """Of the institution's books."""
    limits: Mapping[str, Limits] = field(default_factory=dict)
    """Meter code -> its limits; the usual ones where it is left out."""
    balances: Sequence[BalanceDays] = ()
    """Totals against what they should hold."""
    outages: Sequence[Outage] = ()
    """Gaps of meters of one gateway that belong together."""
    own: Mapping[str, Stay] = field(default_factory=dict)
    """Meter code -> the time of which its institution is told; all of it where it is left out."""
    before: tuple[str, ...] = ()
    """Other institutions that the site was of."""
    settings: FitSettings = DEFAULTS
    billed: Sequence[BilledMeter] = ()
    """Meters of accounts."""
    centres: Sequence[CentreMeters] = ()
    """Meters of data centres by role."""
    humidity: Floats | None = None
    """Outdoor, relative [%], shape (hours,); NaN where unknown."""
    sensed: Sequence[SensedHours] = ()
    """What points with a role say."""
    opposed: Sequence[OpposedHours] = ()
    """Heating and cooling of places, of hours of their own."""


@dataclass(frozen=True, eq=False)
class Look:
    """What a look at a site's complete days saw."""

    institution: str
    zone: str
    meters: Mapping[str, int]
    """Meter code -> row of the arrays."""
    findings: tuple[Finding, ...]
    """In the order of the table of detectors."""
    hours_us: Ints
    """The window, (hours,)."""
    energy: Ints
    """Book units, (meters, hours); ABSENT where not to be trusted."""
    revision: int
    """Of the institution's books."""
    now_us: int
    made: tuple[BaselineVersion, ...] = ()
    """Versions of baselines to be kept; findings name them."""
    fresh: frozenset[str] = frozenset()
    """Meters whose past is judged by a version that was made today: until the day is over, it is
    made anew with what comes in, and what it found with it."""
    progress: tuple[BaselineProgress, ...] = ()
    """Meters that are not checked yet."""
    own: Mapping[str, Stay] = field(default_factory=dict)
    """As in the inputs."""
    savings: Mapping[int, Saving] = field(default_factory=dict)
    """Number of a case that was put right -> what that has saved."""
    explained: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """Meter -> starts of hours [us] in which it took more, and meters below it told so."""
    sights: Sights = field(default_factory=dict)
    """What the next look needs not judge again, where nothing that it rests on has changed."""
    anew: int = 0
    """Meters that were judged anew; the others are as they were seen before."""
    marks: tuple[DayMark, ...] = ()
    """Of the running day and the one before it."""
    differences: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """Total meter -> start of the hour [us] -> its part of what the total has beyond its parts on
    the day [book units], of days on which that is known."""

    def measured(self, meter: str, hour_us: int) -> int | None:
        """What the books say of an hour [book units]; None where they are not to be trusted, or
        where the hour is not in the window."""
        place = int(np.searchsorted(self.hours_us, hour_us))
        if place == self.hours_us.size or self.hours_us[place] != hour_us:
            return None
        amount = int(self.energy[self.meters[meter], place])
        return None if amount == ABSENT else amount


def find(inputs: Inputs) -> list[Finding]:
    """All findings of the site's complete days, seen for the first time; those of `look`, with its
    errors."""
    return list(look(inputs).findings)


def look(inputs: Inputs, memory: Memory = NOTHING, before: Sights = NOT_SEEN) -> Look:
    """Look at the site's complete days, with what is known of it.

    What an earlier look saw, `before`, is taken for meters of which nothing has changed: the look
    says the same without it.

    Waste costs what the inputs' rates say of its hours: with those of the books, a finding that
    expected nothing costs what they say the hours cost. Several currencies have a sum each, and
    where any of the waste has no price there is no money at all.

    Raises InvalidInput where shapes disagree, hours do not rise, or a version that is kept cannot
    be read. Without meters or without a complete day there are no findings.
    """
    _check(inputs)
    hours = _complete_hours(inputs)
    if not hours or not inputs.meters:
        return _seen(inputs, 0, [])
    parts = [_part(one, memory, hours, before) for one in alike(inputs)]
    told, explained = _told(parts, _of_its_medium(inputs))
    findings = [
        finding
        for part, found in zip(parts, told, strict=True)
        for finding in _findings(part, found)
    ]
    others = {one.meter.code: one for part in parts for one in _judged_meters(part)}
    findings = [
        replace(one, beside=beside_of(one, others, inputs.feeders, inputs.rates))
        for one in findings
    ]
    order = list(DETECTORS)
    findings.sort(key=lambda one: order.index(one.pattern))
    told_us = {
        code: frozenset(hour for one in findings if one.meter == code for hour in one.hours_us)
        | explained.get(code, frozenset())
        for code in {one.meter for one in findings} | explained.keys()
    }
    marks = [one for part in parts for one in _marks(part)]
    saved = {number: one for part in parts for number, one in part.savings.items()}
    seen = _seen(inputs, hours, findings, [part.learned for part in parts])
    return replace(
        seen,
        savings=saved,
        explained=explained,
        marks=tuple(unexplained(marks, told_us, inputs.feeders)),
        sights={name: one for part in parts for name, one in part.seen.sights.items()},
        anew=sum(part.seen.anew for part in parts),
    )


def alike(inputs: Inputs) -> list[Inputs]:
    """The inputs of the meters that work the same week and have the same limits, in the order of
    the first of each: they are judged together, by one clock."""
    groups: dict[tuple[Timetable, bool, Limits], list[int]] = {}
    for row, meter in enumerate(inputs.meters):
        own = (_week(inputs, meter), _is_registered(inputs, meter), _limits(inputs, meter))
        groups.setdefault(own, []).append(row)
    if len(groups) == 1:
        return [inputs]
    return [
        replace(
            inputs,
            meters=[inputs.meters[row] for row in rows],
            energy=inputs.energy[rows],
            shares=inputs.shares[rows],
        )
        for rows in groups.values()
    ]


def _week(inputs: Inputs, meter: Meter) -> Timetable:
    return inputs.weeks.get(meter.code, USUAL_WEEK)


def _is_registered(inputs: Inputs, meter: Meter) -> bool:
    """Whether somebody said when people work where it is."""
    return meter.code in inputs.weeks


def _limits(inputs: Inputs, meter: Meter) -> Limits:
    return inputs.limits.get(meter.code, USUAL_LIMITS)


@dataclass(frozen=True, eq=False)
class _AlikeMeters:
    """Meters of a site that are alike, as they were judged."""

    inputs: Inputs
    scene: Scene
    learned: Learned
    evidence: Evidence
    savings: Mapping[int, Saving]
    seen: SiteSeen

    @property
    def site(self) -> Site:
        return self.evidence.site


def _part(inputs: Inputs, memory: Memory, hours: int, before: Sights = NOT_SEEN) -> _AlikeMeters:
    scene = _scene(inputs, memory, hours)
    learned = learn(scene)
    site, seen = _site(inputs, scene.history, learned.judged, before)
    evidence = Evidence(
        institution=inputs.institution,
        site=site,
        energy=inputs.energy[:, :hours],
        judged=learned.judged,
        temperature=scene.history.temperature,
        rates=inputs.rates,
        revision=inputs.revision,
        day=scene.today,
    )
    return _AlikeMeters(inputs, scene, learned, evidence, savings(scene), seen)


def _marks(part: _AlikeMeters) -> Iterator[DayMark]:
    """Marks of its meters of electricity, of which it is known how seldom they are wrong, each in
    the time that is the institution's own."""
    inputs, site, judged = part.inputs, part.site, part.learned.judged
    rows = site.judged & np.array([one.startswith(ELECTRICITY) for one in site.items])
    if not rows.any():
        return
    opens_us = day_bounds(part.scene.today - timedelta(days=LATE_DAYS), inputs.zone)[0]
    late = _history(inputs, int(np.searchsorted(inputs.hours_us, opens_us)))
    scale = _per_canonical(inputs.meters)
    for number, run in LateHours.of(part.scene, judged, late).runs(rows):
        meter, day = inputs.meters[run.meter], day_of_number(number)
        start_us = int(late.hours_us[run.first])
        end_us = int(late.hours_us[run.end - 1]) + HOUR_US
        stay, version = inputs.own.get(meter.code, ALL_TIME), judged.version(run.meter, number)
        if version is not None and stay[0] <= start_us and end_us <= stay[1]:
            per_kwh = float(scale[run.meter])
            yield DayMark(
                institution=inputs.institution,
                node=meter.node,
                meter=meter.code,
                item=meter.item,
                day=day,
                start_us=start_us,
                end_us=end_us,
                above=run.above,
                measured=round(run.kwh * per_kwh),
                low=round(run.low_kwh * per_kwh),
                high=round(run.high_kwh * per_kwh),
                score=run.score,
                baseline_version=version.facts.name,
                revision=inputs.revision,
                until_us=day_bounds(day + timedelta(days=1), inputs.zone)[1],
            )


def _judged_meters(part: _AlikeMeters) -> Iterator[JudgedMeter]:
    """Its meters that are judged, each in the time that is the institution's own."""
    site, inputs = part.site, part.inputs
    for row, meter in enumerate(inputs.meters):
        versions = part.learned.judged.by[row]
        if site.judged[row] and versions:
            stay = inputs.own.get(meter.code, ALL_TIME)
            inside = (site.hours_us >= stay[0]) & (site.hours_us + HOUR_US <= stay[1])
            yield JudgedMeter(
                meter=meter,
                places=tuple(inputs.above.get(meter.code, (meter.node,))),
                hours_us=site.hours_us,
                energy=part.evidence.energy[row],
                expected=site.expected[row],
                known=inside & np.isfinite(site.residual[row]),
                noise=net_noise(versions),
                version=versions[-1].facts.name,
            )


def is_due(inputs: Inputs, memory: Memory) -> bool:
    """Whether a look would make versions of baselines, which may need a longer history."""
    _check(inputs)
    hours = _complete_hours(inputs)
    if not hours or not inputs.meters:
        return False
    return any(learning_is_due(_scene(one, memory, hours)) for one in alike(inputs))


def _complete_hours(inputs: Inputs) -> int:
    """How many of the hours lie in complete local days."""
    until_us = day_bounds(local_day(inputs.now_us, inputs.zone), inputs.zone)[0]
    return int(np.searchsorted(inputs.hours_us, until_us - HOUR_US, side="right"))


def _scene(inputs: Inputs, memory: Memory, hours: int) -> Scene:
    history = _history(inputs, 0, hours)
    return Scene(
        institution=inputs.institution,
        zone=inputs.zone,
        codes=tuple(meter.code for meter in inputs.meters),
        items=tuple(meter.item for meter in inputs.meters),
        feeders=inputs.feeders,
        history=history,
        today=local_day(inputs.now_us, inputs.zone),
        now_us=inputs.now_us,
        revision=inputs.revision,
        see=lambda judged: candidates(_site(inputs, history, judged, NOT_SEEN)[0]),
        memory=memory,
        registered=_is_registered(inputs, inputs.meters[0]),
    )


def _history(inputs: Inputs, first: int, end: int | None = None) -> History:
    """Hours [first, end) of meters that are alike; all that follow where no end is given."""
    until = inputs.hours_us.size if end is None else end
    span, scale = slice(first, until), _per_canonical(inputs.meters)
    trusted, week = _trusted(inputs, until)[:, span], _week(inputs, inputs.meters[0])
    return History(
        energy=np.where(trusted, inputs.energy[:, span] / scale[:, None], np.nan),
        temperature=inputs.temperature[span],
        clock=HourCalendar.of(inputs.hours_us[span], inputs.zone, inputs.calendar, week),
        hours_us=inputs.hours_us[span],
        settings=inputs.settings,
    )


def _seen(
    inputs: Inputs, hours: int, findings: Sequence[Finding], learned: Sequence[Learned] = ()
) -> Look:
    return Look(
        institution=inputs.institution,
        zone=inputs.zone,
        meters={meter.code: row for row, meter in enumerate(inputs.meters)},
        findings=tuple(findings),
        hours_us=inputs.hours_us[:hours],
        energy=np.where(_trusted(inputs, hours), inputs.energy[:, :hours], ABSENT),
        revision=inputs.revision,
        now_us=inputs.now_us,
        made=tuple(version for one in learned for version in one.made),
        fresh=frozenset[str]().union(*(one.fresh for one in learned)),
        progress=tuple(progress for one in learned for progress in one.progress),
        own=inputs.own,
        differences=by_hour(inputs.balances, _hours_of_days(inputs, hours)),
    )


def _hours_of_days(inputs: Inputs, hours: int) -> dict[int, Ints]:
    """Local day -> starts of its hours."""
    if not hours:
        return {}
    clock = HourCalendar.of(inputs.hours_us[:hours], inputs.zone, inputs.calendar)
    days, first = np.unique(clock.day, return_index=True)
    return dict(zip(days.tolist(), np.split(inputs.hours_us[:hours], first[1:]), strict=True))


def _of_its_medium(inputs: Inputs) -> dict[str, list[str]]:
    """Meter code -> its feeders of the same medium: kWh explain no m3."""
    items = {meter.code: meter.item[:2] for meter in inputs.meters}
    return {
        code: [one for one in feeders if items.get(one) == items.get(code)]
        for code, feeders in inputs.feeders.items()
    }


def _told(
    parts: Sequence[_AlikeMeters], feeders: Mapping[str, Sequence[str]]
) -> tuple[list[list[Candidate]], dict[str, frozenset[int]]]:
    """The candidates of each part that stand: large enough, and not explained by a meter below,
    whatever part that is in; and the hours of those that are explained, by meter."""
    codes = [code for part in parts for code in part.site.codes]
    residual = np.concatenate([part.site.residual for part in parts])
    large = [
        (place, one)
        for place, part in enumerate(parts)
        for one in candidates(part.site)
        if one.pattern in FAULTS or one.own is not None or _large_enough(part.site, one)
    ]
    first = np.cumsum([0, *(len(part.site.codes) for part in parts)]).tolist()
    anywhere = [replace(one, meter=first[place] + one.meter) for place, one in large]
    standing = {id(one) for one in suppress(anywhere, codes, feeders, residual)}
    told: list[list[Candidate]] = [[] for _ in parts]
    explained: dict[str, frozenset[int]] = {}
    for (place, one), there in zip(large, anywhere, strict=True):
        if id(there) in standing:
            told[place].append(one)
            continue
        hours = frozenset(parts[place].site.hours_us[one.hours].tolist())
        code = codes[there.meter]
        explained[code] = explained.get(code, frozenset()) | hours
    return told, explained


def _findings(part: _AlikeMeters, found: Sequence[Candidate]) -> list[Finding]:
    inputs = part.inputs
    told = []
    for one in found:
        meter = inputs.meters[one.meter]
        stay = inputs.own.get(meter.code, ALL_TIME)
        cut = within_stay(one, inputs.hours_us, stay)
        if cut is not None:
            made = to_finding(part.evidence, meter, cut, inputs.now_us)
            told.append(replace(made, hourly=charted(made.hourly, stay)))
    return told


def _large_enough(site: Site, candidate: Candidate) -> bool:
    """By what the meter took above expectation: what it gave back later, or what the baseline
    expects too much of other hours, makes an event no smaller."""
    excess = site.residual[candidate.meter, candidate.hours] - candidate.drift
    above = np.maximum(excess, 0.0)
    return float(np.nansum(above)) >= site.limits.load_hours * float(
        site.last_load[candidate.meter]
    )


def _trusted(inputs: Inputs, hours: int) -> Bools:
    """Hours that are wholly measured and touch no register event."""
    trusted = (inputs.energy[:, :hours] != ABSENT) & (inputs.shares[:, :hours, MEASURED] == WHOLE)
    rows = {meter.code: row for row, meter in enumerate(inputs.meters)}
    starts = inputs.hours_us[:hours]
    for event in inputs.events:
        if event.kind in DISTRUSTED and event.meter in rows:
            touched = (starts + HOUR_US > event.start_us) & (starts < event.end_us)
            trusted[rows[event.meter], touched] = False
    return np.asarray(trusted)


def _site(
    inputs: Inputs, history: History, judged: Judged, before: Sights
) -> tuple[Site, SiteSeen]:
    hours = history.hours_us.size
    items = tuple(meter.item for meter in inputs.meters)
    electric = np.array([item.startswith(ELECTRICITY) for item in items], dtype=np.bool_)
    checked = np.array([is_checked(item) for item in items], dtype=np.bool_)
    until_us = day_bounds(local_day(inputs.now_us, inputs.zone), inputs.zone)[0]
    limits = _limits(inputs, inputs.meters[0])
    terms = CommonTerms(
        registered=_is_registered(inputs, inputs.meters[0]),
        strict=limits.share_of_load / USUAL_LIMITS.share_of_load,
        fewest=fewest_days(limits),
    )
    roles = Roles(electric & ~_with_parts(inputs), driven(items), led_by_weather(items))
    sightings, seen = seen_of(history, judged, roles, terms, before)
    site = Site(
        codes=tuple(meter.code for meter in inputs.meters),
        steps_min=tuple(meter.step_min for meter in inputs.meters),
        hours_us=history.hours_us,
        clock=history.clock,
        measured=history.energy,
        expected=judged.expected,
        sigma=judged.sigma,
        load=judged.load,
        judged=checked & judged.checked,
        shares=inputs.shares[:, :hours],
        events=tuple(inputs.events),
        until_us=until_us,
        limits=limits,
        balances=tuple(inputs.balances),
        outages=tuple(inputs.outages),
        items=items,
        temperature=history.temperature,
        humidity=None if inputs.humidity is None else inputs.humidity[:hours],
        seen=sightings,
        billed=tuple(inputs.billed),
        centres=tuple(inputs.centres),
        sensed=tuple(replace(one, values=one.values[:hours]) for one in inputs.sensed),
        feeders=inputs.feeders,
        opposed=tuple(_opposed(inputs, limits)),
    )
    return site, seen


def _opposed(inputs: Inputs, limits: Limits) -> Iterator[Opposed]:
    """Heating against cooling, of places whose meter is one of these."""
    codes = {meter.code for meter in inputs.meters}
    for one in inputs.opposed:
        if one.meter in codes:
            week = inputs.weeks.get(one.meter, USUAL_WEEK)
            clock = HourCalendar.of(one.hours_us, inputs.zone, inputs.calendar, week)
            yield opposed(one, clock, limits.sigmas)


def _with_parts(inputs: Inputs) -> Bools:
    """Meters that feed others which are looked at as well, (meters,)."""
    feeders = {one for meter in inputs.meters for one in inputs.feeders.get(meter.code, ())}
    return np.array([meter.code in feeders for meter in inputs.meters], dtype=np.bool_)


def _per_canonical(meters: Sequence[Meter]) -> Ints:
    return np.array([BOOK_UNITS[meter.unit].per_canonical for meter in meters], dtype=np.int64)


def _check(inputs: Inputs) -> None:
    meters, hours = len(inputs.meters), inputs.hours_us.size
    for name, shape, wanted in (
        ("energy", inputs.energy.shape, (meters, hours)),
        ("shares", inputs.shares.shape, (meters, hours, 4)),
        ("temperature", inputs.temperature.shape, (hours,)),
    ):
        if shape != wanted:
            raise InvalidInput(
                "wrong shape", field=name, value=shape, fix=f"give it the shape {wanted}"
            )
