"""Readings of another process on this machine, over a local socket.

place    where the socket lies, private to its owner
frames   one message: a short header and the raw bytes of columns
server   beside the one that owns the readings; a thread and a cursor for each connection
client   a ReadingReader that reconnects
"""

from storage.served.client import ServedReadings
from storage.served.place import SocketPlace
from storage.served.server import ReadingsServer

__all__ = ["ReadingsServer", "ServedReadings", "SocketPlace"]
