"""The ports of `metering.ports` made real.

readings                      DuckDBReadings (embedded), MemoryReadings; `storage.influx` (a
                              server); `storage.served` (another process's, over a socket)
books, registry, intake ...   open_engine(url) -> sql_stores(engine); memory_stores()
backups of all of them        `storage.backup`

A name is loaded when it is first asked for: a process carries the engines that it works with.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.duckdb_readings import DuckDBReadings
    from storage.memory import (
        MemoryAccess,
        MemoryBooks,
        MemoryFindings,
        MemoryIntake,
        MemoryMarks,
        MemoryReadings,
        MemoryRegistry,
    )
    from storage.sql.access import SqlAccess
    from storage.sql.books import SqlBooks
    from storage.sql.engine import open_engine
    from storage.sql.findings import SqlFindings
    from storage.sql.intake import SqlIntake, SqlMarks
    from storage.sql.migrate import Schema
    from storage.sql.registry import SqlCredentials, SqlRegistry
    from storage.stores import Stores, memory_stores, sql_stores

__all__ = [
    "DuckDBReadings",
    "MemoryAccess",
    "MemoryBooks",
    "MemoryFindings",
    "MemoryIntake",
    "MemoryMarks",
    "MemoryReadings",
    "MemoryRegistry",
    "Schema",
    "SqlAccess",
    "SqlBooks",
    "SqlCredentials",
    "SqlFindings",
    "SqlIntake",
    "SqlMarks",
    "SqlRegistry",
    "Stores",
    "memory_stores",
    "open_engine",
    "sql_stores",
]

_HOMES = {
    "DuckDBReadings": "storage.duckdb_readings",
    "MemoryAccess": "storage.memory",
    "MemoryBooks": "storage.memory",
    "MemoryFindings": "storage.memory",
    "MemoryIntake": "storage.memory",
    "MemoryMarks": "storage.memory",
    "MemoryReadings": "storage.memory",
    "MemoryRegistry": "storage.memory",
    "Schema": "storage.sql.migrate",
    "SqlAccess": "storage.sql.access",
    "SqlBooks": "storage.sql.books",
    "SqlCredentials": "storage.sql.registry",
    "SqlFindings": "storage.sql.findings",
    "SqlIntake": "storage.sql.intake",
    "SqlMarks": "storage.sql.intake",
    "SqlRegistry": "storage.sql.registry",
    "Stores": "storage.stores",
    "memory_stores": "storage.stores",
    "open_engine": "storage.sql.engine",
    "sql_stores": "storage.stores",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)
