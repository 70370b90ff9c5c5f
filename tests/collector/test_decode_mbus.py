"""M-Bus frames and radio telegrams: laws over all codes, lengths and damage."""

from __future__ import annotations

from math import isclose

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st

from collector.decode import DECODERS, Decoded, Incoming, MessageLimits
from collector.decode.mbus.compact import crc
from collector.decode.mbus.vif import FB, FD, PRIMARY
from metering.errors import InvalidInput
from metering.registry import Route
from metering.registry.routes import options_text
from metering.units import UNITS

HEADER = bytes.fromhex("78563412 2D2C 30 04 2A 00 0000")
WATER = bytes.fromhex("44 A511 78563412 70 07 7A 11 00 0000 0C1367452301 0B3B500100")
KEY = "000102030405060708090A0B0C0D0E0F"


def read(family: str, payload: bytes, **options: str) -> Decoded:
    incoming = Incoming("m/1", payload, 1_790_000_000_000_000, "s/g")
    return DECODERS[family].reader(options)(incoming, MessageLimits())


def wired(records: bytes) -> bytes:
    body = b"\x08\x05\x72" + HEADER + records
    return bytes([0x68, len(body), len(body), 0x68, *body, sum(body) & 0xFF, 0x16])


def blocks(telegram: bytes) -> bytes:
    """The telegram in frame format A, as EN 13757-4 lays it out."""
    parts = [telegram[:10], *(telegram[at : at + 16] for at in range(10, len(telegram), 16))]
    return b"".join(part + crc(part).to_bytes(2, "big") for part in parts)


@given(
    number=st.integers(-(2**31) + 1, 2**31 - 1),
    code=st.sampled_from([one for one, meaning in PRIMARY.items() if meaning.power]),
)
def test_a_number_comes_out_in_its_unit(number: int, code: int) -> None:
    found = read("mbus", wired(bytes([4, code]) + number.to_bytes(4, "little", signed=True)))
    (value,) = found.values[1:]
    meaning = PRIMARY[code]
    assert isclose(value, number * 10.0**meaning.power * meaning.factor, rel_tol=1e-12)


def test_every_code_has_a_name_and_a_known_unit() -> None:
    for table in (PRIMARY, FB, FD):
        for code, meaning in table.items():
            assert code < 0x80
            assert meaning.unit is None or meaning.unit in UNITS
            assert bool(meaning.name) == meaning.is_number


@given(records=st.binary(max_size=220))
def test_any_records_are_read_or_refused(records: bytes) -> None:
    for found in (read("mbus", wired(records)), read("wmbus", b"\x2c" + WATER + records)):
        assert len(found.points) == len(set(found.points))


@given(place=st.integers(0, 38), flip=st.integers(1, 255))
def test_damage_on_the_wire_is_seen(place: int, flip: int) -> None:
    frame = bytearray(wired(bytes.fromhex("0406393000000414102700000259 7C15 025DA00F")))
    frame[place] ^= flip
    assert read("mbus", bytes(frame)).points == []


@given(place=st.integers(1, 29), flip=st.integers(1, 255))
def test_damage_in_blocks_is_seen(place: int, flip: int) -> None:
    telegram = bytearray(blocks(bytes([len(WATER)]) + WATER))
    telegram[place] ^= flip
    assert read("wmbus", bytes(telegram)).points == []


@pytest.mark.parametrize("length", range(1, 40))
def test_a_cut_telegram_is_refused(length: int) -> None:
    telegram = blocks(bytes([len(WATER)]) + WATER)
    found = read("wmbus", telegram[: len(telegram) - length])
    assert found.points == []
    assert found.problems[0].reason in {"bad_frame", "bad_message"}


def test_all_forms_of_a_telegram_say_the_same() -> None:
    plain = bytes([len(WATER)]) + WATER
    last = bytes([len(WATER) + 2]) + WATER
    forms = [
        plain,
        blocks(plain),
        last + crc(last).to_bytes(2, "big"),
        plain.hex().encode(),
        b"T1;1;1;2026-11-24 08:15:00.000;97;148;12345678;0x" + blocks(plain).hex().encode(),
        plain + b"\x5a",
    ]
    found = {(*one.points, *one.values) for one in (read("wmbus", form) for form in forms)}
    assert len(found) == 1


@given(records=st.binary(max_size=60))
def test_only_the_right_key_opens(records: bytes) -> None:
    plain = b"\x2f\x2f\x0c\x13\x67\x45\x23\x01" + records
    plain += b"\x2f" * (-len(plain) % 16)
    mode = 0x0500 | len(plain) // 16 << 4
    start = bytes.fromhex("A511 78563412 7007") + b"\x11" * 8
    writer = Cipher(AES(bytes.fromhex(KEY)), CBC(start)).encryptor()
    sealed = WATER[:11] + b"\x00" + mode.to_bytes(2, "little") + writer.update(plain)
    telegram = bytes([len(sealed)]) + sealed
    assert read("wmbus", telegram, key=KEY).values[1] == 1234.567
    for options in ({"key": "00" * 16}, {"key_99999999": KEY, "key": "11" * 16}):
        assert [one.reason for one in read("wmbus", telegram, **options).problems] == ["encrypted"]


@pytest.mark.parametrize("options", [{"key": "12"}, {"colour": KEY}, {"key_12": KEY}])
def test_options_are_keys(options: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        DECODERS["wmbus"].reader(options)
    assert refused.value.field == "options"


@pytest.mark.parametrize("family", ["mbus", "wmbus"])
def test_a_message_of_many_is_refused(family: str) -> None:
    many = (bytes([len(WATER)]) + WATER).hex().encode() + b"\n"
    found = read(family, many * 2_000)
    assert (found.points, len(found.problems)) == ([], 1)


def test_keys_of_a_route_stand_in_no_letter() -> None:
    """What a dead letter says of its route tells two keys apart and does not hold them."""
    told = {Route("s/g", "m/#", "wmbus", f"key_12345678={key}").read_by for key in (KEY, "0" * 32)}
    assert len(told) == 2
    assert not any(KEY in one or "0" * 32 in one for one in told)
    assert options_text([("key_12345678", KEY), ("key", KEY)]) == f"key={KEY};key_12345678={KEY}"
    assert Route("s/g", "m/#", "dlms", "device=M1").read_by == "dlms device=M1"


def fitting(payload: bytes) -> set[str]:
    incoming = Incoming("m/1", payload, 0)
    found = {name: DECODERS[name].suits for name in ("mbus", "wmbus", "dlms", "sparkplug")}
    return {name for name, suits in found.items() if suits is not None and suits(incoming)}


def test_a_payload_suits_its_own_family_alone() -> None:
    frame, telegram = wired(b""), bytes([len(WATER)]) + WATER
    short = b"\x0f\x44" + WATER[1:15]
    for payload, family in ((frame, {"mbus"}), (telegram, {"wmbus"}), (short, {"wmbus"})):
        assert fitting(payload) == fitting(payload.hex().encode()) == family
    assert fitting(b"28.5;" + b"1" * 46) == set()
