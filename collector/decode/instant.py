"""Times as gateways write them: RFC 3339 with an offset, or integer epoch milliseconds."""

from __future__ import annotations

import re
from functools import lru_cache

from collector.decode.message import MessageLimits, Problem, shown
from metering.errors import InvalidInput
from metering.localtime import iso, parse_instant

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_NO_OFFSET = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?", re.ASCII)
_FIX = "RFC 3339 with an offset, e.g. 2026-11-24T08:15:00Z, or integer epoch milliseconds"


@lru_cache(maxsize=4096)
def of_text(text: str) -> int:
    """Microseconds of an RFC 3339 text; InvalidInput otherwise. Repeats cost nothing."""
    upper = text.upper()
    if _RFC3339.fullmatch(upper):
        return parse_instant(upper)
    lacking = "a time without an offset" if _NO_OFFSET.fullmatch(upper) else "not an instant"
    raise InvalidInput(lacking, field="time", value=text, fix=_FIX)


def of_any(value: object) -> int:
    """Microseconds of a decoded JSON value; InvalidInput where it is no time."""
    if isinstance(value, str):
        return of_text(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return value * 1000
    raise InvalidInput("not an instant", field="time", value=value, fix=_FIX)


def time_problem(
    value: object, time_us: int, arrived_us: int, limits: MessageLimits
) -> Problem | None:
    """Whether a time is absurd: too far ahead of its arrival, or older than any reading."""
    if time_us > arrived_us + limits.ahead_us:
        minutes = limits.ahead_us // 60_000_000
        return Problem(
            "future_time",
            f"more than {minutes} minutes after its arrival at {iso(arrived_us)}",
            field="time",
            value=shown(value),
            fix="set the gateway's clock, and check the offset and that numbers are milliseconds",
        )
    if time_us < limits.oldest_us:
        return Problem(
            "old_time",
            f"before {iso(limits.oldest_us)}",
            field="time",
            value=shown(value),
            fix="set the gateway's clock; numbers are milliseconds since 1970, not seconds",
        )
    return None
