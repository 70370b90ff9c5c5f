"""The ports of `metering.ports` made real.

readings                      DuckDBReadings (embedded), MemoryReadings; `storage.influx` (a server)
books, registry, intake ...   open_engine(url) -> sql_stores(engine); memory_stores()
backups of all of them        `storage.backup`
"""

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
