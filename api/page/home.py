"""Home: what a place cost, whether that is more than it should be, what is wasted, what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import figures
from api.page import figure, home_ahead, home_lists, home_month, marks, so_far
from api.page.figure import Of, Shown
from api.page.places import ELECTRICITY, Place, place_of
from api.page.visit import Visit
from api.usecases.home_news import home_news
from figures import MonthSoFar, Reached, View
from metering.localtime import day_bounds, iso, month_start
from metering.quality import WHOLE
from texts import month_of

FULLY: Final = 9_950
"""Known share [1/10,000] from which on a sum is not marked as partial."""
COMPARABLE: Final = 9_000
"""Known share of an earlier month from which on a change is told."""


@dataclass(frozen=True)
class Against:
    """Something that the month so far is held against."""

    name: str
    figures: tuple[Shown, ...]
    """Money where all of it has a price, else energy."""
    change: Decimal | None
    known: str
    """Which part of its time is known; '' where all is."""
    share: float
    """Of the most that is shown beside it [%]."""


@dataclass(frozen=True)
class MonthCard:
    """The month so far; what it is held against has one row each."""

    name: str
    money: tuple[Shown, ...]
    energy: Shown
    known: str
    share: float
    """As of what it is held against [%]."""
    against: tuple[Against, ...]
    """Last year and last month, where anything of them is booked."""

    @property
    def booked(self) -> bool:
        """Whether any energy is known."""
        return bool(self.energy.value)

    @property
    def priced(self) -> bool:
        """Whether all of it has a price."""
        return any(one.value for one in self.money)


def home(visit: Visit, node: str | None) -> dict[str, Any] | None:
    """Everything that home shows at first; None before anything is registered."""
    if node is None and not visit.caller.reach.top():
        return None
    place = place_of(visit, node)
    key = place.key(place.node)
    with visit.caller.view(bases=visit.bases) as view:
        until = figures.reached(view, key, place.today)
        first = place.today - timedelta(days=366)
        found: dict[str, Any] = {
            **so_far.place_head(visit, place, until),
            "has_books": bool(view.rows(key, first, place.today)),
        }
        if not found["has_books"]:
            return found
        found["month"] = _month_card(visit, view, place, until)
        found["ahead"] = home_ahead.month_ahead(visit, view, place)
        found |= home_month.verdicts(visit, view, place)
    found |= home_lists.waste(visit, place)
    found["unusual"] = marks.unusual(visit, place)
    since_us = day_bounds(place.today - timedelta(days=1), place.zone)[0]
    news = home_news(visit.caller, place.node, place.institution, since_us)
    found["news"] = home_lists.news(visit, place, news)
    return found


def _month_card(visit: Visit, view: View, place: Place, until: Reached) -> MonthCard:
    key, today = place.key(place.node), place.today
    now = figures.month_so_far(view, key, today)
    of = figure.of_days(place.node, ELECTRICITY, now.first, now.last)
    earlier = (
        (visit.text("last year, the same days"), now.first.replace(year=now.first.year - 1)),
        (visit.text("last month, the same days"), month_start(now.first - timedelta(days=1))),
    )
    told = [(name, figures.month_up_to(view, key, month, today, until)) for name, month in earlier]
    then = [(name, one) for name, one in told if one is not None and one.amount is not None]
    most = max((_size(now, one) for one in (now, *(one for _, one in then))), default=0.0)
    return MonthCard(
        month_of(now.first, visit.language),
        tuple(one.cost for one in figure.money(now.cost, of)),
        figure.energy(now.amount, of),
        _known(now),
        _share(_size(now, now), most),
        tuple(
            _against(place, name, now, one, until, _share(_size(now, one), most))
            for name, one in then
        ),
    )


def _size(now: MonthSoFar, one: MonthSoFar) -> float:
    """By what a bar is long: money where both have one sum in one currency, else energy."""
    if _in_money(now, one) and one.cost.sole is not None:
        return max(float(one.cost.sole.amount), 0.0)
    return float(max(one.amount or 0, 0))


def _share(size: float, most: float) -> float:
    return round(100 * size / most, 1) if most else 0.0


def _in_money(now: MonthSoFar, then: MonthSoFar) -> bool:
    own, other = now.cost.sole, then.cost.sole
    return own is not None and other is not None and own.currency == other.currency


def _against(
    place: Place, name: str, now: MonthSoFar, then: MonthSoFar, until: Reached, share: float
) -> Against:
    of, own, other = _of_then(place, then, until), now.cost.sole, then.cost.sole
    if own is not None and other is not None and _in_money(now, then):
        change = figures.change(own.amount, other.amount)
        shown = tuple(one.cost for one in figure.money(then.cost, of))
    else:
        change, shown = figures.change(now.amount, then.amount), (figure.energy(then.amount, of),)
    link = _lineage(place, then.first, then.last)
    return Against(
        name,
        tuple(replace(one, link=link) for one in shown),
        change if min(now.known, then.known) >= COMPARABLE else None,
        _known(then),
        share,
    )


def _of_then(place: Place, then: MonthSoFar, until: Reached) -> Of:
    """From the first day of an earlier month to where today is known to."""
    whole = then.last.day < place.today.day
    if whole:
        return figure.of_days(place.node, ELECTRICITY, then.first, then.last)
    start_us = day_bounds(then.last, place.zone)[0]
    end = iso(start_us + so_far.passed_us(until), place.zone)
    return Of(place.node, ELECTRICITY, iso(day_bounds(then.first, place.zone)[0], place.zone), end)


def _lineage(place: Place, first: date, last: date) -> str:
    """The running slot cuts it from its days: they tell what it rests on."""
    end = last + timedelta(days=1)
    asked = {"code": place.node, "item": ELECTRICITY, "start": str(first), "end": str(end)}
    return f"/lineage?{urlencode(asked)}"


def _known(one: MonthSoFar) -> str:
    return "" if one.known >= FULLY else f"{one.known * 100 / WHOLE:.0f} %"
