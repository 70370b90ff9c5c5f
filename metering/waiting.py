"""Which time of an institution still waits for its booking, by the marks that nobody cleared yet.

marks     |---------|    |---|            |-|
              |------------------|                 of its meters' points
waiting   |----------------------|        |-|
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from metering.book import DirtyMark
from metering.registry import Registry

Span = tuple[int, int]
"""Start and end [us], both included."""


def waiting(marks: Iterable[DirtyMark], registry: Registry, institution: str) -> list[Span]:
    """The marks' time, rising and apart; marks of its figures count, points that serve neither its
    meters nor those of what it has a share of are left out."""
    points: dict[int, bool] = {}
    spans = set()
    for mark in marks:
        if mark.figure is not None:
            mine = mark.figure.institution == institution
        else:
            if mark.point not in points:
                points[mark.point] = _serves(registry, mark.point, institution)
            mine = points[mark.point]
        if mine:
            spans.add((mark.start_us, mark.end_us))
    return _apart(sorted(spans))


def touch(spans: Sequence[Span], start_us: int, end_us: int) -> bool:
    """Whether one of the spans reaches into [start, end)."""
    return any(first < end_us and last >= start_us for first, last in spans)


def _serves(registry: Registry, point: int, institution: str) -> bool:
    meters = (registry.meters.get(one.meter) for one in registry.meters_of_point(point))
    return any(one is not None and institution in registry.parties(one.node) for one in meters)


def _apart(spans: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in spans:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
