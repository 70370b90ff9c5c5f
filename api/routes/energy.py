"""Energy as booked, with quality, money, carbon and standard coal on every value."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.auth import Caller, Reader
from api.figures import Step, Value, read
from api.params import Code, Json, check_days, check_order, example, local_date
from api.worth import Charge, Prices, Worth
from ledger import plan
from metering import items
from metering.book import SeriesKey
from metering.errors import InvalidInput
from metering.localtime import iso, local_day
from metering.quality import NAMES, WHOLE, Shares
from metering.registry import Registry
from metering.tariff import TariffRow
from metering.units import BOOK_UNITS

router = APIRouter(tags=["energy"])

MOST_DAYS = {Step.NATIVE: 62, Step.HOUR: 184, Step.DAY: 1100, Step.MONTH: 3700}
NAMED_DAYS = 62
"""Up to this many days silent meters are looked for."""

VALUE_EXAMPLE = {
    "start": "2026-11-23T00:00:00+08:00",
    "end": "2026-11-24T00:00:00+08:00",
    "value": "412.300200",
    "amount": 412300200,
    "shares": {"measured": 0.9896, "apportioned": 0.0, "estimated": 0.0, "missing": 0.0104},
    "provisional": False,
    "revision": 57,
    "cost": {"value": "281.04", "currency": "CNY", "rows": []},
    "kgco2": {"value": "221.24", "rows": []},
    "kgce": {"value": "50.67", "rows": []},
}
ENERGY_EXAMPLE = {
    "series": {"institution": "bureau", "kind": "node", "code": "office-a", "item": "01000"},
    "item_name": {"zh": "电", "en": "Electricity"},
    "unit": "kWh",
    "book_unit": "mWh",
    "step": "day",
    "zone": "Asia/Shanghai",
    "start": "2026-11-23",
    "end": "2026-11-24",
    "data": [VALUE_EXAMPLE],
    "silent_meters": [],
}


def series_of(caller: Caller, node: str | None, meter: str | None, item: str | None) -> SeriesKey:
    """The booked series a request means, if it lies in the scope."""
    registry = caller.reach.registry
    if (node is None) == (meter is None):
        raise InvalidInput(
            "exactly one of node and meter is needed",
            field="node",
            value=node,
            fix="?node=CODE&item=01000 or ?meter=CODE",
        )
    if meter is not None:
        found = caller.reach.meter(meter)
        if item is not None and items.check_item(item) != found.item:
            raise InvalidInput(
                "this meter measures another item",
                field="item",
                value=item,
                fix=f"use {found.item}, or leave it out",
            )
        return SeriesKey(registry.institution(found.node), "meter", meter, found.item)
    code = caller.reach.node(str(node)).code
    return SeriesKey(registry.institution(code), "node", code, items.check_item(item or "01000"))


def zone_of_series(registry: Registry, key: SeriesKey) -> str:
    """The zone in which a series' days are local."""
    return registry.zone(registry.meters[key.code].node if key.kind == "meter" else key.code)


def days_of(
    caller: Caller, zone: str, start: str | None, end: str | None, step: Step
) -> tuple[date, date]:
    """(first, last) local days of a range, both included; the last seven by default."""
    today = local_day(caller.platform.now_us(), zone)
    after = today + timedelta(days=1) if end is None else local_date(end, "end")
    first = after - timedelta(days=7) if start is None else local_date(start, "start")
    check_order(first, after, first < after)
    check_days(
        (after - first).days,
        MOST_DAYS[step],
        f"at step {step} at most {MOST_DAYS[step]} days; ask for parts or a wider step",
    )
    return first, after - timedelta(days=1)


def prices_of(request: Request, registry: Registry) -> Prices:
    """Prices over the present registry, kept as long as it stays the same."""
    kept: Prices | None = getattr(request.app.state, "prices", None)
    if kept is None or kept.registry is not registry:
        kept = request.app.state.prices = Prices(registry)
    return kept


