"""Home Assistant: states of its entities, as it publishes them or as devices do for it."""

from collector.decode.decoder import Decoder
from collector.decode.home_assistant.decoder import decode, suits
from collector.decode.zoned import zoned

HOME_ASSISTANT = Decoder(
    decode,
    topics=("homeassistant/#",),
    configured=zoned(decode),
    suits=suits,
    aliases=("homeassistant", "hass"),
    remembers=True,
)
