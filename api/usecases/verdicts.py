"""Verdicts of the complete days of a place: within, above or below what they should have used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import figures
from analytics import DayVerdict, day_verdicts
from api.caller import Caller
from api.ranges import check_days
from api.usecases.energy import Days, Head, head_of
from figures import View
from metering.baseline import BaselineVersion
from metering.book import SeriesKey
from metering.localtime import days_between

MOST_DAYS: Final = 92


def verdicts(caller: Caller, key: SeriesKey, days: Days) -> tuple[Head, list[DayVerdict]]:
    """At one revision; of days that are over, of the others nothing. Raises InvalidInput for too
    many days."""
    count = (days.last - days.first).days + 1
    check_days(count, MOST_DAYS, f"at most {MOST_DAYS} days; ask for parts")
    with caller.view() as view:
        return head_of(view, key, days), verdicts_of(caller, view, key, days)


def verdicts_of(caller: Caller, view: View, key: SeriesKey, days: Days) -> list[DayVerdict]:
    """At the revision of a view."""
    last = min(days.last, view.today(key) - timedelta(days=1))
    if last < days.first:
        return []
    asked = days_between(days.first, last)
    versions = _versions(caller, view, key, asked)
    return day_verdicts(view, caller.platform.readings, key, asked, versions)


def _versions(
    caller: Caller, view: View, key: SeriesKey, days: Sequence[date]
) -> list[BaselineVersion]:
    """Of the meters that count into the place, those that were made of days of the scope."""
    codes = {code for day in days for code in figures.counted_meters(view, key, day)}
    scope, meters = caller.reach.scope, caller.reach.registry.meters
    return [
        one
        for one in caller.platform.baselines.versions(sorted(codes))
        if all(scope.holds(meters[one.meter].node, day) for day in (one.first_day, one.day))
    ]
