"""Ports: what the platform needs of its stores, each of the size its callers need.

Adapters live in `storage/`. Readings pass as columns, books as packed days; nothing here knows a
database.
"""

from metering.ports.access import AccessStore, ApiKeys, AuditLog
from metering.ports.books import (
    BookAnswers,
    BookDigest,
    BookEvents,
    BookNews,
    BookReader,
    BookRows,
    BookSeries,
    BookState,
    BookStore,
    BookViews,
    BookWriter,
)
from metering.ports.cases import BaselineReader, BaselineStore, CaseReader, FindingStore
from metering.ports.closings import ClosingStore
from metering.ports.intake import (
    ClockKeeper,
    ClockReader,
    DeliveryReader,
    DirtyMarks,
    Doubts,
    EdgeNodeReader,
    IntakeReader,
    IntakeStore,
    Remembering,
    Requests,
    Resending,
    SeenPoints,
    StatementReader,
)
from metering.ports.readings import ReadingReader, ReadingSource, ReadingStore, ReadingWriter
from metering.ports.registry import (
    Credentials,
    CredentialSource,
    CredentialStore,
    RegistryReader,
    RegistryStore,
)
from metering.ports.reports import ReportStore

__all__ = [
    "AccessStore",
    "ApiKeys",
    "AuditLog",
    "BaselineReader",
    "BaselineStore",
    "BookAnswers",
    "BookDigest",
    "BookEvents",
    "BookNews",
    "BookReader",
    "BookRows",
    "BookSeries",
    "BookState",
    "BookStore",
    "BookViews",
    "BookWriter",
    "CaseReader",
    "ClockKeeper",
    "ClockReader",
    "ClosingStore",
    "CredentialSource",
    "CredentialStore",
    "Credentials",
    "DeliveryReader",
    "DirtyMarks",
    "Doubts",
    "EdgeNodeReader",
    "FindingStore",
    "IntakeReader",
    "IntakeStore",
    "ReadingReader",
    "ReadingSource",
    "ReadingStore",
    "ReadingWriter",
    "RegistryReader",
    "RegistryStore",
    "Remembering",
    "ReportStore",
    "Requests",
    "Resending",
    "SeenPoints",
    "StatementReader",
]
