"""Measurement `datacentre`: energy by role, and ratios of energies that refuse thin evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import nan

import numpy as np

import figures
from api.influxql.engine import exact
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
from api.influxql.tables.energy import MOST_SLOTS
from figures import CATEGORIES, RATIOS, ROLES, RoleEnergy
from metering.errors import InvalidInput
from metering.localtime import local_day
from metering.quality import WHOLE
from metering.quantity import I64
from metering.registry import NodeType
from metering.units import BOOK_UNITS

COVERS = {f"{name}_cover": name for name in RATIOS}
_PER_KWH = BOOK_UNITS["kWh"].per_canonical
_PER_DAY = 96


class DataCentres:
    """Data centres of the scope. A role is the sum of its meters, unknown where one is."""

    fields: Mapping[str, FieldKind] = {
        **dict.fromkeys(ROLES, FieldKind.AMOUNT),
        **dict.fromkeys((*RATIOS, *COVERS), FieldKind.RATIO),
    }
    tags = (*names.NODE_TAGS, "boundary", "category")
    labels: Mapping[str, LabelValues] = {}
    needs_start = True

    def series(self, view: ScopedView) -> list[Series]:
        """Every data centre of the scope."""
        reach = view.caller.reach
        centres = (reach.registry.nodes[code] for code in names.in_tree_order(reach))
        return [
            Series(_tags(view, node.code), names.under(reach, node.code), node.code)
            for node in centres
            if node.type is NodeType.DATACENTRE and node.code in view.books.registry.nodes
        ]

    def rows(self, view: ScopedView, chosen: Sequence[Series], wanted: Wanted) -> Iterator[Rows]:
        """Energy of each role and the ratios; InvalidInput where that reads too much at once."""
        _check_size(chosen, wanted, view)
        for series in chosen:
            centre = _Centre(view, series, wanted)
            yield from centre.roles()
            yield from centre.ratios()

    def overlap(self, chosen: Sequence[Series], field: str, *_: object) -> str:
        """Ratios are of one data centre; energy of one inside another is in both."""
        codes = [str(one.source) for one in chosen]
        if field not in ROLES:
            return f"a ratio is of one data centre, not of {' and '.join(codes)}"
        for one in chosen:
            inside = [code for code in codes if code != one.source and code in one.under]
            if inside:
                return f"{one.source} lies in {inside[0]}"
        return ""


def _tags(view: ScopedView, code: str) -> dict[str, str]:
    """Of the node, of its boundary, and where the IT energy of its ratio is measured."""
    category = str(CATEGORIES[RATIOS["utility_per_it"][1]])
    tags = names.node_tags(view.caller.reach, code)
    return {**tags, "boundary": code, "category": category}


def _days(wanted: Wanted, now_us: int, zone: str) -> tuple[date, date]:
    last_us = max(wanted.start_us, min(wanted.end_us - 1, now_us))
    return local_day(wanted.start_us, zone), local_day(last_us, zone)


def _check_size(chosen: Sequence[Series], wanted: Wanted, view: ScopedView) -> None:
    """InvalidInput where it is too much to read."""
    if not chosen:
        return
    first, last = _days(wanted, view.now_us, chosen[0].tags["zone"])
    meters = sum(1 for meter in view.caller.reach.meters.values() if meter.dc_role in ROLES)
    if ((last - first).days + 1) * meters * _PER_DAY > MOST_SLOTS:
        raise InvalidInput(
            "this reads too much at once",
            field="time",
            value=f"{first} .. {last}",
            fix="a shorter range",
        )


@dataclass(frozen=True)
class _Centre:
    """One data centre in a range."""

    view: ScopedView
    series: Series
    wanted: Wanted

    def roles(self) -> Iterator[Rows]:
        """Energy of each role by its own periods that are over; those of one step side by
        side."""
        asked = [role for role in ROLES if role in self.wanted.fields or self.wanted.listed]
        by_step: dict[int, dict[str, RoleEnergy]] = {}
        for role in asked:
            own = self._read((role,))
            by_step.setdefault(own.step_min, {})[role] = own
        for found in by_step.values():
            one = next(iter(found.values()))
            kept = (one.start_us >= self.wanted.start_us) & (one.start_us < self.wanted.end_us)
            kept &= one.end_us <= self.view.now_us
            numbers = {
                role: Values(exact.whole(own.quantity[role][kept]), _PER_KWH)
                for role, own in found.items()
                if role in self.wanted.fields
            }
            yield Rows(self.series, one.start_us[kept], numbers)

    def ratios(self) -> Iterator[Rows]:
        """Each ratio with its cover, once a bucket."""
        for name in RATIOS:
            fields = {name, f"{name}_cover"} & self.wanted.fields
            if fields:
                yield self._ratio(name, fields)

    def _ratio(self, name: str, fields: set[str]) -> Rows:
        found, edges = self._read(RATIOS[name]), self._edges()
        ratios = [found.ratio(name, start, end) for start, end in edges]
        over = [_any_over(found, start, end) for start, end in edges]
        values = [nan if one.value is None else float(one.value) for one in ratios]
        covers = [float(r.cover) if o else nan for r, o in zip(ratios, over, strict=True)]
        numbers = {
            name: Values(np.array(values, dtype=np.float64)),
            f"{name}_cover": Values(np.array(covers, dtype=np.float64), WHOLE),
        }
        starts: I64 = np.array([start for start, _ in edges], dtype=np.int64)
        return Rows(self.series, starts, {field: numbers[field] for field in fields})

    def _edges(self) -> list[tuple[int, int]]:
        """Of each bucket what lies in the range."""
        start, end = self.wanted.start_us, self.wanted.end_us
        edges = np.clip(self.wanted.bounds, start, end).tolist()
        return [(a, b) for a, b in pairwise(edges) if a < b]

    def _read(self, roles: Sequence[str]) -> RoleEnergy:
        days = _days(self.wanted, self.view.now_us, self.series.tags["zone"])
        return figures.role_energy(self.view.books, str(self.series.source), *days, roles)


def _any_over(found: RoleEnergy, start_us: int, end_us: int) -> bool:
    """Whether any period that begins there is over: else there is nothing to cover."""
    inside = (found.start_us >= start_us) & (found.start_us < end_us)
    return bool((inside & (found.end_us <= found.until_us)).any())
