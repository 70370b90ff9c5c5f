"""Measurement `readings`: values of points that have a role, such as outdoor temperature."""

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
from metering.errors import InvalidInput
from metering.localtime import HOUR_US
from metering.reading import Flag
from metering.registry import Point

MOST_POINT_DAYS = 20_000


class Readings:
    """Readings as reported, of points that measure a state and not energy."""

    fields: Mapping[str, FieldKind] = {"value": FieldKind.LEVEL}
    tags = ("point", "name", "role", "point_unit", "gateway", *names.NODE_TAGS)
    labels: Mapping[str, LabelValues] = {}
    needs_start = True

    def series(self, view: ScopedView) -> list[Series]:
        """Every point of the scope that has a role."""
        reach = view.caller.reach
        return [
            Series(_tags(view, point), names.under(reach, point.node or ""), point.id)
            for point in reach.points.values()
            if point.role
        ]

    def rows(self, view: ScopedView, chosen: Sequence[Series], wanted: Wanted) -> Iterator[Rows]:
        """Readings as reported, each at its time; InvalidInput where that reads too much at
        once."""
        days = -((wanted.start_us - wanted.end_us) // (24 * HOUR_US))
        if days * len(chosen) > MOST_POINT_DAYS:
            raise InvalidInput(
                "this reads too much at once",
                field="time",
                value=f"{len(chosen)} points for {days} days",
                fix="a shorter range, or fewer points by role or node",
            )
        for series in chosen:
            found = view.caller.platform.readings.scan(
                [int(str(series.source))], wanted.start_us, wanted.end_us
            )
            point = view.caller.reach.points[int(str(series.source))]
            found = view.caller.reach.within(point, found)
            told = np.isfinite(found.value) & ((found.flag & Flag.WITHDRAWN) == 0)
            amounts = np.where(told, found.value, np.nan)
            yield Rows(series, found.time_us, {"value": Values(amounts)})

    def overlap(self, *_: object) -> str:
        """Readings may always be taken together."""
        return ""


def _tags(view: ScopedView, point: Point) -> dict[str, str]:
    return {
        "point": str(point.id),
        "name": point.name,
        "role": point.role or "",
        "point_unit": point.unit,
        "gateway": point.gateway if point.gateway in view.caller.reach.gateways else "",
        **names.node_tags(view.caller.reach, point.node or ""),
    }
