"""The national building-energy protocol: gateways connect over TCP, log in and report XML.

    bytes ─▶ frames ─▶ cipher ─▶ documents ─▶ session ─▶ events ─▶ server ─▶ Reception ─▶ journal
                                                  ◀── acknowledgement, once it is durable ◀──┘

dialects    a row for each: markers, order of the MD5, check, what is encrypted
frames      bytes to frames and back, without a socket          crc     their check
cipher      AES-128-CBC of what they carry                      documents   the XML, both ways
session     log-in, heartbeat, reports and what is answered     keys    who may come in
connection  the asyncio edge of one gateway                     server  all of them, one journal
"""

from collector.national.cipher import read_cipher
from collector.national.crc import Crc
from collector.national.dialects import chosen
from collector.national.keys import NationalKey, NationalKeys
from collector.national.server import NationalServer, ServerSettings

__all__ = [
    "Crc",
    "NationalKey",
    "NationalKeys",
    "NationalServer",
    "ServerSettings",
    "chosen",
    "read_cipher",
]
