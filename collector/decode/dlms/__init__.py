"""Pushes of DLMS/COSEM meters: data notifications in HDLC, the wrapper or bare.

frame     what carries them    cipher    what hides them     axdr     nested data
objects   values by code       decoder   values as readings  blocks   in several parts
kaifa     lists without codes  options   keys and names
"""

from collector.decode.decoder import Decoder
from collector.decode.dlms.decoder import configured, decode, suits

DLMS = Decoder(decode, configured=configured, suits=suits, aliases=("dlms_push",))
"""Reading a push."""
