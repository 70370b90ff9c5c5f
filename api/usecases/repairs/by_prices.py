"""Checks of what figures rest on beside meters: prices, factors, calendars and accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Final

from api.usecases.repairs.by_registry import (
    AHEAD,
    ELECTRICITY,
    by_medium,
    of_meter,
    of_place,
    of_several,
)
from api.usecases.repairs.facts import RepairFacts
from api.usecases.repairs.repair import (
    LookedAt,
    Mending,
    MendingKind,
    Repair,
    RepairSubject,
    Said,
    looked_at,
)
from api.usecases.repairs.rows import (
    added,
    from_sample,
    mended,
)
from metering import items
from metering.factor import factor_on
from metering.registry import Meter
from metering.registry.facts.accounts import Account
from metering.registry.rows import as_text
from metering.registry.write import Record

_BURNT: Final = frozenset({"01", "03", "04", "05", "07", "08", "09", "10", "11", "12"})
"""Categories that carbon and coal are told of."""
TARIFF, CALENDAR, FACTORS, ACCOUNTS = "tariff.csv", "calendar.csv", "factors.csv", "accounts.csv"
_VERIFIED = "V"
"""Grade of a factor that was seen in its official text."""
_YEAR: Final = timedelta(days=365)


def no_tariff(facts: RepairFacts) -> LookedAt:
    """Media of places whose meters no tariff prices today."""
    return looked_at(_unpriced(facts, timedelta(0)))


def tariff_ends(facts: RepairFacts) -> LookedAt:
    """Media of places that are priced today, and will not be soon."""
    return looked_at(_unpriced(facts, AHEAD))


def _unpriced(facts: RepairFacts, ahead: timedelta) -> Iterator[Repair | None]:
    """A verdict for each medium of a place: of those that are priced today, where that is not the
    day in question."""
    days = {meter.code: day for meter, day in facts.meters}
    for (node, _), own in by_medium(facts):
        priced = [m for m in own if not ahead or facts.choice.of(m.code, days[m.code])]
        without = [m for m in priced if facts.choice.of(m.code, days[m.code] + ahead) is None]
        if own[0].unit == "kvarh" or not priced:
            continue
        if not without:
            yield None
            continue
        said, day = of_several(without), days[without[0].code]
        mending = _prolonged(facts, without[0], day) if ahead else _sample_price(facts, without[0])
        yield of_place(node, said, mending)


def _sample_price(facts: RepairFacts, meter: Meter) -> Mending | None:
    whole = items.whole(meter.item)
    return from_sample(facts, TARIFF, lambda row: row["item"] == whole)


def _prolonged(facts: RepairFacts, meter: Meter, day: date) -> Mending | None:
    """A button that lets the price list of today hold for a year longer, or for as long as a person
    says."""
    scope = facts.choice.of(meter.code, day)
    for one in facts.reach.registry.tariff:
        if one.scope == scope and one.valid.holds(day) and one.valid.end is not None:
            began = as_text(one.valid.start)
            key = (one.tariff, one.item, one.institution, one.node, one.meter, began)
            longer = (one.valid.end + _YEAR).isoformat()
            return mended(facts, TARIFF, key, {"valid_to": longer}, asks=["valid_to"])
    return None


def no_carbon_factor(facts: RepairFacts) -> LookedAt:
    """Media that are burnt, or bought from who burns something."""
    return looked_at(_without_factor(facts, "kgco2"))


def no_coal_factor(facts: RepairFacts) -> LookedAt:
    """Likewise for standard coal."""
    return looked_at(_without_factor(facts, "kgce"))


def _without_factor(facts: RepairFacts, quantity: str) -> Iterator[Repair | None]:
    for item, day in _media(facts):
        found = factor_on(facts.reach.registry.factors, quantity, item, day)
        yield (
            None if found is not None else _of_medium(item, mending=_sampled(facts, item, quantity))
        )


def _sampled(facts: RepairFacts, item: str, quantity: str) -> Mending | None:
    wanted = (item, quantity)
    return from_sample(facts, FACTORS, lambda row: (row["item"], row["quantity"]) == wanted)


def _media(facts: RepairFacts) -> list[tuple[str, date]]:
    """What is metered today, as whole categories, each with a day."""
    found = {items.whole(m.item): day for m, day in facts.meters if m.item[:2] in _BURNT}
    return sorted(found.items())


def _of_medium(item: str, said: Said | None = None, mending: Mending | None = None) -> Repair:
    return Repair(RepairSubject.PLATFORM, item, {"medium": item, **(said or {})}, mending)


def factor_unverified(facts: RepairFacts) -> LookedAt:
    """Factors in use that nobody has seen in an official text."""
    used = (
        (item, factor_on(facts.reach.registry.factors, quantity, item, day))
        for item, day in _media(facts)
        for quantity in ("kgco2", "kgce")
    )
    return looked_at(
        None
        if factor.verified
        else _of_medium(
            item,
            {"quantity": factor.quantity, "value": str(factor.value)},
            mended(
                facts,
                FACTORS,
                (item, factor.quantity, factor.region, as_text(factor.valid.start)),
                {"grade": _VERIFIED},
                asks=("value", "source", "grade"),
            ),
        )
        for item, factor in used
        if factor is not None
    )


def no_calendar(facts: RepairFacts) -> LookedAt:
    """The year of each institution's day: its holidays and make-up days."""
    return looked_at(_calendar_lacks(facts, timedelta(0)))


