"""The product's own parts as two processes over one disk: a collector, and a worker with intake and
ledger. They are started, stopped and killed; what health names is mended as people would."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any, cast

from prometheus_client import CollectorRegistry

from collector import CollectorMetrics, JournalReader, JournalWriter, Listener, ListenerSettings
from collector.journal import (
    CheckedSegment,
    Record,
    RecordPlace,
    check_journal,
    records_behind,
    repair_segment,
)
from collector.journal.segment import segment_number, split_segment
from greenoffice.assembly import Assembly
from greenoffice.booking import LedgerWork
from greenoffice.loops import Loop
from greenoffice.settings import InfluxSettings, Settings
from greenoffice.taking_in import IntakeWork
from metering.errors import ConfigurationError, GreenOfficeError, StorageFull, Unavailable
from metering.ports import Credentials, ReadingStore
from metering.reading import Kind
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
)
from metering.tries import UNCOUNTED, Tries
from proofs.simulation.disk import Disk, SimulatedPath
from proofs.simulation.network import Network
from proofs.simulation.runtime import (
    PROCESS,
    Killed,
    Process,
    Threading,
    VirtualLoop,
    current,
    kill,
    within,
)
from proofs.simulation.stores import StoreTrouble, UnsureStore
from storage import Stores
from storage.memory import MemoryBooks, MemoryIntake, MemoryMarks, MemoryReadings

WRITER = 1
WAY = "listener"
ZONE = "Asia/Shanghai"
DAMAGED = "a journal segment is damaged"
OWN_SETTINGS = Settings(influx=InfluxSettings(url="http://127.0.0.1:1"))
"""Readings that lie elsewhere: nothing of DuckDB is looked at."""


def registry_of(gateways: list[str], meters: int) -> Registry:
    """An institution with a building, in which each gateway has some meters and two sensors."""
    points: dict[int, Point] = {}
    found: dict[str, Meter] = {}
    installed = []
    for user in gateways:
        code = user.split("/")[1]
        for number in range(meters):
            id = len(points) + 1
            points[id] = Point(id, user, f"m{number}", Kind.REGISTER, "kWh")
            name = f"{code}-m{number}"
            found[name] = Meter(name, "b", "01000", max_per_hour=Decimal(60))
            installed.append(Installation(name, id))
        for sensor in ("t", "u"):
            id = len(points) + 1
            points[id] = Point(id, user, sensor, Kind.INSTANT, "C")
    return Registry(
        version=1,
        nodes={
            "o": Node("o", NodeType.INSTITUTION, zone=ZONE),
            "b": Node("b", NodeType.BUILDING),
        },
        space=(SpaceEdge("o", "b"),),
        gateways={user: Gateway(*user.split("/")) for user in gateways},
        meters=found,
        points=points,
        installations=tuple(installed),
    )


@dataclass
class Kept:
    """What outlives every process, by itself: the stores, without the line to them."""

    marks: MemoryMarks = field(default_factory=MemoryMarks)
    readings: MemoryReadings = field(default_factory=MemoryReadings)

    def __post_init__(self) -> None:
        self.intake = MemoryIntake(self.marks)
        self.books = MemoryBooks(self.marks)


class _OnePassword(Credentials):
    """Gateways that there are, with the same password."""

    def __init__(self, users: frozenset[str]) -> None:
        self._users = users

    def verify(self, user: str, password: bytes, now_us: int, tries: Tries = UNCOUNTED) -> bool:
        del now_us, tries
        return user in self._users and password == b"secret"

    def knows(self, user: str) -> bool:
        return user in self._users

    def revoked(self, user: str) -> bool:
        del user
        return False


class JumpingClock:
    """The platform's own, which jumps."""

    def __init__(self, loop: VirtualLoop, base_us: int) -> None:
        self._loop, self._base_us, self._began_s = loop, base_us, loop.time()
        self.jumped_us = 0

    def now_us(self) -> int:
        """What it shows [us]."""
        gone_us = int((self._loop.time() - self._began_s) * 1e6)
        return self._base_us + gone_us + self.jumped_us


