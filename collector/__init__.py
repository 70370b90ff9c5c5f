"""Receivers, the journal behind them, and the decoders that read it."""

from collector.broker import (
    VERSION_TOPIC,
    BrokerClient,
    ClientHealth,
    ClientSettings,
    told_version,
)
from collector.journal import JournalReader, JournalWriter, Located, Record, RecordPlace
from collector.listener import Listener, ListenerSettings
from collector.metrics import CollectorMetrics
from collector.mqtt import ConnectionLimits
from collector.receiver import Receiver
from collector.reception import ReceiverHealth

__all__ = [
    "VERSION_TOPIC",
    "BrokerClient",
    "ClientHealth",
    "ClientSettings",
    "CollectorMetrics",
    "ConnectionLimits",
    "JournalReader",
    "JournalWriter",
    "Listener",
    "ListenerSettings",
    "Located",
    "Receiver",
    "ReceiverHealth",
    "Record",
    "RecordPlace",
    "told_version",
]
