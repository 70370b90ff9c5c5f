"""The platform's own payload: a batch of readings as JSON.

payload   what it is, and reading one that is right    schema    the published JSON schema of it
salvage   reading one that is not, piece by piece
"""

from collector.decode.decoder import Decoder
from collector.decode.message import Incoming
from collector.decode.native.payload import decode, plain
from collector.topics import HTTP_ROUTE


def _suits(incoming: Incoming) -> bool:
    return plain(incoming.payload) is not None


NATIVE = Decoder(
    decode,
    topics=("greenoffice/v1/+/+/readings", HTTP_ROUTE, f"{HTTP_ROUTE}/+/+"),
    plain=plain,
    suits=_suits,
)
