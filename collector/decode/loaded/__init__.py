"""Readings of a table that somebody loaded.

payload    reading a part of it    writing    making one
"""

from collector.decode.decoder import Decoder
from collector.decode.loaded.payload import decode
from collector.decode.loaded.writing import LoadedPart, payload_of

TOPIC = "greenoffice/loaded"
"""Not of a gateway: the record says whose points its readings are."""

LOADED = Decoder(decode, topics=(TOPIC,))

__all__ = ["LOADED", "TOPIC", "LoadedPart", "payload_of"]
