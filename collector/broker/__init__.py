"""Receiving as a client of a broker that an office already runs.

client     the receiver: one thread that connects, takes, acknowledges and tries again
link       one connection, packet by packet        records    messages to journal records
leaving    a receiver that is no more to be, and its session
settings   which broker, and how                   problems   what can be wrong, with its fix
health     how the client is                       metrics    what is counted beside
version    which broker it says it is
"""

from collector.broker.client import BrokerClient
from collector.broker.health import ClientHealth
from collector.broker.settings import ClientSettings
from collector.broker.version import TOPIC as VERSION_TOPIC
from collector.broker.version import told_version

__all__ = ["VERSION_TOPIC", "BrokerClient", "ClientHealth", "ClientSettings", "told_version"]