@dataclass(frozen=True)
class Lost:
    """Records that were reported lost: of a segment from `first` on, `after` is None where nobody
    can tell how many."""

    segment: int
    first: int
    after: int | None

    def holds(self, place: RecordPlace) -> bool:
        """Whether a record is among them."""
        after = self.after
        inside = place.segment == self.segment and self.first <= place.offset
        return inside and (after is None or place.offset < after)


@dataclass(frozen=True, eq=False)
class WrittenTogether:
    """Records that the journal took together."""

    place: RecordPlace
    """Of the first of them."""
    records: list[Record]
    at_s: float
    process: Process


class SimulatedPlatform:
    """Two processes, the stores, and those who look after them.

    say: takes what happens, for the trace.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        disk: Disk,
        network: Network,
        registry: Registry,
        clock: JumpingClock,
        random: Random,
        faults: Counter[str],
        say: Callable[[str], None],
    ) -> None:
        self.kept = Kept()
        self.registry, self.clock = registry, clock
        self.trouble = StoreTrouble(random, faults, self.pause_sometimes)
        self.root = SimulatedPath(disk.root / "journal")
        self.written: list[WrittenTogether] = []
        """What the journal took."""
        self.lost: list[Lost] = []
        self.troubles: list[str] = []
        """What nobody could mend."""
        self.cut: set[Process] = set()
        """Collectors whose note of the end may have gone with the power."""
        self._unsynced: set[Process] = set()
        """Those of which the next one has not yet made durable where they ended."""
        self.power = True
        self.listener: Listener | None = None
        self.collector: Process | None = None
        self.worker: Process | None = None
        self.loops: list[Loop] = []
        self._loop, self._disk, self._network = loop, disk, network
        self._random, self._faults, self._say = random, faults, say
        self._segment_bytes = random.choice((8_000, 20_000, 80_000))
        self._stop_worker: Any = None
        self._intake_news: threading.Event | None = None
        self._mender: Process | None = None
        self._rebuild_due = False
        """Whether a repair was not yet followed by a rebuild that came to its end."""
        self._failing_since_s: float | None = None
        self._context = copy_context()
        """That of no process."""
        users = frozenset(registry.gateways)
        self._credentials = cast(Credentials, UnsureStore(_OnePassword(users), self.trouble))

    # -- time that things take

    def pause(self) -> None:
        """Around what a disk does: mostly nothing, sometimes long."""
        me, chance = current(self._loop), self._random.random()
        if me is not None and chance < 0.5:
            me.give_way(chance * 0.004 if chance > 0.01 else self._random.uniform(0.05, 0.8))

    def pause_sometimes(self, share: float) -> None:
        """Around what a store does."""
        me = current(self._loop)
        if me is not None and self._random.random() < share:
            me.give_way(self._random.random() * 0.02)

    # -- starting and ending

    def start_collector(self) -> None:
        """Begin to listen."""
        self.collector = process = Process("collector")
        self._unsynced.add(process)
        self._failing_since_s = None
        self._loop.create_task(self._collect(process), context=within(process))

    async def _collect(self, process: Process) -> None:
        try:
            journal = await asyncio.to_thread(
                JournalWriter,
                self.root / WAY,
                WRITER,
                now_us=self.clock.now_us,
                segment_bytes=self._segment_bytes,
            )
        except ConfigurationError as error:
            self._say(f"collector cannot begin: {error.message}")
            self._ended(process)
            return
        journal.append = self._watched(journal.append)  # type: ignore[assignment, method-assign]
        settings = ListenerSettings(
            queue_records=60, share_records=30, commit_records=20, connect_timeout_s=3.0
        )
        listener = Listener(
            journal,
            self._credentials,
            settings,
            CollectorMetrics(CollectorRegistry()),
            now_us=self.clock.now_us,
            serve=self._network.serve,
        )
        await listener.start()
        self.listener, self._journal = listener, journal
        self._say("collector listens")
        self._loop.create_task(self._follow(listener))
        try:
            await listener.crashed()
        except Exception as error:
            self.troubles.append(f"the collector ended: {error!r}")
            self._ended(process)

    async def _follow(self, listener: Listener) -> None:
        while True:
            behind: int | None = None
            try:
                place = self.kept.intake.checkpoint(WRITER)
                behind = await asyncio.to_thread(records_behind, self.root, WRITER, *place)
            except Unavailable:
                pass
            listener.follow(behind)
            await asyncio.sleep(2.0)

    def _watched(self, append: Callable[[Any], RecordPlace]) -> Callable[[Any], RecordPlace]:
        def watched(records: Any) -> RecordPlace:
            place = append(records)
            process = PROCESS.get()
            assert process is not None
            self._unsynced = {process}
            self.written.append(WrittenTogether(place, list(records), self._loop.time(), process))
            self._say(f"journal {place.segment}/{place.offset} +{len(records)}")
            if self._intake_news is not None:
                self._tell(self._intake_news)
            return place

        return watched

    def start_worker(self) -> None:
        """Begin to take in and to book."""
        self.worker = process = Process("worker")
        within(process).run(self._work)

    def _work(self) -> None:
        assembly = self.assembly()
        self._stop_worker = Threading(self._loop).Event()
        stop = cast(threading.Event, self._stop_worker)
        intake_news, ledger_news = (
            cast(threading.Event, Threading(self._loop).Event()) for _ in range(2)
        )
        self._intake_news = intake_news
        work = IntakeWork(assembly, marked=lambda: self._tell(ledger_news))
        intake = Loop(
            "intake",
            work,
            0.5,
            stop,
            self.clock.now_us,
            longest_s=1.0,
            news=intake_news,
            least_s=0.05,
        )
        ledger = Loop(
            "ledger",
            LedgerWork(assembly, clock=lambda: 0.0),  # no step takes any of this world's time
            2.0,
            stop,
            self.clock.now_us,
            longest_s=4.0,
            news=ledger_news,
            least_s=0.2,
        )
        self.loops = [intake, ledger]
        for loop in self.loops:
            loop.start()
        self._say("worker begins")

    def _tell(self, news: threading.Event) -> None:
        """News is no promise: half of it is lost."""
        if self._random.random() < 0.5:
            news.set()
        else:
            self._faults["news_lost"] += 1

    def assembly(self) -> Assembly:
        """The parts of a worker, which knows nothing yet."""
        kept, trouble = self.kept, self.trouble
        readings = cast(ReadingStore, UnsureStore(kept.readings, trouble))
        stores: dict[str, Any] = dict.fromkeys(Stores.__dataclass_fields__)
        for name in ("marks", "intake", "books"):
            stores[name] = UnsureStore(getattr(kept, name), trouble)
        return Assembly(
            settings=OWN_SETTINGS,
            stores=Stores(**stores),
            readings=readings,
            registry=lambda: self.registry,
            journal=JournalReader(self.root),
            now_us=self.clock.now_us,
            owned=readings,
        )

    def kill(self, process: Process | None) -> None:
        """As kill -9 does: nothing of it is tidied up."""
        if process is not None:
            if process.alive:
                self._say(f"killed {process.name}")
            kill(process)

    def cut_worker_off(self) -> None:
        """kill -9 between two changes of the stores."""
        if self.worker is not None:
            self.worker.alive = False
            self._loop.call_soon(self.kill, self.worker, context=self._context)

    def cut_off(self) -> None:
        """Within a write the power goes: from here on nothing on the machine has an effect."""
        for process in (self.collector, self.worker, self._mender):
            if process is not None:
                process.alive = False
        self._loop.call_soon(self.lose_power, context=self._context)

    def lose_power(self) -> None:
        """Everything on the machine is gone, and of its files what was not synced."""
        self._say("power lost")
        for link in list(self._network.links):
            link.break_off(self._random.choice((None, self._random.uniform(1.0, 4.0))), None)
        for process in (self.collector, self.worker, self._mender):
            self.kill(process)
        self.cut.update(self._unsynced)
        self._disk.fuse = None
        self._disk.lose_power()
        self._faults["power_loss"] += 1
        self.power = False
        self._loop.call_later(self._random.uniform(0.2, 3.0), self._power_back)

    def _power_back(self) -> None:
        self.power = True

    async def stop(self) -> None:
        """End both in good order."""
        self._say("stopping")
        collector, listener, worker = self.collector, self.listener, self.worker
        if worker is not None and worker.alive:
            self._stop_worker.set()
            await self._until(lambda: not worker.threads, 60.0, worker)
            self._ended(worker)
        if collector is not None and collector.alive and listener is not None:
            context = within(collector)
            closing = self._loop.create_task(self._close(listener), context=context)
            await self._until(closing.done, 60.0, collector)
        if collector is not None:
            self._ended(collector)

    async def _close(self, listener: Listener) -> None:
        await listener.close()
        await asyncio.to_thread(self._journal.close)

    async def _until(self, ready: Callable[[], bool], most_s: float, process: Process) -> None:
        ends = self._loop.time() + most_s
        while not ready() and process.alive:
            if self._loop.time() > ends:
                self.troubles.append(f"{process.name} does not end when told to")
                return
            await asyncio.sleep(0.1)

    def _ended(self, process: Process) -> None:
        if process.alive:
            kill(process)

    # -- looking after it

    async def look_after(self) -> None:
        """Start again what is gone, and mend what health names; until cancelled."""
        while True:
            if self.power:
                await self._look()
            await asyncio.sleep(0.5)

    async def _look(self) -> None:
        if self.collector is None or not self.collector.alive:
            self.listener = None
            self.start_collector()
        if self.worker is None or not self.worker.alive:
            self.start_worker()
        damaged = any(DAMAGED in loop.state.error for loop in self.loops)
        if damaged or self._rebuild_due:
            await self.mend()
        elif self._fails_for_long():
            self._say("collector fails, is started again")
            self._faults["restart"] += 1
            await self.stop()

    def _fails_for_long(self) -> bool:
        """Whether the journal cannot be written for another reason than a full disk."""
        listener = self.listener
        failure = None if listener is None else listener._reception.failure
        if failure is None or isinstance(failure, StorageFull):
            self._failing_since_s = None
            return False
        if self._failing_since_s is None:
            self._failing_since_s = self._loop.time()
        return self._loop.time() - self._failing_since_s > 5.0

    async def mend(self) -> bool:
        """Stop, `journal verify`, `journal repair`, `rebuild`; whether anything was damaged. The
        work is done by a process of its own, which may be killed as any."""
        await self.stop()
        self._mender = process = Process("mender")
        damaged = self._loop.create_task(asyncio.to_thread(self._repair), context=within(process))
        await self._until(damaged.done, 120.0, process)
        if damaged.done() and (error := damaged.exception()) is not None:
            self._say(f"cannot be mended yet: {error!r}")
            if not isinstance(error, (GreenOfficeError, Killed)):
                self.troubles.append(f"the journal's repair fell over: {error!r}")
        self._ended(process)
        return not damaged.done() or damaged.exception() is not None or damaged.result()

    def _lose(self, segment: int, found: CheckedSegment) -> None:
        for fault in found.faults:
            self.lost.append(Lost(segment, fault.first, fault.after))
            self._say(f"lost {found.n} {fault.first} {fault.after} {fault.detail}")

    def _repair(self) -> bool:
        read_to = {WRITER: self.kept.intake.checkpoint(WRITER)}
        broken = [one for one in check_journal(self.root, read_to) if one.faults]
        for one in broken:
            segment = segment_number(WRITER, one.n)
            place = read_to[WRITER]
            own = place[1] if split_segment(place[0])[1] == one.n else 0
            self._lose(segment, one)  # the mender may be killed before it tells of its own look
            self._lose(segment, repair_segment(one.folder, one.n, own)[0])
        if broken:
            self._rebuild_due = True
        if self._rebuild_due:
            self._faults["repaired"] += 1
            assembly = self.assembly()
            self._patiently(assembly.intake.rebuild)
            self._patiently(assembly.ledger.rebuild)
            assembly.journal.close()
            self._rebuild_due = False
        return bool(broken)

    def _patiently(self, work: Callable[[], object]) -> None:
        """A command that a store refuses is typed again; one that new damage refuses ends, and all
        begins anew with a look at the journal."""
        for _ in range(50):
            try:
                work()
            except Unavailable as error:
                if DAMAGED in error.message:
                    raise
                self._say(f"again: {error.message}")
                me = current(self._loop)
                assert me is not None
                me.give_way(1.0)
            else:
                return
        self.troubles.append("a command cannot be brought to its end")

    def is_taken_in(self) -> bool:
        """Whether the intake has read all that the journal holds."""
        if not self.written:
            return True
        last, at = self.written[-1], self.kept.intake.checkpoint(WRITER)
        return at >= (last.place.segment, last.place.offset + len(last.records))
