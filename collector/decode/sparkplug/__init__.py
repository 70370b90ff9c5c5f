"""Sparkplug B 3.0: births and data of edge nodes and their devices.

wire      fields of Protocol Buffers    payload   metrics    decoder   metrics as readings
births    what births say of what follows   rebirth   what a node is asked for them by
"""

from collector.decode.decoder import Decoder
from collector.decode.sparkplug.decoder import NAMESPACE, decode, suits
from collector.decode.sparkplug.rebirth import rebirth, rebirth_topic

__all__ = ["SPARKPLUG", "rebirth", "rebirth_topic"]

SPARKPLUG = Decoder(
    decode,
    topics=(f"{NAMESPACE}/+/+/+", f"{NAMESPACE}/+/+/+/+"),
    suits=suits,
    aliases=("sparkplug_b",),
    remembers=True,
)
"""Reading an edge node."""
