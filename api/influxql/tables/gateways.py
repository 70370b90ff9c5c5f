"""Measurement `gateways`: how each gateway stands now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from api.influxql.engine.rows import (
    FieldKind,
    LabelValues,
    Rows,
    ScopedView,
    Series,
    Values,
    Wanted,
)
from api.influxql.tables import names
from metering.intake import GatewayCounts
from metering.localtime import MINUTE_US
from metering.registry import Gateway

_COUNTS = ("messages", "readings", "new", "duplicates", "corrections", "outdated")


class Gateways:
    """Gateways of the scope with their counters, of the present moment."""

    fields: Mapping[str, FieldKind] = {
        **dict.fromkeys(("points", *_COUNTS, "dead_letters"), FieldKind.AMOUNT),
        "connected": FieldKind.AMOUNT,
        "silent_minutes": FieldKind.LEVEL,
        "skew_seconds": FieldKind.LEVEL,
        "last_seen": FieldKind.LEVEL,
        "last_reading": FieldKind.LEVEL,
    }
    tags = ("gateway", "gateway_en", "gateway_zh", *names.NODE_TAGS)
    labels: Mapping[str, LabelValues] = {}
    needs_start = False

    def series(self, view: ScopedView) -> list[Series]:
        """Every gateway that the scope holds now."""
        reach = view.caller.reach
        return [
            Series(_tags(view, gateway), names.under(reach, gateway.site), gateway)
            for gateway in reach.gateways.values()
            if reach.scope.whole or reach.holds_now(gateway.site, view.now_us)
        ]

    def rows(self, view: ScopedView, chosen: Sequence[Series], wanted: Wanted) -> Iterator[Rows]:
        """Counters and health as they stand now, at the end of the range or now, whichever is
        earlier."""
        counts = {one.gateway: one.counts for one in view.caller.platform.intake.gateways()}
        points: dict[str, int] = {}
        for point in view.caller.reach.points.values():
            points[point.gateway] = points.get(point.gateway, 0) + 1
        at = np.array([min(view.now_us, wanted.end_us - 1)], dtype=np.int64)
        for series in chosen:
            user = series.tags["gateway"]
            found = _health(counts.get(user, GatewayCounts(user)), view.now_us)
            found["points"] = float(points.get(user, 0))
            numbers = {
                name: Values(np.array([np.nan if value is None else value], dtype=np.float64))
                for name, value in found.items()
            }
            yield Rows(series, at, numbers)

    def overlap(self, *_: object) -> str:
        """Gateways may always be added."""
        return ""


def _tags(view: ScopedView, gateway: Gateway) -> dict[str, str]:
    return {
        "gateway": gateway.user,
        "gateway_en": gateway.name("en"),
        "gateway_zh": gateway.name("zh"),
        **names.node_tags(view.caller.reach, gateway.site),
    }


def _health(counts: GatewayCounts, now_us: int) -> dict[str, float | None]:
    """Numbers of a gateway; times in milliseconds, None where it was never heard of."""
    seen, read, skew = counts.last_arrival_us, counts.last_time_us, counts.last_skew_us
    return {
        **{name: float(getattr(counts, name)) for name in _COUNTS},
        "dead_letters": float(counts.dead),
        "connected": 1.0 if counts.connected else 0.0,
        "silent_minutes": max(0, now_us - seen) / MINUTE_US if seen else None,
        "skew_seconds": None if skew is None else skew / 1e6,
        "last_seen": seen / 1000 if seen else None,
        "last_reading": read / 1000 if read else None,
    }
