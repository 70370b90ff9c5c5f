"""Who is asked, and whether the answer costs so much that a worker makes it.

Costs are told in units of about 10 us, by what is asked against what there is: series, days
and how finely, never by what it took the last time.
"""

from __future__ import annotations

from typing import Final

from fastapi import Request

from api import influxql
from api.auth import platform_of, reach_of
from api.page import session_key
from api.ranges import local_date
from metering.localtime import local_day

LIGHT: Final = 30_000
"""Up to here an answer is made in place."""
PER_DAY: Final = 400
_PER_DAY: Final = {"native": 1600, "15min": 1600, "hour": PER_DAY, "day": 20, "month": 20}


def who(request: Request) -> str:
    """The id of the key that a request, or the session of a page, is of; '' where there is none.
    A wrong key of InfluxQL is refused as `key_of_secret` does."""
    path = request.url.path
    if path.startswith("/v1/"):
        key = getattr(request.state, "key", None)
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
        text = _said(request).get("q", "")
        now_us = platform_of(request).now_us()
        return influxql.weight(text, now_us, reach_of(request, key)) > LIGHT
    if request.method != "GET" or not path.startswith("/v1/"):
        return False
    asked = request.query_params
    if "start" not in asked or path.endswith("/readings"):  # a page of readings is short
        return False
    first = local_date(asked["start"][:10], "start")
    today = local_day(platform_of(request).now_us(), "UTC")
    after = local_date(asked["end"][:10], "end") if "end" in asked else today
    days = (after - first).days + 1
    step = asked.get("step", "day" if path == "/v1/energy" else "")
    return days * _PER_DAY.get(step, PER_DAY) > LIGHT


def _said(request: Request) -> dict[str, str]:
    try:
        return influxql.said_in(request, getattr(request.state, "body", b""))
    except ValueError:
        return {}
