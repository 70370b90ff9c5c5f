"""Measurements `energy` (by node) and `meters`: booked energy, its worth and its completeness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from analytics import Clock
from api.influxql import names, worth
from api.influxql.rows import F64, FieldKind, Rows, Series, Strings, Values, View, Wanted
from ledger import Energy
from metering import items, quality
from metering.book import SeriesKey
from metering.errors import InvalidInput
from metering.items import category
from metering.localtime import HOUR_US, day_bounds, days_between, local_day
from metering.quantity import ABSENT, I64
from metering.registry import Registry
from metering.units import BOOK_UNITS

SHARES = (*quality.NAMES, "known")
FIELDS: Mapping[str, FieldKind] = {
    "value": FieldKind.AMOUNT,
    "kwh": FieldKind.AMOUNT,
    "per_m2": FieldKind.AMOUNT,
    "cost": FieldKind.AMOUNT,
    "kgco2": FieldKind.AMOUNT,
    "kgce": FieldKind.AMOUNT,
    "power": FieldKind.LEVEL,
    **dict.fromkeys(SHARES, FieldKind.LEVEL),
}
MONEY = ("cost", "kgco2", "kgce")
MOST_SLOTS = 2_000_000
LABELS: Mapping[str, tuple[str, ...]] = {
    "hours": ("office", "after"),
    "day": ("working", "rest"),
    "weekday": tuple("1234567"),
    "hour": tuple(f"{hour:02d}" for hour in range(24)),
}


class Booked:
    """Booked series, of nodes or of meters."""

    fields = FIELDS
    labels = LABELS
    present = False
    needs_start = True

    def __init__(self, by: str) -> None:
        self.tags: tuple[str, ...] = names.NODE_TAGS + names.ITEM_TAGS
        if by == "meter":
            self.tags = ("meter", "meter_en", "meter_zh", "role", *self.tags)
        self._list = _nodes if by == "node" else _meters

    def series(self, view: View) -> list[Series]:
        return list(self._list(view))

    def rows(self, view: View, chosen: Sequence[Series], wanted: Wanted) -> Iterator[Rows]:
        left = MOST_SLOTS
        for series in chosen:
            reading = _Reading.of(view, series, wanted, left)
            left -= len(reading.energy)
            yield reading.rows(wanted)

    def overlap(self, chosen: Sequence[Series], field: str) -> str:
        keys = [_key(one) for one in chosen]
        units = {category(key.item).unit for key in keys}
        if len(units) > 1 and field not in MONEY:
            return f"they are in {' and '.join(sorted(units))}"
        for i, one in enumerate(chosen):
            for other in chosen[i + 1 :]:
                if _nested(one, other):
                    return f"{_name(one)} and {_name(other)} hold the same energy"
        return ""


def _key(series: Series) -> SeriesKey:
    source = series.source
    if not isinstance(source, SeriesKey):
        raise TypeError(source)
    return source


def _name(series: Series) -> str:
    key = _key(series)
    return f"{key.code} {key.item}"


def _nested(one: Series, other: Series) -> bool:
    """Whether part of the energy of one is also in the other, as far as the tree tells."""
    a, b = _key(one), _key(other)
    related = a.code == b.code if a.kind == "meter" else False
    related = related or one.tags["node"] in other.under or other.tags["node"] in one.under
    if not related or not (items.covers(a.item, b.item) or items.covers(b.item, a.item)):
        return False
    # Two meters of one item at one place stand side by side, unless one feeds the other.
    return a.kind == "node" or a.item != b.item or one.tags["role"] != other.tags["role"]


def _nodes(view: View) -> Iterator[Series]:
    reach = view.caller.reach
    registry = reach.registry
    figures: dict[str, list[str]] = {}
    for institution in reach.institutions:
        day = local_day(view.now_us, registry.zone(institution))
        for code, item in view.caller.platform.energy.plan(institution, day).figures:
            if code in reach.scope.nodes and code in registry.nodes:
                figures.setdefault(code, []).append(item)
    for code in names.in_tree_order(reach):
        institution = registry.institution(code)
        for item in sorted(figures.get(code, ())):
            tags = {**names.node_tags(reach, code), **names.item_tags(item)}
            key = SeriesKey(institution, "node", code, item)
            yield Series(tags, names.under(reach, code), key)


def _meters(view: View) -> Iterator[Series]:
    reach = view.caller.reach
    order = {code: n for n, code in enumerate(names.in_tree_order(reach))}
    for meter in sorted(reach.meters.values(), key=lambda m: (order.get(m.node, 0), m.code)):
        tags = {
            "meter": meter.code,
            "meter_en": meter.name("en"),
            "meter_zh": meter.name("zh"),
            "role": meter.dc_role or "",
            **names.node_tags(reach, meter.node),
            **names.item_tags(meter.item),
        }
        key = SeriesKey(reach.registry.institution(meter.node), "meter", meter.code, meter.item)
        yield Series(tags, names.under(reach, meter.node), key)


@dataclass(frozen=True, eq=False)
class _Reading:
    """One series' periods of a range, at the step that the question needs."""

    view: View
    series: Series
    energy: Energy
    kept: NDArray[np.bool_]
    """Periods that lie in the range and have begun."""

    @classmethod
    def of(cls, view: View, series: Series, wanted: Wanted, most: int) -> _Reading:
        key, zone = _key(series), series.tags["zone"]
        last_us = max(wanted.start_us, min(wanted.end_us - 1, view.now_us))
        first, last = local_day(wanted.start_us, zone), local_day(last_us, zone)
        step = _step(view, zone, first, last, wanted)
        slots = ((last - first).days + 1) * (1 if step == "day" else 96)
        if slots > most:
            raise InvalidInput(
                f"this reads more than {MOST_SLOTS} values at once",
                field="time",
                value=f"{first} .. {last}",
                fix="a shorter range or fewer series; sums of whole days without money and"
                " hours read fastest",
            )
        energy = view.caller.platform.energy.energy(key.code, key.item, first, last, step)
        start = energy.start_us
        kept = (start >= wanted.start_us) & (start < min(wanted.end_us, view.now_us))
        return cls(view, series, energy, kept)

    def rows(self, wanted: Wanted) -> Rows:
        registry = self.view.caller.reach.registry
        energy, kept = self.energy, self.kept
        numbers = {
            name: values
            for name in wanted.fields
            if (values := self._field(name, registry)) is not None
        }
        cut = {n: Values(v.amounts[kept], v.scale) for n, v in numbers.items()}
        labels = _labels(energy.start_us[kept], energy.zone, registry) if wanted.labels else {}
        return Rows(self.series, energy.start_us[kept], cut, labels=labels)

    def _field(self, name: str, registry: Registry) -> Values | None:
        unit = category(self.energy.key.item).unit
        scale = float(BOOK_UNITS[unit].per_canonical)
        amounts = np.where(
            self.energy.quantity == ABSENT, np.nan, self.energy.quantity.astype(np.float64)
        )
        if name in MONEY:
            return Values(worth.of_slots(name, self.energy, amounts, registry), scale)
        if name in SHARES:
            return Values(_share(self.energy, name), float(quality.WHOLE))
        if name == "power":
            return Values(_power(self.energy, amounts, self.view.now_us), scale)
        if name == "per_m2":
            node = registry.nodes.get(self.series.tags["node"])
            area = node.area_m2 if node else None
            return Values(amounts, scale * float(area)) if area else None
        if name == "kwh" and unit != "kWh":
            return None
        return Values(amounts, scale)


