"""Reports of the national building-energy protocol, both dialects: XML with meters or items."""

from collector.decode.decoder import Decoder
from collector.decode.national.decoder import decode, suits
from collector.decode.zoned import zoned

NATIONAL = Decoder(
    decode,
    topics=("national/v1/+/data",),
    configured=zoned(decode),
    suits=suits,
    aliases=("building_energy",),
)
"""Reading what gateways report to the protocol's server, or post to any other way in."""
