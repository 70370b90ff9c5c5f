"""Milesight's profiles: golden frames of our own, written from the description of the format."""

from __future__ import annotations

from contextlib import suppress
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.decode import Refusal
from collector.decode.quantity import Quantity
from collector.profiles.milesight import MILESIGHT
from collector.profiles.milesight.layout import layout
from collector.profiles.profile import Octets
from metering.reading import Kind

NOON_US = 1_800_000_000_000_000
NOON = "00d2496b"
"""The same as unix seconds on the wire."""


def read(model: str, payload: str) -> list[Quantity]:
    found = MILESIGHT[f"milesight/{model}"](bytes.fromhex(payload), 85)
    return [one for one in found if isinstance(one, Quantity)]


def values(model: str, payload: str) -> dict[str, float]:
    return {one.name: one.value for one in read(model, payload)}


GOLDEN: list[tuple[str, str, dict[str, float]]] = [
    ("am103", "017561 036738ff 046855 077d2003", {
        "battery": 97, "temperature": -20.0, "humidity": 42.5, "co2": 800}),
    ("am308", "050001 06cb03 08e62c01 0b7d0f00", {
        "pir": 1, "light_level": 3, "tvoc": 300, "pm2_5": 15}),
    ("am307", "087d2c01 09739427", {"tvoc": 3.0, "pressure": 1013.2}),
    ("am304l", "059f0580 069d2c01", {"pir.pir_count": 5, "pir.pir_status": 1, "Lux": 300}),
    ("gs301", "047dffff 057d6400", {"nh3_sensor_status": 65535, "h2s": 1.0}),
    ("gs524n", "221764000a59", {
        "version": 2, "protocol": 2, "type": 1, "event": 7, "battery": 100, "concentration": 0,
        "temperature": 10}),
    ("gs601", "0064 0211 07 0900ff", {
        "battery": 100, "vaping_index_alarm.type": 17, "vaping_index": 7, "temperature": -25.6}),
    ("ct103", "0397e8030000 0498ffff 0967fdff", {
        "total_current": 10.0, "current_sensor_status": 2, "temperature_sensor_status": 1}),
    ("ct105-v2", "8498 f401 6400 2c01 06 106340e20100", {
        "current_max": 5.0, "current_min": 1.0, "current": 3.0,
        "current_alarm.current_threshold_alarm": 0,
        "current_alarm.current_threshold_alarm_release": 1,
        "current_alarm.current_over_range_alarm": 1,
        "current_alarm.current_over_range_alarm_release": 0, "ch1_sumkwh": 1234.56}),
    ("ct305", "0499e803 08990a00", {"current_chn1": 100.0, "current_chn3": 1.0}),
    ("cth01", "0642590100ffff 0e02 e8030000 d0070000 b80b0000 a00f0000", {
        "voltage.0.value": 228.5, "voltage.1.value": 0.01, "voltage.2.value_error": 2,
        "forward_active_energy1.group1_value": 1.0, "forward_active_energy1.group2.chan1": 2.0,
        "forward_active_energy1.group2.chan2": 3.0, "forward_active_energy1.group2.chan3": 4.0}),
    ("cth01", "0800 ffffffff e8030000", {
        "active_power1.group1_value_error": 2, "active_power1.group2_value": 1.0}),
    ("em300-di", "05c80a000000 85000101", {"pulse": 10, "gpio": 1, "gpio_alarm": 1}),
    ("em300-di-hall", "05e1 0a00 6400 00002042", {
        "water_conv": 1.0, "pulse_conv": 10.0, "water": 40.0}),
    ("em310-tilt", "03cf 1027 f0d8 0000 05", {
        "angle_x": 100.0, "angle_y": -100.0, "angle_z": 0, "threshold_x": 1, "threshold_y": 0,
        "threshold_z": 1}),
    ("em320-tilt", "03d4 214e e0b1 0000", {
        "angle_x": 100.0, "angle_y": -100.0, "angle_z": 0, "threshold_x": 1, "threshold_y": 0,
        "threshold_z": 0}),
    ("em410-rdl", "0482fdff 8482e80301", {
        "distance_sensor_status": 65533, "distance": 1000, "distance_alarm": 1}),
    ("em500-smtc", "0367ffff 04ca8813", {"temperature_error": 1, "moisture": 50.0}),
    ("vs121", "04c9 03 03 0005 06cd07", {
        "people_count_all": 3, "region_count": 3, "region_1": 1, "region_2": 0, "region_3": 1,
        "people_count_max": 7}),
    ("vs135", "06d264000000 08cc01000200 10e4030a001400 50fc000201", {
        "line_2_total_in": 100, "line_2_period_in": 1, "line_2_period_out": 2,
        "region_3_avg_dwell": 10, "region_3_max_dwell": 20, "node_2_occlusion_alarm": 1}),
    ("vs360", "017564 027532 03f40001 03f40100", {
        "battery_main": 100, "battery_node": 50, "event.0.type": 0, "event.0.status": 1,
        "event.1.type": 1, "event.1.status": 0}),
    ("vs373", "06fb 0500 03 01 02", {
        "events.0.alarm_id": 5, "events.0.alarm_type": 3, "events.0.alarm_status": 1,
        "events.0.region_id": 2}),
    ("ws302", "055b 05 2c01 3601 4001", {"LAF": 30.0, "LAeq": 31.0, "LAFmax": 32.0}),
    ("ws502-v4", "ff2921", {
        "button_status_control.button_status1": 1, "button_status_control.button_status1_change": 0,
        "button_status_control.button_status2": 0,
        "button_status_control.button_status2_change": 1}),
    ("ws515", "0374fb08 0480d2040000 0683102700000870 01", {
        "voltage": 229.9, "active_power": 1234, "power_consumption": 10000, "socket_status": 1}),
    ("wt101", "0367e600 0467dc00 059232", {
        "temperature": 23.0, "target_temperature": 22.0, "valve_opening": 50}),
    ("wt102", "0e01 6608 32 d007 55", {
        "periodic_reporting.report_type": 1, "temperature": 21.5, "valve_opening_degree": 50,
        "target_temperature": 20.0, "battery": 85}),
    ("wt301", "5501000306 2e00", {"target_temperature": 23.0}),
    ("wt303", "016608 02f401 0721 1009000000", {
        "temperature": 21.5, "humidity": 50.0, "fan_control_info.status": 1,
        "fan_control_info.mode": 2, "relay_status.low_status": 1, "relay_status.mid_status": 0,
        "relay_status.high_status": 0, "relay_status.valve_1_status": 1,
        "relay_status.valve_2_status": 0}),
    ("uc100", "ff190004 83 9cff", {"modbus_chn_1": -100}),
    ("uc100-v2", "f973 41 06 d2040000", {"modbus_chn_2": 1234, "modbus_chn_2_alarm": 1}),
    ("uc300", "03c80a000000 0be2 0045 0046 0044 0045", {
        "gpio_counter_1": 10, "adc_1": 5.0, "adc_1_max": 6.0, "adc_1_min": 4.0, "adc_1_avg": 5.0}),
    ("uc502", "ff0e07 05 0000c03f ff1507", {"modbus_chn_1": 1.5, "modbus_chn_1_alarm": 1}),
    ("uc511", "0301ff 050101 097b2c01", {"valve_1_result": 1, "valve_2": 1, "pressure": 300}),
    ("uc521", "03f601b4", {"valve_1_type": 1, "valve_1_opening": 80, "valve_1_direction": 1}),
    ("at101", "0488 40420f00 c0bdf0ff 21", {
        "latitude": 1.0, "longitude": -1.0, "motion_status": 1, "geofence_status": 2}),
    ("ts302", "030001 8467fa0001", {
        "magnet_chn1": 1, "temperature_chn2": 25.0, "temperature_chn2_alarm": 1}),
    ("ts601", "05f401 0811 18fcffff", {
        "humidity": 50.0, "temperature": -10.0, "temperature_alarm.type": 17}),
]  # fmt: skip


