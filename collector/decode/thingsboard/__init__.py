"""ThingsBoard: telemetry as devices and gateways send it to that platform."""

from collector.decode.decoder import Decoder
from collector.decode.thingsboard.decoder import decode, suits
from collector.decode.zoned import zoned

THINGSBOARD = Decoder(
    decode,
    topics=("v1/devices/me/telemetry", "v1/gateway/telemetry"),
    configured=zoned(decode),
    suits=suits,
)
