"""ESPHome: one plain text for the state of each component."""

from collector.decode.decoder import Decoder
from collector.decode.esphome.decoder import decode, suits

ESPHOME = Decoder(decode, suits=suits)