@pytest.mark.parametrize(("model", "payload", "expected"), GOLDEN, ids=[one[0] for one in GOLDEN])
def test_a_frame_says(model: str, payload: str, expected: dict[str, float]) -> None:
    assert values(model, payload) == pytest.approx(expected)


PAST: list[tuple[str, str, dict[str, float]]] = [
    ("em300-th", f"20ce {NOON} fa00 50 00", {"temperature": 25.0, "humidity": 40.0}),
    ("em300-di", f"20ce {NOON} fa00 50 02 00 07000000", {
        "temperature": 25.0, "humidity": 40.0, "gpio_type": 2, "pulse": 7}),
    ("ts201-v2", f"20ce {NOON} 01 9cff 00 04", {"sensor_type": 1, "event": 4, "temperature": -10}),
    ("ts302-v2", f"21ce {NOON} 43 18fc fa00", {
        "temperature_chn2": 25.0, "temperature_chn2_event": 4, "magnet_chn2": 0, "chn2_event": 3}),
    ("vs121", f"20ce {NOON} 03 09", {"people_count_max": 9}),
    ("vs133", f"20ce {NOON} 20 02 0a00", {"region_2_max_dwell": 10}),
    ("wt201", f"20ce {NOON} 91 9a c2 96", {
        "fan_mode": 1, "fan_status": 0, "system_status": 1, "temperature": 23.6,
        "temperature_control_mode": 2, "temperature_control_status": 0,
        "target_temperature": 20.6}),
    ("uc501", f"20dd {NOON} 0200 04 e8030000", {"modbus_chn_2": 1000}),
    ("uc100", f"20ce {NOON} 01 c2 ffffffff", {"modbus_chn_2": -1}),
    ("uc100", f"20ce {NOON} 01 ba a0860100", {"modbus_chn_2": 100_000}),
    ("uc100-v2", f"21ce {NOON} 00 5009" + "0a00000000000000" + "00" * 8, {
        "modbus_chn_1": 10, "modbus_chn_1_alarm": 1}),
    ("uc511", f"20ce {NOON} 13 05000000", {"mode": 1, "valve_2": 1, "valve_2_pulse": 5}),
    ("wt102", f"ed00 {NOON} 016608", {"temperature": 21.5}),
]  # fmt: skip


