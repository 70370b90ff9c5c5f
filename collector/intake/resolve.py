"""From a gateway's own point names to registered points, and to how their values convert.

A gateway sends the same (name, kind, unit) again and again, so each becomes a *slot* once:
a row of numbers (point, conversion, range) that whole batches are then looked up in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from collector.decode import Decoded, Problem
from metering.errors import InvalidInput
from metering.quantity import I64
from metering.reading import F64, Kind
from metering.registry import Point, Registry
from metering.units import UNITS, conversion, unit

SlotKey = tuple[str, Kind | None, str | None]
"""(point, kind, unit) as sent; None where it was not."""


@dataclass(frozen=True)
class SlotTable:
    """Slots side by side: canonical = sent * numerator / denominator + offset."""

    point: I64
    numerator: F64
    denominator: F64
    offset: F64
    low: F64
    """NaN where there is no bound."""
    high: F64


class Resolver:
    """Looks points up in one snapshot of the registry."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._slots: dict[str, dict[SlotKey, int]] = {}
        self._rows: list[tuple[float, ...]] = []
        self._table: SlotTable | None = None

    def slots(self, gateway: str, found: Decoded) -> tuple[list[int], list[Problem]]:
        """The slot of each reading, -1 where there is none, and why."""
        known = self.known(gateway)
        keys = list(zip(found.points, found.kinds, found.units, strict=True))
        slots = [known.get(key, -1) for key in keys]
        problems = []
        if -1 in slots:
            for row, key in enumerate(keys):
                if slots[row] < 0 and key in known:  # since a row before it
                    slots[row] = known[key]
                elif slots[row] < 0:
                    resolved = self._resolve(gateway, key, found.index[row])
                    if isinstance(resolved, Problem):
                        problems.append(resolved)
                    else:
                        slots[row] = known[key] = resolved
        return slots, problems

    def known(self, gateway: str) -> dict[SlotKey, int]:
        """The slots that were looked up of a gateway so far; it grows by `slots`."""
        return self._slots.setdefault(gateway, {})

    def table(self) -> SlotTable:
        """All slots so far."""
        if self._table is None:
            columns = np.array(self._rows, dtype=np.float64).reshape(-1, 6).T
            self._table = SlotTable(columns[0].astype(np.int64), *columns[1:])
        return self._table

    def _resolve(self, gateway: str, key: SlotKey, index: int) -> int | Problem:
        name, kind, sent = key
        point = self.registry.point_of(gateway, name)
        if point is None:
            return Problem(
                "unknown_point",
                f"gateway {gateway} has no point of that name",
                "point",
                name,
                "register the point: its readings are then taken in from here",
                index,
                name,
            )
        if kind is not None and kind is not point.kind:
            return Problem(
                "bad_kind",
                f"registered as {point.kind}",
                "kind",
                kind,
                f"send {point.kind}, or register the point as {kind}",
                index,
                name,
            )
        try:
            return self._add(point, self.sent_unit(point) if sent is None else sent)
        except InvalidInput as error:
            value = "" if sent is None else sent
            return Problem("bad_unit", error.message, "unit", value, error.fix or "", index, name)

    def _add(self, point: Point, sent: str) -> int:
        conversion(sent, point.unit)
        found = unit(sent)
        low = np.nan if point.low is None else point.low
        high = np.nan if point.high is None else point.high
        factor = (float(found.factor.numerator), float(found.factor.denominator))
        self._rows.append((float(point.id), *factor, float(found.offset), low, high))
        self._table = None
        return len(self._rows) - 1

    def sent_unit(self, point: Point) -> str:
        """The unit a point's bare numbers are in: its register's, else as registered."""
        registered = {
            one.register_unit
            for one in self.registry.meters_of_point(point.id)
            if one.register_unit in UNITS and UNITS[one.register_unit].canonical == point.unit
        }
        if len(registered) > 1:
            raise InvalidInput(
                f"the point was registered with {' and '.join(sorted(registered))} over time",
                field="unit",
                fix="send the unit with each reading",
            )
        return registered.pop() if registered else point.bare_unit