def _power(energy: Energy, amounts: F64, now_us: int) -> F64:
    """Mean power of slots that are over and wholly known: part of a slot's energy over its
    whole length would look like a dip."""
    over = (energy.end_us <= now_us) & (energy.shares[:, quality.MISSING] == 0)
    return np.where(over, amounts / ((energy.end_us - energy.start_us) / HOUR_US), np.nan)


def _share(energy: Energy, name: str) -> F64:
    if name == "known":
        return quality.WHOLE - energy.shares[:, quality.MISSING].astype(np.float64)
    return energy.shares[:, quality.NAMES.index(name)].astype(np.float64)


def _step(view: View, zone: str, first: date, last: date, wanted: Wanted) -> str:
    """The widest step whose periods no bound of the question cuts."""
    if not wanted.whole or wanted.labels or wanted.fields & {*MONEY, "power"}:
        return "native"
    inner = wanted.bounds[wanted.bounds < view.now_us]
    days = days_between(first, last + timedelta(days=1))
    midnights = np.array([day_bounds(day, zone)[0] for day in days], dtype=np.int64)
    return "day" if np.isin(inner, midnights).all() else "native"


def _labels(times: I64, zone: str, registry: Registry) -> dict[str, Strings]:
    """Local hour, weekday, kind of day and office hours of each row."""
    hours, back = np.unique(times // HOUR_US * HOUR_US, return_inverse=True)
    clock = Clock.of(hours, zone, registry.calendar)
    weekday = (clock.day + 3) % 7 + 1
    found = {
        "hours": np.where(clock.occupied, "office", "after"),
        "day": np.where(clock.working, "working", "rest"),
        "weekday": weekday.astype(np.str_),
        "hour": np.char.zfill(clock.hour.astype(np.str_), 2),
    }
    return {name: labels[back] for name, labels in found.items()}
