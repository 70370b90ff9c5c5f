"""The intake's side: what the journals hold becomes readings, which other processes are served."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from prometheus_client import Gauge

from collector.intake import IntakeMetrics
from greenoffice.asking import ASK_S, AskingWork
from greenoffice.assembly import Assembly
from greenoffice.backing_up import BackupWork
from greenoffice.complete import check_complete
from greenoffice.folder import DataFolder
from greenoffice.heartbeat import REFUSED, TAKEN
from greenoffice.loops import Loop
from greenoffice.news import News
from greenoffice.owning import Claim
from greenoffice.patience import BUSY_PATIENCE_S
from greenoffice.receivers import telling_writers
from greenoffice.stores import influx_address
from greenoffice.working import Details, WorkLoops
from metering.errors import Damaged, Unavailable
from storage import Stores

if TYPE_CHECKING:
    from storage import DuckDBReadings


ROUNDS = 100
LOOK_S = 1.0
"""How often the journal is looked at where no news comes: that costs the database nothing [s]."""
LEAST_S = 0.05
"""What the journal takes within it is taken in together [s]."""
UNTOLD_S = 0.1
"""The same as `LOOK_S` where other processes cannot tell anything [s]."""
REGISTRY_US = 5_000_000
"""How often the registry is looked at where no news of it comes."""


@dataclass
class IntakeWork:
    """Takes in what the journals hold."""

    assembly: Assembly
    news: News | None = None
    """Tells of changes of the registry, which is asked each time where there is none."""
    marked: Callable[[], None] = lambda: None
    """Called when there may be something to book."""
    doubtful_writes: int = 0
    """Writes of readings that may still be done, as of the last call."""
    _registry_version: int = -1
    _asked_us: int = 0
    _checked: bool = False
    _damage: Damaged | None = None

    def __call__(self) -> bool:
        """One batch of every writer; True while there was any. One whose journal cannot be read
        holds up no other: its error comes after what the others have, up to `ROUNDS` batches."""
        try:
            return self._work()
        finally:
            self.doubtful_writes = self.assembly.intake.doubtful_writes

    def _work(self) -> bool:
        self._replay_after_change()
        self._check_once()
        busy, failed = self._round()
        for _ in range(ROUNDS):
            if failed is None or not busy:
                break
            busy, failed = self._round()
        if failed is not None:
            raise failed
        intake = self.assembly.intake
        looked = intake.look(waits=busy) or intake.reread() or intake.move()
        if looked:
            self.marked()
        return busy or looked

    def _round(self) -> tuple[bool, Unavailable | None]:
        busy, failed = False, None
        for writer_no in self.assembly.journal.writers():
            try:
                if self.assembly.intake.step(writer_no).records:
                    busy = True
                    self.marked()
            except Unavailable as error:
                failed = error
        return busy, failed

    def _check_once(self) -> None:
        """Damaged, now and ever after, where the readings lack what was taken in. Asked once dead
        letters of before are taken in, which a look at the journal could not tell from a loss."""
        if not self._checked:
            try:
                check_complete(self.assembly)
            except Damaged as damage:
                self._damage = damage
            self._checked = True
        if self._damage is not None:
            raise self._damage

    def _replay_after_change(self) -> None:
        if not self._asks_registry():
            return
        version = self.assembly.registry().version
        if version != self._registry_version:
            self.assembly.intake.replay_dead_letters()
            self._registry_version = version
            self.marked()
        self.assembly.intake.look_at_clocks()
        while self.assembly.intake.replay_asked():
            self.marked()
        self._asked_us = self.assembly.now_us()

    def _asks_registry(self) -> bool:
        """Whether news has come of it, or it was not asked for long: the news may be lost."""
        if self.news is None or self._registry_version < 0:
            return True
        told = self.news.registry.is_set()
        self.news.registry.clear()
        return told or abs(self.assembly.now_us() - self._asked_us) >= REGISTRY_US


@dataclass
class ReadingsCheck:
    """Looks whether the server of the readings would take and give them, or whether their file is
    as long as it was written; its error is what health and the page show."""

    folder: DataFolder
    file: DuckDBReadings | None = None

    def __call__(self) -> bool:
        """Raises the first problem there is."""
        if address := influx_address(self.folder):
            from storage.influx import check

            soon = replace(address, connect_s=2.0, answer_s=3.5, patience_s=1.0)
            for problem in check(soon, now_us=self.folder.clock().now_us()):
                raise problem
        if self.file is not None:
            self.file.check_length()
        return False


@contextlib.contextmanager
def owned(
    folder: DataFolder, metrics: IntakeMetrics, stores: Stores, claim: Claim
) -> Iterator[Assembly]:
    """The parts of the process that owns the readings from here to the end, and serves them where
    they lie in the folder. ConfigurationError where another process has them and keeps them."""
    assembly = Assembly.open(
        folder, metrics, patience_s=BUSY_PATIENCE_S, stores=stores, claim=claim
    )
    with contextlib.closing(assembly), serving(folder, assembly):
        yield assembly


@contextlib.contextmanager
def serving(folder: DataFolder, assembly: Assembly) -> Iterator[None]:
    """Answer other processes of this machine from the readings, where they lie in the folder."""
    server = None
    try:
        if file := _file(assembly):
            from storage.served import ReadingsServer, SocketPlace

            server = ReadingsServer(file, SocketPlace(folder.readings_socket))
            server.start()
        yield
    finally:
        if server is not None:
            server.close()


def intake_work(
    folder: DataFolder,
    assembly: Assembly,
    stop: threading.Event,
    news: News,
    marked: Callable[[], None],
) -> WorkLoops:
    """The intake's loops, the one that asks gateways for what is missing, and the one that takes
    backups where the readings lie in the folder.
    `marked` is called when there may be something to book."""
    now_us, file, work = assembly.now_us, _file(assembly), IntakeWork(assembly, news, marked)
    intake = Loop(
        "intake",
        work,
        LOOK_S if news.comes else UNTOLD_S,
        stop,
        now_us,
        longest_s=1.0,
        news=news.intake,
        least_s=LEAST_S,
    )
    looks_s = 5.0 if file is None else 20.0  # a server can go away, a file seldom does
    mqtt, store = assembly.settings.mqtt, assembly.stores.intake
    asking = AskingWork(store, telling_writers(), now_us, mqtt.resend_after_s, mqtt.resend_tries)
    beside = [Loop("asking", asking, ASK_S, stop, now_us)]
    if file:
        beside.append(Loop("backup", BackupWork(folder, file), 1.0, stop, now_us))
    return WorkLoops(
        {
            "intake": intake,
            "readings": Loop("readings", ReadingsCheck(folder, file), looks_s, stop, now_us),
        },
        gauge=lambda counters: Gauge(
            "greenoffice_intake_loop_ok", "1 while its work succeeds", ["loop"], registry=counters
        ),
        beside=beside,
        details=lambda: _details(work),
    )


def _details(work: IntakeWork) -> Details:
    """What is told beside errors; of doubt where a server has the readings."""
    assembly = work.assembly
    taken = {"intake": {TAKEN: _taken(assembly), REFUSED: _refused(assembly)}}
    if not work.assembly.settings.influx.url:
        return taken
    return {**taken, "readings": {"doubtful_writes": work.doubtful_writes}}


def _refused(assembly: Assembly) -> dict[str, object]:
    """Notices for gateways, which the collector brings to them, and whose numbers they have."""
    refusals = assembly.intake.refusals
    return {"run": refusals.run, "notices": [asdict(one) for one in refusals.told()]}


def _taken(assembly: Assembly) -> dict[str, tuple[int, int]]:
    """Places by writer; none where they cannot be had now."""
    place = assembly.intake.place
    with contextlib.suppress(Unavailable):
        return {str(writer): place(writer) for writer in assembly.journal.writers()}
    return {}


def _file(assembly: Assembly) -> DuckDBReadings | None:
    """The readings, where they are a file of this process."""
    if assembly.settings.influx.url:
        return None
    from storage import DuckDBReadings

    assert isinstance(assembly.owned, DuckDBReadings)
    return assembly.owned
