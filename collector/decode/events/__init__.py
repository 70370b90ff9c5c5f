"""What happens to a gateway, and what it answers."""

from collector.decode.decoder import Decoder
from collector.decode.events.decoder import decode

EVENTS = Decoder(decode, topics=("greenoffice/v1/+/+/events",))
"""Reading answers to requests; all else is kept."""
