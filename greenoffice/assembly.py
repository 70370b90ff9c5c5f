"""The parts of the platform process, put together over the stores of a data folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from collector import JournalReader
from collector.decode import MessageLimits
from collector.intake import Decoding, Intake, IntakeMetrics
from figures import Figures
from greenoffice.folder import DataFolder
from greenoffice.routing import settings_routes
from greenoffice.settings import Settings
from greenoffice.stores import influx_address, open_readings, open_stores
from ledger import Ledger
from metering.errors import Unavailable
from metering.ports import ReadingStore
from metering.registry import Registry
from storage import Stores
from storage.influx import InfluxAddress, check


@dataclass(frozen=True)
class Assembly:
    """Stores and workers of one platform process."""

    settings: Settings
    stores: Stores
    readings: ReadingStore
    registry: Callable[[], Registry]
    journal: JournalReader
    intake: Intake
    ledger: Ledger
    figures: Figures
    """What is told of the books; the API and the look for waste share it."""
    now_us: Callable[[], int]
    influx: InfluxAddress | None = None
    """The server that keeps the readings, where one does."""

    @classmethod
    def open(
        cls, folder: DataFolder, metrics: IntakeMetrics | None = None, *, finishing: str = ""
    ) -> Assembly:
        """Open everything; Unavailable while another process owns the readings. `finishing` is
        the command that may go on where it broke off."""
        settings, now_us = folder.settings(), folder.clock().now_us
        stores, readings = open_stores(folder, finishing=finishing), open_readings(folder)
        registry = stores.registry.load
        journal = JournalReader(folder.journal)
        intake = Intake(
            journal,
            readings,
            stores.intake,
            stores.marks,
            registry,
            now_us,
            limit=settings.intake.batch_messages,
            decoding=decoding(settings),
            metrics=metrics,
        )
        ledger = Ledger(readings, stores.books, stores.marks, registry, now_us)
        return cls(
            settings=settings,
            stores=stores,
            readings=readings,
            registry=registry,
            journal=journal,
            intake=intake,
            ledger=ledger,
            figures=Figures(stores.books, registry, now_us),
            now_us=now_us,
            influx=influx_address(folder),
        )

    def close(self) -> None:
        """Close readings and journal; the SQL stores keep nothing open that must be closed."""
        self.readings.close()
        self.journal.close()


def decoding(settings: Settings) -> Decoding:
    """How messages are read under these settings; ConfigurationError where a route is of no use."""
    limits = MessageLimits(ahead_us=settings.intake.future_tolerance_s * 1_000_000)
    return Decoding(settings_routes(settings), limits=limits)


@dataclass
class IntakeWork:
    """Takes in what the journals hold; knows how much is waiting."""

    assembly: Assembly
    _registry_version: int = -1
    _ends: dict[int, tuple[int, int]] = field(default_factory=dict)

    def __call__(self) -> bool:
        """One batch of every writer; True while there was any. One whose journal cannot be read
        holds up no other; its error comes after their batches."""
        self._replay_after_change()
        busy, failed = False, None
        for writer_no in self.assembly.journal.writers():
            try:
                busy = self._take(writer_no) or busy
            except Unavailable as error:
                failed = error
        if failed is not None:
            raise failed
        return busy

    def _take(self, writer_no: int) -> bool:
        end = self.assembly.journal.end(writer_no)
        if self.assembly.intake.step(writer_no).records:
            return True
        self._ends[writer_no] = end
        return False

    def waiting_messages(self) -> int:
        """Messages journalled and not yet taken in."""
        return sum(self._waiting(writer_no) for writer_no in self.assembly.journal.writers())

    def _waiting(self, writer_no: int) -> int:
        end = self.assembly.journal.end(writer_no)
        if self._ends.get(writer_no) == end:
            return 0
        segment, offset = self.assembly.stores.intake.checkpoint(writer_no)
        return end.offset - offset if segment == end.segment else max(1, end.offset)

    def _replay_after_change(self) -> None:
        version = self.assembly.registry().version
        if version != self._registry_version:
            self.assembly.intake.replay_dead_letters()
            self._registry_version = version


@dataclass
class LedgerWork:
    """Books what is dirty; settles days that have ended; knows when it came to rest."""

    assembly: Assembly
    idle_us: int = 0

    def __call__(self) -> bool:
        """One step; True while there is more to book."""
        began_us = self.assembly.now_us()
        report = self.assembly.ledger.step()
        if report.marks:
            return True
        if self.assembly.stores.marks.waiting() == 0:
            self.idle_us = began_us
        return False


@dataclass
class ReadingsCheck:
    """Looks whether the server of the readings would take and give them; its error is what
    health and the page show. Nothing to look at where readings lie in the folder."""

    assembly: Assembly

    def __call__(self) -> bool:
        """Raises the first problem there is."""
        if self.assembly.influx is not None:
            for problem in check(self.assembly.influx, now_us=self.assembly.now_us()):
                raise problem
        return False
