"""Receivers, the journal behind them, and the decoders that read it."""

from collector.broker import BrokerClient, ClientHealth, ClientSettings
from collector.journal import JournalReader, JournalWriter, Located, Place, Record
from collector.listener import Listener, ListenerSettings
from collector.metrics import CollectorMetrics
from collector.mqtt import Limits
from collector.receiver import Receiver
from collector.reception import ReceiverHealth

__all__ = [
    "BrokerClient",
    "ClientHealth",
    "ClientSettings",
    "CollectorMetrics",
    "JournalReader",
    "JournalWriter",
    "Limits",
    "Listener",
    "ListenerSettings",
    "Located",
    "Place",
    "Receiver",
    "ReceiverHealth",
    "Record",
]
