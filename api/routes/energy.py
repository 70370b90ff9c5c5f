"""Energy as booked, with quality, money, carbon and standard coal on every value.

    GET /v1/energy          a figure by step; what is booked coarser is its `remainder`;
                            many figures at once, as columns
    GET /v1/energy/parts    a figure, its sub-items, and the difference: the table adds up
    GET /v1/energy/shares   the own parts of places that are shared with others
    GET /v1/energy/balance  a total against what it should hold, and its trend

Nothing is priced or added here: `figures` says what is told of the books, at one revision.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.answers.common import InLanguages, SeriesAnswer, SharesAnswer
from api.answers.energy import (
    BalanceAnswer,
    BasesAnswer,
    CostAnswer,
    EmissionAnswer,
    EnergyAnswer,
    EnergyHeadAnswer,
    EnergyTableAnswer,
    HeldWorthAnswer,
    MoneyAnswer,
    PartsAnswer,
    PeriodAnswer,
    PeriodWorthAnswer,
    SharedPartAnswer,
    SharedPartsAnswer,
    TariffRowAnswer,
    WorthAnswer,
)
from api.auth import Reader
from api.columns import ARROW, as_arrow, as_json, head_of
from api.decimals import exact, plain
from api.params import CarbonBasis, CoalBasis, Code, Codes, Moment, example, written
from api.usecases.energy import (
    Head,
    Step,
    Valued,
    balance_of,
    check_periods,
    days_of,
    energy_of,
    parts_of_node,
    range_of,
    series_of,
    shared_with,
)
from api.usecases.energy_tables import fields_listed, listed, series_listed, table_of
from figures import FIELDS, Cost, Emission, Held, Money, Period, SharedPart, Worth
from metering import items
from metering.book import SeriesKey
from metering.factor import Bases, Carbon, Coal
from metering.localtime import iso
from metering.quality import WHOLE
from metering.registry import Node
from metering.tariff import TariffRow
from metering.units import BOOK_UNITS
from texts import both, word

router = APIRouter(prefix="/v1", tags=["energy"])


NEVER_ADDED = "two currencies are never added: see by_currency"
NOT_ALL_PRICED = "no tariff prices all of this energy: see unpriced"

SHARES_EXAMPLE = {"measured": 0.9896, "apportioned": 0.0, "estimated": 0.0, "missing": 0.0104}
MONEY_SHARES_EXAMPLE = {
    "measured": 0.9708,
    "apportioned": 0.0,
    "estimated": 0.0188,
    "missing": 0.0104,
}
COST_EXAMPLE = {
    "value": "281.04",
    "currency": "CNY",
    "cost_low": "279.80",
    "cost_high": "282.61",
    "shares": MONEY_SHARES_EXAMPLE,
    "unpriced": "0.000000",
    "periods": [
        {"period": "peak", "energy": "301.000000", "cost": "251.90", "currency": "CNY"},
        {"period": "valley", "energy": "111.300200", "cost": "29.14", "currency": "CNY"},
    ],
    "rows": [],
    "by_currency": [
        {
            "currency": "CNY",
            "value": "281.04",
            "cost_low": "279.80",
            "cost_high": "282.61",
            "shares": MONEY_SHARES_EXAMPLE,
        }
    ],
    "note": None,
}
VALUE_EXAMPLE = {
    "start": "2026-11-23T00:00:00+08:00",
    "end": "2026-11-24T00:00:00+08:00",
    "value": "412.300200",
    "amount": 412300200,
    "shares": SHARES_EXAMPLE,
    "provisional": False,
    "cost": COST_EXAMPLE,
    "kgco2": {"value": "221.24", "rows": [], "note": None},
    "kgce": {"value": "50.67", "rows": [], "note": None},
}
ENERGY_EXAMPLE = {
    "series": {"institution": "bureau", "kind": "node", "code": "office-a", "item": "01000"},
    "item_name": {"zh": "电", "en": "Electricity"},
    "unit": "kWh",
    "book_unit": "mWh",
    "zone": "Asia/Shanghai",
    "start": "2026-11-23",
    "end": "2026-11-24",
    "revision": 57,
    "registry_version": 12,
    "coal": "equivalent",
    "carbon": "location",
    "step": "day",
    "step_min": 1440,
    "data": [VALUE_EXAMPLE],
    "remainder": [],
    "silent_meters": [],
}


def or_columns(told: dict[int | str, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    """An answer that may come as an Arrow stream too."""
    told[200]["content"][ARROW] = {"schema": {"type": "string", "format": "binary"}}
    return told


PART_EXAMPLE = {
    "row": "total",
    "item": "01000",
    "item_name": {"zh": "电", "en": "Electricity"},
    **{name: value for name, value in VALUE_EXAMPLE.items() if name not in ("start", "end")},
}
PARTS_EXAMPLE = {
    "series": ENERGY_EXAMPLE["series"],
    "item_name": ENERGY_EXAMPLE["item_name"],
    "unit": "kWh",
    "book_unit": "mWh",
    "zone": "Asia/Shanghai",
    "start": "2026-11-23",
    "end": "2026-11-24",
    "revision": 57,
    "registry_version": 12,
    "coal": "equivalent",
    "carbon": "location",
    "data": [
        PART_EXAMPLE,
        {**PART_EXAMPLE, "row": "part", "item": "01B00"},
        {**PART_EXAMPLE, "row": "difference", "value": "0.000000", "shares": None},
    ],
}
HEAD_EXAMPLE = {
    name: value for name, value in PARTS_EXAMPLE.items() if name not in ("data", "coal", "carbon")
}
SHARED_EXAMPLE = {
    **HEAD_EXAMPLE,
    "data": [
        {
            "place": "shared-hall",
            "place_name": {"zh": "共用大厅", "en": "Shared hall"},
            "start": "2026-11-23",
            "end": "2026-11-24",
            "share": "1200 m2",
            "fraction": "3/5",
            "value": "250.026600",
            "amount": 250026600,
            "shares": SHARES_EXAMPLE,
            "provisional": False,
        }
    ],
}

BALANCE_EXAMPLE = {
    **HEAD_EXAMPLE,
    "data": [
        {
            "day": "2026-11-23",
            "total": "416.711000",
            "parts": "405.200000",
            "difference": "11.511000",
        }
    ],
    "known_days": 1,
    "fraction": "0.027623",
    "fraction_before": None,
    "fraction_after": None,
}


@router.get(
    "/energy",
    response_model=EnergyAnswer | EnergyTableAnswer,
    responses=or_columns(example(ENERGY_EXAMPLE)),
)
def energy(
    request: Request,
    caller: Reader,
    node: Codes = None,
    meter: Codes = None,
    item: Codes = None,
    below: Code = None,
    fields: Annotated[
        str | None,
        Query(max_length=200, description=f"Columns, with commas: {', '.join(FIELDS)}"),
    ] = None,
    step: Annotated[Step, Query()] = Step.DAY,
    start: Annotated[str | None, Query(max_length=10, description="First local date")] = None,
    end: Annotated[str | None, Query(max_length=10, description="Local date, not included")] = None,
    as_of: Moment = None,
    coal: CoalBasis = Coal.EQUIVALENT,
    carbon: CarbonBasis = Carbon.LOCATION,
) -> Response:
    """Energy of a node or meter by step, over local days [start, end).

    `value` is an exact decimal in `unit`, `amount` the same in whole book units; both are null
    where nothing is known, which is not zero. What is booked at steps coarser than the one asked
    stands in `remainder`, a series for each step: `data` and `remainder` together are the
    figure's energy and money. All of an answer belongs to one `revision`.

    `cost` has `cost_low` and `cost_high`: had all that lies over several prices passed at the
    cheapest, or at the dearest of them. Its `shares` are the money's own, by amount. Currencies
    are never added: where there are two, `value` is null and `by_currency` has each sum.

    With `as_of` the energy and its price windows are those of the books at an earlier revision,
    with a version after `@` by the tree, prices and factors of that registry, else by the present
    ones. 404 where a day of the range was not settled then.

    `coal` and `carbon` choose by which factors `kgce` and `kgco2` are told; the answer says it.

    Several series are asked for at once: lists of codes with commas (every `node` with every
    `item`, or every `meter`), or `below` for the meters of a place and of all below it. Their
    answer, and that of any request that names `fields`, is in columns of whole numbers: `amount`
    in `book_unit`, of which `unit` has `per_unit`; `shares` in 1/10,000; money, `kgco2` and `kgce`
    times 10 to the power of -`digits`. `axis` says which of `axes` has the periods. With
    `Accept: application/vnd.apache.arrow.stream` the same comes as an Arrow stream.
    """
    bases = Bases(coal, carbon)
    wants_arrow = ARROW in request.headers.get("accept", "")
    if wants_arrow or below or fields is not None or "," in f"{node}{meter}{item}":
        keys = series_listed(caller, node, meter, below, item)
        named = fields_listed(fields)
        days = range_of(caller, keys[0], start, end)
        table = table_of(caller, keys, step, days, named, as_of, bases)
        head = head_of(table, str(step), named, bases)
        if wants_arrow:
            return Response(as_arrow(table, head), media_type=ARROW)
        return Response(as_json(table, keys, head), media_type="application/json")
    for field, text in (("node", node), ("meter", meter), ("item", item)):
        listed(text, field)
    key = series_of(caller, node, meter, item)
    days = range_of(caller, key, start, end)
    check_periods(caller.reach.registry, key, step, days)
    told = energy_of(caller, key, step, days, as_of, bases)
    answer: EnergyAnswer = {
        **head_json(told.head),
        **bases_json(bases),
        "step": str(step),
        "step_min": told.own.step_min,
        "data": _values_json(told.own, told.head),
        "remainder": [
            {"step_min": one.step_min, "data": _values_json(one, told.head)}
            for one in told.remainder
        ],
        "silent_meters": told.silent,
    }
    return written(answer)


@router.get("/energy/parts", response_model=PartsAnswer, responses=example(PARTS_EXAMPLE))
def energy_parts(
    caller: Reader,
    node: Annotated[str, Query(max_length=128)],
    item: Code = None,
    start: Annotated[str | None, Query(max_length=10, description="First local date")] = None,
    end: Annotated[str | None, Query(max_length=10, description="Local date, not included")] = None,
    as_of: Moment = None,
    coal: CoalBasis = Coal.EQUIVALENT,
    carbon: CarbonBasis = Carbon.LOCATION,
) -> Response:
    """A node's figure with its sub-items of the next level over local days [start, end).

    `data` has a row `total`, a row `part` for each sub-item, and a last row `difference`: the
    total less its parts, so that the table adds up exactly, in energy, in money of each currency
    and in carbon. The energy of the difference is null where the total is not known, and holds
    what a silent part used; its money is what no part measures and what parts cost at prices of
    their own.
    """
    key, bases = series_of(caller, node, None, item), Bases(coal, carbon)
    days = days_of(caller, key, start, end)
    head, found = parts_of_node(caller, key, days, as_of, bases)
    rows = [
        ("total", found.total),
        *(("part", one) for one in found.parts),
        ("difference", found.difference),
    ]
    answer: PartsAnswer = {
        **head_json(head),
        **bases_json(bases),
        "data": [{"row": name, **_held_json(one)} for name, one in rows],
    }
    return written(answer)


@router.get("/energy/shares", response_model=SharedPartsAnswer, responses=example(SHARED_EXAMPLE))
def energy_shares(
    caller: Reader,
    node: Annotated[str, Query(max_length=128)],
    item: Code = None,
    start: Annotated[str | None, Query(max_length=10, description="First local date")] = None,
    end: Annotated[str | None, Query(max_length=10, description="Local date, not included")] = None,
    as_of: Moment = None,
) -> Response:
    """What a node's figure has of each place right below it that is shared with others, over local
    days [start, end).

    `share` is the own share as it is registered, `fraction` what it is of the whole; null where a
    meter says it day by day. Where the
    share changes a row ends and another begins. `shares` is the quality of the whole. Nothing is
    told of others.
    """
    key = series_of(caller, node, None, item)
    days = days_of(caller, key, start, end)
    head, found = shared_with(caller, key, days, as_of)
    answer: SharedPartsAnswer = {
        **head_json(head),
        "data": [_shared_json(place, one, key) for place, one in found],
    }
    return written(answer)


@router.get("/energy/balance", response_model=BalanceAnswer, responses=example(BALANCE_EXAMPLE))
def energy_balance(
    caller: Reader,
    node: Annotated[str, Query(max_length=128)],
    item: Code = None,
    start: Annotated[str | None, Query(max_length=10, description="First local date")] = None,
    end: Annotated[str | None, Query(max_length=10, description="Local date, not included")] = None,
    as_of: Moment = None,
) -> Response:
    """A node's total meter against what it should hold, on each local day in [start, end) on which
    there are both.

    A day on which one of them is missing, estimated or not settled has null, and counts in no
    fraction. `fraction` is the difference of all known days over their total, `fraction_before` and
    `fraction_after` those of their earlier and later half: a difference that drifts shows there.
    """
    key = series_of(caller, node, None, item)
    head, found = balance_of(caller, key, days_of(caller, key, start, end), as_of)
    answer: BalanceAnswer = {
        **head_json(head),
        "data": [
            {
                "day": one.day.isoformat(),
                "total": exact(one.total, key.item),
                "parts": exact(one.parts, key.item),
                "difference": exact(one.difference, key.item),
            }
            for one in found.days
        ],
        "known_days": len(found.known),
        "fraction": _fraction(found.whole),
        "fraction_before": _fraction(found.before),
        "fraction_after": _fraction(found.after),
    }
    return written(answer)


def _fraction(value: Fraction | None) -> str | None:
    """With six decimals."""
    return None if value is None else f"{Decimal(round(value * 10**6)).scaleb(-6):f}"


def _shared_json(place: Node, found: SharedPart, key: SeriesKey) -> SharedPartAnswer:
    return {
        "place": place.code,
        "place_name": both(place.name),
        "start": found.first.isoformat(),
        "end": (found.last + timedelta(days=1)).isoformat(),
        "share": found.share,
        "fraction": None if found.fraction is None else str(found.fraction),
        "value": exact(found.amount, key.item),
        "amount": found.amount,
        "shares": shares_json(found.shares.tolist()),
        "provisional": found.provisional,
    }


def head_json(head: Head) -> EnergyHeadAnswer:
    """What an answer is of."""
    item = head.key.item
    unit = items.category(item).unit
    return {
        "series": series_json(head.key),
        "item_name": _names(item),
        "unit": unit,
        "book_unit": BOOK_UNITS[unit].name,
        "zone": head.zone,
        "start": head.days.first.isoformat(),
        "end": (head.days.last + timedelta(days=1)).isoformat(),
        "revision": head.revision,
        "registry_version": head.registry_version,
    }


def bases_json(bases: Bases) -> BasesAnswer:
    """By which factors coal and carbon are told."""
    return {"coal": str(bases.coal), "carbon": str(bases.carbon)}


def _names(item: str) -> InLanguages:
    return both(lambda language: word("item", item, language))


def _values_json(found: Valued, head: Head) -> list[PeriodWorthAnswer]:
    """Every period with what it is worth."""
    item = head.key.item
    return [
        {**period_json(period, head.zone, item), **worth_json(worth, item)}
        for period, worth in found.values
    ]


def _held_json(held: Held) -> HeldWorthAnswer:
    """One row of the table of parts."""
    return {
        "item": held.item,
        "item_name": _names(held.item),
        "value": exact(held.amount, held.item),
        "amount": held.amount,
        "shares": None if held.shares is None else shares_json(held.shares.tolist()),
        "provisional": held.provisional,
        **worth_json(held.worth, held.item),
    }


def series_json(key: SeriesKey) -> SeriesAnswer:
    """A series by its natural key."""
    return {
        "institution": key.institution,
        "kind": key.kind,
        "code": key.code,
        "item": key.item,
    }


def period_json(period: Period, zone: str, item: str) -> PeriodAnswer:
    """One period with its quality."""
    return {
        "start": iso(period.start_us, zone),
        "end": iso(period.end_us, zone),
        "value": exact(period.amount, item),
        "amount": period.amount,
        "shares": shares_json(period.shares.tolist()),
        "provisional": period.provisional,
    }


def worth_json(worth: Worth, item: str) -> WorthAnswer:
    """Money, carbon and coal, each with the rows it rests on."""
    return {
        "cost": cost_json(worth.cost, item),
        "kgco2": _emission_json(worth.kgco2),
        "kgce": _emission_json(worth.kgce),
    }


def cost_json(cost: Cost, item: str) -> CostAnswer:
    """Money with its bounds; null where it does not hold all the energy, or is in two
    currencies."""
    sole = cost.sole
    return {
        "value": None if sole is None else plain(sole.amount),
        "currency": cost.money[0].currency if len(cost.money) == 1 else None,
        "cost_low": None if sole is None else plain(sole.low),
        "cost_high": None if sole is None else plain(sole.high),
        "shares": None if sole is None else shares_json(sole.shares),
        "unpriced": exact(cost.unpriced, item),
        "periods": [
            {
                "period": one.period,
                "energy": exact(one.quantity, item),
                "cost": plain(one.cost),
                "currency": one.currency,
            }
            for one in cost.periods
        ],
        "rows": [_row_json(row) for row in cost.rows],
        "by_currency": [_money_json(money) for money in cost.money],
        "note": _note(cost),
    }


def _note(cost: Cost) -> str | None:
    """Why there is no sum."""
    reasons = [NEVER_ADDED] if len(cost.money) > 1 else []
    reasons += [NOT_ALL_PRICED] if cost.unpriced else []
    return "; ".join(reasons) or None


def _money_json(money: Money) -> MoneyAnswer:
    return {
        "currency": money.currency,
        "value": plain(money.amount),
        "cost_low": plain(money.low),
        "cost_high": plain(money.high),
        "shares": shares_json(money.shares),
    }


def _row_json(row: TariffRow) -> TariffRowAnswer:
    return {
        "tariff": row.tariff,
        "node": row.node or row.institution or None,
        "meter": row.meter or None,
        "period": row.period,
        "price": str(row.price),
        "currency": row.currency,
        "source": row.source,
        "verified": row.grade.startswith("V"),
    }


def _emission_json(found: Emission) -> EmissionAnswer:
    amount = found.whole
    return {
        "value": None if amount is None else plain(amount),
        "rows": [
            {
                "item": one.item,
                "quantity": one.quantity,
                "factor": str(one.value),
                "energy": exact(energy, one.item),
                "valid_from": None if one.valid.start is None else one.valid.start.isoformat(),
                "valid_to": None if one.valid.end is None else one.valid.end.isoformat(),
                "region": one.region,
                "source": one.source,
                "verified": one.verified,
            }
            for one, energy in zip(found.factors, found.energies, strict=True)
        ],
        "note": _lack(found),
    }


def _lack(found: Emission) -> str | None:
    """Why there is no carbon or coal."""
    if not found.lacking:
        return None
    first, last, days = found.lacking[0], found.lacking[-1], len(found.lacking)
    return f"no factor {found.asked} holds on {days} of the days {first} to {last}"


def shares_json(shares: Sequence[int]) -> SharesAnswer:
    """Shares as fractions by name."""
    measured, apportioned, estimated, missing = (int(part) / WHOLE for part in shares)
    return {
        "measured": measured,
        "apportioned": apportioned,
        "estimated": estimated,
        "missing": missing,
    }
