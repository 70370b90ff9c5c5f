"""Bills as the supplier would write them.

GET /v1/bill        of an account, or of all accounts at a meter or below a node
GET /v1/bill/file   the same as CSV, or as a workbook with a sheet for each
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.answers.bills import (
    BillAnswer,
    BillDemandAnswer,
    BillLineAnswer,
    BillsAnswer,
    PowerFactorAnswer,
)
from api.auth import Reader
from api.decimals import plain
from api.params import Code, Moment, example
from api.ranges import local_month
from api.usecases.bills import bills_of, in_places
from figures.bills import Bill, BillLine, Demand, FactorSum
from metering.localtime import iso
from metering.quality import WHOLE
from reports import bill_file, media_type
from texts import both, word

router = APIRouter(prefix="/v1", tags=["energy"])

LINE_EXAMPLE = {
    "name": "energy.peak",
    "kind": "energy",
    "quantity": "15500.00",
    "unit": "kWh",
    "price": "1.0240",
    "amount": "15872.00",
    "currency": "CNY",
    "start": "2026-10-01",
    "end": "2026-11-01",
    "complete": True,
    "share": "",
    "source": "",
    "verified": False,
}
CSV_EXAMPLE = (
    "account,meter,line,start,end,quantity,unit,price,amount,currency,complete,lacks\n"
    "3100-77,office-a-total,total,2026-10-01,2026-11-01,,,,15872.00,CNY,yes,\n"
)
BILL_EXAMPLE = {
    "month": "2026-10",
    "bills": [
        {
            "account": "3100-77",
            "code": "office-a-total",
            "item": "01000",
            "zone": "Asia/Shanghai",
            "start": "2026-10-01",
            "end": "2026-11-01",
            "currency": "CNY",
            "lines": [LINE_EXAMPLE],
            "within": [],
            "demand": {
                "kw": "260.000000",
                "at": "2026-10-15T14:00:00+08:00",
                "window": "block",
                "fine": 0.0,
                "taken": "block",
                "text": both(lambda language: word("bill_demand", "block", language)),
                "complete": True,
            },
            "power_factor": {
                "active": "15500.00",
                "reactive": "9300.00",
                "value": "0.86",
                "standard": "0.90",
                "band": "0.70-0.89",
                "percent": "2.0",
                "base": "15872.00",
                "verified": False,
            },
            "total": "15872.00",
            "complete": True,
            "lacks": [],
            "missing": 0.0,
            "revision": 57,
        }
    ],
    "left_out": 0,
}


Month = Annotated[str, Query(max_length=7, description="Such as 2026-10")]
AccountNumber = Annotated[str | None, Query(max_length=64)]


@router.get("/bill", responses=example(BILL_EXAMPLE))
def bill(
    caller: Reader,
    month: Month,
    account: AccountNumber = None,
    node: Code = None,
    meter: Code = None,
    item: Code = None,
    as_of: Moment = None,
) -> BillsAnswer:
    """The bill of an account for a month, or those of all accounts at a meter or below a node, as
    the supplier would write them: line by line, each rounded as it is on paper.

    Where the supplier reads inside the month, it is the bill up to that reading. Where a meter or
    node has no account, its energy is billed at the prices that hold for it. `lacks` names what is
    not known; `total` is the sum of the amounts that are. `within` is what other lines hold
    already.
    """
    told = bills_of(caller, account, node, meter, item, local_month(month, "month"), as_of)
    return {
        "month": month,
        "bills": [_bill(*pair) for pair in zip(told.bills, told.zones, strict=True)],
        "left_out": told.left_out,
    }


@router.get(
    "/bill/file",
    response_class=Response,
    responses={
        200: {
            "description": "The file",
            "content": {
                media_type("xlsx"): {"schema": {"type": "string", "format": "binary"}},
                "text/csv": {"schema": {"type": "string"}, "example": CSV_EXAMPLE},
            },
        }
    },
)
def bill_as_file(
    caller: Reader,
    month: Month,
    account: AccountNumber = None,
    node: Code = None,
    meter: Code = None,
    item: Code = None,
    as_of: Moment = None,
    format: Literal["csv", "xlsx"] = "xlsx",
    language: Literal["zh-CN", "en"] = "zh-CN",
) -> Response:
    """The bills that `/v1/bill` tells as a file: a workbook with a sheet for each, or CSV with a
    row for each line and one `total`."""
    told = bills_of(caller, account, node, meter, item, local_month(month, "month"), as_of)
    content = bill_file(in_places(caller, told, language), language, format)
    headers = {"Content-Disposition": f'attachment; filename="bills-{month}.{format}"'}
    return Response(content, media_type=media_type(format), headers=headers)


def _bill(one: Bill, zone: str) -> BillAnswer:
    return {
        "account": None if one.account is None else one.account.account,
        "code": one.code,
        "item": one.item,
        "zone": zone,
        "start": one.first.isoformat(),
        "end": one.after.isoformat(),
        "currency": one.currency,
        "lines": [_line(line) for line in one.lines],
        "within": [_line(line) for line in one.within],
        "demand": None if one.demand is None else _demand(one.demand, zone),
        "power_factor": None if one.factor is None else _factor(one.factor),
        "total": None if one.total is None else plain(one.total),
        "complete": one.complete,
        "lacks": [str(lack) for lack in one.lacks],
        "missing": one.missing / WHOLE,
        "revision": one.revision,
    }


def _line(line: BillLine) -> BillLineAnswer:
    return {
        "name": line.name,
        "kind": str(line.kind),
        "quantity": None if line.quantity is None else plain(line.quantity),
        "unit": line.unit,
        "price": None if line.price is None else plain(line.price),
        "amount": None if line.amount is None else plain(line.amount),
        "currency": line.currency,
        "start": line.first.isoformat(),
        "end": line.after.isoformat(),
        "complete": line.complete,
        "share": line.share,
        "source": line.source,
        "verified": line.grade.startswith("V"),
    }


def _demand(demand: Demand, zone: str) -> BillDemandAnswer:
    return {
        "kw": plain(demand.power),
        "at": iso(demand.at_us, zone),
        "window": demand.window,
        "fine": demand.fine / WHOLE,
        "taken": str(demand.taken),
        "text": both(lambda language: word("bill_demand", demand.taken, language)),
        "complete": demand.complete,
    }


def _factor(factor: FactorSum) -> PowerFactorAnswer:
    band = factor.band
    return {
        "active": plain(factor.active),
        "reactive": plain(factor.reactive),
        "value": f"{factor.hundredths // 100}.{factor.hundredths % 100:02}",
        "standard": factor.standard,
        "band": None if band is None else f"{band.low}-{band.high}",
        "percent": None if factor.percent is None else plain(factor.percent),
        "base": plain(factor.base),
        "verified": band is not None and band.grade.startswith("V"),
    }
