"""Decoders: a message in, readings as columns out. Pure, without registry or clock.

Each has a folder of its name: the decoder, a README that says what it takes, and golden cases.
`DECODERS` is the one table of them.

quantity   what devices say, made readings
message    what a decoder is given and returns      decoder     a row of the table
instant    times as gateways write them             json_object a payload that is one object
"""

from collector.decode.decoder import Decode, Decoder
from collector.decode.dlms import DLMS
from collector.decode.entered import ENTERED
from collector.decode.journal_only import JOURNAL_ONLY
from collector.decode.mbus import MBUS
from collector.decode.message import Decoded, Incoming, MessageLimits, Problem, Refusal
from collector.decode.native import NATIVE
from collector.decode.sparkplug import SPARKPLUG
from collector.decode.status import STATUS
from collector.decode.wmbus import WMBUS

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
    "journal_only": JOURNAL_ONLY,
    "entered": ENTERED,
    "mbus": MBUS,
    "wmbus": WMBUS,
    "sparkplug": SPARKPLUG,
    "dlms": DLMS,
}
"""Every decoder by the name that a route gives it, which is that of its folder."""
