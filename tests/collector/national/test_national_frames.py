"""Frames of both dialects: what is written reads back, in any pieces; whatever else comes is
refused as no frame, and by no other exception."""

from __future__ import annotations

from binascii import crc_hqx
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.national.cipher import Cipher, Unreadable, read_cipher
from collector.national.crc import Crc
from collector.national.dialects import DIALECTS, Dialect, Marks, chosen
from collector.national.frames import FrameReader, Manner, NationalFrame, NoFrame
from metering.errors import ConfigurationError

MOST = 4_096
MANNERS = [
    Manner(one, marks, order)
    for one in DIALECTS.values()
    for marks in one.marks
    for order in ("little", "big")
    if order == one.length_order
]
BOTH = tuple(DIALECTS.values())


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


def read(dialects: tuple[Dialect, ...], chunks: list[bytes]) -> list[NationalFrame]:
    reader, found = FrameReader(dialects, MOST), []
    for chunk in chunks:
        reader.feed(chunk)
        while (frame := reader.next()) is not None:
            found.append(frame)
    return found


@given(
    manner=st.sampled_from(MANNERS),
    payloads=st.lists(st.binary(max_size=60), min_size=1, max_size=5),
    number=st.integers(0, 255),
    cuts=st.lists(st.integers(0, 400), max_size=8),
)
def test_frames_read_back_in_any_pieces(
    manner: Manner, payloads: list[bytes], number: int, cuts: list[int]
) -> None:
    sent = [manner.frame(one, number) for one in payloads]
    found = read(BOTH, pieces(b"".join(sent), cuts))
    assert [(one.payload, one.number, one.raw) for one in found] == [
        (payload, number, raw) for payload, raw in zip(payloads, sent, strict=True)
    ]


@given(
    head=st.sampled_from([b"", *(m.marks.head for m in MANNERS)]),
    chunks=st.lists(st.binary(max_size=40), max_size=6),
)
def test_any_bytes_are_frames_a_wait_or_a_refusal(head: bytes, chunks: list[bytes]) -> None:
    with suppress(NoFrame):
        read(BOTH, [head, *chunks])


@pytest.mark.parametrize("manner", MANNERS, ids=lambda one: one.marks.head.hex())
def test_a_length_that_is_too_large_is_refused_before_anything_of_it_comes(manner: Manner) -> None:
    head = manner.frame(b"x", 3)[: len(manner.marks.head) + (manner.dialect.crc is None)]
    with pytest.raises(NoFrame, match="allowed are 4096") as refused:
        read(BOTH, [head + b"\x7f\x7f\x7f\x7f"])
    assert refused.value.too_long


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_of_dialect_a_is_never_taken(place: int, bit: int) -> None:
    manner = MANNERS[0]
    raw = bytearray(manner.frame(b"<root/>" * 3, 7))
    raw[place % len(raw)] ^= 1 << bit
    try:
        assert read((manner.dialect,), [bytes(raw)]) == []
    except NoFrame:
        return


def test_a_length_in_the_other_order_is_understood() -> None:
    little = Manner(DIALECTS["B"], Marks(b"\x1f\x1f"), "little")
    (frame,) = read(BOTH, [little.frame(b"<root/>", 1)])
    assert frame.payload == b"<root/>"


@given(data=st.binary(max_size=50), initial=st.integers(0, 0xFFFF))
def test_the_check_is_that_of_the_polynomial(data: bytes, initial: int) -> None:
    value = initial
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = ((value << 1) ^ (0x8005 if value & 0x8000 else 0)) & 0xFFFF
    assert Crc(0x8005, initial).of(data) == value
    assert Crc(0x1021, initial).of(data) == crc_hqx(data, initial)


@given(data=st.binary(max_size=100))
def test_what_is_encrypted_decrypts_to_itself(data: bytes) -> None:
    cipher = Cipher(b"k" * 16, b"v" * 16)
    locked = cipher.encrypt(data)
    assert len(locked) % 16 == 0
    assert cipher.decrypt(locked) == data
    with pytest.raises(Unreadable):
        cipher.decrypt(locked + b"x")


def test_aes_is_that_of_the_standard() -> None:
    """The first block of the example of CBC in NIST SP 800-38A, F.2.1."""
    key, vector = "2b7e151628aed2a6abf7158809cf4f3c", "000102030405060708090a0b0c0d0e0f"
    cipher = read_cipher(f"{key}\n{vector}")
    assert cipher is not None
    locked = cipher.encrypt(bytes.fromhex("6bc1bee22e409f96e93d7e117393172a"))
    assert locked[:16].hex() == "7649abac8119b246cee98e9b12e9197d"


@pytest.mark.parametrize("text", ["short", "a b c", "x" * 32])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        read_cipher(text)


def test_an_office_has_markers_of_its_own() -> None:
    (own,) = chosen("A", "01020304 05060708", "secret_sequence", Crc(0x8005, 1))
    manner = Manner(own, own.marks[0], "little")
    raw = manner.frame(b"<root/>", 9)
    assert raw.startswith(b"\1\2\3\4")
    assert read((own,), [raw])[0].payload == b"<root/>"
    with pytest.raises(ConfigurationError):
        chosen("A", "0102")
