"""Frames of the wired M-Bus, as a level converter passes them on (EN 13757-2 and -3).

octets     hexadecimal text    frame     the link layer     record    DIF, VIF and data
vif        the tables          meaning   names and units    number    data as numbers
fixed      two counters        compact   heads left out     security  keys
application   what a CI field says, for wire and radio
"""

from collector.decode.decoder import Decoder
from collector.decode.mbus.decoder import decode, keyed, suits

MBUS = Decoder(decode, configured=keyed(decode), suits=suits, aliases=("mbus_frame",))
"""Reading an answer of a meter."""
