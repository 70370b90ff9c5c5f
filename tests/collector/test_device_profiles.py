"""Device profiles: what bytes they read, which they refuse, and how a device's name finds one."""

from __future__ import annotations

import re
from contextlib import suppress
from math import isfinite
from pathlib import Path

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


def test_every_model_stands_in_the_list_for_people() -> None:
    rows = (Path(__file__).parents[2] / "docs" / "devices.md").read_text(encoding="utf-8")
    told = {
        f"{cells[0]}/{model}"
        for line in rows.splitlines()
        if line.startswith("| `") and (cells := re.findall(r"`([^`]+)`", line))
        for model in cells[1:]
    }
    assert sorted(PROFILES.keys() ^ told) == []


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


@pytest.mark.parametrize(
    ("name", "port", "payload", "expected"),
    [
        ("bosch/parking-lot-sensor", 2, "01f6", {"occupied": 1, "temperature": -10}),
        ("bosch/parking-lot-sensor", 3, "00" * 16 + "01", {"occupied": 1}),
        (
            "nwave/g4-nps-sm",
            1,
            "ff",
            {
                "occupied": 1,
                "previous_state_duration": 660,
                "previous_state_duration_overflow": 1,
            },
        ),
        ("nwave/g4-ncc-fm", 1, "0102", {"counter_value": 258}),
        (
            "tektelic/comfort",
            10,
            "0367ff9c 046864",
            {"ambient_temperature": -10.0, "relative_humidity": 50},
        ),
        (
            "tektelic/kiwi",
            10,
            "00bac8 01040575",
            {
                "battery_voltage": 3.22,
                "eos_alert": 1,
                "input1_frequency": 1397,
                "input1_frequency_to_moisture": 0.1,
            },
        ),
        (
            "tektelic/flux",
            10,
            "00740900 0080fffe 008164",
            {"rms_voltage": 230.4, "real_power": -0.2, "power_factor": 1.0},
        ),
        (
            "netvox/r718a",
            6,
            "010b019c ff9c 1388 000000",
            {"Volt": 2.8, "LowVolt": 1, "Temp": -1.0, "Humi": 50.0},
        ),
        (
            "netvox/ra0715",
            6,
            "0105071e 2134 ffff ffff 00",
            {"Volt": 3.0, "LowVolt": 0, "CO2": 850.0},
        ),
        (
            "netvox/r809a",
            6,
            "010e01 01 000003e8 00 01 00",
            {
                "OnOff": 1,
                "Energy": 1000,
                "OverCurrentAlarm": 0,
                "DashCurrentAlarm": 1,
                "PowerOffAlarm": 0,
            },
        ),
        (
            "netvox/r718n3",
            6,
            "014a0124 0064 0002 0003 0a 014a0224 05 64 0000000000",
            {
                "Volt": 3.6,
                "LowVolt": 0,
                "Current1": 1000,
                "Current2": 10,
                "Current3": 300,
                "Multiplier2": 5,
                "Multiplier3": 100,
            },
        ),
        (
            "netvox/r718h",
            7,
            "821f 003c 0384 05 00000000",
            {"MinTime": 60, "MaxTime": 900, "BatteryChange": 0.5},
        ),
        (
            "yobiiq/em4301",
            1,
            "0304 000003e8 0a0c fffffff6 0b0a02",
            {"activeEnergyImportL123T1": 1000, "voltageL1N": -1.0, "modbusErrorCode": 2},
        ),
        ("netvox/r719a", 6, "01590124 01 000000000000", {"Volt": 3.6, "LowVolt": 0, "Occupied": 1}),
        (
            "netvox/r831d",
            6,
            "01b001 01 00 01 00 01 00 0000",
            {"Relay_1": 1, "Relay_2": 0, "Relay_3": 1, "Input_1": 0, "Input_2": 1, "Input_3": 0},
        ),
        ("yobiiq/sd1001", 50, "ff16 2401640000", {"deviceSerialNumber": 2401640000}),
        (
            "sensiedge/sensilora",
            85,
            "2710 ff9c 1388" + "0000" * 9 + "0064 0168",
            {
                "pressure": 100000,
                "temperature": -1.0,
                "humidity": 50.0,
                "light": 100,
                "batteryVolt": 3.6,
            },
        ),
        (
            "elvaco/cmi4110",
            2,
            "00 0c06 78563412 0a5a 3306",
            {"energy": 12345678, "flow_temperature": 63.3},
        ),
        (
            "cayenne/lpp",
            1,
            "0367 ff9c 0468 64 0588 000064 ffff9c 0003e8",
            {
                "temperature_3": -10.0,
                "relative_humidity_4": 50.0,
                "gps_5.latitude": 0.01,
                "gps_5.longitude": -0.01,
                "gps_5.altitude": 10.0,
            },
        ),
        (
            "dragino/lht65n",
            2,
            "cbf6 ff9c 01f4 05 00c8 7fff",
            {"BatV": 3.062, "Bat_status": 3, "TempC_SHT": -1.0, "Hum_SHT": 50.0, "ILL_lx": 200},
        ),
        (
            "dragino/lsn50v2-s31",
            2,
            "0ce4 7fff 0000 82 00d7 01f4",
            {
                "BatV": 3.3,
                "ADC_CH0V": 0,
                "Digital_IStatus": 1,
                "EXTI_Trigger": 0,
                "Door_status": 1,
                "TempC_SHT": 21.5,
                "Hum_SHT": 50.0,
            },
        ),
        (
            "adeunis/comfort",
            1,
            "4c02 00d7 31 00d8 32",
            {"temperature": 21.5, "humidity": 49, "status.lowBattery": 1},
        ),
        (
            "adeunis/temp-4",
            1,
            "5710 ff9c 00d7",
            {"temperatures.0": -10.0, "temperatures.1": 21.5, "status.lowBattery": 0},
        ),
    ],
)
def test_a_message_of_each_format(
    name: str, port: int, payload: str, expected: dict[str, float]
) -> None:
    found = read(name, payload, port)
    assert {key: found.get(key) for key in expected} == pytest.approx(expected)
    assert name.startswith("sensiedge") or found.keys() == expected.keys()


