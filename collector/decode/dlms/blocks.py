"""Pushes that come in blocks: general-block-transfer (IEC 62056-5-3).

    E0 | block control 1 | number 2 | number acknowledged 2 | length | part of the data

A message that holds all blocks of a push is put together; what is asked for again, or comes in
another message, is not looked for.
"""

from __future__ import annotations

from collector.decode.dlms.axdr import AxdrReader
from collector.decode.mbus.octets import bad_frame

BLOCK = 0xE0
_LAST = 0x80
_HEAD = 5


def joined(octets: bytes) -> bytes:
    """The data that blocks carry, counted from 1 to the last one.

    Raises Refusal `bad_frame` where one is cut or missing, comes twice, or the last is not there.
    """
    reader, found, number = AxdrReader(octets), list[bytes](), 0
    while reader.at < len(octets):
        tag, *head = reader.take(1 + _HEAD)
        number += 1
        told = int.from_bytes(bytes(head[1:3]), "big")
        if tag != BLOCK or told != number:
            raise bad_frame(f"block {number} is missing", "block", told)
        found.append(reader.take(reader.length()))
        if head[0] & _LAST:
            if reader.at != len(octets):
                raise bad_frame("more behind the last block", "byte", reader.at)
            return b"".join(found)
    raise bad_frame("the last block is missing", "block", number)
