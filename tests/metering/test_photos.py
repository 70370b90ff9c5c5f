"""Photographs are kept without what they say beside the picture, and the picture bit by bit."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.errors import InvalidInput
from metering.photos import PNG, bare_photo

SECRET = b"31.2304N 121.4737E of a Phone 15"


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def exif(order: str, orientation: int) -> bytes:
    """EXIF with an orientation and a place."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entries = struct.pack(f"{order}HHII", 0x8825, 4, 1, 60) + struct.pack(
        f"{order}HHIHH", 0x0112, 3, 1, orientation, 0
    )
    head = mark + struct.pack(f"{order}IH", 8, 2)
    return b"Exif\0\0" + head + entries + bytes(4) + SECRET


PICTURE = (
    segment(0xDB, b"\0" + bytes(64))
    + segment(0xC2, b"\x08\0\x01\0\x01\x01\x01\x11\0")
    + segment(0xDA, b"\x01\x01\0\0\x3f\0")
    + b"ab\xff\x00cd\xff\xd0ef"
    + segment(0xC4, b"\0" + bytes(16))
    + segment(0xDA, b"\x01\x01\0\0\x3f\0")
    + b"gh"
)
JFIF = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")


def jpeg(*parts: bytes, after: bytes = b"") -> bytes:
    return b"\xff\xd8" + b"".join(parts) + PICTURE + b"\xff\xd9" + after


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_jpeg_keeps_its_picture_and_how_it_is_turned(order):
    said = [
        segment(0xE1, exif(order, 6)),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
    ]
    said += [segment(0xFE, SECRET), segment(0xED, b"Photoshop 3.0\0" + SECRET)]
    bare = bare_photo(jpeg(JFIF, *said, after=b"\0\0ftypmp42" + SECRET))
    assert SECRET not in bare
    assert bare.endswith(PICTURE + b"\xff\xd9")
    turned = bare[len(b"\xff\xd8" + JFIF) : -len(PICTURE) - 2]
    assert turned.startswith(b"\xff\xe1")
    assert struct.unpack(">HHIH", turned[20:30]) == (0x0112, 3, 1, 6)
    assert bare_photo(bare) == bare


def test_a_jpeg_that_says_nothing_stays_as_it_is():
    plain = jpeg(JFIF, segment(0xE2, b"ICC_PROFILE\0\x01\x01colours"))
    assert bare_photo(plain) == plain
    assert bare_photo(jpeg(segment(0xE1, exif("<", 1)))) == jpeg()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_a_png_keeps_its_picture():
    head, data, end = chunk(b"IHDR", bytes(13)), chunk(b"IDAT", b"pixels"), chunk(b"IEND", b"")
    said = chunk(b"tEXt", SECRET) + chunk(b"eXIf", SECRET) + chunk(b"tIME", bytes(7))
    assert bare_photo(PNG + head + said + data + end + SECRET) == PNG + head + data + end


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
        (b"\0\0\0\x18ftypmif1" + bytes(40), "HEIC"),
        (b"%PDF-1.7", "JPEG nor a PNG"),
        (b"", "JPEG nor a PNG"),
        (jpeg(JFIF)[:-1], "cut off"),
        (jpeg(JFIF)[:30], "cut off"),
        (b"\xff\xd8\xff\xd9", "cut off"),
        (b"\xff\xd8\xff\xe1\xff\xff", "cut off"),
        (PNG + chunk(b"IHDR", bytes(13)), "cut off"),
        (PNG + chunk(b"IHDR", bytes(13))[:-1] + b"x" + chunk(b"IEND", b""), "cut off"),
    ],
)
def test_what_is_no_whole_picture_is_refused_with_what_to_do(content, says):
    with pytest.raises(InvalidInput, match=says) as refused:
        bare_photo(content)
    assert refused.value.field == "photo"
    assert refused.value.fix


@given(st.binary(max_size=300), st.integers(0, 200))
def test_damage_is_refused_or_leaves_a_picture(noise, at):
    whole = jpeg(JFIF, segment(0xE1, exif(">", 3)))
    for content in (whole[:at] + noise + whole[at:], b"\xff\xd8\xff" + noise, PNG + noise):
        try:
            bare = bare_photo(content)
        except InvalidInput:
            continue
        assert bare_photo(bare) == bare
