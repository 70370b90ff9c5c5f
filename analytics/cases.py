"""What becomes of cases when the books were looked at anew.

    known cases ─┐
    look ────────┴─▶ settle ─▶ Changes: opened, grown, closed, returned, savings

One case stands for each meter and pattern: what comes again before anybody has settled it is the
same matter. A stretch of days may look like another pattern from one look to the next: it belongs
to the case with which it shares its hours, and the newest look names that. Its evidence is kept by
the hour. Hours that a look does not see any more stay as they were told last, whether they left the
window or the detectors now hold them for usual; only the books refute an hour, by saying something
else of it. Whoever is told something is never told it twice: what lies in the span of a case that
people settled opens none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from analytics.detectors import BY_EXPECTATION, FAULTS, UNPRICED
from analytics.detectors.night_flow import NAME as NIGHT_FLOW
from analytics.detectors.stretched import STRETCHED
from analytics.drift import HELD
from analytics.evidence import joined, only
from analytics.lessons import lesson_of, untaught
from analytics.service import Look
from analytics.stays import ALL_TIME, Stay, charted
from metering.evidence import hours_of
from metering.finding import (
    BALANCE_DRIFT,
    BALANCED,
    GATEWAY_SILENT,
    MERGED,
    METER_GAP,
    MOVED,
    PUT_RIGHT,
    REFUTED,
    RELAPSES_WITHIN_US,
    TEACHING,
    Case,
    CaseState,
    Changes,
    EvidenceHour,
    Finding,
    Relapse,
)
from metering.localtime import HOUR_US, day_bounds, local_day

EDGE_US = 24 * HOUR_US
"""Of the window's first hours a look says too little: what reaches over the edge is cut there."""
EVENT_US = 7 * 24 * HOUR_US
"""Hours as near as this belong to one event: where one is refuted, all are judged anew."""
SHORTEST_DAY = 23
"""Hours of a local day at least."""
SIZELESS = UNPRICED | {BALANCE_DRIFT}
"""Patterns without a size up to which they could be usual."""
ONE_MATTER = STRETCHED | {NIGHT_FLOW}
"""Patterns that one event may be told as, from look to look."""
LEAST_HOURS = 3
"""Fewer hours beyond a settled case are its own, seen a little wider."""
LEAST_DAYS = 2
"""Likewise of stretches, which begin and end by the day."""

Key = tuple[str, str]


def settle(known: Sequence[Case], look: Look) -> Changes:
    """What the look changes about the institution's cases; of meters that it did not see, nothing.

    A finding is added to a case only where its hours, or what the books say of them, changed.
    """
    if not look.hours_us.size:
        return Changes()
    cases: dict[Key, list[Case]] = {}
    grown: dict[int, Finding] = {}
    closed: dict[int, str] = {}
    fresh: dict[Key, list[Finding]] = {}
    returned: dict[int, Relapse] = {}
    for case in known:
        if case.evidence.meter in look.meters and case.evidence.institution != look.institution:
            if case.stands:
                closed[case.number] = MOVED
                left = _of_others(case.evidence, look)
                if left is not case.evidence:
                    grown[case.number] = left
        elif case.evidence.meter in look.meters:
            cases.setdefault(_key(case.evidence), []).append(case)
    for finding in look.findings:
        fresh.setdefault(_key_among(finding, known), []).append(finding)
    opened: list[Case] = []
    silent = _silent(look)
    for key in sorted(cases.keys() | fresh.keys()):
        of_key = cases.get(key, [])
        standing = [case for case in of_key if case.stands]
        new = [_unsettled_gaps(finding, cases) for finding in fresh.get(key, [])]
        unsettled = _unsettled([f for f in new if f is not None], of_key, look)
        told, rest = _assigned(standing, unsettled)
        before = _put_right(of_key, rest)
        if before is not None:
            returned[before.number] = _relapse(before, rest, look)
        elif rest:
            opened.append(_opened(joined(rest), look))
        for case in standing:
            if case.number not in told and _is_told_below(case, look):
                closed[case.number] = MERGED
                continue
            now = _now(case, told.get(case.number, []), look)
            if now is None:
                closed[case.number] = _why(case, look, silent)
                continue
            if not _says_the_same(now, case.evidence, look):
                grown[case.number] = now
            if _is_over(now):
                closed[case.number] = BALANCED
            elif _is_gone(key[0], look):
                closed[case.number] = MOVED
    savings = {number: one for number, one in look.savings.items() if number not in returned}
    return Changes(tuple(opened), grown, closed, returned, savings)


