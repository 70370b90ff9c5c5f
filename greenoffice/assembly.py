"""The parts of a process, put together over the stores of a data folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from collector.journal import JournalReader
from greenoffice.folder import DataFolder
from greenoffice.patience import patiently
from greenoffice.settings import Settings
from greenoffice.stores import open_reader, open_readings, open_stores
from metering.clock_repair import by_gateway
from metering.errors import ConfigurationError
from metering.ports import ClockReader, ReadingSource, ReadingStore, ReadingWriter
from metering.quantity import I64
from metering.reading import ReadingColumns
from metering.registry import Registry
from metering.shard import WHOLE, Shard
from storage import Stores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from collector.intake import Decoding, Intake, IntakeMetrics
    from figures import Figures
    from greenoffice.owning import Claim
    from ledger import Ledger


@dataclass(frozen=True)
class Assembly:
    """Stores of a process, and what works over them, which is made when it is first asked for: a
    process loads what it does."""

    settings: Settings
    stores: Stores
    readings: ReadingSource
    registry: Callable[[], Registry]
    journal: JournalReader
    now_us: Callable[[], int]
    owned: ReadingStore | None = None
    """The readings, where this process writes them."""
    metrics: IntakeMetrics | None = None
    claim: Claim | None = None
    shard: Shard = WHOLE
    """What of the books this process makes."""

    @classmethod
    def open(
        cls,
        folder: DataFolder,
        metrics: IntakeMetrics | None = None,
        *,
        finishing: str = "",
        patience_s: float = 0,
        stores: Stores | None = None,
        claim: Claim | None = None,
    ) -> Assembly:
        """As the one who owns the readings; ConfigurationError while another process does, for
        longer than the patience. `finishing` is the command that may go on where it broke off;
        `stores` are opened already; nothing is written under a `claim` that is lost."""
        guard = None if claim is None else claim.guard
        stores = stores or open_stores(folder, finishing=finishing, guard=guard)
        owned = patiently(lambda: open_readings(folder), patience_s)
        return cls._over(folder, stores, owned, owned, metrics, claim)

    @classmethod
    def beside(
        cls, folder: DataFolder, stores: Stores | None = None, shard: Shard = WHOLE
    ) -> Assembly:
        """Beside the one who owns the readings, whether it runs already or not; `stores` are
        opened already, or come later."""
        stores = stores or open_stores(folder)
        return cls._over(folder, stores, open_reader(folder), shard=shard)

    @classmethod
    def at_hand(cls, folder: DataFolder) -> Assembly:
        """As the owner of the readings where nobody is, else beside it."""
        try:
            return cls.open(folder)
        except ConfigurationError:
            return cls.beside(folder)

    @classmethod
    def _over(
        cls,
        folder: DataFolder,
        stores: Stores,
        readings: ReadingSource,
        owned: ReadingStore | None = None,
        metrics: IntakeMetrics | None = None,
        claim: Claim | None = None,
        shard: Shard = WHOLE,
    ) -> Assembly:
        return cls(
            shard=shard,
            settings=folder.settings(),
            stores=stores,
            readings=readings,
            registry=stores.registry.load,
            journal=JournalReader(folder.journal),
            now_us=folder.clock().now_us,
            owned=owned,
            metrics=metrics,
            claim=claim,
        )

    @cached_property
    def intake(self) -> Intake:
        """From the journal to readings; only for the one who owns these."""
        from collector.intake import Intake

        assert self.owned is not None
        written: ReadingWriter = self.owned
        if self.claim is not None:
            written = ClaimedWriter(written, self.claim.check)
        return Intake(
            self.journal,
            written,
            self.stores.intake,
            self.stores.marks,
            self.registry,
            self.now_us,
            limit=self.settings.intake.batch_messages,
            decoding=decoding(self.settings),
            metrics=self.metrics,
        )

    @cached_property
    def ledger(self) -> Ledger:
        """From readings to the books."""
        from ledger import Ledger

        return Ledger(
            self.readings,
            self.stores.books,
            self.stores.marks,
            self.registry,
            self.now_us,
            shard=self.shard,
        )

    @cached_property
    def figures(self) -> Figures:
        """What is told of the books; the API and the look for waste share it."""
        from figures import Figures

        return Figures(self.stores.books, self.registry, self.now_us, self.stores.registry.load)

    def close(self) -> None:
        """Close readings and journal, and end the connections to the database."""
        self.readings.close()
        self.journal.close()
        self.stores.close()


class ClaimedWriter(ReadingWriter):
    """Readings that are written as long as `check` does not refuse: a server of readings does not
    know who owns them, and would let a former owner put an old value in the place of a newer."""

    def __init__(self, written: ReadingWriter, check: Callable[[], None]) -> None:
        self._written = written
        self._check = check
        self.lands_late = written.lands_late

    def may_hold(self, point: I64, time_us: I64) -> NDArray[np.bool_]:
        return self._written.may_hold(point, time_us)

    def existing(self, point: I64, time_us: I64) -> ReadingColumns:
        return self._written.existing(point, time_us)

    def upsert(self, rows: ReadingColumns) -> None:
        self._check()
        self._written.upsert(rows)

    def drop(self, rows: ReadingColumns) -> None:
        self._check()
        self._written.drop(rows)

    def forget(self, segments: Sequence[int]) -> None:
        self._check()
        self._written.forget(segments)


def decoding(settings: Settings) -> Decoding:
    """How messages are read under these settings; ConfigurationError where a route is of no use."""
    from collector.decode import MessageLimits
    from collector.intake import Decoding
    from greenoffice.routing import settings_routes

    limits = MessageLimits(ahead_us=settings.intake.future_tolerance_s * 1_000_000)
    return Decoding(settings_routes(settings), limits=limits)


def decoding_by_clocks(settings: Settings, clocks: ClockReader) -> Decoding:
    """The same, by what is decided of the clocks of gateways now."""
    found = decoding(settings)
    found.repair_clocks(by_gateway(clocks.clock_repairs()))
    return found
