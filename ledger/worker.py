"""The ledger at work: takes dirty marks, recomputes, commits, settles days that have ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from itertools import groupby

from ledger.context import Context
from ledger.jobs import EARLIEST_US, LATEST_US, Cluster, Job, Work, clusters, windows, work
from ledger.periods import SETTLE_US, Clock
from ledger.rebooking import Place, Progress, Rebooked, Rebooking, rows_of_other_rules
from ledger.recompute import Plans, Recompute, Recomputed, WantedFigures, meter_key
from ledger.sharing import Portion, SharedMarks
from metering.book import READING_CAUSES, RULES_CAUSE, BookRow, DirtyMark, SeriesKey
from metering.errors import Conflict
from metering.localtime import MINUTE_US, day_bounds, days_between, local_day
from metering.ports import BookWriter, DirtyMarks, ReadingReader
from metering.registry import Registry
from metering.shard import WHOLE, Shard

LIVE_US = 2 * 60 * MINUTE_US
"""What is read of so short a time ago goes before all else: an hour's energy, which is stamped with
its beginning, comes an hour later."""
SHORT_FOR_US = MINUTE_US
"""So long after live readings were booked the next ones are expected, and late work is committed in
short pieces."""
REFRESH_US = 15 * MINUTE_US
"""How often running days are looked at again without new readings: silence grows too."""
ATTEMPTS = 5
REBUILD_CAUSE = "rebuild"
EVERY = 2**31


@dataclass
class LedgerReport:
    """What one step did."""

    marks: int = 0
    """Marks taken and cleared."""
    rows: int = 0
    """Rows written."""
    computed: int = 0
    """Rows computed, most of them often equal to what stands."""
    days: int = 0
    """Meter days looked at, counted once per piece."""
    commits: int = 0
    revisions: dict[str, int] = field(default_factory=dict)
    """Institutions whose books moved on, with their new revision."""
    waiting: int = 0
    """Marks that were there when the step began, also those that cannot be taken yet."""
    late: int = 0
    """Of the marks those that were not live."""

    def add(self, other: LedgerReport) -> None:
        """Add another step's counts; of two revisions of an institution the later one stays."""
        self.marks += other.marks
        self.rows += other.rows
        self.computed += other.computed
        self.days += other.days
        self.commits += other.commits
        self.revisions.update(other.revisions)
        self.waiting += other.waiting
        self.late += other.late