@pytest.mark.parametrize(
    ("name", "port", "payload", "seconds"),
    [
        ("axioma/qalcosonic-w1", 100, "00e1f565 00 e8030000", 1710612736),
        ("yobiiq/rm200", 1, "ddfd65f5e100 dd9501", 1710612736),
        ("adeunis/pulse-4", 1, "4604 00000001 00000002 00000000", 1356998400),
        ("dragino/lht52", 2, "00d7 01f4 7fff 01 65f5e100", 1710612736),
    ],
)
def test_times_of_the_device_are_taken(name: str, port: int, payload: str, seconds: int) -> None:
    found = PROFILES[name](bytes.fromhex(payload), port)
    assert {one.time_us for one in found if isinstance(one, Quantity)} == {seconds * 1_000_000}


@pytest.mark.parametrize(
    ("name", "port", "payload"),
    [
        ("elsys/ers2", 6, "3e0102"),
        ("nwave/g4-ncc-fm", 3, "02040902"),
        ("tektelic/kiwi", 100, "1080"),
        ("netvox/r718h", 7, "811f010000000000000000"),
        ("netvox/r716s", 20, "8101"),
        ("yobiiq/em2101", 50, "00"),
        ("yobiiq/rm200", 100, "ff1201"),
        ("dragino/lht52", 5, "090100ff0ce4"),
        ("adeunis/temp", 1, "1000"),
    ],
)
def test_what_a_device_says_about_itself_is_no_measurement(
    name: str, port: int, payload: str
) -> None:
    with pytest.raises(Refusal) as refused:
        PROFILES[name](bytes.fromhex(payload), port)
    assert refused.value.problem.reason == "not_a_measurement"
