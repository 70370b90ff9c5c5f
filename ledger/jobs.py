"""From dirty marks to pieces of work that each end in one commit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import TypeVar

from ledger.meter import DAY_US, Service
from metering.book import ASKED_CAUSE, DirtyMark
from metering.localtime import day_bounds, local_day
from metering.registry import Registry
from metering.registry.changes import is_registry_cause

T = TypeVar("T")
DAYS_A_PIECE = 31
METERS_A_PIECE, MOST_METERS = 64, 1024
"""Meters of one commit: of a month, and of a day or two."""
ROWS_A_PIECE = 2048
SHORT_METERS, SHORT_ROWS = 8, 512
"""The same of a commit that live readings wait for."""
EARLIEST_US, LATEST_US = 0, 4_102_444_800_000_000
"""1970 and 2100: no reading is outside."""


@dataclass(frozen=True)
class Job:
    """A meter's readings changed between two times."""

    meter: str
    start_us: int
    end_us: int
    marks: frozenset[int] = frozenset()
    causes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Cluster:
    """Meters of one institution and zone whose changes lie on the same local days."""

    institution: str
    zone: str
    jobs: tuple[Job, ...]
    start_us: int
    end_us: int
    looked: dict[str, list[date]] = field(default_factory=dict, compare=False, repr=False)
    """Days found of each meter, of whatever institution: meters that were of several in turn have
    a cluster for each, and are looked at once."""

    @cached_property
    def marks(self) -> frozenset[int]:
        """Ids of the dirty marks that are done with when the cluster is."""
        return frozenset().union(*(job.marks for job in self.jobs))

    @cached_property
    def cause(self) -> str:
        """What a restatement names as its cause: the jobs' causes by name, else a reading."""
        causes = frozenset[str]().union(*(job.causes for job in self.jobs))
        return ", ".join(sorted(causes)) or "reading"

    @property
    def place(self) -> tuple[str, str, date, date]:
        """Institution, zone, and first and last local day: clusters that have them in common were
        one, and were parted since they have many meters."""
        first, last = (local_day(at, self.zone) for at in (self.start_us, self.end_us))
        return self.institution, self.zone, first, last

    @cached_property
    def forced(self) -> bool:
        """Whether the registry asks: then all meters come first, and node figures are made
        again even where no meter's row changed."""
        return any(is_registry_cause(cause) for job in self.jobs for cause in job.causes)


@dataclass
class Work:
    """Clusters to do, figures that are made otherwise, and marks that concern no meter."""

    clusters: list[Cluster]
    figures: list[DirtyMark]
    idle: list[int]
    open: Counter[int] = field(default_factory=Counter)
    """How many clusters each mark still waits for."""

    def __post_init__(self) -> None:
        for cluster in self.clusters:
            self.open.update(cluster.marks)

    def changed(self) -> dict[str, tuple[list[Cluster], list[DirtyMark]]]:
        """What a changed registry asks for, by institution."""
        found: dict[str, tuple[list[Cluster], list[DirtyMark]]] = {}
        for cluster in self.clusters:
            if cluster.forced:
                found.setdefault(cluster.institution, ([], []))[0].append(cluster)
        for mark in self.figures:
            assert mark.figure is not None
            found.setdefault(mark.figure.institution, ([], []))[1].append(mark)
        return dict(sorted(found.items()))

    def of_readings(self) -> list[list[Cluster]]:
        """What changed readings ask for, clusters of one place together."""
        asked = [cluster for cluster in self.clusters if not cluster.forced]
        return [list(found) for _, found in groupby(asked, lambda cluster: cluster.place)]

    def done(self, cluster: Cluster) -> list[int]:
        """Marks for which the cluster is the last one."""
        self.open.subtract(cluster.marks)
        return sorted(mark for mark in cluster.marks if self.open[mark] <= 0)


def work(
    registry: Registry,
    marks: Sequence[DirtyMark],
    serving: Callable[[str], Sequence[Service]],
    *,
    short: bool = False,
) -> Work:
    """Marks grouped by meter, and meters by the days their changes lie on; `serving` gives what
    carries energy of a meter. `short`: in short pieces."""
    by_meter: dict[str, list[DirtyMark]] = defaultdict(list)
    figures = [mark for mark in marks if mark.figure is not None]
    read = [mark for mark in marks if mark.figure is None]
    served = {point: _meters(registry, point, serving) for point in {mark.point for mark in read}}
    idle = []
    for mark in read:
        known = served[mark.point]
        if not known:
            idle.append(mark.id)
        for meter in known:
            by_meter[meter].append(mark)
    jobs = [job for meter in sorted(by_meter) for job in _merged(meter, by_meter[meter])]
    return Work(clusters(registry, jobs, short=short), figures, idle)