class Ledger:
    """Readings become books. One thread calls `step` again and again; several ledgers on one
    store of books only repeat work, because a commit names the revision it began from. Those that
    share them do what falls to their `shard` (`ledger.sharing`), but for `rebuild` and `rebook`.
    """

    def __init__(
        self,
        readings: ReadingReader,
        books: BookWriter,
        marks: DirtyMarks,
        registry: Callable[[], Registry],
        now_us: Callable[[], int],
        *,
        settle_us: int = SETTLE_US,
        shard: Shard = WHOLE,
    ) -> None:
        self._readings, self._books, self._shard = readings, books, shard
        self._marks = marks if shard.whole else SharedMarks(marks, self._portion)
        self._own = Portion(Registry(), shard)
        self._registry, self._now_us, self._settle_us = registry, now_us, settle_us
        self._context = Context(readings)
        self._known: Registry | None = None
        self._plans = Plans(Registry())
        self._provisional: set[Place] | None = None
        self._due_us = 0
        """No running day of a meter settles before this instant; 0 where they must be looked at."""
        self._refreshed = now_us() // REFRESH_US
        """The quarter hour in which running days were last looked at: at a start they wait for the
        next one, and what came in meanwhile is marked."""
        self._computed: set[Place] = set()
        """Rows of meters that the present step has computed, differing or not."""
        self._shared = False
        """Whether a commit has marked parts of shared places."""
        self._left: dict[str, int] = {}
        """The revision at which each institution's books were left."""
        self._passing = False
        """Whether live marks are booked between the commits of what is done now."""
        self._live_us: int | None = None
        """When live readings were last booked."""
        self._put_off: set[int] = set()
        """Live marks that wait for the end of it."""
        self._between = LedgerReport()
        """What was booked between commits of longer work, in the present step."""

    def step(self, limit: int = 20_000, *, late: bool = True) -> LedgerReport:
        """Take ready marks, recompute what they touch, commit; then settle ended days. Without
        `late`: live marks only, and no days."""
        try:
            return self._step(limit) if late else self._live_alone(limit)
        except BaseException:
            # What was noticed was not booked: it must be noticed again.
            self._context = Context(self._readings)
            raise

    def _step(self, limit: int) -> LedgerReport:
        began_us = self._now_us()
        marks, waiting = self._marks.glance(limit)
        report = LedgerReport(waiting=waiting)
        self._computed, self._between = set(), LedgerReport()
        if marks:
            registry = self._notice()  # only now: it is as new as any of the marks
            report.add(self._live_first(registry, marks))
        with self._letting_live_pass():
            report.add(self.roll_day(began_us))
        report.add(self._follow())
        report.add(self._between)
        return report

    def _live_alone(self, limit: int) -> LedgerReport:
        self._computed, self._between = set(), LedgerReport()
        marks = self._marks.live(self._now_us() - LIVE_US, limit)
        report = LedgerReport(waiting=self._marks.waiting())
        if marks:
            registry = self._notice()
            report.add(self._live(registry, marks))
            report.add(self._follow())
        return report

    def _live(self, registry: Registry, marks: Sequence[DirtyMark]) -> LedgerReport:
        self._live_us = self._now_us()
        return self._do(registry, work(registry, marks, self._plans.served), len(marks))

    def _live_first(self, registry: Registry, marks: Sequence[DirtyMark]) -> LedgerReport:
        """Book what marks ask for; what is live before what lies further back."""
        report, since_us = LedgerReport(), self._now_us() - LIVE_US
        live = [mark for mark in marks if mark.is_live(since_us)]
        late = [mark for mark in marks if not mark.is_live(since_us)]
        if live:
            report.add(self._live(registry, live))
        if late:
            todo = work(registry, late, self._plans.served, short=self._live_comes())
            with self._letting_live_pass():
                report.add(replace(self._do(registry, todo, len(late)), late=len(late)))
        return report

    def _live_comes(self) -> bool:
        """Whether live readings are expected before long."""
        return self._live_us is not None and self._now_us() <= self._live_us + SHORT_FOR_US

    @contextmanager
    def _letting_live_pass(self) -> Iterator[None]:
        self._passing, self._put_off = True, set()
        try:
            yield
        finally:
            self._passing = False

    def _let_live_pass(self) -> None:
        """Between two commits of longer work, book what came in meanwhile and is live. Where the
        registry has changed it waits: longer work goes on under the one that it began with."""
        registry = self._known
        if not self._passing or registry is None:
            return
        marks = [
            mark
            for mark in self._marks.live(self._now_us() - LIVE_US)
            if mark.id not in self._put_off
        ]
        if not marks or self._registry() is not registry:
            return
        self._passing, self._live_us = False, self._now_us()
        try:
            todo = work(registry, marks, self._plans.served)
            self._leave_settled(registry, todo)
            done = [mark for mark in marks if mark.id not in self._put_off]
            self._between.add(replace(self._do(registry, todo, len(done)), waiting=len(done)))
        finally:
            self._passing = True

    def _leave_settled(self, registry: Registry, todo: Work) -> None:
        """Without meters whose readings reach into settled days: while longer work is under way, a
        place's figure of such a day may be half made, and would be told."""
        clock, kept, left = Clock(self._now_us(), self._settle_us), list[Cluster](), list[Job]()
        noticed = set[str]()
        recompute = self._recompute(registry)
        for whole in todo.clusters:
            begun = {job.meter for job in whole.jobs if _begins_settled(job, whole.zone, clock)}
            # They reach at least there, whatever else is found: they are not noticed yet.
            left += [job for job in whole.jobs if job.meter in begun]
            cluster = _of_jobs(whole, [job for job in whole.jobs if job.meter not in begun])
            if cluster is None:
                continue
            days = recompute.days_of(cluster)
            settled = {
                m for m, own in days.items() if any(clock.is_settled(d, cluster.zone) for d in own)
            }
            noticed |= settled
            left += [job for job in cluster.jobs if job.meter in settled]
            if jobs := [job for job in cluster.jobs if job.meter not in settled]:
                looked = {m: own for m, own in cluster.looked.items() if m not in settled}
                kept.append(replace(cluster, jobs=tuple(jobs), looked=looked))
        if left:
            todo.clusters = kept
            for job in left:  # whatever other meter has done its part, these marks stay
                todo.open.update(job.marks)
                self._put_off |= job.marks
        if noticed:
            self._context.forget(noticed)  # it must notice their readings again

    def _follow(self, within: frozenset[str] | None = None) -> LedgerReport:
        """Parts of shared places whose figures were just booked: what a commit has marked, of some
        institutions or of all."""
        report, known = LedgerReport(), self._known
        while self._shared:
            self._shared = False
            marks = [
                one
                for one in self._marks.ready(EVERY)
                if one.figure is not None and (within is None or one.figure.institution in within)
            ]
            report.waiting += len(marks)
            registry = self._notice()
            if registry is not known:
                break  # marks of that change are among them: the next step does all of it
            if marks:
                todo = work(registry, marks, self._plans.served)
                report.add(self._do(registry, todo, len(marks)))
        return report

    def roll_day(self, began_us: int | None = None) -> LedgerReport:
        """Recompute provisional rows whose local day is over, also days that ended while
        nobody looked; and running days every quarter hour, but for those that the present step,
        which began at that time, has just computed."""
        registry = self._notice() if self._known is None else self._known
        now = self._now_us()
        clock = Clock(now, self._settle_us)
        refresh = now // REFRESH_US != self._refreshed
        self._refreshed = now // REFRESH_US
        same = began_us is not None and began_us // REFRESH_US == self._refreshed
        fresh, self._computed = self._computed if same else set(), set()
        if not refresh and now < self._due_us:
            return LedgerReport()
        asked, due_us = [], LATEST_US
        for key, day in self._left_provisional(registry):
            if key.kind != "meter" or key.code not in registry.meters:
                continue
            if registry.formulas_of(key.code):
                continue  # it follows its members
            if key != meter_key(registry, key.code, day):
                continue
            zone = registry.zone(registry.meters[key.code].node)
            stale = refresh and (key, day) not in fresh
            if clock.is_settled(day, zone):
                due_us = 0  # until it was settled
            else:
                due_us = min(due_us, clock.settled_us(day, zone))
                if not stale:
                    continue
            asked.append((key, day, *day_bounds(day, zone)))
        self._due_us = due_us
        if not asked:
            return LedgerReport()
        registry = self._notice()
        causes = frozenset({"rollover"})
        jobs = [
            Job(key.code, start, end - 1, causes=causes)
            for key, _, start, end in sorted(asked)
            if key.code in registry.meters
        ]
        report = LedgerReport()
        for place, alike in groupby(clusters(registry, jobs), lambda cluster: cluster.place):
            found = list(alike)
            # A day that ends is committed with its nodes: who is broken off in between looks for
            # meters that are not settled, and for no nodes.
            together = len(found) > 1 and not clock.is_settled(place[-1], place[1])
            for part in [found] if together else [[one] for one in found]:
                report.add(self._exact_days(registry, part))
        return report

    def rebuild(self, progress: Progress = lambda _: None, *, whole: bool = False) -> Rebooked:
        """Book everything again that readings are left for; what differs is restated with the
        cause `rebuild`. A change of the registry that waits is booked first, as itself. `whole`:
        the readings are those of every message there ever was."""
        marks = self.begin_rebuild()
        told = self._again(REBUILD_CAUSE, None, progress, whole=whole)
        self.end_rebuild(marks)
        return told

    def begin_rebuild(self) -> list[int]:
        """Book what a changed registry asks for; the marks of readings that wait, which a rebuild
        of everything makes needless."""
        registry, marks = self._notice(), self._marks.ready(EVERY)
        changed = [mark for mark in marks if mark.cause not in READING_CAUSES]
        self._do(registry, work(registry, changed, self._plans.served), len(changed))
        return [mark.id for mark in marks if mark.cause in READING_CAUSES]

    def rebuild_some(
        self, institutions: Iterable[str], began: Mapping[str, int], *, whole: bool = False
    ) -> Rebooked:
        """The part of a rebuild that is of some institutions, which share nothing with others but
        with '' that was rebuilt before (`metering.registry.apart`). It may be done again where it
        broke off: `began` is the revision of each at the beginning, and what was written since
        counts as written by this."""
        within = frozenset(institutions)
        self._shared = True  # marks may be left of a try that broke off
        return self._again(
            REBUILD_CAUSE, None, lambda _: None, whole=whole, within=within, began=began
        )

    def end_rebuild(self, marks: Sequence[int]) -> None:
        """Forget the marks that a rebuild of everything has made needless, and make parts of shared
        places that are still asked for."""
        self._notice()
        self._shared = True
        self._follow()
        self._commit("", Recomputed(), marks, REBUILD_CAUSE, LedgerReport())

    def rebook(
        self, institution: str | None = None, progress: Progress = lambda _: None
    ) -> Rebooked:
        """Book again the settled rows that other rules made, of one institution or of all; what
        differs is restated with the cause `rules 1 to 2`."""
        only = rows_of_other_rules(self._books, institution)
        return self._again(RULES_CAUSE, only, progress) if only else Rebooked()

    def _again(
        self,
        cause: str,
        only: frozenset[Place] | None,
        progress: Progress,
        *,
        whole: bool = False,
        within: frozenset[str] | None = None,
        began: Mapping[str, int] | None = None,
    ) -> Rebooked:
        def commit(institution: str, make: Callable[[], Recomputed]) -> None:
            self._attempt(institution, make, (), cause, LedgerReport())

        registry = self._notice()
        bodies = _institutions(registry) if within is None else sorted(within)
        before = {one: self.last_restatement(one) for one in bodies}
        told = Rebooking(
            self._recompute(registry),
            commit,
            only,
            progress,
            within=within,
            began=began or {},
            whole=whole,
        ).run()
        self._follow(within)
        told.restated = sum(self.restated_since(one, serial) for one, serial in before.items())
        return told

    def restated_since(self, institution: str, serial: int) -> int:
        """How many restatements of an institution came after one of them."""
        return len(self._books.restatements(institution, after=serial, limit=EVERY))

    def last_restatement(self, institution: str) -> int:
        """Serial of the last restatement of an institution; 0 where there is none."""
        found = self._books.restatements(institution, limit=EVERY)
        return found[-1][0] if found else 0

    def _do(self, registry: Registry, todo: Work, marks: int) -> LedgerReport:
        report = LedgerReport(marks=marks)
        for institution, (changed, figures) in todo.changed().items():
            report.add(self._changed(registry, institution, changed, figures, todo))
        for found in todo.of_readings():
            if len(found) == 1:
                report.add(self._cluster(registry, found[0], todo.done(found[0])))
            else:
                report.add(self._many(registry, found, todo))
        if todo.idle:
            self._attempt("", Recomputed, todo.idle, "reading", report)
        return report

    def _changed(
        self,
        registry: Registry,
        institution: str,
        changed: Sequence[Cluster],
        figures: Sequence[DirtyMark],
        todo: Work,
    ) -> LedgerReport:
        """What a changed registry asks of an institution: first all meters, then the nodes. Marks
        are cleared by the last commit, so whatever stops in between is done again."""
        report, asked = LedgerReport(), [_asked(registry, mark) for mark in figures]
        cleared = [mark.id for mark in figures]
        causes = {mark.cause for mark in figures}
        for cluster in changed:
            days = self._recompute(registry).days_of(cluster)
            for mine in _pieces(days):
                self._attempt(
                    institution,
                    partial(self._recompute(registry).measured, cluster, mine),
                    (),
                    cluster.cause,
                    report,
                )
            asked += [
                WantedFigures(found[0], found[-1], meter=m) for m, found in days.items() if found
            ]
            cleared += todo.done(cluster)
            causes.update(cause for job in cluster.jobs for cause in job.causes)
        cause = ", ".join(sorted(causes))
        parts: list[list[date]] = windows(self._booked_days(institution, asked)) or [[]]
        for place, window in enumerate(parts):
            last = place == len(parts) - 1
            self._attempt(
                institution,
                partial(self._recompute(registry).summed, institution, window, asked),
                cleared if last else (),
                cause,
                report,
            )
        return report

    def _booked_days(self, institution: str, asked: Sequence[WantedFigures]) -> list[date]:
        """Days of the institution's books, and of those that it has a share of, on which something
        is asked."""
        registry = self._known or Registry()
        bodies = (institution, *registry.drawn(institution))
        spans = [span for one in bodies if (span := self._books.days(one)) is not None]
        if not spans:
            return []
        span = min(first for first, _ in spans), max(last for _, last in spans)
        ranges = {(one.first, one.last) for one in asked}
        return [day for day in days_between(*span) if any(a <= day <= b for a, b in ranges)]

    def _cluster(
        self, registry: Registry, cluster: Cluster, cleared: Sequence[int]
    ) -> LedgerReport:
        report, made = LedgerReport(), None
        with self._books.together():
            present = self._books.revision(cluster.institution)
            self._mind(cluster.institution, present)
            parts = _pieces(self._recompute(registry).days_of(cluster)) or ([{}] if cleared else [])
            if parts:
                made = present, self._recompute(registry).piece(cluster, parts[0])
        for place, mine in enumerate(parts):
            last = place == len(parts) - 1
            self._piece(registry, cluster, mine, cleared if last else (), report, made)
            made = None
        return report

    def _many(self, registry: Registry, found: Sequence[Cluster], todo: Work) -> LedgerReport:
        """More meters than one commit holds: first all meters, then the nodes, so that these are
        summed once. Marks are cleared by the last commit, as for a changed registry."""
        report, cleared = LedgerReport(), list[int]()
        institution, days = found[0].institution, dict[str, list[date]]()
        self._mind(institution, self._books.revision(institution))
        for cluster in found:
            own = self._recompute(registry).days_of(cluster)
            for mine in _pieces(own):
                make = partial(self._recompute(registry).measured, cluster, mine)
                self._attempt(institution, make, (), cluster.cause, report)
            days |= own
            cleared += todo.done(cluster)
        causes = {cause for cluster in found for cause in cluster.cause.split(", ")}
        wanted = sorted({day for own in days.values() for day in own})
        parts: list[list[date]] = windows(wanted, len(days))
        for place, window in enumerate(parts or [[]]):
            make = partial(self._recompute(registry).counting, institution, list(days), window)
            last = place >= len(parts) - 1
            self._attempt(
                institution, make, cleared if last else (), ", ".join(sorted(causes)), report
            )
        return report

    def _exact_days(self, registry: Registry, found: Sequence[Cluster]) -> LedgerReport:
        """Just the days of the jobs of one place, without widening: no reading changed. Where it
        has several clusters nodes are summed once, after all of their meters."""
        report = LedgerReport()
        days = [(cluster, self._own_days(registry, cluster)) for cluster in found]
        days = [(cluster, own) for cluster, own in days if own]
        if len(days) == 1:
            self._piece(registry, *days[0], (), report)
            return report
        for cluster, own in days:
            make = partial(self._recompute(registry).measured, cluster, own)
            self._attempt(cluster.institution, make, (), cluster.cause, report)
        if days:
            cluster, meters = days[0][0], [meter for _, own in days for meter in own]
            wanted = sorted({day for _, own in days for some in own.values() for day in some})
            for window in windows(wanted):
                make = partial(
                    self._recompute(registry).counting, cluster.institution, meters, window
                )
                self._attempt(cluster.institution, make, (), cluster.cause, report)
        return report

    def _own_days(self, registry: Registry, cluster: Cluster) -> dict[str, list[date]]:
        asked = {job.meter: local_day(job.start_us, cluster.zone) for job in cluster.jobs}
        return {
            meter: [day]
            for meter, day in asked.items()
            if meter_key(registry, meter, day).institution == cluster.institution
        }

    def _piece(
        self,
        registry: Registry,
        cluster: Cluster,
        days: dict[str, list[date]],
        cleared: Sequence[int],
        report: LedgerReport,
        made: tuple[int, Recomputed] | None = None,
    ) -> None:
        self._attempt(
            cluster.institution,
            lambda: self._recompute(registry).piece(cluster, days),
            cleared,
            cluster.cause,
            report,
            made,
        )

    def _attempt(
        self,
        institution: str,
        make: Callable[[], Recomputed],
        cleared: Sequence[int],
        cause: str,
        report: LedgerReport,
        made: tuple[int, Recomputed] | None = None,
    ) -> None:
        """Commit what `make` finds; found anew where another ledger committed meanwhile. made: what
        it found already, at that revision."""
        for attempt in range(ATTEMPTS):
            present, outcome = made or self._made(institution, make)
            made = None
            try:
                self._commit(institution, outcome, cleared, cause, report, present)
            except Conflict:
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                self._let_live_pass()
                return

    def _made(self, institution: str, make: Callable[[], Recomputed]) -> tuple[int, Recomputed]:
        with self._books.together():
            present = self._books.revision(institution)
            self._mind(institution, present)
            return present, make()

    def _mind(self, institution: str, revision: int) -> None:
        """Where another ledger booked meanwhile, it knew of readings that are not remembered."""
        if revision != self._left.setdefault(institution, revision):
            self._context = Context(self._readings)
            self._left[institution] = revision

    def _commit(
        self,
        institution: str,
        outcome: Recomputed,
        cleared: Sequence[int],
        cause: str,
        report: LedgerReport,
        expected: int | None = None,
    ) -> None:
        present = self._books.revision(institution) if expected is None else expected
        marked = parts_to_make(self._known or Registry(), outcome.rows, cause)
        self._shared = self._shared or bool(marked)
        revision = self._books.commit(
            institution,
            outcome.rows,
            expected_revision=present,
            cleared=cleared,
            events=outcome.events,
            events_replaced=outcome.replaced,
            now_us=self._now_us(),
            cause=cause,
            marked=marked,
            standing=outcome.standing,
        )
        self._left[institution] = revision
        self._remember(outcome.rows)
        self._computed.update(outcome.meters)
        report.rows += len(outcome.rows)
        report.computed += outcome.computed
        report.days += len(outcome.wanted)
        report.commits += 1
        if revision != present:
            report.revisions[institution] = revision

    def _recompute(self, registry: Registry) -> Recompute:
        clock = Clock(self._now_us(), self._settle_us)
        return Recompute(registry, self._plans, self._context, self._books, clock)

    def _remember(self, rows: Sequence[BookRow]) -> None:
        if self._provisional is None:
            return
        began: set[Place] = set()
        for row in rows:
            place = (row.key, row.day)
            if not row.provisional:
                self._provisional.discard(place)
            elif place not in self._provisional:
                began.add(place)
        self._provisional |= began
        self._mind_ends(began)

    def _mind_ends(self, began: Iterable[Place]) -> None:
        """Days that begin to run may end before all that were looked at."""
        clock, known = Clock(self._now_us(), self._settle_us), self._known or Registry()
        for key, day in began:
            if key.kind == "meter" and (meter := known.meters.get(key.code)) is not None:
                self._due_us = min(self._due_us, clock.settled_us(day, known.zone(meter.node)))

    def _left_provisional(self, registry: Registry) -> list[Place]:
        """All days that are not settled: whoever begins anew may have been away for long."""
        own = self._portion_of(registry)
        if self._provisional is None:
            self._provisional = {
                place
                for one in _institutions(registry)
                if not one or own.institution(one)
                for place in self._books.unsettled(one)
            }
        return [place for place in self._provisional if own.series(place[0])]

    def _portion(self) -> Portion:
        return self._portion_of(self._registry())

    def _portion_of(self, registry: Registry) -> Portion:
        if self._own.registry is not registry:
            self._own = Portion(registry, self._shard)
        return self._own

    def _notice(self) -> Registry:
        """The registry now; plans and context anew where it has changed. What a change touches
        was marked by the store in the transaction that made it."""
        registry = self._registry()
        if registry is not self._known:
            self._known, self._plans = registry, self._plans.renewed(registry)
            self._context, self._due_us = Context(self._readings), 0
            if not self._shard.whole:
                self._provisional = None  # others' days may be ours now
        return registry


