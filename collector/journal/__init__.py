"""Every message as received, durable before it is acknowledged."""

from collector.journal.behind import records_behind
from collector.journal.checking import CheckedSegment, check_journal, repair_segment
from collector.journal.listing import SegmentListed, list_segments
from collector.journal.reader import JournalReader
from collector.journal.record import Kind, Located, Record, RecordPlace
from collector.journal.writer import JournalWriter

__all__ = [
    "CheckedSegment",
    "JournalReader",
    "JournalWriter",
    "Kind",
    "Located",
    "Record",
    "RecordPlace",
    "SegmentListed",
    "check_journal",
    "list_segments",
    "records_behind",
    "repair_segment",
]
