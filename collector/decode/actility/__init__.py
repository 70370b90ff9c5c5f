"""Reports of Actility's ThingPark.

reports   which report it is, and its uplink
"""

from collector.decode.actility.reports import looks_like, uplinks
from collector.decode.uplink import network_server

ACTILITY = network_server(uplinks, suits=looks_like, aliases=("actility_thingpark", "thingpark"))