@pytest.mark.parametrize(("model", "payload", "expected"), PAST, ids=[one[0] for one in PAST])
def test_a_record_of_the_past_has_its_own_time(
    model: str, payload: str, expected: dict[str, float]
) -> None:
    found = read(model, payload)
    assert {one.name: one.value for one in found} == pytest.approx(expected)
    assert {one.time_us for one in found} == {NOON_US}


def test_a_channel_of_time_holds_for_the_counts_beside_it() -> None:
    counts = read("vs350", f"0aef {NOON} 05cc01000200")
    assert [(one.name, one.time_us) for one in counts] == [
        ("period_in", NOON_US),
        ("period_out", NOON_US),
    ]
    never_set = read("vs350", "0aef 78000000 05cc01000200")
    assert {one.time_us for one in never_set} == {None}


def test_kinds_and_units() -> None:
    found = {one.name: (one.unit, one.kind) for one in read("ws523", "048000000000 068300000000")}
    assert found == {
        "active_power": ("W", Kind.INSTANT),
        "power_consumption": ("Wh", Kind.REGISTER),
    }
    (pir,) = read("ws202", "030001")
    assert (pir.unit, pir.kind) == ("1", Kind.STATE)


def test_what_stands_before_an_unknown_channel_is_kept() -> None:
    battery, problem = MILESIGHT["milesight/em300-th"](bytes.fromhex("017564 7f7f 0102"), 85)
    assert isinstance(battery, Quantity)
    assert not isinstance(problem, Quantity)
    assert (problem.reason, problem.value) == ("unknown_payload", "7f7f0102")


