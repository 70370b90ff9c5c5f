"""A gateway's status: a JSON object, without readings."""

from collector.decode.decoder import Decoder
from collector.decode.status.decoder import decode

STATUS = Decoder(decode, topics=("greenoffice/v1/+/+/status",))
