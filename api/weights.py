"""Who is asked, and whether the answer costs so much that a worker makes it.

Costs are told in units of about 10 us, by what is asked against what there is: series, days
and how finely, never by what it took the last time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from fastapi import Request

from api import influxql
from api.auth import platform_of, reach_of
from api.columns import ARROW
from api.page import session_key
from api.pushing import Pusher
from api.ranges import local_date
from api.reach import Reach
from api.usecases.bills import MOST_BILLS, accounts_of
from api.usecases.lineage import ANSWER, MOST_DAYS, MOST_METERS
from api.usecases.reached import BILLS
from api.usecases.supplier_bills import MOST_LISTED
from api.usecases.verdicts import MOST_DAYS as MOST_DAYS_JUDGED
from metering.closing import Closing, number_of_closing
from metering.items import check_item, covers, whole
from metering.localtime import DAY_MIN, local_day
from metering.registry import Meter
from metering.registry.facts.accounts import Account

LIGHT: Final = 30_000
"""Up to here an answer is made in place."""
_PER_DAY: Final = {"native": 1600, "15min": 1600, "hour": 400, "day": 80, "month": 80}
"""A day of one series by step: what is told of it more than what is read."""
_COLUMNS, _COLUMN = 2.5, 0.06
"""A day of one meter in columns: with its slots, and as a sum alone. A place may have parts of
several tariffs, which are put together one by one, and so may an earlier revision."""
_PART: Final = 65
"""A day of one series as one sum."""
_ROLE: Final = 6
"""A day of one meter with a role in a data centre, at its own step."""
_VERDICT, _BAND_DAYS = 1.5, 60
"""A day of one meter that is judged, and the days before that its band is learned of."""
_LINEAGE, _OF_METER, _OF_ITS_DAY, _READING = 4_000, 100, 20, 1.4
_REPORT, _REPORTED = 10_000, 2_000
"""A month of an institution that is not kept yet, and of each of its meters."""
_BILL, _AUDIT, _SLIDING = 1_500, 2_000, 10_000
"""A month of an account line by line, a supplier's bill held against it, and a month of readings
for a sliding demand."""
_CLOSED, _CLOSED_DAY = 3_000, 20
"""What became of a closing: the edits since, and each day of each series, then and now."""
_OF_A_CLOSING: Final = re.compile(r"/v1/closings/(c[1-9][0-9]{0,8})")
_OF_A_REPORT: Final = re.compile(r"/v1/reports/([^/]+)")
_MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}")


def who(request: Request) -> str:
    """The id of the key that a request, or the session of a page, is of, or the gateway that pushes
    by its own password; '' where there is none.
    A wrong key of InfluxQL is refused as `key_of_secret` does."""
    path = request.url.path
    if path.startswith("/v1/"):
        key = getattr(request.state, "key", None)
        pusher: Pusher | None = getattr(request.state, "pusher", None)
        if key is None and pusher is not None:
            return pusher.gateway
    elif path == "/influx/query":
        key = influxql.key_of(request, _said(request))
    else:
        return session_key(request)
    return key.id if key else ""


def is_heavy(request: Request) -> bool:
    """Whether it is for a worker. Errors of what is asked are raised; whoever answers says them."""
    path = request.url.path
    if path == "/influx/query":
        key = request.state.key
        said, reach = _said(request), reach_of(request, key)
        now_us = platform_of(request).now_us()
        weight = influxql.weight(said.get("q", ""), now_us, reach, said.get("db", ""))
        return weight > LIGHT
    if request.method != "GET":
        return False
    named = (weigh for start, weigh in _NAMED.items() if path.startswith(start))
    weigh = _WEIGHED.get(path, next(named, None))
    return weigh is not None and weigh(request) > LIGHT


def _energy(request: Request) -> float:
    asked = request.query_params
    step, days = asked.get("step", "day"), _days(request)
    lists = [asked.get(name, "") for name in ("node", "meter", "item")]
    columns = "below" in asked or "fields" in asked or any("," in one for one in lists)
    if not columns and ARROW not in request.headers.get("accept", ""):
        return days * _PER_DAY.get(step, 0)
    series = math.prod(1 + one.count(",") for one in lists)
    if "node" in asked or "as_of" in asked:
        return days * series * _PER_DAY.get(step, 0)
    if "below" in asked:
        series = len(_meters(request, lambda _: True, asked["below"]))
    priced = "money" in asked.get("fields", "money")
    short = step in ("native", "15min", "hour")
    return days * series * (_COLUMNS if short or priced else _COLUMN)


def _parts(request: Request) -> float:
    item = check_item(request.query_params.get("item", "01000"))
    meters = reach_of(request, request.state.key).meters.values()
    below = {one.item for one in meters if one.item != item and covers(item, one.item)}
    return _days(request) * _PART * (1 + len(below))


def _datacentre(request: Request) -> float:
    return _days(request) * _ROLE * len(_meters(request, lambda one: one.dc_role is not None))


def _verdicts(request: Request) -> float:
    """By the meters that may count into the place: its totals, or all where it has few."""
    if (days := _days(request)) > MOST_DAYS_JUDGED + 1:
        return 0  # that is refused
    electric = _meters(request, lambda one: one.item.startswith("01"))
    totals = sum(one.total for one in electric)
    return (days + _BAND_DAYS) * _VERDICT * (totals or len(electric))


def _lineage(request: Request) -> float:
    """By the meters of the item and what formulas among them are made of, their days, and the
    readings that are listed of them."""
    asked = request.query_params
    days = 31 if asked.get("step") == "month" else 1
    if "time" not in asked and (days := _days(request)) > MOST_DAYS + 1:
        return 0  # that is refused
    if "node" in asked:
        item = asked.get("item", "01000")
        meters = _meters(request, lambda one: one.item == item)[:MOST_METERS]
    else:
        meters = [reach_of(request, request.state.key).meter(asked.get("meter", ""))]
    meters = _with_members(reach_of(request, request.state.key), meters)[:MOST_METERS]
    each = (min(ANSWER.readings, days * DAY_MIN // one.step_min) for one in meters)
    listed = min(ANSWER.readings_in_all, sum(each))
    return _LINEAGE + len(meters) * (_OF_METER + days * _OF_ITS_DAY) + listed * _READING


def _with_members(reach: Reach, meters: Sequence[Meter]) -> list[Meter]:
    found = {one.code: one for one in meters}
    queue = list(found)
    while queue and reach.registry.formulas:
        for formula in reach.registry.formulas_of(queue.pop()):
            fresh = [m for m in formula.read.members if m in reach.meters and m not in found]
            found |= {code: reach.meters[code] for code in fresh}
            queue += fresh
    return list(found.values())


def _bill(request: Request) -> float:
    """By the accounts at a node, or the one; of the dates of their contracts nothing is asked."""
    asked = request.query_params
    reach = reach_of(request, request.state.key)
    known = accounts_of(reach, reach.registry)
    if "node" in asked:
        below = reach.registry.subtree(reach.node(asked["node"]).code)
        chosen = [
            rows
            for rows in known.values()
            if any(reach.meters[r.meter].node in below for r in rows)
        ]
    else:
        chosen = [known.get(asked.get("account", ""), [])]
    return sum(_BILL + _sliding(rows) for rows in chosen[:MOST_BILLS])


def _sliding(rows: Sequence[Account]) -> float:
    return _SLIDING if any(one.demand == "sliding" for one in rows) else 0


def _supplier_bills(request: Request) -> float:
    """By how many were entered; each is held against the books."""
    asked = request.query_params
    reach = reach_of(request, request.state.key)
    known = accounts_of(reach, reach.registry)
    subjects = frozenset(known) & {asked.get("account", one) for one in known}
    said = asked.get("limit", "")
    limit = min(int(said), MOST_LISTED) if said.isdecimal() else MOST_LISTED
    statements = platform_of(request).statements
    found = statements.statements(BILLS, subjects, before=None, limit=limit)
    return sum(_AUDIT + _sliding(known[one.subject]) for one in found)


def _report(request: Request) -> float:
    """Of a month that is kept nothing is worked out."""
    found = _OF_A_REPORT.fullmatch(request.scope["path"])
    month = request.query_params.get("month", "")
    if found is None or not _MONTH.fullmatch(month):
        return 0
    node = reach_of(request, request.state.key).node(found[1]).code
    if platform_of(request).reports.issue(node, month) is not None:
        return 0
    return _REPORT + _REPORTED * len(_meters(request, lambda _: True, node))


def _closing(request: Request) -> float:
    """By the days of its period and the series of its institution, whose rows are read twice."""
    found = _OF_A_CLOSING.fullmatch(request.scope["path"])
    if found is None:
        return 0
    reach = reach_of(request, request.state.key)
    closing = platform_of(request).closings.closing(number_of_closing(found[1]))
    if closing is None or closing.institution not in reach.institutions:
        return 0  # that is refused
    days = (closing.last - closing.first).days + 1
    return _CLOSED + days * _CLOSED_DAY * _series(reach, closing)


def _series(reach: Reach, closing: Closing) -> int:
    """Meters of a closing's institution, and figures of places that they count in."""
    known = reach.registry
    below = known.subtree(closing.institution)
    meters = [one for one in reach.meters.values() if one.node in below]
    above = {
        node: {node, *known.holders(node, closing.last)} & below
        for node in {one.node for one in meters}
    }
    figures = {
        (place, item)
        for one in meters
        for item in (one.item, whole(one.item))
        for place in above[one.node]
    }
    return len(meters) + len(figures)