def test_a_record_of_an_unknown_sort_ends_the_frame() -> None:
    found = MILESIGHT["milesight/vs350"](bytes.fromhex(f"036700ff 20ce {NOON} 07 0000"), 85)
    assert [isinstance(one, Quantity) for one in found] == [True, False]


def test_what_fills_a_frame_up_is_passed_over() -> None:
    (current,) = MILESIGHT["milesight/ct101"](bytes.fromhex("0498b80b 000000000000"), 85)
    assert isinstance(current, Quantity)
    assert current.value == 30.0


def test_settings_alone_are_no_measurement() -> None:
    with pytest.raises(Refusal) as refused:
        read("em300-th", "fe03b004 ff1000")
    assert refused.value.problem.reason == "not_a_measurement"


def test_no_number_is_a_problem_of_its_value() -> None:
    found = MILESIGHT["milesight/uc501"](bytes.fromhex("ff0e 07 05 0000c07f 017564"), 85)
    problem, battery = found
    assert not isinstance(problem, Quantity)
    assert (problem.reason, problem.point) == ("bad_value", "modbus_chn_1")
    assert isinstance(battery, Quantity)


def test_a_frame_over_a_mobile_network_has_a_head() -> None:
    channels = "017555 0482e803"
    head = "02 0001" + (86 - 5 + 7).to_bytes(2, "big").hex() + "31" * 81
    assert values("em400-udl", head + channels) == {"battery": 85, "distance": 1000}


@pytest.mark.parametrize("checked", ["221764000a58", "221764000a", "221764000a5900"])
def test_a_smoke_detector_checks_its_sum(checked: str) -> None:
    assert read("gs524n", checked) == []


@given(st.sampled_from(GOLDEN + PAST), st.data())
def test_a_frame_cut_off_is_refused_or_says_less(
    case: tuple[str, str, dict[str, float]], data: st.DataObject
) -> None:
    model, text, expected = case
    payload = bytes.fromhex(text)
    cut = data.draw(st.integers(0, len(payload) - 1))
    with suppress(Refusal):
        for name, value in values(model, payload[:cut].hex()).items():
            assert value == pytest.approx(expected[name])


IDS = (0x01, 0x03, 0x04, 0x05, 0x08, 0x0A, 0x20, 0x21, 0x83, 0x84, 0x93, 0xF9, 0xFE, 0xFF)
TYPES = (0x00, 0x01, 0x0E, 0x19, 0x29, 0x67, 0x68, 0x75, 0x7D, 0xC8, 0xCC, 0xCE, 0xDC, 0xDD, 0xE2)
CHANNELS = st.builds(
    lambda one, sort, rest: bytes((one, sort)) + rest,
    st.sampled_from(IDS), st.sampled_from(TYPES), st.binary(max_size=24),
)  # fmt: skip


@given(st.sampled_from(sorted(MILESIGHT)), st.lists(CHANNELS, max_size=4))
def test_any_channels_are_read_or_refused(model: str, channels: list[bytes]) -> None:
    with suppress(Refusal):
        for one in MILESIGHT[model](b"".join(channels), 85):
            assert not isinstance(one, Quantity) or (one.name and isfinite(one.value))


@pytest.mark.parametrize(
    "text", ["temperature", "temperature x16", "a u8 %,, b", "a u8 furlongs", "+x"]
)
def test_a_layout_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="layout = "):
        layout(text)


@given(st.integers(-(2**15), 2**15 - 1), st.sampled_from([1, 10, 100]))
def test_a_number_is_what_was_sent(raw: int, divisor: int) -> None:
    (found,) = layout(f"x i16/{divisor} C")(
        Octets(raw.to_bytes(2, "little", signed=True), "little")
    )
    assert isinstance(found, Quantity)
    assert (found.value, found.unit) == (raw / divisor, "C")
