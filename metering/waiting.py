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


def waiting_by_institution(marks: Iterable[DirtyMark], registry: Registry) -> dict[str, list[Span]]:
    """The same of every institution that has any."""
    points: dict[int, tuple[str, ...]] = {}
    spans: dict[str, set[Span]] = {}
    for mark in marks:
        if mark.figure is not None:
            concerned: tuple[str, ...] = (mark.figure.institution,)
        else:
            if mark.point not in points:
                points[mark.point] = _served(registry, mark.point)
            concerned = points[mark.point]
        for institution in concerned:
            spans.setdefault(institution, set()).add((mark.start_us, mark.end_us))
    return {institution: _apart(sorted(own)) for institution, own in spans.items()}


def touch(spans: Sequence[Span], start_us: int, end_us: int) -> bool:
    """Whether one of the spans reaches into [start, end)."""
    return any(first < end_us and last >= start_us for first, last in spans)


def _serves(registry: Registry, point: int, institution: str) -> bool:
    return institution in _served(registry, point)


def _served(registry: Registry, point: int) -> tuple[str, ...]:
    """Every institution that a meter of a point is ever of, or has a share of."""
    meters = (registry.meters.get(one.meter) for one in registry.meters_of_point(point))
    return tuple({body for m in meters if m is not None for body in registry.parties(m.node)})


def _apart(spans: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in spans:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
