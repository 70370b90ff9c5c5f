"""Events of ChirpStack, of which uplinks are measurements.

events   which event a message is, and its uplinks
"""

from collector.decode.chirpstack.events import looks_like, uplinks
from collector.decode.uplink import network_server

CHIRPSTACK = network_server(
    uplinks,
    topics=("application/+/device/+/event/+", "application/+/device/+/rx"),
    suits=looks_like,
    aliases=("chirpstack_v3", "chirpstack_v4"),
)
