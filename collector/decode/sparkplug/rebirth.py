"""The command by which an edge node is asked for its births.

    spBv1.0/G/NCMD/N    timestamp, one metric: Node Control/Rebirth, boolean, true

[Sparkplug 3.0, 6.4.19: NCMD, 5.6 and 5.7: rebirth]
"""

from __future__ import annotations

from collector.decode.sparkplug.payload import BOOLEAN

_REBIRTH = b"Node Control/Rebirth"


def rebirth_topic(node: str) -> str:
    """The topic of a node's commands. node: group and node, `G/N`."""
    group, _, name = node.partition("/")
    return f"spBv1.0/{group}/NCMD/{name}"


def rebirth(now_us: int) -> bytes:
    """The payload; now_us: when it is asked [us UTC]."""
    time = _whole(1, now_us // 1000)
    metric = _bytes(1, _REBIRTH) + _whole(3, now_us // 1000) + _whole(4, BOOLEAN) + _whole(14, 1)
    return time + _bytes(2, metric)


def _whole(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
