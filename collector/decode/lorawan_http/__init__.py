"""Uplinks as clouds and gateways with a network server of their own pass them on.

exports   finding an uplink under the names that are common for it
"""

from collector.decode.lorawan_http.exports import looks_like, uplinks
from collector.decode.uplink import network_server

LORAWAN_HTTP = network_server(uplinks, suits=looks_like, aliases=("http_vendor",))
