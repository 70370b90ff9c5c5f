"""Receivers, the journal behind them, and the decoders that read it."""

from collector.guard import Credentials
from collector.journal import JournalReader, JournalWriter, Located, Place, Record
from collector.listener import Health, Listener, ListenerSettings
from collector.metrics import CollectorMetrics
from collector.mqtt import Limits

__all__ = [
    "CollectorMetrics",
    "Credentials",
    "Health",
    "JournalReader",
    "JournalWriter",
    "Limits",
    "Listener",
    "ListenerSettings",
    "Located",
    "Place",
    "Record",
]
