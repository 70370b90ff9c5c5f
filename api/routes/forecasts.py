"""What a place will come to by the end of the day, the month or the year."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from analytics import PROMISE
from api.answers.energy import BudgetAhead, ForecastAnswer, ForeseenAnswer, ForeseenMoney
from api.auth import Reader
from api.decimals import exact, plain
from api.params import Code, JsonBody, example, written
from api.routes.energy import HEAD_EXAMPLE, head_json
from api.usecases.energy import series_of
from api.usecases.forecasts import BudgetTold, Forecasts, Foreseen, MoneyTold, Until, forecasts
from metering import items
from metering.localtime import iso

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["energy"])

FORECAST_EXAMPLE = {
    **HEAD_EXAMPLE,
    **{"start": "2026-11-01", "end": "2026-12-01", "until": "month"},
    "so_far": "31245.118000",
    "up_to": "2026-11-24T10:30:00+08:00",
    "forecast": {"total": "39120.400", "low": "37804.120", "high": "40611.930"},
    "cost": {
        **{"total": "31410.220", "low": "30353.360", "high": "32607.810"},
        "currency": "CNY",
    },
    **{"promise": "0.8", "stretches": 27, "known_days": 412, "filled": ["2026-11-09"]},
    "days": [{"day": "2026-11-24", "expected": "1402.100"}],
    "budgets": [
        {
            "budgeted": "38000",
            "unit": "kWh",
            "expected": "39120.400",
            "passed_on": "2026-11-30",
        }
    ],
}


@router.get("/forecast", response_model=ForecastAnswer, responses=example(FORECAST_EXAMPLE))
def forecast(
    caller: Reader,
    node: Annotated[str | None, Query(max_length=128)] = None,
    meter: Annotated[str | None, Query(max_length=128)] = None,
    item: Code = None,
    until: Annotated[Until, Query(description="The end to which is looked")] = Until.MONTH,
) -> Response:
    """The running day, month or year of a node or meter to its end, with bounds that held four
    times in five before, and its budgets with the day on which each will be passed.

    `filled` are days of the period that lack readings: what was usual is taken for them. Bounds are
    null where fewer than nine earlier stretches of the length are known. Money is at the mean
    prices of the last 28 days, null where prices are missing or in several currencies. `up_to` is
    the instant that today is known to.
    """
    found = forecasts(caller, series_of(caller, node, meter, item), until)
    item_code, zone = found.head.key.item, found.head.zone
    answer: ForecastAnswer = {
        **head_json(found.head),
        "until": str(found.until),
        "so_far": exact(found.so_far, item_code),
        "up_to": None if found.up_to_us is None else iso(found.up_to_us, zone),
        "forecast": None if found.told is None else _told_json(found.told),
        "cost": None if found.money is None else _money_json(found.money),
        "promise": str(PROMISE),
        "stretches": found.stretches,
        "known_days": found.known_days,
        "filled": [day.isoformat() for day in found.filled],
        "days": [{"day": day.isoformat(), "expected": plain(amount)} for day, amount in found.days],
        "budgets": [_budget_json(found, one) for one in found.budgets],
    }
    return written(answer)


def _told_json(told: Foreseen) -> ForeseenAnswer:
    low, high = (None if one is None else plain(one) for one in (told.low, told.high))
    return {"total": plain(told.total), "low": low, "high": high}


def _money_json(money: MoneyTold) -> ForeseenMoney:
    return {**_told_json(money.told), "currency": money.currency}


def _budget_json(found: Forecasts, one: BudgetTold) -> BudgetAhead:
    return {
        "budgeted": plain(one.budget.budgeted),
        "unit": one.budget.budget_unit or items.category(found.head.key.item).unit,
        "expected": None if one.expected is None else plain(one.expected),
        "passed_on": None if one.passed_on is None else one.passed_on.isoformat(),
    }
