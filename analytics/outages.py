"""Outages: gaps of several meters that begin and end together are one matter.

    meter a   ──────┤        ├──────
    meter b   ───────┤        ├─────     behind one gateway: the gateway, or a line behind it
    meter c   ──────┤       ├───────
    meter d   ───┤        ├─────────     by itself: stays the gap of a meter

Where gateways of one site fall silent together it is what they share: their network or power.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from metering.book import RegisterEvent
from metering.localtime import HOUR_US, MINUTE_US

AGREE_STEPS = 2
"""Intervals of the coarser meter by which the beginnings, and the ends, of two gaps may differ."""
LEAST_SHARED = 0.5
"""Of the time that either of two gaps takes: with less in common they are two matters."""
MOST_OF_A_GATEWAY = 0.5
"""Share of its meters from which on a gateway itself is held for silent."""

GatewayGap = tuple[str, int, int]
"""(meter, start_us, end_us) of the ledger's event."""


@dataclass(frozen=True)
class Served:
    """A meter that a gateway serves over [start_us, end_us)."""

    meter: str
    gateway: str
    step_min: int
    places: tuple[str, ...]
    """Its node and what holds it, nearest first."""
    start_us: int
    end_us: int


@dataclass(frozen=True)
class Outage:
    """Meters of one or more gateways that fell silent together."""

    subject: str
    """The longest served meter of the first gateway, silent or not: what the case is kept by."""
    place: str
    """The nearest place that holds all meters of the gateways; '' where none does."""
    gateways: tuple[str, ...]
    meters: tuple[str, ...]
    """Those that were silent."""
    served: int
    """How many meters the gateways served then."""
    start_us: int
    end_us: int
    gaps: frozenset[GatewayGap]
    """What it explains."""

    @property
    def whole(self) -> float:
        """Odds that all behind the gateways was silent and not a line alone, 0 .. 1: the rule of
        succession, (silent + 1) / (served + 2)."""
        return (len(self.meters) + 1) / (self.served + 2)


@dataclass(frozen=True)
class _Gap:
    start_us: int
    end_us: int
    step_us: int
    by: Served

    @property
    def told(self) -> GatewayGap:
        return (self.by.meter, self.start_us, self.end_us)

    def agrees(self, other: _Gap) -> bool:
        apart = AGREE_STEPS * max(self.step_us, other.step_us)
        if abs(self.start_us - other.start_us) > apart or abs(self.end_us - other.end_us) > apart:
            return False
        shared = min(self.end_us, other.end_us) - max(self.start_us, other.start_us)
        either = max(self.end_us, other.end_us) - min(self.start_us, other.start_us)
        return shared >= LEAST_SHARED * either


def outages(events: Iterable[RegisterEvent], served: Sequence[Served]) -> tuple[Outage, ...]:
    """Outages behind the gaps among a site's events, by their beginning.

    Gaps shorter than an hour or two intervals, which are no finding of a meter, are none here.
    A meter counts in one outage at a time.
    """
    by_meter: dict[str, list[Served]] = {}
    for one in served:
        by_meter.setdefault(one.meter, []).append(one)
    gaps = [gap for event in events if event.kind == "gap" for gap in _gap(event, by_meter)]
    found = [one for group in _together(gaps) for one in _of_group(group, served)]
    return tuple(sorted(found, key=lambda one: (one.start_us, one.gateways)))


def _gap(event: RegisterEvent, by_meter: dict[str, list[Served]]) -> Iterator[_Gap]:
    for one in by_meter.get(event.meter, ()):
        step_us = one.step_min * MINUTE_US
        long = event.end_us - event.start_us >= max(HOUR_US, AGREE_STEPS * step_us)
        if long and one.start_us <= event.start_us < one.end_us:
            yield _Gap(event.start_us, event.end_us, step_us, one)
            return


def _together(gaps: Sequence[_Gap]) -> list[list[_Gap]]:
    """Gaps that agree with the first of their group, finer meters first: they tell it best."""
    groups: list[list[_Gap]] = []
    recent: dict[int, list[list[_Gap]]] = {}
    ordered = sorted(gaps, key=lambda one: (one.step_us, one.start_us, one.end_us, one.by.meter))
    for gap in ordered:
        near = range(
            _hour(gap.start_us - AGREE_STEPS * gap.step_us),
            _hour(gap.start_us + AGREE_STEPS * gap.step_us) + 1,
        )
        agreeing = (one for hour in near for one in recent.get(hour, ()) if one[0].agrees(gap))
        group = next(agreeing, None)
        if group is None:
            group = []
            groups.append(group)
            recent.setdefault(_hour(gap.start_us), []).append(group)
        group.append(gap)
    return groups


def _hour(time_us: int) -> int:
    return time_us // HOUR_US


def _of_group(group: Sequence[_Gap], served: Sequence[Served]) -> Iterator[Outage]:
    """One for all gateways that are silent as a whole, else one for each with several meters."""
    if len({gap.by.meter for gap in group}) < 2:
        return
    at_us = group[0].start_us
    behind: dict[str, list[Served]] = {gap.by.gateway: [] for gap in group}
    for one in served:
        if one.gateway in behind and one.start_us <= at_us < one.end_us:
            behind[one.gateway].append(one)
    silent = {name: [gap for gap in group if gap.by.gateway == name] for name in sorted(behind)}
    down = [
        name
        for name, gaps in silent.items()
        if len({gap.by.meter for gap in gaps}) >= MOST_OF_A_GATEWAY * len(behind[name])
    ]
    parts = [down, *([name] for name in silent if name not in down)] if len(down) > 1 else None
    for names in parts or [[name] for name in silent]:
        gaps = [gap for name in names for gap in silent[name]]
        if len({gap.by.meter for gap in gaps}) > 1:
            yield _outage(names, gaps, [behind[name] for name in names])


def _outage(names: Sequence[str], gaps: Sequence[_Gap], behind: Sequence[list[Served]]) -> Outage:
    served = [one for some in behind for one in some] or [gap.by for gap in gaps]
    first = behind[0] or [gap.by for gap in gaps]
    return Outage(
        subject=min(first, key=lambda one: (one.start_us, one.meter)).meter,
        place=_place(served),
        gateways=tuple(names),
        meters=tuple(sorted({gap.by.meter for gap in gaps})),
        served=len({one.meter for one in served}),
        start_us=min(gap.start_us for gap in gaps),
        end_us=max(gap.end_us for gap in gaps),
        gaps=frozenset(gap.told for gap in gaps),
    )


def _place(served: Sequence[Served]) -> str:
    shared = set(served[0].places).intersection(*(one.places for one in served))
    return next((node for node in served[0].places if node in shared), "")
