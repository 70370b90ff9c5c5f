"""Any JSON that no family knows, by expressions that say where its readings are.

decoder   expressions of a route, and what they find
"""

from collector.decode.decoder import Decoder
from collector.decode.mapping.decoder import configured, decode

MAPPING = Decoder(decode, configured=configured)