def _put_right(cases: Sequence[Case], rest: Sequence[Finding]) -> Case | None:
    """The case that was put right last, less than a year before what is found anew."""
    begins = min((one.start_us for one in rest), default=0)
    lately = [
        case
        for case in cases
        if case.state in PUT_RIGHT and 0 < begins - case.fixed_us <= RELAPSES_WITHIN_US
    ]
    return max(lately, key=lambda one: one.fixed_us, default=None)


def _relapse(case: Case, rest: Sequence[Finding], look: Look) -> Relapse:
    evidence = _as_of(joined([case.evidence, *rest]), look)
    return Relapse(evidence, min(one.start_us for one in rest))


def _is_told_below(case: Case, look: Look) -> bool:
    """Whether meters below say by now most of what a stretch told."""
    hours = frozenset(case.evidence.hours_us)
    explained = look.explained.get(case.evidence.meter, frozenset())
    return case.evidence.pattern in STRETCHED and 2 * len(hours & explained) > len(hours)


def _silent(look: Look) -> Mapping[str, Sequence[Finding]]:
    """Meter -> the outages of gateways that name it."""
    found: dict[str, list[Finding]] = {}
    for finding in look.findings:
        if finding.pattern == GATEWAY_SILENT:
            for meter in _named(finding):
                found.setdefault(meter, []).append(finding)
    return found


def _named(outage: Finding) -> list[str]:
    return str(outage.detail.get("meters", "")).split()


def _why(case: Case, look: Look, silent: Mapping[str, Sequence[Finding]]) -> str:
    """Why a case stands no more of which nothing is left."""
    told = case.evidence
    if _is_gone(told.meter, look):
        return MOVED
    spans = [(told.start_us, told.end_us)]
    if told.pattern == METER_GAP and any(_meets(f, spans) for f in silent.get(told.meter, ())):
        return MERGED
    return REFUTED


def _unsettled_gaps(finding: Finding, cases: Mapping[Key, Sequence[Case]]) -> Finding | None:
    """An outage without the hours that people settled as the gap of each of its meters."""
    if finding.pattern != GATEWAY_SILENT:
        return finding
    spans = [
        [_span(case) for case in cases.get((meter, METER_GAP), ()) if _is_done(case)]
        for meter in _named(finding)
    ]
    if not all(spans):
        return finding
    return only(
        finding,
        frozenset(
            at
            for at in finding.hours_us
            if not all(any(a <= at < b for a, b in own) for own in spans)
        ),
    )


def _opened(evidence: Finding, look: Look) -> Case:
    """A new case; what is over when it is seen first is told, and stands no more."""
    cause = BALANCED if _is_over(evidence) else MOVED if _is_gone(evidence.meter, look) else ""
    state = CaseState.CLOSED if cause else CaseState.OPEN
    return Case(evidence, state=state, closed=cause, opened_us=look.now_us)


def _is_gone(meter: str, look: Look) -> bool:
    """Whether a meter is the institution's no more."""
    return look.own.get(meter, ALL_TIME)[1] <= look.now_us


def _of_others(evidence: Finding, look: Look) -> Finding:
    """What a case of the institution before says of its own time; all of it where none is left."""
    begins = look.own.get(evidence.meter, ALL_TIME)[0]
    kept = frozenset(at for at in evidence.hours_us if at < begins)
    left = only(evidence, kept)
    if left is None or left is evidence:
        return evidence
    return _as_of(_cut(left, (ALL_TIME[0], begins)), look)


