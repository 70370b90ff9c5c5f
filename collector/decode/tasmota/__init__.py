"""Tasmota: what a device tells of its sensors and its state.

decoder   topics, times and what is no measurement    units   what its names promise
"""

from collector.decode.decoder import Decoder
from collector.decode.tasmota.decoder import decode, suits
from collector.decode.zoned import zoned

TASMOTA = Decoder(
    decode,
    topics=("tele/+/SENSOR", "tele/+/STATE", "stat/+/STATUS8", "stat/+/STATUS10"),
    configured=zoned(decode),
    suits=suits,
)
