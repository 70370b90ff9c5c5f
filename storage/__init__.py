"""The ports of `metering.ports` made real.

readings                      DuckDBReadings (embedded), MemoryReadings
books, registry, intake ...   open_engine(url) -> sql_stores(engine); memory_stores()
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
from storage.stores import Stores, memory_stores

__all__ = [
    "DuckDBReadings",
    "MemoryAccess",
    "MemoryBooks",
    "MemoryFindings",
    "MemoryIntake",
    "MemoryMarks",
    "MemoryReadings",
    "MemoryRegistry",
    "Stores",
    "memory_stores",
]
