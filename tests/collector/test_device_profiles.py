"""Device profiles: what bytes they read, which they refuse, and how a device's name finds one."""

from __future__ import annotations

from contextlib import suppress
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.decode import Refusal
from collector.decode.quantity import Quantity
from collector.profiles import PROFILES, find_profile


@given(
    name=st.sampled_from(sorted(PROFILES)),
    payload=st.binary(max_size=60),
    port=st.integers(0, 255),
)
def test_any_bytes_are_read_or_refused(name: str, payload: bytes, port: int) -> None:
    found: list[object] = []
    with suppress(Refusal):
        found += PROFILES[name](payload, port)
    for one in found:
        assert not isinstance(one, Quantity) or (one.name and isfinite(one.value))


def test_names_are_lower_case_vendor_and_model() -> None:
    for name in PROFILES:
        vendor, _, model = name.partition("/")
        assert name == name.lower()
        assert vendor
        assert model
        assert "/" not in model


@pytest.mark.parametrize(
    "name", ["elsys/ers2-co2", "ERS2_CO2", "Elsys ERS2 CO2", "ers2 co2", "Room 2.14 (ERS2-CO2)"]
)
def test_what_people_write_finds_the_profile(name: str) -> None:
    assert find_profile(name) is PROFILES["elsys/ers2-co2"]


@pytest.mark.parametrize("name", ["", "Default device profile", "ems door of room 7", "12"])
def test_words_without_a_model_find_none(name: str) -> None:
    assert find_profile(name) is None


def read(name: str, payload: str, port: int = 1) -> dict[str, float]:
    return {
        one.name: one.value
        for one in PROFILES[name](bytes.fromhex(payload), port)
        if isinstance(one, Quantity)
    }


def test_elsys_reads_each_value_by_its_type() -> None:
    payload = "01ff38 0232 0401f4 0501 0603e8 070e10 0b00010203 14000f4240 1900d7 19ffff"
    assert read("elsys/ers2", payload) == {
        "temperature": -20.0,
        "humidity": 50,
        "light": 500,
        "motion": 1,
        "co2": 1000,
        "vdd": 3600,
        "pulseAbs": 66051,
        "pressure": 100000.0,
        "externalTemperature2": 21.5,
        "externalTemperature2.2": -0.1,
    }


def test_what_stands_before_an_unknown_type_is_kept() -> None:
    first, problem = PROFILES["elsys/ers2"](bytes.fromhex("0232 f0 1234"), 5)
    assert isinstance(first, Quantity)
    assert first.value == 50
    assert not isinstance(problem, Quantity)
    assert (problem.reason, problem.value) == ("unknown_payload", "f01234")


def test_a_truncated_value_is_refused() -> None:
    with pytest.raises(Refusal, match="in the middle"):
        PROFILES["elsys/ers2"](bytes.fromhex("0232 01ff"), 5)
