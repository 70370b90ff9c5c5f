"""Profiles, what is asked for together, and what stands in registers."""

from __future__ import annotations

import math
import struct
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.profile import WORDS, Profile, ProfileRegister, profile_names, read_profile
from edge.requests import requests_for
from edge.values import number, plausible
from metering.errors import ConfigurationError

TYPES = st.sampled_from(sorted(WORDS))
CODES = {
    **{"u16": "H", "i16": "h", "u32": "I", "i32": "i", "f32": "f"},
    **{"u64": "Q", "i64": "q", "f64": "d"},
}


def register(type: str, address: int = 0, name: str = "r", scale: float = 1.0) -> ProfileRegister:
    return ProfileRegister(
        name=name, address=address, type=type, unit="kWh", kind="register", scale=scale
    )


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_says_whose_it_is_and_counts_energy(name: str, tmp_path: Path) -> None:
    profile = read_profile(name, tmp_path)
    assert profile.models
    assert profile.source
    counted = [one for one in profile.registers if one.kind == "register"]
    assert any(one.name.startswith("import") for one in counted)
    assert all(one.unit in ("kWh", "Wh") for one in counted)
    spans = sorted((one.address, one.address + one.words) for one in profile.registers)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))


@given(st.lists(st.tuples(st.integers(0, 400), TYPES), min_size=1, max_size=40), st.integers(4, 60))
def test_every_register_is_asked_for_once_and_no_other_word(
    places: list[tuple[int, str]], most: int
) -> None:
    registers = [register(type, at, f"r{n}") for n, (at, type) in enumerate(places)]
    requests = requests_for(registers, most)
    asked = [one.name for request in requests for one in request.registers]
    assert sorted(asked) == sorted(one.name for one in registers)
    for request in requests:
        words = [one.address + n for one in request.registers for n in range(one.words)]
        assert words == list(range(request.address, request.address + request.count))
        assert request.count <= most


def test_registers_that_follow_each_other_are_one_request() -> None:
    found = requests_for([register("f32", at, f"r{at}") for at in (4, 0, 2, 10)], 60)
    assert [(one.address, one.count) for one in found] == [(0, 6), (10, 2)]


@given(TYPES, st.binary(min_size=8, max_size=8), st.sampled_from(["big", "little"]))
def test_a_value_is_what_stands_there_or_none(type: str, stood: bytes, order: str) -> None:
    one = register(type)
    stood = stood[: 2 * one.words]
    (raw,) = struct.unpack(f">{CODES[type]}", stood)
    words = list(struct.unpack(f">{one.words}H", stood))
    told = number(one, words if order == "big" else words[::-1], order)  # type: ignore[arg-type]
    if told is None:
        bits = 16 * one.words
        ends = {2**bits - 1} if type[0] == "u" else {2 ** (bits - 1) - 1, -(2 ** (bits - 1))}
        assert not math.isfinite(raw) or raw in ends
    else:
        assert told == float(raw)


@pytest.mark.parametrize(
    ("type", "words"),
    [
        ("u16", [0xFFFF]),
        ("i16", [0x7FFF]),
        ("i16", [0x8000]),
        ("u32", [0xFFFF, 0xFFFF]),
        ("i32", [0x7FFF, 0xFFFF]),
        ("f32", [0x7FC0, 0]),
        ("f32", [0x7F80, 0]),
        ("f32", [0xFFFF, 0xFFFF]),
        ("u64", [0xFFFF] * 4),
    ],
)
def test_a_register_that_has_nothing_to_tell_has_no_value(type: str, words: list[int]) -> None:
    assert number(register(type), words, "big") is None


def test_hundredths_are_decimals_and_minus_one_is_a_value() -> None:
    assert number(register("u32", scale=0.01), [1, 57920], "big") == 1234.56
    assert number(register("i32", scale=0.1), [0xFFFF, 0xFFFF], "big") == -0.1


def test_a_wrong_word_order_is_not_plausible() -> None:
    hertz = ProfileRegister(name="f", address=0, type="f32", unit="Hz", kind="instant")
    assert plausible(hertz, number(hertz, [0x4248, 0], "big"))
    assert not plausible(hertz, number(hertz, [0x4248, 0], "little"))
    assert not plausible(hertz, None)


BROKEN = {
    "unit": ('unit = "kilowatt"', "unknown unit"),
    "type": ('type = "u24"', "type"),
    "address": ("address = 65535", "beyond"),
    "kind": ('kind = "total"', "kind"),
    "more": ("colour = 1", "colour"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_profile_of_ones_own_is_checked(what: str, tmp_path: Path) -> None:
    line, told = BROKEN[what]
    rows = {
        **{"name": 'name = "a"', "address": "address = 1", "type": 'type = "u32"'},
        **{"unit": 'unit = "kWh"', "kind": 'kind = "register"'},
    }
    whole = 'source = "mine"\nfunction = 3\norder = "big"\n[[registers]]\n'
    file = tmp_path / "mine.toml"
    file.write_text(whole + "\n".join(rows.values()))
    assert isinstance(read_profile("mine.toml", tmp_path), Profile)
    file.write_text(whole + "\n".join({**rows, what: line}.values()))
    with pytest.raises(ConfigurationError, match=told):
        read_profile("mine.toml", tmp_path)


@pytest.mark.parametrize("name", ["nothing", "absent.toml"])
def test_a_profile_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=name):
        read_profile(name, tmp_path)
