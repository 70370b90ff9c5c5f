"""The nodes a report speaks of, with their area and persons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from figures import area_of, parts_of_place, persons_of
from metering.registry import Registry
from reports.model import MeterName, ReportPlace


def places(registry: Registry, institution: str, days: Sequence[date]) -> tuple[ReportPlace, ...]:
    """The institution, its sites and its buildings on any of some days, parents first; of one that
    is there on several what is said of the last of them."""
    found: dict[str, ReportPlace] = {}

    def visit(code: str, depth: int, day: date, seen: set[str]) -> None:
        if code in seen:
            return
        seen.add(code)
        node = registry.nodes[code]
        one = ReportPlace(
            code,
            str(node.type),
            depth,
            node.name("zh"),
            node.name("en"),
            area_of(registry, code, day),
            persons_of(registry, code, day),
        )
        found.setdefault(code, one)
        for child in parts_of_place(registry, code, day):
            visit(child, depth + 1, day, seen)

    for day in sorted(days, reverse=True):
        visit(institution, 0, day, set())
    return tuple(found.values())


def meter_names(registry: Registry, codes: Iterable[str]) -> tuple[MeterName, ...]:
    """Names of the meters, sorted by code; a meter that is gone goes by its code."""
    found = []
    for code in sorted(set(codes) - {""}):
        meter = registry.meters.get(code)
        if meter is not None:
            found.append(MeterName(code, meter.name("zh"), meter.name("en")))
        else:
            found.append(MeterName(code, code, code))
    return tuple(found)
