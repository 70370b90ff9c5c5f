"""Shelly: plain texts of the first generation, and the status objects of all later ones.

decoder   which of them a topic is    first   shellies/ID/...    later   NotifyStatus and status/...
"""

from collector.decode.decoder import Decoder
from collector.decode.shelly.decoder import decode, suits

SHELLY = Decoder(
    decode,
    topics=("shellies/#", "+/events/rpc"),
    suits=suits,
)
