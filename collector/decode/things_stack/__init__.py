"""Uplinks of The Things Stack, version 3, and of its forerunner.

uplinks   which message it is, and its uplink
"""

from collector.decode.things_stack.uplinks import looks_like, uplinks
from collector.decode.uplink import network_server

THINGS_STACK = network_server(
    uplinks,
    topics=("v3/+/devices/+/#",),
    suits=looks_like,
    aliases=("tts_v3", "ttn_v3", "ttn_v2"),
)
