"""All stores of one platform side by side, by their ports.

SQLite or PostgreSQL is a matter of the URL: `storage/sql/engine.py` holds all that differs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from metering.ports import (
    AccessStore,
    BaselineStore,
    BookStore,
    ClosingStore,
    CredentialStore,
    DirtyMarks,
    FindingStore,
    IntakeStore,
    RegistryStore,
    ReportStore,
)
from storage.memory import (
    MemoryAccess,
    MemoryBaselines,
    MemoryBooks,
    MemoryClosings,
    MemoryFindings,
    MemoryIntake,
    MemoryMarks,
    MemoryRegistry,
    MemoryReports,
)
from storage.sql.access import SqlAccess
from storage.sql.baselines import SqlBaselines
from storage.sql.books import SqlBooks
from storage.sql.closings import SqlClosings
from storage.sql.findings import SqlFindings
from storage.sql.intake import SqlIntake, SqlMarks
from storage.sql.registry import SqlCredentials, SqlRegistry
from storage.sql.reports import SqlReports


@dataclass(frozen=True)
class Stores:
    """What the platform keeps, except the readings."""

    marks: DirtyMarks
    intake: IntakeStore
    books: BookStore
    findings: FindingStore
    baselines: BaselineStore
    reports: ReportStore
    closings: ClosingStore
    registry: RegistryStore
    credentials: CredentialStore
    access: AccessStore
    close: Callable[[], None] = lambda: None
    """Ends the connections that are kept; whoever asks again makes new ones."""


def sql_stores(engine: Engine) -> Stores:
    """All of them in one database."""
    registry = SqlRegistry(engine)
    return Stores(
        marks=SqlMarks(engine),
        intake=SqlIntake(engine),
        books=SqlBooks(engine),
        findings=SqlFindings(engine),
        baselines=SqlBaselines(engine),
        reports=SqlReports(engine),
        closings=SqlClosings(engine),
        registry=registry,
        credentials=SqlCredentials(engine),
        access=SqlAccess(engine, lambda node: _institution(registry, node)),
        close=engine.dispose,
    )


def memory_stores() -> Stores:
    """All of them in memory, wired to each other."""
    marks = MemoryMarks()
    access = MemoryAccess(lambda node: _institution(registry, node))
    registry = MemoryRegistry(access.audit, marks)
    return Stores(
        marks=marks,
        intake=MemoryIntake(marks),
        books=MemoryBooks(marks),
        findings=MemoryFindings(),
        baselines=MemoryBaselines(),
        reports=MemoryReports(),
        closings=MemoryClosings(),
        registry=registry,
        credentials=registry,
        access=access,
    )


def _institution(registry: RegistryStore, node: str) -> str:
    """The institution of a node; '' where there is none."""
    known = registry.load()
    return known.institution(node) if node in known.nodes else ""
