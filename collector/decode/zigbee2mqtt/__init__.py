"""Zigbee2MQTT: the state of a Zigbee device as its bridge publishes it."""

from collector.decode.decoder import Decoder
from collector.decode.zigbee2mqtt.decoder import decode, suits
from collector.decode.zoned import zoned

ZIGBEE2MQTT = Decoder(
    decode, topics=("zigbee2mqtt/#",), configured=zoned(decode), suits=suits, aliases=("z2m",)
)