_NAMED: Final[Mapping[str, Callable[[Request], float]]] = {
    "/v1/reports/": _report,
    "/v1/closings/": _closing,
}
"""By how the path begins, where it goes on with a name."""
_WEIGHED: Final[Mapping[str, Callable[[Request], float]]] = {
    "/v1/energy": _energy,
    "/v1/energy/parts": _parts,
    "/v1/energy/lineage": _lineage,
    "/v1/datacentre": _datacentre,
    "/v1/verdicts": _verdicts,
    "/v1/bill": _bill,
    "/v1/bill/file": _bill,
    "/v1/bills": _supplier_bills,
}
"""What may cost much; a page of readings, whatever its range, does not."""


def _days(request: Request) -> int:
    """Of the range that is asked; a week where none is."""
    asked = request.query_params
    if "start" not in asked:
        return 7
    first = local_date(asked["start"][:10], "start")
    today = local_day(platform_of(request).now_us(), "UTC")
    after = local_date(asked["end"][:10], "end") if "end" in asked else today
    return max(0, (after - first).days + 1)


def _meters(request: Request, wanted: Callable[[Meter], bool], node: str = "") -> list[Meter]:
    """Those wanted, of a node and all below it."""
    reach = reach_of(request, request.state.key)
    named = node or request.query_params.get("node", "")
    below = reach.registry.subtree(reach.node(named).code)
    return [one for one in reach.meters.values() if one.node in below and wanted(one)]


def _said(request: Request) -> dict[str, str]:
    try:
        return influxql.said_in(request, getattr(request.state, "body", b""))
    except ValueError:
        return {}
