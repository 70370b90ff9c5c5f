"""Every message as received, durable before it is acknowledged."""

from collector.journal.reader import JournalReader
from collector.journal.record import Kind, Located, Record, RecordPlace
from collector.journal.writer import JournalWriter

__all__ = ["JournalReader", "JournalWriter", "Kind", "Located", "Record", "RecordPlace"]