@router.get("/energy", responses=example(ENERGY_EXAMPLE))
def energy(
    request: Request,
    caller: Reader,
    node: Code = None,
    meter: Code = None,
    item: Code = None,
    step: Annotated[Step, Query()] = Step.DAY,
    start: Annotated[str | None, Query(max_length=10, description="First local date")] = None,
    end: Annotated[str | None, Query(max_length=10, description="Local date, not included")] = None,
) -> Json:
    """Energy of a node or meter by step, over local days [start, end).

    `value` is an exact decimal in `unit`, `amount` the same in whole book units; both are null
    where nothing is known, which is not zero.
    """
    registry = caller.reach.registry
    key = series_of(caller, node, meter, item)
    zone = zone_of_series(registry, key)
    first, last = days_of(caller, zone, start, end, step)
    now_us = caller.platform.now_us()
    rows = caller.platform.books.rows([key], first, last)
    values = read(rows, step, zone, first=first, last=last, now_us=now_us)
    prices = prices_of(request, registry)
    unit = items.category(key.item).unit
    return {
        "series": series_json(key),
        "item_name": {lang: items.name(key.item, lang) for lang in ("zh", "en")},
        "unit": unit,
        "book_unit": BOOK_UNITS[unit].name,
        "step": str(step),
        "zone": zone,
        "start": first.isoformat(),
        "end": (last + timedelta(days=1)).isoformat(),
        "data": [value_json(value, prices, zone, unit) for value in values],
        "silent_meters": silent_meters(caller, key, first, last),
    }


def series_json(key: SeriesKey) -> Json:
    """A series by its natural key."""
    return {
        "institution": key.institution,
        "kind": key.kind,
        "code": key.code,
        "item": key.item,
    }


def value_json(value: Value, prices: Prices, zone: str, unit: str) -> Json:
    """One value with its quality and its worth."""
    cost = prices.cost(value.parts, zone)
    currencies = [c.row.currency for c in cost.charges if isinstance(c.row, TariffRow)]
    return {
        "start": iso(value.start_us, zone),
        "end": iso(value.end_us, zone),
        "value": exact(value.amount, unit),
        "amount": value.amount,
        "shares": shares_json(value.shares),
        "provisional": value.provisional,
        "revision": value.revision,
        "cost": {**_worth_json(cost, unit), "currency": currencies[0] if currencies else None},
        "kgco2": _worth_json(prices.factor(value.parts, "kgco2"), unit),
        "kgce": _worth_json(prices.factor(value.parts, "kgce"), unit),
    }


def exact(amount: int | None, unit: str) -> str | None:
    """Book units as an exact decimal of the canonical unit."""
    if amount is None:
        return None
    per = BOOK_UNITS[unit].per_canonical
    return f"{Decimal(amount) / per:.{len(str(per)) - 1}f}"


def shares_json(shares: Shares) -> dict[str, float]:
    """Shares as fractions by name."""
    return {name: int(part) / WHOLE for name, part in zip(NAMES, shares, strict=True)}


def _worth_json(worth: Worth, unit: str) -> Json:
    value = None if worth.total is None else f"{worth.total:f}"
    return {"value": value, "rows": [_charge_json(charge, unit) for charge in worth.charges]}


def _charge_json(charge: Charge, unit: str) -> Json:
    row = charge.row
    amount = exact(charge.amount, unit)
    if isinstance(row, TariffRow):
        named: Json = {"tariff": row.tariff, "period": row.period, "price": str(row.price)}
    else:
        named = {"factor": str(row.value), "region": row.region, "verified": row.verified}
    return {**named, "energy": amount, "worth": f"{charge.worth:f}", "source": row.source}


def silent_meters(caller: Caller, key: SeriesKey, first: date, last: date) -> list[str] | None:
    """Meters that count into a node's figure and have no value in the range.

    None for a meter's own series and for ranges above `NAMED_DAYS` days.
    """
    if key.kind == "meter" or (last - first).days >= NAMED_DAYS or not key.institution:
        return None
    registry = caller.reach.registry
    figures = plan(registry, key.institution, last)
    counted = figures.figures.get((key.code, key.item))
    if counted is None:
        return []
    keys = [
        SeriesKey(key.institution, "meter", code, registry.meters[code].item)
        for code in counted.meters
    ]
    rows = caller.platform.books.rows(keys, first, last)
    heard = {row.key.code for row in rows if row.total is not None}
    silent = figures.silent(key.code, key.item, heard)
    return [code for code in silent if code in caller.reach.meters]
