"""What a LoRaWAN device sent, without any wrapping.

bare   bytes, and the options that say whose they are
"""

from collector.decode.lorawan_bytes.bare import LORAWAN_BYTES

__all__ = ["LORAWAN_BYTES"]
