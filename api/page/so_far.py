"""Cards: today as far as it is known, against the same weekday last week up to then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import figures
from api.page import figure, formats
from api.page.figure import MoneyShown, Of, Shown
from api.page.places import ELECTRICITY, Place, places
from api.page.visit import Visit
from figures import Cost, Reached, SoFar, View
from metering.localtime import day_bounds, iso


@dataclass(frozen=True)
class Card:
    """One quantity of today."""

    title: str
    figures: tuple[Shown, ...]
    unit: str
    ranges: tuple[MoneyShown, ...]
    """Sums whose lowest and highest differ."""
    before: tuple[Shown, ...]
    change: Decimal | None
    note: str
    lacks: str
    """What to see to where there is a note, as `next_steps` names it."""


def passed_us(until: Reached) -> int:
    """How much of the day is known at the finest step [us]; 0 where nothing is."""
    return until[min(until)] if until else 0


def cards(visit: Visit, view: View, place: Place, until: Reached) -> list[Card]:
    """Energy, money and carbon of today so far, each against last week's."""
    key = place.key(place.node)
    now = figures.so_far(view, key, place.today)
    then = figures.up_to(view, key, place.week_ago, until) if now.amount is not None else None
    of_now = figure.of_days(place.node, ELECTRICITY, place.today, place.today)
    of_then = _of_then(place, until)
    gaps = "" if now.complete else visit.text("some of today's readings are missing")
    if now.amount is None:
        gaps = visit.text("nothing of today is known yet: see gateways and repairs")
    return [
        _energy_card(visit, (now, of_now), (then, of_then), gaps),
        _cost_card(visit, (now, of_now), (then, of_then), gaps),
        _carbon_card(visit, (now, of_now), (then, of_then), gaps),
    ]


def _of_then(place: Place, until: Reached) -> Of:
    """Last week's first part: from midnight to the instant that today is known to."""
    start_us = day_bounds(place.week_ago, place.zone)[0]
    start, end = iso(start_us, place.zone), iso(start_us + passed_us(until), place.zone)
    return Of(place.node, ELECTRICITY, start, end)


Side = tuple[SoFar, Of]
Before = tuple[SoFar | None, Of]


def _energy_card(visit: Visit, now: Side, then: Before, note: str) -> Card:
    known = now[0].amount is not None
    shown = figure.energy(now[0].amount, now[1], unit=False)
    before = (
        ()
        if then[0] is None or not then[0].amount
        else (_of_its_day(figure.energy(then[0].amount, then[1])),)
    )
    change = figures.change(now[0].amount, then[0].amount if then[0] else None)
    title = visit.text("Electricity today")
    return Card(title, (shown,), "kWh" if known else "", (), before, change, note, "gateways")


def _cost_card(visit: Visit, now: Side, then: Before, note: str) -> Card:
    money = figure.money(now[0].worth.cost, now[1])
    known = bool(money[0].cost.value)
    before = () if then[0] is None or not known else figure.money(then[0].worth.cost, then[1])
    return Card(
        visit.text("Cost today"),
        tuple(one.cost for one in money),
        "",
        tuple(one for one in money if one.spread),
        tuple(_of_its_day(one.cost) for one in before if one.cost.value),
        figures.change(_sole(now[0].worth.cost), _sole(then[0].worth.cost) if then[0] else None),
        note if known or now[0].amount is None else visit.text("no tariff row holds here"),
        "gateways" if known or now[0].amount is None else "tariff",
    )


def _carbon_card(visit: Visit, now: Side, then: Before, note: str) -> Card:
    shown = figure.carbon(now[0].worth.kgco2, now[1], unit=False)
    before = () if then[0] is None else (figure.carbon(then[0].worth.kgco2, then[1]),)
    return Card(
        visit.text("Carbon today"),
        (shown,),
        _carbon_unit(visit) if shown.value else "",
        (),
        tuple(_of_its_day(one) for one in before if one.value and shown.value),
        figures.change(now[0].worth.kgco2.whole, then[0].worth.kgco2.whole if then[0] else None),
        note if shown.value or now[0].amount is None else visit.text("no factor row holds here"),
        "gateways" if shown.value or now[0].amount is None else "factors",
    )


def _carbon_unit(visit: Visit) -> str:
    """The unit, with the basis where it is not the usual one."""
    return " · ".join(["kg CO₂", *([visit.basis["kgco2"]] if "kgco2" in visit.basis else [])])


def _of_its_day(shown: Shown) -> Shown:
    """The running slot cuts it from its day: the day tells what it rests on."""
    of = shown.of
    asked = {"code": of.code, "item": of.item, "time": of.start, "step": "day"}
    return replace(shown, link=f"/lineage?{urlencode(asked)}")


def _sole(cost: Cost) -> Decimal | None:
    """The one sum there is; of two currencies there is no change to tell."""
    return None if cost.sole is None else cost.sole.amount


def place_head(visit: Visit, place: Place, until: Reached) -> dict[str, Any]:
    """What stands above a page of a place: its name, its day as far as it is known, and the other
    places."""
    return {
        "name": visit.caller.reach.registry.node(place.node).name(visit.language),
        "node": place.node,
        "zone": place.zone,
        "day": place.today.isoformat(),
        "up_to": up_to_text(place, until),
        "places": places(visit),
    }


def up_to_text(place: Place, until: Reached) -> str:
    """The time of day that today is known to; '' where nothing is known."""
    passed = passed_us(until)
    start_us = day_bounds(place.today, place.zone)[0]
    return f"{formats.local(start_us + passed, place.zone):%H:%M}" if passed else ""