def _of_jobs(cluster: Cluster, jobs: Sequence[Job]) -> Cluster | None:
    """The cluster with some of its jobs; None without any."""
    if not jobs or len(jobs) == len(cluster.jobs):
        return cluster if jobs else None
    start, end = min(job.start_us for job in jobs), max(job.end_us for job in jobs)
    return replace(cluster, jobs=tuple(jobs), start_us=start, end_us=end)


def _begins_settled(job: Job, zone: str, clock: Clock) -> bool:
    """Whether the first of the readings that changed lies on a settled day."""
    return clock.is_settled(local_day(max(job.start_us, EARLIEST_US), zone), zone)


def _pieces(days: dict[str, list[date]]) -> list[dict[str, list[date]]]:
    """Meters with their days, a bounded number of days each."""
    parts = windows(sorted({day for found in days.values() for day in found}), len(days))
    return [
        {m: kept for m, ds in days.items() if (kept := [d for d in ds if d in wanted])}
        for wanted in map(frozenset, parts)
    ]


def parts_to_make(registry: Registry, rows: Sequence[BookRow], cause: str) -> list[DirtyMark]:
    """Marks of the figures of other institutions that have a share of the rows' places, or one that
    the rows say."""
    found: dict[tuple[str, str, str], list[date]] = {}
    for row in rows:
        of_node = row.key.kind == "node"
        measured = registry.measured_shares.get(row.key.code, frozenset())
        places = {row.key.code} & registry.shared if of_node else measured
        for parent in {p for place in places for p in registry.shares(place, row.day)}:
            body = registry.institution(parent, row.day)
            if body != row.key.institution:
                item = row.key.item if of_node else ""
                found.setdefault((body, parent, item), []).append(row.day)
    marks = []
    for place, days in sorted(found.items()):
        zone = registry.zone(place[1])
        for first, last in _runs(days):
            start, end = day_bounds(first, zone)[0], day_bounds(last, zone)[1] - 1
            key = SeriesKey(place[0], "node", *place[1:])
            marks.append(DirtyMark(0, start, end, cause, figure=key))
    return marks


def _runs(days: Sequence[date]) -> list[tuple[date, date]]:
    """First and last of days side by side."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and (day - found[-1][1]).days == 1:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def _asked(registry: Registry, mark: DirtyMark) -> WantedFigures:
    """The local days of a mark of figures."""
    key = mark.figure
    assert key is not None
    zone = registry.zone(key.code) if key.code in registry.nodes else "UTC"
    first, last = max(mark.start_us, EARLIEST_US), min(mark.end_us, LATEST_US)
    return WantedFigures(
        local_day(first, zone), local_day(last, zone), node=key.code, item=key.item
    )


def _institutions(registry: Registry) -> list[str]:
    return sorted({b for code in registry.nodes for b in registry.institutions(code)} | {""})
