"""Pushes of DLMS/COSEM meters: checksums, damage, and any bytes within a frame."""

from __future__ import annotations

import pytest
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