def _meters(
    registry: Registry, point: int, serving: Callable[[str], Sequence[Service]]
) -> list[str]:
    """Meters that a point carries energy for."""
    meters = {one.meter for one in registry.meters_of_point(point)}
    return [m for m in sorted(meters) if m in registry.meters and serving(m)]


def clusters(registry: Registry, jobs: Iterable[Job], *, short: bool = False) -> list[Cluster]:
    """Jobs on the same local days side by side, a bounded number of meters each: more where they
    change a day or two. Meters that were of several institutions stand once for each."""
    groups: dict[tuple[tuple[str, ...], str, date, date], list[Job]] = defaultdict(list)
    for job in jobs:
        node = registry.meters[job.meter].node
        zone = registry.zone(node)
        days = (local_day(job.start_us, zone), local_day(job.end_us, zone))
        groups[registry.institutions(node), zone, *days].append(job)
    made = [
        Cluster(
            institution,
            zone,
            tuple(part),
            min(job.start_us for job in part),
            max(job.end_us for job in part),
            looked,
        )
        for (institutions, zone, first, last), found in groups.items()
        for part in _parts(found, _meters_a_piece((last - first).days + 2, short))
        for looked in [dict[str, list[date]]()]
        for institution in institutions
    ]
    return sorted(made, key=lambda cluster: cluster.place)


def _meters_a_piece(days: int, short: bool) -> int:
    least, rows = (SHORT_METERS, SHORT_ROWS) if short else (METERS_A_PIECE, ROWS_A_PIECE)
    return min(max(least, rows // days), MOST_METERS)


def windows(days: Sequence[date], meters: int = METERS_A_PIECE) -> list[list[date]]:
    """Days in pieces of bounded length, so that those of many meters are no more rows."""
    size = min(DAYS_A_PIECE, max(1, 2 * ROWS_A_PIECE // max(1, meters)))
    return [list(part) for part in _parts(sorted(days), size)]


def widened(served: Sequence[Service], start_us: int, end_us: int) -> tuple[int, int]:
    """A change on the day of a meter's replacement concerns the whole of that day, where no more
    than the day is known."""
    for service in served:
        if service.began is not None or not EARLIEST_US < service.start_us < LATEST_US:
            continue
        first, last = day_bounds(local_day(service.start_us, service.zone), service.zone)
        if start_us <= last and end_us >= first:
            start_us, end_us = min(start_us, first), max(end_us, last)
    return start_us, end_us


def _merged(meter: str, marks: list[DirtyMark]) -> list[Job]:
    """Overlapping or near ranges become one job; those that somebody asked for stay apart, so that
    each is done with when its days are, and it can be told how far that is."""
    asked: dict[tuple[int, int], list[DirtyMark]] = defaultdict(list)
    for mark in marks:
        if mark.cause == ASKED_CAUSE:
            asked[mark.start_us, mark.end_us].append(mark)
    near: list[list[DirtyMark]] = []
    reached_us = 0
    others = (mark for mark in marks if mark.cause != ASKED_CAUSE)
    for mark in sorted(others, key=lambda m: m.start_us):
        start, end = _within(mark)
        if near and start <= reached_us + DAY_US:
            near[-1].append(mark)
            reached_us = max(reached_us, end)
        else:
            near.append([mark])
            reached_us = end
    return [_joined(meter, found) for found in [*near, *asked.values()]]


def _joined(meter: str, marks: Sequence[DirtyMark]) -> Job:
    spans = [_within(mark) for mark in marks]
    return Job(
        meter,
        min(start for start, _ in spans),
        max(end for _, end in spans),
        frozenset(mark.id for mark in marks),
        frozenset(mark.cause for mark in marks),
    )


def _within(mark: DirtyMark) -> tuple[int, int]:
    return max(mark.start_us, EARLIEST_US), min(mark.end_us, LATEST_US)


def _parts(things: Sequence[T], size: int) -> list[Sequence[T]]:
    return [things[i : i + size] for i in range(0, len(things), size)]
