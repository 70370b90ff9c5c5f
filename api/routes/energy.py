"""Energy as booked, with quality, money, carbon and standard coal on every value."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import Caller, Reader
from api.figures import Period, Step, Worth, periods, series, whole, worth_of_each
from api.params import Code, Json, check_days, check_order, example, local_date
from ledger import Emission
from metering import items
from metering.book import SeriesKey
from metering.errors import InvalidInput
from metering.localtime import iso, local_day
from metering.quality import NAMES, WHOLE, Shares
from metering.registry import Registry
from metering.units import BOOK_UNITS

router = APIRouter(prefix="/v1", tags=["energy"])

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
    "cost": {
        "value": "281.04",
        "currency": "CNY",
        "unpriced": "0.000000",
        "periods": [{"period": "peak", "energy": "301.000000", "cost": "251.90"}],
        "rows": [],
    },
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
    "revision": 57,
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


@router.get("/energy", responses=example(ENERGY_EXAMPLE))
def energy(
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
    key = series_of(caller, node, meter, item)
    zone = zone_of_series(caller.reach.registry, key)
    first, last = days_of(caller, zone, start, end, step)
    named = key.kind == "node" and (last - first).days < NAMED_DAYS
    reader = caller.platform.energy
    found = series(reader, key, first, last, step, silent=named)
    native = series(reader, key, first, last, Step.NATIVE)
    worths = worth_of_each(found, native, caller.reach.registry)
    unit = items.category(key.item).unit
    return {
        "series": series_json(key),
        "item_name": {lang: items.name(key.item, lang) for lang in ("zh", "en")},
        "unit": unit,
        "book_unit": BOOK_UNITS[unit].name,
        "step": str(step),
        "step_min": found.step_min,
        "zone": zone,
        "start": first.isoformat(),
        "end": (last + timedelta(days=1)).isoformat(),
        "revision": found.revision,
        "data": [
            {**period_json(period, zone, unit), **worth_json(worth, unit)}
            for period, worth in zip(periods(found), worths, strict=True)
        ],
        "silent_meters": [m for m in found.silent if m in caller.reach.meters] if named else None,
    }


def series_json(key: SeriesKey) -> Json:
    """A series by its natural key."""
    return {
        "institution": key.institution,
        "kind": key.kind,
        "code": key.code,
        "item": key.item,
    }


def period_json(period: Period, zone: str, unit: str) -> Json:
    """One period with its quality."""
    return {
        "start": iso(period.start_us, zone),
        "end": iso(period.end_us, zone),
        "value": exact(period.amount, unit),
        "amount": period.amount,
        "shares": shares_json(period.shares),
        "provisional": period.provisional,
    }


def worth_json(worth: Worth, unit: str) -> Json:
    """Money, carbon and coal, each with the rows it rests on."""
    spent = whole(worth.cost.amount, worth.cost.unpriced)
    return {
        "cost": {
            "value": None if spent is None else f"{spent:f}",
            "currency": worth.cost.currency or None,
            "unpriced": exact(worth.cost.unpriced, unit),
            "periods": [
                {"period": p.period, "energy": exact(p.quantity, unit), "cost": f"{p.cost:f}"}
                for p in worth.cost.periods
            ],
            "rows": [
                {
                    "tariff": row.tariff,
                    "node": row.node or None,
                    "meter": row.meter or None,
                    "period": row.period,
                    "price": str(row.price),
                    "source": row.source,
                    "verified": row.grade.startswith("V"),
                }
                for row in worth.cost.rows
            ],
        },
        "kgco2": _emission_json(worth.kgco2),
        "kgce": _emission_json(worth.kgce),
    }


def _emission_json(found: Emission) -> Json:
    amount = whole(found.amount, found.uncovered)
    return {
        "value": None if amount is None else f"{amount:f}",
        "rows": [
            {
                "factor": str(one.value),
                "region": one.region,
                "source": one.source,
                "verified": one.verified,
            }
            for one in found.factors
        ],
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
