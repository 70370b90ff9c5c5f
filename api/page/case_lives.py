"""The life of a case as people read it: what was done, what may be, and what fixing it saved."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from analytics import Lesson
from api import sentences
from api.page import formats
from api.page.visit import Visit
from api.usecases.case_acts import events_of, learned
from metering.case_life import PLATFORM, TRANSITIONS, CaseAct, CaseEvent
from metering.finding import Case, CaseState
from metering.items import purpose
from metering.saving import LEAST_DAYS_AFTER, Saving, SavingVerdict
from texts import named, word

ORDER = (
    *(CaseState.OPEN, CaseState.ACKNOWLEDGED, CaseState.FIXED, CaseState.EXPECTED),
    CaseState.DISMISSED,
)
"""Of the buttons; who is to put it right has a field of its own."""


def says(case: Case) -> list[str]:
    """What may be said of it now, in the order of the buttons."""
    return [str(one) for one in ORDER if one in TRANSITIONS[case.state]]


def life(visit: Visit, case: Case) -> list[dict[str, str]]:
    """All that was done with it, newest first."""
    zone = visit.caller.reach.registry.zone(case.evidence.node)
    return [
        {
            "when": formats.minute(one.at_us, zone),
            "by": visit.text("the platform") if one.actor == PLATFORM else one.actor,
            "what": _what(visit, one),
            "comment": one.comment,
        }
        for one in reversed(events_of(visit.caller, case))
    ]


def _what(visit: Visit, event: CaseEvent) -> str:
    _, language = visit.text, visit.language
    if event.act is CaseAct.COMMENT:
        return _("comment")
    if event.act is CaseAct.SNOOZE:
        until = _("put off until %(day)s") % {"day": event.new}
        return until if event.new else _("no longer put off")
    if event.act is CaseAct.SAVING:
        return word("verdict", event.new, language)
    old = f"{word('state', event.old, language)} → " if event.old else ""
    return f"{old}{word('state', event.new, language)}{_why(visit, event)}"


def _why(visit: Visit, event: CaseEvent) -> str:
    _, detail = visit.text, event.detail
    if detail.get("assignee"):
        return f": {detail['assignee']}"
    if detail.get("cause"):
        return f": {word('closed', str(detail['cause']), visit.language)}"
    if "relapsed_us" in detail:
        back = _("it came back")
        return f": {back}"
    return f": {word('verdict', detail['verdict'], visit.language)}" if "verdict" in detail else ""


def lessons(visit: Visit) -> list[dict[str, Any]]:
    """What people taught, meter by meter."""
    registry, language, _ = visit.caller.reach.registry, visit.language, visit.text
    return [
        {
            "case": one.case,
            "state": str(one.state),
            "meter": registry.meters[one.meter].name(language)
            if one.meter in registry.meters
            else one.meter,
            "place": registry.node(one.node).name(language),
            "pattern": named(
                "pattern",
                one.pattern,
                purpose(registry.meters[one.meter].item) if one.meter in registry.meters else "",
                language,
            ),
            "week": _("at any hour") if one.any_hour else _hours(one, weekend=False),
            "weekend": "" if one.any_hour else _hours(one, weekend=True),
            "up_to": f"{formats.number(one.up_to)} {sentences.POWER[one.unit]}",
            "by": one.by,
            "since": formats.day(one.since_us, registry.zone(one.node)),
            "reason": one.reason,
        }
        for one in learned(visit.caller)
    ]


def _hours(lesson: Lesson, *, weekend: bool) -> str:
    """Hours of the day as spans, such as 00–07, 19–24; '' for none."""
    own = sorted(hour for of_weekend, hour in lesson.kinds if of_weekend is weekend)
    begins = [hour for hour in own if hour - 1 not in own]
    ends = [hour + 1 for hour in own if hour + 1 not in own]
    return ", ".join(f"{one:02d}–{end:02d}" for one, end in zip(begins, ends, strict=True))


def saving(visit: Visit, case: Case) -> dict[str, Any] | None:
    """What was measured after it was put right, or from when on that is told; None where nothing
    is: it was not put right, or wastes nothing."""
    found = case.saving
    if found is None:
        if case.state is not CaseState.FIXED or case.evidence.waste <= 0:
            return None
        zone = visit.caller.reach.registry.zone(case.evidence.node)
        since = formats.local(case.fixed_us, zone).date() + timedelta(days=LEAST_DAYS_AFTER + 1)
        return {
            "verdict": word("verdict", SavingVerdict.NOT_YET, visit.language),
            "from": str(since),
        }
    shown = {
        "verdict": word("verdict", found.verdict, visit.language),
        "from": "",
        "span": f"{found.first_day} – {found.last_day}",
        "days": found.days,
        "known": f"{found.known * 100:.0f} %",
    }
    return {**shown, **_amounts(found, case.evidence.unit)}


def came_back(case: Case) -> bool:
    """Whether it goes on although a saving was measured."""
    return case.saving is not None and case.stands


def _amounts(found: Saving, unit: str) -> dict[str, str]:
    """Empty texts where nothing could be told for want of hours."""
    names = ("before", "saved", "saved_low", "saved_high", "total")
    shown = formats.UNITS.get(unit, unit)
    amounts = {name: f"{formats.number(getattr(found, name))} {shown}" for name in names}
    money = formats.money(Decimal(found.money), found.currency) if found.money else ""
    return {**amounts, "money": money} if found.before else dict.fromkeys((*names, "money"), "")
