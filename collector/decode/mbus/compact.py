"""Compact frames: values without their heads, which a signature names (EN 13757-3, CI 79).

The signature is the CRC of the heads. A meter sends them in a full frame now and then; those of
common meters are told here, so that a compact frame is read whatever came before.
"""

from __future__ import annotations

from collections.abc import Mapping

from collector.decode.mbus.octets import unsupported

_POLYNOMIAL = 0x3D65


def crc(octets: bytes) -> int:
    """The 16-bit CRC of EN 13757-4: polynomial 3D65, from 0, inverted."""
    found = 0
    for octet in octets:
        found ^= octet << 8
        for _ in range(8):
            found = (found << 1 ^ (_POLYNOMIAL if found & 0x8000 else 0)) & 0xFFFF
    return found ^ 0xFFFF


_HEADS = (
    "040504FB827504853C04FB82F53C01FD17",
    "426C441301FD17840113C40113840213C40213840313C40313840413C40413840513C40513840613C406"
    "13840713C40713840813046D0413",
    "02F9FF15040604EEFF0704EEFF0804148440148480401402FD17026C426C44064414C44014C480401404"
    "3B0259025D",
    "030643060314426C022D01FF21",
    "030E430E0313426C022D01FF21",
    "040604FF0704FF080414043B0259025D04FF22026C44064414426C",
    "040F04FF0704FF08041484401484804014043B0259025D142D84100F84200F04FF22026C440F4414C440"
    "14C4804014426C",
    "0406041404FF0704FF080259025D023B02FF22026C44064414426C",
    "22691269026905FF0905FF0A02FD17",
    "02FF2004134413615B6167",
    "02FF20041392013BA1015B8101E7FF0F",
    "04FF234413523B06FF1B426C61675167023B04138101E7FF0F",
    "02FF2004134413426C523B615B616751678101E7FF0F06FF1B",
    "02FF2004134413A1015B8101E7FF0F",
    "02FF2004134413615B5167",
    "02FF2004134413",
    "02FF200413523B",
    "04FF2304134413426C023B92013BA2013B06FF1BA1015B91015BA10167",
    "040404843C042B04AB3C",
)
"""Records' heads of full frames: water, flow and heat meters."""


def signature_of(heads: bytes) -> bytes:
    """The signature of records' heads, as it is sent."""
    return crc(heads).to_bytes(2, "little")


FORMATS = {signature_of(heads): heads for heads in map(bytes.fromhex, _HEADS)}
"""Heads by signature."""


def format_of(signature: bytes, learned: Mapping[bytes, bytes]) -> bytes:
    """The heads of a signature, by what was learned from full frames of the same message or by
    the table. Refusal `unsupported` where they are not known."""
    found = learned.get(signature) or FORMATS.get(signature)
    if found is None:
        raise unsupported("a compact frame of an unknown format", "signature", signature.hex())
    return found
