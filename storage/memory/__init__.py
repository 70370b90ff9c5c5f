"""Every store in memory: for tests, and for trying things out. They obey the same contracts
as the real ones and forget when the process ends."""

from storage.memory.baselines import MemoryBaselines
from storage.memory.books import MemoryBooks
from storage.memory.closings import MemoryClosings
from storage.memory.findings import MemoryFindings
from storage.memory.intake import MemoryIntake, MemoryMarks
from storage.memory.readings import MemoryReadings
from storage.memory.registry import MemoryAccess, MemoryRegistry
from storage.memory.reports import MemoryReports

__all__ = [
    "MemoryAccess",
    "MemoryBaselines",
    "MemoryBooks",
    "MemoryClosings",
    "MemoryFindings",
    "MemoryIntake",
    "MemoryMarks",
    "MemoryReadings",
    "MemoryRegistry",
    "MemoryReports",
]
