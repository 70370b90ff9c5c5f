"""What a person stated: a statement, and the readings that it comes to.

payload    reading one    writing    making one
"""

from collector.decode.decoder import Decoder
from collector.decode.entered.payload import decode
from collector.decode.entered.writing import payload_of

TOPIC = "greenoffice/entered"
"""Not of a gateway: the record says whose points its readings are."""

ENTERED = Decoder(decode, topics=(TOPIC,))

__all__ = ["ENTERED", "TOPIC", "payload_of"]
