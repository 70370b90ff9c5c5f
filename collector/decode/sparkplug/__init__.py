"""Sparkplug B 3.0: births and data of edge nodes and their devices.

wire      fields of Protocol Buffers    payload   metrics    decoder   metrics as readings
births    what births say of what follows
"""

from collector.decode.decoder import Decoder
from collector.decode.sparkplug.decoder import NAMESPACE, decode, suits

SPARKPLUG = Decoder(
    decode,
    topics=(f"{NAMESPACE}/+/+/+", f"{NAMESPACE}/+/+/+/+"),
    suits=suits,
    aliases=("sparkplug_b",),
    remembers=True,
)
"""Reading an edge node."""
