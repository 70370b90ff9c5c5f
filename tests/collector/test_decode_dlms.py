"""Pushes of DLMS/COSEM meters: checksums, damage, and any bytes within a frame."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from hypothesis import given
from hypothesis import strategies as st

from collector.decode import DECODERS, Decoded, Incoming, MessageLimits
from collector.decode.dlms.decoder import UNITS_BY_CODE
from collector.decode.dlms.frame import sound
from collector.decode.mbus.compact import crc
from metering.errors import InvalidInput
from metering.units import UNITS

ENERGY = bytes.fromhex("0203 0906 0100010800FF 06 0012D687 0202 0F01 161E")


def read(payload: bytes, **options: str) -> Decoded:
    incoming = Incoming("m/1", payload, 1_790_000_000_000_000, "s/g")
    return DECODERS["dlms"].reader(options)(incoming, MessageLimits())


def notification(body: bytes) -> bytes:
    return bytes.fromhex("0F4000000100") + body


def wrapped(data: bytes) -> bytes:
    return bytes.fromhex("000100010066") + len(data).to_bytes(2, "big") + data


def test_checksums_are_those_of_their_catalogues() -> None:
    """What CRC-16/IBM-SDLC and CRC-16/EN-13757 make of the digits."""
    assert sound(b"123456789" + (0x906E).to_bytes(2, "little"))
    assert crc(b"123456789") == 0xC2B7


def test_every_unit_is_known() -> None:
    assert {name for name, _ in UNITS_BY_CODE.values()} <= UNITS.keys()


def test_a_value_is_scaled() -> None:
    found = read(wrapped(notification(ENERGY)))
    assert (found.points, found.units, found.values) == (["1-0:1.8.0"], ["Wh"], [12345670.0])


@given(body=st.binary(max_size=120))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    for payload in (notification(body), wrapped(notification(body)), b"\xdb" + body):
        found = read(payload, key="00" * 16)
        assert len(found.values) == len(found.points)


@pytest.mark.parametrize("deep", [b"\x01\x01" * 5_000, b"\x01\x82\xff\xff" + bytes(60_000)])
def test_nesting_and_number_are_bounded(deep: bytes) -> None:
    assert [one.reason for one in read(notification(deep)).problems] == ["bad_frame"]


@given(place=st.integers(0, 10), flip=st.integers(1, 255))
def test_a_frame_whose_length_is_wrong_is_refused(place: int, flip: int) -> None:
    frame = bytearray(wrapped(notification(ENERGY)))
    frame[place] ^= flip
    found = read(bytes(frame))
    assert found.points == [] or place in {2, 3, 4, 5, 9, 10}


@pytest.mark.parametrize("options", [{"key": "12"}, {"colour": "1"}, {"authentication": "x" * 32}])
def test_options_are_a_name_and_keys(options: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        DECODERS["dlms"].reader(options)
    assert refused.value.field == "options"


TITLE = bytes.fromhex("4d4d4d0000bc614e")
FIELDS = (b"\x00" * 7 + b"\x01", TITLE, b"", b"", b"")
KEYS = {1: "000102030405060708090a0b0c0d0e0f", 2: "00112233445566778899aabbccddeeff" * 2}
AUTHENTICATION = {1: "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf", 2: "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf" * 2}
CURVES = {1: ec.SECP256R1(), 2: ec.SECP384R1()}
DIGESTS = {1: hashes.SHA256(), 2: hashes.SHA384()}
PUSH = notification(ENERGY)


def strings(*parts: bytes) -> bytes:
    """Octet strings one behind the other, as A-XDR has them."""
    return b"".join(
        (bytes([len(one)]) if len(one) < 0x80 else b"\x82" + len(one).to_bytes(2, "big")) + one
        for one in parts
    )


def sealed(suite: int, push: bytes, *, fields: bytes = b"", hidden: bool = True) -> bytes:
    """A push under AES-GCM with a tag of 12 bytes."""
    control = suite | 0x10 | (0x20 if hidden else 0)
    counter = b"\x00\x00\x00\x07"
    more = bytes([control]) + bytes.fromhex(AUTHENTICATION[suite]) + fields
    gcm = AESGCM(bytes.fromhex(KEYS[suite]))
    made = gcm.encrypt(TITLE + counter, push if hidden else b"", more + (b"" if hidden else push))
    return bytes([control]) + counter + (b"" if hidden else push) + made[:-4]


def glo(suite: int, **how: bool) -> bytes:
    return b"\xdb" + strings(TITLE, sealed(suite, PUSH, **how))


def general(suite: int, info: bytes = b"\x01\x00\x00", key: bytes = b"") -> bytes:
    fields = strings(*FIELDS)
    return b"\xdd" + fields + info + key + strings(sealed(suite, PUSH, fields=fields))


def signed(suite: int, content: bytes) -> tuple[bytes, str]:
    """A signed push, and the public key."""
    private = ec.derive_private_key(123_456_789, CURVES[suite])
    said = strings(*FIELDS, content)
    size = private.key_size // 8
    numbers = decode_dss_signature(private.sign(said, ec.ECDSA(DIGESTS[suite])))
    signature = b"".join(one.to_bytes(size, "big") for one in numbers)
    public = private.public_key().public_numbers()
    signer = b"".join(one.to_bytes(size, "big") for one in (public.x, public.y))
    return b"\xdf" + said + strings(signature), signer.hex()


def blocks(data: bytes, size: int) -> list[bytes]:
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return [
        bytes([0xE0, 0x80 if number == len(parts) else 0, *number.to_bytes(2, "big"), 0, 0])
        + strings(part)
        for number, part in enumerate(parts, 1)
    ]


@pytest.mark.parametrize("suite", [1, 2])
@pytest.mark.parametrize("make", [glo, general, lambda suite: glo(suite, hidden=False)])
def test_suites_are_read_by_their_keys_and_by_no_others(suite: int, make: Any) -> None:
    right = {"key": KEYS[suite], "authentication": AUTHENTICATION[suite]}
    payload = make(suite)
    assert read(payload, **right).values == [12345670.0]
    assert read(payload, **right | {"authentication": "00" * 16}).points == []
    flipped = payload[:-20] + bytes([payload[-20] ^ 1]) + payload[-19:]
    assert read(flipped, **right).points == []


def test_keys_are_as_long_as_the_suite_wants_them() -> None:
    (problem,) = read(glo(2), key=KEYS[1]).problems
    assert problem.message == "security suite 2 wants keys of 64 digits"
    assert read(b"\xdb" + strings(TITLE, b"\x23" + sealed(2, PUSH)[1:]), key=KEYS[2]).points == []


@pytest.mark.parametrize("suite", [1, 2])
def test_a_key_may_come_under_the_master_key_but_not_by_agreement(suite: int) -> None:
    master = "ab" * 16
    wrapped = aes_key_wrap(bytes.fromhex(master), bytes.fromhex(KEYS[suite]))
    payload = general(suite, b"\x01\x01\x00", strings(wrapped))
    assert read(payload, master=master).values == [12345670.0]
    assert "not named" in read(payload).problems[0].message
    assert read(payload, master="cd" * 16).problems[0].message == "a key does not fit"
    agreed = general(suite, b"\x01\x02", strings(b"\x02", b"\x00" * 64))
    assert "private keys" in read(agreed, key=KEYS[suite]).problems[0].message


@pytest.mark.parametrize("suite", [1, 2])
def test_a_signature_is_checked_where_the_meters_key_is_told(suite: int) -> None:
    payload, signer = signed(suite, glo(suite))
    keys = {"key": KEYS[suite], "authentication": AUTHENTICATION[suite]}
    assert read(payload, **keys).values == [12345670.0]
    assert read(payload, **keys, signer=signer).values == [12345670.0]
    for place in (3, len(payload) - 1):
        broken = payload[:place] + bytes([payload[place] ^ 1]) + payload[place + 1 :]
        assert "signature" in read(broken, **keys, signer=signer).problems[0].message
    with pytest.raises(InvalidInput):
        read(payload, signer="00" * 64)


@given(size=st.integers(1, 60), enclose=st.booleans())
def test_blocks_are_put_together_and_none_may_be_missing(size: int, enclose: bool) -> None:
    parts = blocks(glo(1), size)
    around = wrapped if enclose else bytes
    assert read(b"".join(map(around, parts)), key=KEYS[1]).values == [12345670.0]
    for gone in range(len(parts)):
        left = b"".join(map(around, parts[:gone] + parts[gone + 1 :]))
        assert not left or "missing" in read(left, key=KEYS[1]).problems[0].message


def test_compact_arrays_are_read_as_the_arrays_that_they_are() -> None:
    """Three structures of an OBIS code, a value and a structure of scaler and unit."""
    described = bytes.fromhex("02 03 09 06 02 02 0F 16")
    codes = [bytes.fromhex(f"01 00 {c:02x} 08 00 FF") for c in (1, 2, 3)]
    rows = b"".join(
        strings(code) + value.to_bytes(4, "big") + bytes.fromhex("FF 1E")
        for value, code in enumerate(codes, 50)
    )
    found = read(notification(b"\x13" + described + strings(rows)))
    assert found.points == ["1-0:1.8.0", "1-0:2.8.0", "1-0:3.8.0"]
    assert (found.values, set(found.units)) == ([5.0, 5.1, 5.2], {"Wh"})
    for wrong in (rows[:-1], rows + b"\x06"):
        assert read(notification(b"\x13" + described + strings(wrong))).points == []
    assert read(notification(b"\x13\x00" + strings(b"\x01"))).points == []


@given(body=st.binary(max_size=80), tag=st.sampled_from([b"\xdd", b"\xdf", b"\xe0", b"\x0f"]))
def test_any_wrapping_is_read_or_refused(body: bytes, tag: bytes) -> None:
    for start in (tag, tag + strings(*FIELDS), notification(b"\x13")):
        found = read(start + body, key=KEYS[1], authentication=AUTHENTICATION[1])
        assert len(found.values) == len(found.points)
