"""Messages of LORIOT.

messages   which one it is, and its uplink
"""

from collector.decode.loriot.messages import looks_like, uplinks
from collector.decode.uplink import network_server

LORIOT = network_server(uplinks, suits=looks_like)
