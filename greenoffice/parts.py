"""The parts of the platform process, put together over the stores of a data folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from analytics import look, settle, site_inputs, sites
from collector import JournalReader
from collector.decode import Limits
from collector.intake import Intake, IntakeMetrics, Receiver
from figures import Figures
from greenoffice.folder import DataFolder
from greenoffice.settings import Settings
from greenoffice.stores import influx_address, open_readings, open_stores
from ledger import Ledger
from metering.ports import ReadingStore
from metering.registry import Registry
from storage import Stores
from storage.influx import InfluxAddress, check


@dataclass(frozen=True)
class Parts:
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
    ) -> Parts:
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
            receiver=receiver(settings),
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


def receiver(settings: Settings) -> Receiver:
    """How messages are read under these settings."""
    return Receiver(limits=Limits(ahead_us=settings.intake.future_tolerance_s * 1_000_000))


@dataclass
class IntakeWork:
    """Takes in what the journals hold; knows how much is waiting."""

    parts: Parts
    _registry_version: int = -1
    _ends: dict[int, tuple[int, int]] = field(default_factory=dict)

    def __call__(self) -> bool:
        """One batch of every writer; True while there was any."""
        self._replay_after_change()
        busy = False
        for writer_no in self.parts.journal.writers():
            end = self.parts.journal.end(writer_no)
            if self.parts.intake.step(writer_no).records:
                busy = True
            else:
                self._ends[writer_no] = end
        return busy

    def waiting_messages(self) -> int:
        """Messages journalled and not yet taken in."""
        return sum(self._waiting(writer_no) for writer_no in self.parts.journal.writers())

    def _waiting(self, writer_no: int) -> int:
        end = self.parts.journal.end(writer_no)
        if self._ends.get(writer_no) == end:
            return 0
        segment, offset = self.parts.stores.intake.checkpoint(writer_no)
        return end.offset - offset if segment == end.segment else max(1, end.offset)

    def _replay_after_change(self) -> None:
        version = self.parts.registry().version
        if version != self._registry_version:
            self.parts.intake.replay_dead_letters()
            self._registry_version = version


@dataclass
class LedgerWork:
    """Books what is dirty; settles days that have ended; knows when it came to rest."""

    parts: Parts
    idle_us: int = 0

    def __call__(self) -> bool:
        """One step; True while there is more to book."""
        began_us = self.parts.now_us()
        report = self.parts.ledger.step()
        if report.marks:
            return True
        if self.parts.stores.marks.waiting() == 0:
            self.idle_us = began_us
        return False


@dataclass
class AnalyticsWork:
    """Looks for waste when the ledger has come to rest, and not more often than asked for."""

    parts: Parts
    ledger: LedgerWork
    began_us: int = 0
    findings: int = 0

    def __call__(self) -> bool:
        """One look over all sites, if due."""
        now_us = self.parts.now_us()
        if not self._due(now_us):
            return False
        registry = self.parts.registry()
        found = sum(self._look(site, registry) for site in sites(registry))
        self.began_us, self.findings = now_us, found
        return False

    def _due(self, now_us: int) -> bool:
        """Only what the ledger has finished is looked at, and not more often than asked for."""
        pause_us = self.parts.settings.analytics.interval_s * 1_000_000
        return self.began_us < self.ledger.idle_us and now_us - self.began_us >= pause_us

    def _look(self, site: str, registry: Registry) -> int:
        """Look at a site, all of it at one revision of the books, and record what that changes
        about its cases; how many findings there were."""
        history_days = self.parts.settings.analytics.history_days
        with self.parts.figures.view(registry) as view:
            inputs = site_inputs(view, self.parts.readings, site, history_days=history_days)
            if inputs is None:
                return 0
            seen = look(inputs)
        store = self.parts.stores.findings
        since_us = int(seen.hours_us[0]) if seen.hours_us.size else seen.now_us
        changes = settle(store.known(seen.institution, since_us), seen)
        store.record(changes, now_us=seen.now_us)
        return len(seen.findings)


@dataclass
class ReadingsCheck:
    """Looks whether the server of the readings would take and give them; its error is what
    health and the page show. Nothing to look at where readings lie in the folder."""

    parts: Parts

    def __call__(self) -> bool:
        """Raises the first problem there is."""
        if self.parts.influx is not None:
            for problem in check(self.parts.influx, now_us=self.parts.now_us()):
                raise problem
        return False
