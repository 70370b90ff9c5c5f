"""Lists of home: what is wasted now, what changed since yesterday, what needs a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from api import sentences
from api.page import cases, formats
from api.page.places import Place
from api.page.repairs import WAYS
from api.page.visit import Visit
from api.repairs_said import title
from api.usecases.digests import yearly_cost
from api.usecases.findings import CasesWanted, find_all
from api.usecases.home_news import MOST_LETTERS, HomeNews
from api.usecases.needs import needs as needs_of
from metering.book import Restatement
from metering.case_worth import runs, told_by_the_year
from metering.finding import Case
from metering.nesting import Nesting
from texts import day_of, word

MOST_WASTE: Final = 5
MOST_NEWS: Final = 3


def waste(visit: Visit, place: Place) -> dict[str, Any]:
    """Open cases that waste and go on, in their order, with what they cost a year as digests tell
    it; how many more there are, and how many have ended and nobody has said anything of."""
    wanted = CasesWanted("open", snoozed=False, wastes=True, told=True, under=place.node)
    found, now_us = find_all(visit.caller, wanted), visit.caller.platform.now_us()
    going = [one for one in found if runs(one, now_us)]
    yearly = yearly_cost(going, Nesting(visit.caller.reach.registry), now_us)
    first = going[:MOST_WASTE]
    return {
        "waste": [
            {**shown, "a_year": _a_year(visit, one)}
            for shown, one in zip(cases.shown(visit, first), first, strict=True)
        ],
        "waste_more": len(going) - len(first),
        "waste_ended": len(found) - len(going),
        "waste_open": len(found),
        "waste_a_year": [formats.money(amount, currency) for currency, amount in yearly],
    }


def _a_year(visit: Visit, case: Case) -> str:
    """What a year of it costs; '' where that is too early to say."""
    now_us = visit.caller.platform.now_us()
    if not told_by_the_year(case, now_us):
        return ""
    return sentences.a_year(case.evidence, visit.language, now_us)


def news(visit: Visit, place: Place, found: HomeNews) -> dict[str, Any]:
    """What changed, each kind with how many and the first few by name."""
    return {
        "any": found.any,
        "opened": _cases(visit, found.opened),
        "reopened": _cases(visit, found.reopened),
        "closed": _cases(visit, found.closed),
        "restated": {
            "count": len(found.restated),
            "few": [_restated(visit, place, one) for one in found.restated[:MOST_NEWS]],
        },
        "letters": found.letters,
        "most_letters": MOST_LETTERS,
        "silent": {
            "count": len(found.silent),
            "few": [
                (
                    f"/gateways/{one.gateway.user}",
                    getattr(one.gateway, f"name_{visit.language}") or one.gateway.user,
                )
                for one in found.silent[:MOST_NEWS]
            ],
        },
    }


def _cases(visit: Visit, found: Sequence[Case]) -> dict[str, Any]:
    shown = cases.shown(visit, found[:MOST_NEWS])
    few = [(f"/findings/{one['id']}", f"{one['pattern']} · {one['place']}") for one in shown]
    return {"count": len(found), "few": few}


def _restated(visit: Visit, place: Place, one: Restatement) -> tuple[str, str]:
    asked = {
        "code": place.node,
        "item": one.key.item,
        "start": str(one.day),
        "end": str(one.day + timedelta(days=1)),
    }
    old, new = (formats.energy(amount, one.key.item) for amount in (one.old_total, one.new_total))
    day, item = (
        day_of(one.day, visit.language, year=False),
        word("item", one.key.item, visit.language),
    )
    return f"/lineage?{urlencode(asked)}", f"{day}, {item}: {old} → {new}"


def needs(visit: Visit) -> list[dict[str, Any]]:
    """What the checks found, with the page on which to see to it."""
    return [
        {
            "title": title(one.check, visit.language),
            "severity": str(one.severity),
            "word": word("repair_severity", one.severity, visit.language),
            "count": one.count,
            "way": WAYS.get(one.check, "/repairs"),
        }
        for one in needs_of(visit.caller)
    ]