def _cut(evidence: Finding, stay: Stay) -> Finding:
    """Evidence without what is told beside its hours of time that is not its own."""
    detail = dict(evidence.detail)
    at = int(detail.get("example_us", evidence.start_us))
    if not stay[0] <= at < stay[1]:
        for name in ("example_us", "expected", "measured", "temperature_c"):
            detail.pop(name, None)
    return replace(evidence, detail=detail, hourly=charted(evidence.hourly, stay))


def _is_over(finding: Finding) -> bool:
    """Whether a balance is again what it was."""
    return finding.pattern == BALANCE_DRIFT and bool(finding.detail.get("over"))


def _key(finding: Finding) -> Key:
    return finding.meter, finding.pattern


def _key_among(finding: Finding, known: Sequence[Case]) -> Key:
    """Meter and pattern; of a stretch, or a flow all night, that shares half of its hours with one
    told as something else, or half of that one's, the pattern of that."""
    key = _key(finding)
    if finding.pattern not in ONE_MATTER:
        return key
    own = frozenset(finding.hours_us)
    shares = {
        _key(case.evidence): len(own & frozenset(case.evidence.hours_us))
        for case in known
        if case.evidence.meter == finding.meter
        and case.evidence.pattern in ONE_MATTER
        and (case.stands or _is_done(case))
        and 2 * len(own & frozenset(case.evidence.hours_us))
        >= min(len(own), len(case.evidence.hours_us))
    }
    return key if key in shares or not shares else max(shares, key=lambda one: shares[one])


def _unsettled(fresh: Sequence[Finding], cases: Sequence[Case], look: Look) -> list[Finding]:
    """What people have not settled yet, what they did not teach to be usual, and what is not over.
    A refuted case covers nothing: its hours may come back with other readings."""
    done = [_settled_span(case, look.zone) for case in cases if _is_done(case)]
    kept = frozenset(at for case in cases if _is_done(case) for at in case.evidence.hours_us)
    right = [_span(case) for case in cases if case.state in TEACHING]
    taught = [one for case in cases if (one := lesson_of(case, look.zone)) is not None]
    found = []
    for finding in sorted(fresh, key=lambda one: one.start_us):
        if finding.pattern in SIZELESS and _meets(finding, right):
            continue  # it is as it should be, for as long as it is told
        anew = untaught(finding, taught, look.zone)
        hours = [
            at for at in sorted(anew - kept) if not any(start <= at < end for start, end in done)
        ]
        rest = only(finding, frozenset(hours))
        event = [at for at in hours if at < finding.end_us]
        if rest is not None and (rest is finding or len(event) >= _least(finding)):
            found.append(rest)
    return found


def _span(case: Case) -> tuple[int, int]:
    return case.evidence.start_us, case.evidence.end_us


def _settled_span(case: Case, zone: str) -> tuple[int, int]:
    """What is settled of a case: of one that was put right also the rest of that day, of which
    nothing could be told yet."""
    start_us, end_us = _span(case)
    if case.state not in PUT_RIGHT:
        return start_us, end_us
    return start_us, max(end_us, day_bounds(local_day(case.fixed_us, zone), zone)[1])


def _is_done(case: Case) -> bool:
    """Whether what lies in a case's span was told, and is settled."""
    settled = case.state in PUT_RIGHT | TEACHING
    return settled or (case.state is CaseState.CLOSED and case.closed not in (REFUTED, MERGED))


def _meets(finding: Finding, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < finding.end_us and finding.start_us < end for start, end in spans)


def _least(finding: Finding) -> int:
    """Hours beyond a settled case that are a new one."""
    if finding.pattern in STRETCHED:
        return LEAST_DAYS * SHORTEST_DAY
    return HELD * SHORTEST_DAY if finding.pattern == BALANCE_DRIFT else LEAST_HOURS


