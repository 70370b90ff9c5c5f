"""Telegrams of the wireless M-Bus, as a receiver passes them on (EN 13757-4).

link      checksums, extended link layer       decoder   telegrams as readings
layouts   manufacturers' own forms as rows     makers    those that no row can tell
diehl     what Diehl meters hide
"""

from collector.decode.decoder import Decoder
from collector.decode.mbus.decoder import keyed
from collector.decode.wmbus.decoder import decode, suits

WMBUS = Decoder(decode, configured=keyed(decode), suits=suits, aliases=("wmbus_telegram",))
"""Reading a meter's radio telegram."""
