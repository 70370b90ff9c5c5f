"""SenML: packs of records in JSON or CBOR.

decoder   records resolved against their bases    form   both ways of writing them
"""

from collector.decode.decoder import Decoder
from collector.decode.senml.decoder import decode, suits

SENML = Decoder(decode, suits=suits)
