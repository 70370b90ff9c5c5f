"""Decoders: a message in, readings as columns out. Pure, without registry or clock.

Each has a folder of its name: the decoder, a README that says what it takes, and golden cases.
`DECODERS` is the one table of them.

quantity   what devices say, made readings
values     numbers, states and times     zoned       the option of a time zone
message    what a decoder is given and returns      decoder     a row of the table
instant    times as gateways write them             json_object a payload that is one object
uplink     what LoRaWAN devices say, in any wrapping
"""

from collector.decode.about import ABOUT
from collector.decode.acrel import ACREL
from collector.decode.actility import ACTILITY
from collector.decode.chirpstack import CHIRPSTACK
from collector.decode.csv_lines import CSV_LINES
from collector.decode.decoder import Decode, Decoder
from collector.decode.dlms import DLMS
from collector.decode.entered import ENTERED
from collector.decode.esphome import ESPHOME
from collector.decode.events import EVENTS
from collector.decode.home_assistant import HOME_ASSISTANT
from collector.decode.journal_only import JOURNAL_ONLY
from collector.decode.loaded import LOADED
from collector.decode.lorawan_bytes import LORAWAN_BYTES
from collector.decode.lorawan_http import LORAWAN_HTTP
from collector.decode.loriot import LORIOT
from collector.decode.mapping import MAPPING
from collector.decode.mbus import MBUS
from collector.decode.message import Decoded, Incoming, MessageLimits, Problem, Refusal
from collector.decode.national import NATIONAL
from collector.decode.native import NATIVE
from collector.decode.senml import SENML
from collector.decode.shelly import SHELLY
from collector.decode.sparkplug import SPARKPLUG
from collector.decode.status import STATUS
from collector.decode.tasmota import TASMOTA
from collector.decode.things_stack import THINGS_STACK
from collector.decode.thingsboard import THINGSBOARD
from collector.decode.wmbus import WMBUS
from collector.decode.zigbee2mqtt import ZIGBEE2MQTT

__all__ = [
    "DECODERS",
    "Decode",
    "Decoded",
    "Decoder",
    "Incoming",
    "MessageLimits",
    "Problem",
    "Refusal",
]

DECODERS: dict[str, Decoder] = {
    "native": NATIVE,
    "status": STATUS,
    "about": ABOUT,
    "events": EVENTS,
    "journal_only": JOURNAL_ONLY,
    "entered": ENTERED,
    "loaded": LOADED,
    "chirpstack": CHIRPSTACK,
    "things_stack": THINGS_STACK,
    "actility": ACTILITY,
    "loriot": LORIOT,
    "lorawan_bytes": LORAWAN_BYTES,
    "lorawan_http": LORAWAN_HTTP,
    "mbus": MBUS,
    "wmbus": WMBUS,
    "tasmota": TASMOTA,
    "shelly": SHELLY,
    "zigbee2mqtt": ZIGBEE2MQTT,
    "esphome": ESPHOME,
    "home_assistant": HOME_ASSISTANT,
    "thingsboard": THINGSBOARD,
    "senml": SENML,
    "acrel": ACREL,
    "csv_lines": CSV_LINES,
    "national": NATIONAL,
    "mapping": MAPPING,
    "sparkplug": SPARKPLUG,
    "dlms": DLMS,
}
"""Every decoder by the name that a route gives it, which is that of its folder."""
