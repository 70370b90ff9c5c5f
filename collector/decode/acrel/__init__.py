"""Power meters and gateways of Acrel and of other Chinese makers, as they push JSON.

decoder   where time, device and values stand    names   field codes, and what they promise
"""

from collector.decode.acrel.decoder import decode, suits
from collector.decode.decoder import Decoder
from collector.decode.zoned import zoned

ACREL = Decoder(decode, configured=zoned(decode), suits=suits, aliases=("chinese_json",))
