"""Acknowledged against stored, as sets of (gateway, point, time)."""

from __future__ import annotations

import numpy as np

from greenoffice.client import ApiClient
from metering.localtime import iso, parse_instant
from metering.quantity import I64

Times = dict[tuple[str, str], I64]
"""Sorted unique reported times [us] by (gateway code, point name)."""


def stored_times(client: ApiClient, wanted: Times) -> Times:
    """What the platform has of the points in `wanted`, over the API."""
    ids = {
        (point["gateway"].split("/")[1], point["name"]): point["id"]
        for point in client.pages("/v1/points", limit=1000)
    }
    return {
        key: _times(client, ids[key], times) if key in ids and len(times) else _NONE
        for key, times in wanted.items()
    }


_NONE = np.empty(0, dtype=np.int64)


def _times(client: ApiClient, point: int, wanted: I64) -> I64:
    rows = client.pages(
        f"/v1/points/{point}/readings",
        limit=1000,
        start=iso(int(wanted[0])),
        end=iso(int(wanted[-1]) + 1),
    )
    return np.array([parse_instant(row["time"]) for row in rows], dtype=np.int64)


def count(times: Times) -> int:
    """How many there are."""
    return sum(len(one) for one in times.values())


def missing(wanted: Times, have: Times) -> int:
    """How many of `wanted` are not in `have`."""
    return sum(
        len(np.setdiff1d(times, have.get(key, _NONE), assume_unique=True))
        for key, times in wanted.items()
    )


def within(have: Times, wanted: Times) -> Times:
    """The part of `have` that is in `wanted`."""
    return {
        key: np.intersect1d(have.get(key, _NONE), times, assume_unique=True)
        for key, times in wanted.items()
    }
