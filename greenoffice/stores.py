"""Opening the concrete stores of a data folder: the only place that names them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from greenoffice.folder import DataFolder
from metering.access import Role
from metering.ports import RegistryStore
from metering.registry import Registry
from storage import DuckDBReadings, Stores, open_engine, sql_stores


def open_stores(folder: DataFolder) -> Stores:
    """The SQL stores of a data folder, migrated to the present schema."""
    return sql_stores(open_engine(folder.database_url))


def open_readings(folder: DataFolder) -> DuckDBReadings:
    """The readings store; one process at a time."""
    memory = folder.settings().readings_memory_mb
    return DuckDBReadings(folder.readings, memory_limit=f"{memory}MB")


def create_admin_key(folder: DataFolder) -> str:
    """The secret of a new key for the whole platform."""
    from greenoffice.clock import Clock

    return open_stores(folder).access.create_key(
        "admin", "", Role.ADMIN, actor="greenoffice init", now_us=Clock().now_us()
    )


@dataclass
class RegistrySnapshot:
    """The registry as it stands now, loaded again only when its version has risen."""

    store: RegistryStore
    _held: Registry | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> Registry:
        with self._lock:
            if self._held is None or self._held.version != self.store.version():
                self._held = self.store.load()
            return self._held
