"""Booking again what was booked before, without emptying anything.

    rebuild    all meters on all days that have readings; rows of other rules are left
    rebook     only rows of other rules

First the meters, then the nodes from the meters' rows as they then stand, so that a node's day is
restated once at most. A row stays as it stands where the readings behind it are not all left: it
was made from more than is there now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

import numpy as np

from ledger import rules
from ledger.jobs import EARLIEST_US, LATEST_US, Cluster, Job, clusters, windows
from ledger.recompute import Recompute, Recomputed
from metering.book import BookRow, SeriesKey
from metering.localtime import day_bounds, days_between
from metering.ports import BookDigest
from metering.quality import MEASURED, MISSING

DAY = timedelta(days=1)
Place = tuple[SeriesKey, date]
Commit = Callable[[str, Callable[[], Recomputed]], None]
"""Commit to an institution what the function finds, which is asked anew after a conflict."""


@dataclass
class Rebooked:
    """What booking again did."""

    rows: int = 0
    """Rows computed."""
    differing: int = 0
    """Of them those that were written: absent, or others than those that stood."""
    restated: int = 0
    """Days of a series whose value is now another than was told last."""
    kept: int = 0
    """Rows that stand as they were, because not all readings behind them are left."""


Progress = Callable[[Rebooked], None]


@dataclass
class Rebooking:
    """One run over the books under one registry and one clock."""

    recompute: Recompute
    commit: Commit
    only: frozenset[Place] | None = None
    """Rows of other rules to be made again, and nothing else; None: everything but those."""
    progress: Progress = lambda _: None
    within: frozenset[str] | None = None
    """Institutions whose books are looked at; None: all."""
    began: Mapping[str, int] = field(default_factory=dict)
    """The revision of each institution before any of this was done: what stands since then was
    written by an earlier try, and counts as written."""
    whole: bool = False
    """Whether every message there ever was has just been read again: then a day without readings
    has none because none came."""
    told: Rebooked = field(default_factory=Rebooked)
    _done: set[Place] = field(default_factory=set)
    _written: set[Place] = field(default_factory=set)

    def run(self) -> Rebooked:
        """Book again; what it did."""
        days: dict[str, set[date]] = defaultdict(set)
        for cluster, wanted in self._meters_and_days():
            for window in windows(sorted({day for found in wanted.values() for day in found})):
                part = {m: [d for d in found if d in set(window)] for m, found in wanted.items()}
                self._book(cluster.institution, partial(self._measured, cluster, part))
                days[cluster.institution].update(window)
        for institution, found in sorted(self._node_days(days).items()):
            for window in windows(sorted(found)):
                self._book(institution, partial(self._summed, institution, window))
        self.told.kept += sum(1 for place in self._untouched() if place not in self._done)
        return self.told

    def _meters_and_days(self) -> Iterator[tuple[Cluster, dict[str, list[date]]]]:
        registry = self.recompute.registry
        meters = [code for code in sorted(registry.meters) if self._looks_at(code)]
        jobs = [Job(code, EARLIEST_US, LATEST_US) for code in meters]
        for cluster in clusters(registry, jobs):
            if self.within is not None and cluster.institution not in self.within:
                continue
            days = self.recompute.days_of(cluster)
            yield cluster, days if self.only is None else self._chosen(cluster, days)

    def _looks_at(self, code: str) -> bool:
        registry = self.recompute.registry
        if self.within is not None:
            bodies = registry.institutions(registry.meters[code].node)
            if self.within.isdisjoint(bodies):
                return False
        return bool(self.recompute.plans.served(code))

    def _chosen(self, cluster: Cluster, days: dict[str, list[date]]) -> dict[str, list[date]]:
        assert self.only is not None
        wanted: dict[str, set[date]] = defaultdict(set)
        for key, day in self.only:
            if key.kind == "meter" and key.institution == cluster.institution:
                wanted[key.code].add(day)
        return {m: [day for day in found if day in wanted[m]] for m, found in days.items()}

    def _node_days(self, days: dict[str, set[date]]) -> dict[str, set[date]]:
        for key, day in self.only or ():
            days[key.institution].add(day)
        return days

    def _book(self, institution: str, make: Callable[[], Recomputed]) -> None:
        self.commit(institution, make)
        self.progress(self.told)

    def _measured(self, cluster: Cluster, days: dict[str, list[date]]) -> Recomputed:
        """Rows of meters that differ and that readings are left for."""
        outcome = Recomputed()
        fresh = self.recompute.meters(cluster, days, outcome)
        pairs = self._differing(fresh, outcome)
        told = [(old, new) for old, new in pairs if old is not None and not old.provisional]
        others = [(old, new) for old, new in told if not old.same_content(new)]
        lost = self._lost([new for _, new in others], cluster.zone)
        lost |= {(new.key, new.day) for old, new in others if loses(old, new)}
        outcome.rows = [new for _, new in pairs if (new.key, new.day) not in lost]
        self._count(fresh, outcome, lost)
        return outcome

    def _summed(self, institution: str, days: list[date]) -> Recomputed:
        outcome = Recomputed()
        fresh = self.recompute.nodes(institution, days)
        outcome.rows = [new for _, new in self._differing(fresh, outcome)]
        self._count(fresh, outcome, set())
        return outcome

    def _count(self, fresh: Sequence[BookRow], outcome: Recomputed, lost: set[Place]) -> None:
        again = {(row.key, row.day) for row in fresh}
        self.told.rows += len(again - self._done)
        self._written |= {(row.key, row.day) for row in outcome.rows}
        self.told.differing = len(self._written)
        self._done |= again - lost

    def _differing(
        self, fresh: Sequence[BookRow], outcome: Recomputed
    ) -> list[tuple[BookRow | None, BookRow]]:
        """(row that stands, row to be written) where this run has to write one."""
        outcome.computed += len(fresh)
        outcome.wanted = sorted({*outcome.wanted, *(row.day for row in fresh)})
        standing = self.recompute.standing(fresh)
        self._written |= {(old.key, old.day) for old, _ in standing if old and self._is_new(old)}
        pairs = [(old, new) for old, new in standing if self._mine(old, new)]
        return [(old, new) for old, new in pairs if old is None or _other(old, new)]

    def _is_new(self, row: BookRow) -> bool:
        began = self.began.get(row.key.institution)
        return began is not None and row.revision > began

    def _mine(self, old: BookRow | None, new: BookRow) -> bool:
        """Whether the row is this run's to write: of other rules for `rebook`, of the same ones,
        or not settled yet, for `rebuild`."""
        if self.only is not None:
            return (new.key, new.day) in self.only
        return old is None or old.provisional or old.rules == rules.RULES_VERSION

    def _lost(self, rows: Iterable[BookRow], zone: str) -> set[Place]:
        """Rows of days whose readings may be gone, or beside one whose readings are."""
        days: dict[SeriesKey, list[date]] = defaultdict(list)
        for row in rows:
            days[row.key].append(row.day)
        return {
            (key, day)
            for key, found in days.items()
            for day in self._unread(key, sorted(found), zone)
        }

    def _unread(self, key: SeriesKey, days: list[date], zone: str) -> list[date]:
        first, last = days[0] - DAY, days[-1] + DAY
        read = self._read_days(key.code, first, last, zone)
        standing = self.recompute.books.rows([key], first, last)
        gone = {r.day for r in standing if r.day not in read and _measured_share(r) > 0}
        unread = set() if self.whole else {d for d in days if d not in read}
        return [d for d in days if d in unread or gone & {d - DAY, d, d + DAY}]

    def _read_days(self, meter: str, first: date, last: date, zone: str) -> set[date]:
        """Local days of first..last on which the meter's points have readings."""
        points = [one.installation.point for one in self.recompute.plans.served(meter)]
        days = days_between(first, last)
        edges = [day_bounds(first, zone)[0], *(day_bounds(day, zone)[1] for day in days)]
        scanned = self.recompute.context.store.scan(points, edges[0], edges[-1])
        counts = np.diff(np.searchsorted(np.sort(scanned.time_us), edges))
        return {day for day, count in zip(days, counts, strict=True) if count}

    def _untouched(self) -> Iterator[Place]:
        """Known settled rows that a rebuild looks at; for `rebook` those it was to make again."""
        if self.only is not None:
            yield from self.only
            return
        bodies = [None] if self.within is None else sorted(self.within)
        for body in bodies:
            for row in self.recompute.books.digest_rows(body):
                if row.total is not None:
                    yield row.key, row.day


def loses(old: BookRow, new: BookRow) -> bool:
    """Whether a row knows less than the settled one that stands."""
    if old.total is None:
        return False
    less = new.total is None or new.day_shares[MISSING] > old.day_shares[MISSING]
    return bool(less or _measured_share(new) < _measured_share(old))


def _measured_share(row: BookRow) -> float:
    return float(row.finest.shares[:, MEASURED].mean())


def _other(old: BookRow, new: BookRow) -> bool:
    return old.rules != new.rules or not old.same_content(new)


def rows_of_other_rules(books: BookDigest, institution: str | None) -> frozenset[Place]:
    """Settled rows that other rules than today's made."""
    return frozenset(
        (row.key, row.day)
        for row in books.digest_rows(institution)
        if row.rules != rules.RULES_VERSION
    )
