"""Receivers, the journal behind them, and the decoders that read it."""

from collector.journal import JournalReader, JournalWriter, Located, Place, Record

__all__ = ["JournalReader", "JournalWriter", "Located", "Place", "Record"]
