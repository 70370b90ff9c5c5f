"""Decentlab's profiles: golden frames of our own, written from the description of the format."""

from __future__ import annotations

from contextlib import suppress
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.decode import Refusal
from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.decentlab import DECENTLAB
from collector.profiles.decentlab.layout import group
from metering.reading import Kind

BATTERY = "0bb8"
"""3 V."""


def frame(flags: int, words: str) -> bytes:
    return bytes.fromhex(f"02 1234 {flags:04x} {words}")


def read(model: str, payload: bytes) -> list[Quantity | Problem]:
    return DECENTLAB[f"decentlab/{model}"](payload, 1)


GOLDEN: list[tuple[str, str, dict[str, float]]] = [
    ("dl-10hs", "9556", {"raw_sensor_reading": 500.061, "volumetric_water_content": -0.04616}),
    ("dl-5tm", "0032 0276", {
        "dielectric_permittivity": 1.0, "volumetric_water_content": -0.024346,
        "soil_temperature": 23.0}),
    ("dl-alb", "8064 8032", {
        "incoming_radiation": 10.0, "reflected_radiation": 5.0, "albedo": 0.5}),
    ("dl-blg", "0000 0083", {
        "voltage_ratio": 0.01171875, "thermistor_resistance": 44333.333, "temperature": 43.316}),
    ("dl-ctd10b", "81f4 8064 0032 0001", {
        "water_depth": 500, "temperature": 10.0, "electrical_conductivity": 100,
        "freezing_flag": 1}),
    ("dl-dlr2-002", "0005 0258 0001 0002", {
        "pulse_count": 5, "pulse_interval": 600, "cumulative_pulse_count": 131073}),
    ("dl-dlr2-004", "c000", {"current": 75.0}),
    ("dl-dlr2-005", "0000 00c0", {"voltage": 1.5}),
    ("dl-dlr2-008", "0000 008c", {"temperature": -4.162}),
    ("dl-dlr2-009", "0000 00a8", {"thermistor_resistance": 909.0909, "temperature": -23.1599}),
    ("dl-dws", "3c00 8000 0000", {"frequency": 15360.0, "weight": 2479.0}),
    ("dl-ds18", "8140", {"temperature": 20.0}),
    ("dl-gs3", "0064 8064 0032", {
        "dielectric_permittivity": 1.0, "volumetric_water_content": -0.039356,
        "soil_temperature": 10.0, "electrical_conductivity": 50}),
    ("dl-itst", "04b0 0514", {"temperature_target": 20.0, "temperature_head": 30.0}),
    ("dl-pr21", "4000 1a80", {"pressure": -1.0, "temperature": -30.0}),
    ("dl-sht35", "6666 8000", {"air_temperature": 25.0, "air_humidity": 50.00076}),
    ("dl-trs21", "0064 80c8", {"water_potential": -10.0, "soil_temperature": 20.0}),
    ("dl-tbrg", "0005 0258 0064 0000", {
        "precipitation": 0.5, "precipitation_interval": 600, "cumulative_precipitation": 10.0}),
    ("dl-uveas-001", "8ccd", {"uv_millivolt": 300.018, "uv_index": 2}),
    ("dl-zn2", "0000 00c0 0000 0080", {
        "dendrometer_a_position": 10000.0, "dendrometer_b_position": 10000.0}),
]  # fmt: skip


@pytest.mark.parametrize(("model", "words", "expected"), GOLDEN, ids=[one[0] for one in GOLDEN])
def test_a_frame_says(model: str, words: str, expected: dict[str, float]) -> None:
    found = read(model, frame(3, words + BATTERY))
    assert {one.name: one.value for one in found if isinstance(one, Quantity)} == pytest.approx(
        {**expected, "battery_voltage": 3.0}, rel=1e-3
    )


def test_flags_say_which_groups_come() -> None:
    found = read("dl-iam", frame(0b1000101, BATTERY + "c350" + "00c8"))
    assert [(one.name, one.value) for one in found if isinstance(one, Quantity)] == [
        ("battery_voltage", 3.0),
        ("barometric_pressure", 100_000.0),
        ("total_voc", 200),
    ]


def test_kinds_and_units() -> None:
    found = read("dl-dlr2-010", frame(1, "0005 0258 0001 0002"))
    assert [(one.kind, one.unit) for one in found if isinstance(one, Quantity)] == [
        (None, "1"),
        (Kind.INSTANT, "s"),
        (Kind.REGISTER, "1"),
    ]
    (flag,) = read("dl-dlr2-003", frame(1, "0001"))
    assert isinstance(flag, Quantity)
    assert (flag.kind, flag.unit) == (Kind.STATE, "1")


@pytest.mark.parametrize(("flags", "words"), [(4, ""), (6, BATTERY + "1234"), (2, BATTERY + "12")])
def test_what_the_profile_does_not_know_is_said(flags: int, words: str) -> None:
    problem = read("dl-sht35", frame(flags, words))[-1]
    assert isinstance(problem, Problem)
    assert problem.reason == "unknown_payload"


def test_another_version_is_not_read() -> None:
    (problem,) = read("dl-sht35", b"\x03" + frame(3, "6666 8000" + BATTERY)[1:])
    assert isinstance(problem, Problem)


def test_a_frame_without_a_group_is_no_measurement() -> None:
    with pytest.raises(Refusal) as refused:
        read("dl-pm", frame(0, ""))
    assert refused.value.problem.reason == "not_a_measurement"


def test_a_formula_without_a_value_is_a_problem_of_its_own() -> None:
    frequency, weight, battery = read("dl-dws", frame(3, "3c00 0000 0000" + BATTERY))
    assert isinstance(frequency, Problem)
    assert isinstance(weight, Problem)
    assert (weight.reason, weight.point) == ("bad_value", "weight")
    assert isinstance(battery, Quantity)


@given(st.sampled_from(GOLDEN), st.data())
def test_a_frame_cut_off_is_refused(
    case: tuple[str, str, dict[str, float]], data: st.DataObject
) -> None:
    payload = frame(3, case[1] + BATTERY)
    with pytest.raises(Refusal):
        read(case[0], payload[: data.draw(st.integers(0, len(payload) - 1))])


@given(st.sampled_from(sorted(DECENTLAB)), st.integers(0, 15), st.binary(max_size=80))
def test_any_words_are_read_or_refused(model: str, flags: int, words: bytes) -> None:
    with suppress(Refusal):
        for one in DECENTLAB[model](frame(flags, "") + words, 1):
            assert not isinstance(one, Quantity) or (one.name and isfinite(one.value))


@pytest.mark.parametrize(
    "text", ["temperature", "temperature x", "a 0-3*", "a 0 furlongs", "a 0, b"]
)
def test_a_value_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="value = "):
        group(1, text)
