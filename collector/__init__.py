"""Receivers, the journal behind them, and the decoders that read it."""

from collector.broker_health import ClientHealth
from collector.broker_settings import ClientSettings
from collector.client_receiver import ClientReceiver
from collector.guard import Credentials
from collector.journal import JournalReader, JournalWriter, Located, Place, Record
from collector.listener import Health, Listener, ListenerSettings
from collector.metrics import CollectorMetrics
from collector.mqtt import Limits
from collector.receiver import Receiver, ReceiverHealth

__all__ = [
    "ClientHealth",
    "ClientReceiver",
    "ClientSettings",
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
    "Receiver",
    "ReceiverHealth",
    "Record",
]
