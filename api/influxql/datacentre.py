"""Measurement `datacentre`: energy by role, and ratios of energies that refuse thin evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from api.influxql import names
from api.influxql.energy import MOST_SLOTS
from api.influxql.rows import F64, FieldKind, Rows, Series, Values, View, Wanted
from ledger import Energy
from metering.errors import InvalidInput
from metering.localtime import DAY_MIN, local_day
from metering.quantity import ABSENT
from metering.registry import Meter, NodeType
from metering.units import BOOK_UNITS

ROLES = ("utility", "ups_in", "ups_out", "it", "cooling")
RATIOS = {"utility_per_it": ("utility", "it"), "ups_efficiency": ("ups_out", "ups_in")}
_PER_KWH = float(BOOK_UNITS["kWh"].per_canonical)


class DataCentres:
    """Data centres of the scope. A role is the sum of its meters, unknown where one is."""

    fields: Mapping[str, FieldKind] = {
        **dict.fromkeys(ROLES, FieldKind.AMOUNT),
        **dict.fromkeys(RATIOS, FieldKind.RATIO),
    }
    tags = names.NODE_TAGS
    labels: Mapping[str, tuple[str, ...]] = {}
    present = False
    needs_start = True

    def series(self, view: View) -> list[Series]:
        reach = view.caller.reach
        centres = (reach.registry.nodes[code] for code in names.in_tree_order(reach))
        return [
            Series(names.node_tags(reach, node.code), names.under(reach, node.code), node.code)
            for node in centres
            if node.type is NodeType.DATACENTRE
        ]

    def rows(self, view: View, chosen: Sequence[Series], wanted: Wanted) -> Iterator[Rows]:
        for series in chosen:
            yield self._rows(view, series, wanted)

    def overlap(self, chosen: Sequence[Series], field: str) -> str:  # noqa: ARG002
        codes = [str(one.source) for one in chosen]
        for one in chosen:
            inside = [code for code in codes if code != one.source and code in one.under]
            if inside:
                return f"{one.source} lies in {inside[0]}"
        return ""

    def _rows(self, view: View, series: Series, wanted: Wanted) -> Rows:
        reach = view.caller.reach
        below = reach.registry.subtree(str(series.source))
        meters = [m for m in reach.meters.values() if m.dc_role in ROLES and m.node in below]
        read = _read(view, meters, series.tags["zone"], wanted)
        if not read:
            return Rows(series, np.empty(0, dtype=np.int64), {})
        start = next(iter(read.values())).start_us
        kept = (start >= wanted.start_us) & (start < min(wanted.end_us, view.now_us))
        roles = {role: _sum(meters, read, role)[kept] for role in ROLES}
        numbers = {role: Values(amounts, _PER_KWH) for role, amounts in roles.items()}
        for name, (above, under) in RATIOS.items():
            numbers[name] = Values(roles[above], over=roles[under])
        return Rows(series, start[kept], numbers)


def _read(view: View, meters: list[Meter], zone: str, wanted: Wanted) -> dict[str, Energy]:
    last_us = max(wanted.start_us, min(wanted.end_us - 1, view.now_us))
    first, last = local_day(wanted.start_us, zone), local_day(last_us, zone)
    coarsest = max((meter.step_min for meter in meters), default=15)
    step = "15min" if coarsest <= 15 else "hour" if coarsest <= 60 else "day"
    if ((last - first).days + 1) * len(meters) * DAY_MIN // 15 > MOST_SLOTS:
        raise InvalidInput(
            "this reads too much at once",
            field="time",
            value=f"{first} .. {last}",
            fix="a shorter range",
        )
    reader = view.caller.platform.energy
    return {meter.code: reader.energy(meter.code, None, first, last, step) for meter in meters}


def _sum(meters: list[Meter], read: Mapping[str, Energy], role: str) -> F64:
    """(n,) [book units] of all meters of a role; NaN where any is unknown or there is none."""
    parts = [read[meter.code].quantity for meter in meters if meter.dc_role == role]
    if not parts:
        return np.full(len(next(iter(read.values()))), np.nan)
    known = np.stack(parts) != ABSENT
    sums = np.where(known, np.stack(parts), 0).sum(axis=0).astype(np.float64)
    return np.where(known.all(axis=0), sums, np.nan)