def _assigned(
    standing: Sequence[Case], fresh: Sequence[Finding]
) -> tuple[dict[int, list[Finding]], list[Finding]]:
    """Case number -> findings that belong to it, and those that belong to none."""
    if not standing:
        return {}, list(fresh)
    told: dict[int, list[Finding]] = {}
    for finding in fresh:
        case = max(standing, key=lambda one: (_shared(one, finding), one.evidence.end_us))
        told.setdefault(case.number, []).append(finding)
    return told, []


def _shared(case: Case, finding: Finding) -> int:
    """Evidence hours of both."""
    return len(frozenset(case.evidence.hours_us) & frozenset(finding.hours_us))


def _now(case: Case, fresh: Sequence[Finding], look: Look) -> Finding | None:
    """The case's evidence after the look; None where nothing of it is left."""
    if _of_today(case, look):
        return _as_of(joined(fresh), look) if fresh else None
    anew = {at for finding in fresh for at in finding.hours_us}
    stay = look.own.get(case.evidence.meter, ALL_TIME)
    kept = _kept(case, frozenset(anew), look)
    if not fresh and len(kept) == len(case.evidence.hours_us):
        return case.evidence
    before = only(case.evidence, kept)
    parts = [*([before] if before is not None else []), *fresh]
    return None if not parts else _as_of(_cut(joined(parts), stay), look)


def _kept(case: Case, anew: frozenset[int], look: Look) -> frozenset[int]:
    """Hours that stay as they were told: no detector named them again, and no hour of the same
    event was refuted, which had the detectors judge it anew."""
    judged = [hour for hour in hours_of(case.evidence) if _in_reach(hour.start_us, look)]
    refuted = [hour.start_us for hour in judged if not _still_so(case, hour, look)]
    inside = {hour.start_us for hour in judged}
    stay = look.own.get(case.evidence.meter, ALL_TIME)
    return frozenset(
        at
        for at in case.evidence.hours_us
        if at not in anew
        and stay[0] <= at < stay[1]
        and (at not in inside or not any(abs(at - other) <= EVENT_US for other in refuted))
    )


def _in_reach(hour_us: int, look: Look) -> bool:
    """Whether the look can judge an hour."""
    return int(look.hours_us[0]) + EDGE_US <= hour_us <= int(look.hours_us[-1])


def _still_so(case: Case, hour: EvidenceHour, look: Look) -> bool:
    """Whether the books still say of an hour what was told of it."""
    if case.evidence.pattern == BALANCE_DRIFT:
        said = look.differences.get(case.evidence.meter, {})
        return hour.measured is not None and said.get(hour.start_us) == hour.measured
    if case.evidence.pattern in FAULTS - BY_EXPECTATION:
        return False  # the books themselves name faults: one that they do not name is none
    return look.measured(case.evidence.meter, hour.start_us) == hour.measured


def _as_of(finding: Finding, look: Look) -> Finding:
    day = local_day(look.now_us, look.zone)
    return replace(finding, revision=look.revision, day=day, found_us=look.now_us)


def _of_today(case: Case, look: Look) -> bool:
    """Whether a case was opened today by a version that is not frozen yet: what comes in during
    the day has it judged anew, all of it."""
    today = local_day(look.now_us, look.zone)
    return case.evidence.meter in look.fresh and local_day(case.opened_us, look.zone) == today


def _says_the_same(now: Finding, before: Finding, look: Look) -> bool:
    """Whether a finding would tell nothing anew: its hours, and what the books say of them. A new
    version of the baseline, or a new price, is no news; but what a version of today told goes
    with it when that is made anew."""
    fresh = before.meter in look.fresh and before.day == local_day(look.now_us, look.zone)
    if fresh and now.baseline_version != before.baseline_version:
        return False
    if _is_over(now) and not _is_over(before):
        return False
    return _content(now) == _content(before)


def _content(finding: Finding) -> tuple[object, ...]:
    hours = tuple((hour.start_us, hour.measured) for hour in hours_of(finding))
    return finding.start_us, finding.end_us, hours
