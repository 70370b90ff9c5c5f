"""What a gateway says of its own points, before or beside their readings."""

from collector.decode.about.decoder import decode
from collector.decode.decoder import Decoder

ABOUT = Decoder(decode, topics=("greenoffice/v1/+/+/about",))
"""Reading a self-description."""
