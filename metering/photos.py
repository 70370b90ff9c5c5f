"""Photographs without what they say beside the picture: place, device, time, names.

    JPEG   FF D8 | segments: JFIF, colours, tables ──▶ kept     EXIF, XMP, comments ──▶ left out
                 | picture ──▶ kept, bit by bit                 what follows its end ──▶ left out
    PNG    chunks of the picture ──▶ kept                       texts, EXIF, times ──▶ left out

Of EXIF the orientation alone is kept, without which a picture lies on its side. The picture is not
coded anew: what an auditor sees are the pixels that the camera wrote.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from metering.errors import InvalidInput

JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_HEIF: Final = (b"hei", b"hev", b"mif", b"msf", b"avi")
"""How the brands of pictures in an ISO container begin."""
_PICTURE_CHUNKS: Final = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT")
)
_APP0, _EXIF, _ICC, _ADOBE, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
_SCAN, _END = 0xDA, 0xD9
_ALONE: Final = (0x01, *range(0xD0, 0xD8))
"""Markers without a segment: those between the parts of a scan."""
_ORIENTATION: Final = 0x0112


def bare_photo(content: bytes) -> bytes:
    """A JPEG or PNG without what it says beside the picture; the same of one that says nothing.
    InvalidInput for any other file, and for a picture that is cut off or damaged."""
    if content.startswith(JPEG):
        return b"\xff\xd8" + b"".join(_jpeg_parts(content))
    if content.startswith(PNG):
        return PNG + b"".join(_png_chunks(content))
    if content[4:8] == b"ftyp" and content[8:12].startswith(_HEIF):
        raise InvalidInput(
            "a picture in HEIC, which browsers and auditors cannot open",
            field="photo",
            value="HEIC",
            fix="set the camera to the most compatible format (JPEG), or send a screenshot of it",
        )
    raise InvalidInput(
        "neither a JPEG nor a PNG picture",
        field="photo",
        value=f"{len(content)} bytes",
        fix="take the photo with the camera of the phone, as JPEG",
    )


def _damaged() -> InvalidInput:
    return InvalidInput(
        "the picture is cut off or damaged",
        field="photo",
        value="",
        fix="send it once more, or take it again",
    )


def _jpeg_parts(content: bytes) -> Iterator[bytes]:
    """What is kept after the first two bytes, up to the end of the picture."""
    at, scanned = 2, False
    while True:
        while content[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        if at + 2 > len(content) or content[at] != 0xFF:
            raise _damaged()
        marker = content[at + 1]
        if marker == _END:
            if not scanned:
                raise _damaged()
            yield b"\xff\xd9"
            return
        if marker in _ALONE:
            yield content[at : at + 2]
            at += 2
            continue
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if end < at + 4 or end > len(content):
            raise _damaged()
        yield _segment(marker, content[at:end])
        at = end
        if marker == _SCAN:
            scanned = True
            after = _scan_end(content, at)
            yield content[at:after]
            at = after


def _segment(marker: int, whole: bytes) -> bytes:
    """What of a segment is kept."""
    body = whole[4:]
    if marker == _EXIF:
        return _upright(body[6:]) if body.startswith(b"Exif\0\0") else b""
    if marker == _ICC:
        return whole if body.startswith(b"ICC_PROFILE\0") else b""
    is_ours = marker in (_APP0, _ADOBE) or not (_APP0 <= marker <= 0xEF or marker == _COMMENT)
    return whole if is_ours else b""


def _scan_end(content: bytes, at: int) -> int:
    """Where the coded picture from a place on meets the next marker."""
    while (at := content.find(b"\xff", at)) >= 0 and at + 1 < len(content):
        follows = content[at + 1]
        if follows not in (0x00, *_ALONE):
            return at
        at += 2
    raise _damaged()


def _upright(tiff: bytes) -> bytes:
    """A segment of EXIF with nothing but the orientation; b'' where there is none."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return b""
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    if start + 2 > len(tiff):
        return b""
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    for at in range(start + 2, min(start + 2 + 12 * count, len(tiff) - 11), 12):
        tag, kind, many, value = struct.unpack_from(f"{order}HHIH", tiff, at)
        if (tag, kind, many) == (_ORIENTATION, 3, 1) and 2 <= value <= 8:
            entry = struct.pack(">HHIHH", _ORIENTATION, 3, 1, value, 0)
            body = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
            return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    return b""


def _png_chunks(content: bytes) -> Iterator[bytes]:
    """The chunks of the picture, up to its end."""
    at = len(PNG)
    while at + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            break
        chunk = content[at:end]
        if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
            break
        if kind in _PICTURE_CHUNKS:
            yield chunk
        if kind == b"IEND":
            return
        at = end
    raise _damaged()
