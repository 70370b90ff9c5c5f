"""Inputs of meters that are given by the hour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from analytics import FlatRates, Inputs
from metering.calendar import WorkCalendar
from metering.localtime import HOUR_US, days_between, slot_starts
from metering.quality import MEASURED, all_of
from metering.quantity import ABSENT
from metering.registry import Meter
from metering.units import BOOK_UNITS

ZONE = "Asia/Shanghai"
FIRST = date(2026, 3, 2)

Hours = np.ndarray[Any, np.dtype[np.float64]]


def inputs(meters: Mapping[str, tuple[str, Hours]], **more: Any) -> Inputs:
    """Meters by code with item and energy by the hour [canonical unit] since `FIRST`, NaN where
    unknown."""
    hours = next(iter(meters.values()))[1].size
    days = days_between(FIRST, FIRST + timedelta(days=hours // 24))
    hours_us = np.concatenate([slot_starts(day, ZONE, 60) for day in days])[:hours]
    told = [Meter(code, "house", item) for code, (item, _) in meters.items()]
    scale = np.array([BOOK_UNITS[one.unit].per_canonical for one in told])[:, None]
    flow = np.stack([flow for _, flow in meters.values()])
    known = np.isfinite(flow)
    booked = np.rint(np.where(known, flow, 0) * scale)
    facts: dict[str, Any] = {
        "institution": "bureau",
        "zone": ZONE,
        "meters": told,
        "feeders": {},
        "hours_us": hours_us,
        "energy": np.where(known, booked, ABSENT).astype(np.int64),
        "shares": np.stack([all_of(MEASURED, hours)] * len(meters)),
        "temperature": np.full(hours, np.nan),
        "calendar": WorkCalendar(),
        "events": [],
        "rates": FlatRates(Decimal("0.8")),
        "now_us": int(hours_us[-1]) + 13 * HOUR_US,
    }
    return Inputs(**{**facts, **more})
