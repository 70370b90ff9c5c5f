"""All stores of one platform side by side, by their ports.

Where the next adapters go: readings in InfluxDB as `storage/influx_readings.py`, a ReadingStore
beside `duckdb_readings.py`; PostgreSQL through `storage/sql/` as it is, by its URL.
"""

from __future__ import annotations

from dataclasses import dataclass

from metering.ports import (
    AccessStore,
    BookStore,
    Credentials,
    DirtyMarks,
    FindingStore,
    IntakeStore,
    RegistryStore,
)
from storage.memory import (
    MemoryAccess,
    MemoryBooks,
    MemoryFindings,
    MemoryIntake,
    MemoryMarks,
    MemoryRegistry,
)


@dataclass(frozen=True)
class Stores:
    """What the platform keeps, except the readings."""

    marks: DirtyMarks
    intake: IntakeStore
    books: BookStore
    findings: FindingStore
    registry: RegistryStore
    credentials: Credentials
    access: AccessStore


def memory_stores() -> Stores:
    """All of them in memory, wired to each other."""
    marks = MemoryMarks()

    def institution_of(node: str) -> str:
        known = registry.load()
        return known.institution(node) if node in known.nodes else ""

    access = MemoryAccess(institution_of)
    registry = MemoryRegistry(access.audit)
    return Stores(
        marks=marks,
        intake=MemoryIntake(marks),
        books=MemoryBooks(marks),
        findings=MemoryFindings(),
        registry=registry,
        credentials=registry,
        access=access,
    )