def calendar_ends(facts: RepairFacts) -> LookedAt:
    """The next year, once it is near, where this one is known."""
    return looked_at(_calendar_lacks(facts, AHEAD))


def _calendar_lacks(facts: RepairFacts, ahead: timedelta) -> Iterator[Repair | None]:
    known = {day.year for day in facts.reach.registry.calendar.days}
    for day in sorted({day for _, day in facts.places}):
        year = (day + ahead).year
        if ahead and (year == day.year or day.year not in known):
            yield from [None] if day.year in known else []
            continue
        if year in known:
            yield None
            continue
        days = from_sample(facts, CALENDAR, _is_in(year))
        yield Repair(RepairSubject.PLATFORM, f"calendar {year}", {"year": str(year)}, days)


def _is_in(year: int) -> Callable[[Record], bool]:
    return lambda row: row["date"].startswith(f"{year}-")


def calendar_provisional(facts: RepairFacts) -> LookedAt:
    """Days of the calendar that are near and not official yet."""
    days = facts.reach.registry.calendar.days
    today = min((day for _, day in facts.places), default=None)
    if today is None:
        return LookedAt(0)
    near = {day: one for day, one in sorted(days.items()) if today <= day <= today + AHEAD}
    open_ = [day for day, one in near.items() if one.status != "official"]
    if not open_:
        return LookedAt(len(days))
    said: Said = {"days": len(open_), "first": open_[0].isoformat()}
    rows = tuple(
        {**row, "status": "official"}
        for day in open_
        for row in facts.things(CALENDAR).get((day.isoformat(),), [])
    )
    confirmed = Mending(MendingKind.ROW, CALENDAR, rows, ("source",))
    return LookedAt(len(days), (Repair(RepairSubject.PLATFORM, "calendar", said, confirmed),))


def no_account(facts: RepairFacts) -> LookedAt:
    """Meters of the whole electricity of a building or an institution."""
    accounts = [one for one in facts.facts_of("account") if isinstance(one, Account)]
    return looked_at(
        None
        if any(one.meter == meter.code and one.valid.holds(day) for one in accounts)
        else of_meter(meter, mending=added(ACCOUNTS, {"meter": meter.code}, ["account"]))
        for meter, day in facts.meters
        if meter.total
        and meter.item[:2] == ELECTRICITY
        and not facts.reach.registry.feeders(meter.code, day)
    )
