"""Milesight's controllers UC: inputs, outputs, analogue inputs, Modbus and valves.

Analogue inputs are in what they were set to count (mA or V), pt100 in C; pressure of valves [kPa].
SDI-12 answers are texts, and no measurements here.

States: gpio_*, valve_N 0: low, off or closed, 1: high, on or open; *_alarm of Modbus 1: read
failed, or as the controller numbers its thresholds; *_alarm of an analogue input, *_type,
*_direction, *_sensor_status, mode and task states as numbered by the device.
"""

from __future__ import annotations

from collector.decode.quantity import Quantity
from collector.profiles.milesight import modbus
from collector.profiles.milesight.air import BATTERY
from collector.profiles.milesight.device import ANSWERS, DEVICE
from collector.profiles.milesight.frame import profile
from collector.profiles.milesight.layout import (
    US,
    Channels,
    Found,
    Reader,
    layout,
    numbered,
    state,
    timed,
)
from collector.profiles.profile import Octets, Profile
from metering.reading import Kind

_COUNTER = "gpio_counter_{n} u32 1 total"


def _analogue(name: str, what: str, order: str = "min max avg") -> str:
    """A value with its extremes and its average."""
    return ", ".join((f"{name} {what}", *(f"{name}_{ending} {what}" for ending in order.split())))


_ADC = _analogue("adc_{n}", "i16/100")
_UC11: Channels = {
    **numbered(_COUNTER, {0x01C8: 1, 0x02C8: 2}),
    **numbered("gpio_input_{n} s8", {0x0100: 1, 0x0200: 2, 0x0101: 1, 0x0201: 2}),
    **numbered("gpio_output_{n} s8", {0x0900: 1, 0x0A00: 2, 0x0901: 1, 0x0A01: 2}),
    **numbered(_ADC, {0x1102: 1, 0x1202: 2}),
    0xFF0E: modbus.legacy(0),
}
_UC11_N1: Channels = {
    **numbered("gpio_{n} s8", {0x0300: 1, 0x0400: 2, 0x0301: 1, 0x0401: 2}),
    0x04C8: "gpio_counter u32 1 total",
    **numbered(_ADC, {0x0502: 1, 0x0602: 2}),
    0xFF0E: modbus.legacy(6),
}
_UC11_T1: Channels = {
    0x0167: "temperature i16/10 C",
    0x0268: "humidity u8/2 %",
    0x0375: "battery u8 %",
}

_INPUT = _analogue("analog_input_{n}", "i16/1000")
_INPUT_HALF = _analogue("analog_input_{n}", "f16")


def _past_inputs(octets: Octets) -> Found:
    """Two inputs, each an input, an output or a counter by its code, and two analogue values."""
    time_us = octets.unsigned(4) * US
    found: Found = []
    for number in (1, 2):
        sort, value = octets.unsigned(1), octets.unsigned(4)
        if sort == 2:
            counter = f"gpio_counter_{number}"
            found.append(Quantity(counter, value, "1", Kind.REGISTER))
        elif sort < 2:
            found.append(state(f"gpio_{('input', 'output')[sort]}_{number}", value))
    found += [
        Quantity(f"analog_input_{number}", octets.signed(4) / 1000, None, Kind.INSTANT)
        for number in (1, 2)
    ]
    return timed(found, time_us)


def _past_registers(octets: Octets) -> Found:
    """Of those of sixteen Modbus channels that a mask names: type and four bytes each."""
    time_us, mask = octets.unsigned(4) * US, octets.unsigned(2)
    found: Found = []
    for number in range(16):
        if mask >> number & 1:
            code = 5 if octets.unsigned(1) & 7 in (5, 7) else 4
            found.append(modbus.register(octets, modbus.channel(number + 1), code))
    return timed(found, time_us)


def _past_texts(octets: Octets) -> Found:
    mask = int.from_bytes(octets.take(6)[4:], "little")
    octets.take(36 * mask.bit_count())
    return []


_UC501: Channels = {
    **numbered("gpio_input_{n} s8", {0x0300: 1, 0x0400: 2}),
    **numbered("gpio_output_{n} s8", {0x0301: 1, 0x0401: 2}),
    **numbered(_COUNTER, {0x03C8: 1, 0x04C8: 2}),
    **numbered(_INPUT, {0x0502: 1, 0x0602: 2}),
    **numbered(_INPUT_HALF, {0x05E2: 1, 0x06E2: 2}),
    **numbered(f"{_INPUT_HALF}, analog_input_{{n}}_alarm s8", {0x85E2: 1, 0x86E2: 2}),
    0x08DB: "+37",
    0x20DC: _past_inputs,
    0x20DD: _past_registers,
    0x20E0: _past_texts,
    0x800E: modbus.legacy(6, alarm=True),
    0xFF0E: modbus.legacy(6),
    0xFF14: "+1",
    0xFF15: modbus.failed(6),
}

_PT100 = _analogue("pt100_{n}", "f16", "max min avg").replace("f16", "f16 C")
_HALF = "max min avg"


def _past_channels(octets: Octets) -> Found:
    """What a mask of sixteen names: four inputs or counters, outputs, pt100, analogue inputs of
    current and of voltage, and a text."""
    time_us, mask = octets.unsigned(4) * US, octets.unsigned(2)
    found: Found = []
    for place in range(13):
        if mask >> place & 1:
            found += _past_channel(octets, place)
    return timed(found, time_us)


_PAST = {
    **{place: layout(f"gpio_output_{place - 3} s8") for place in (4, 5)},
    **{place: layout(f"pt100_{place - 5} f16 C") for place in (6, 7)},
    **{place: layout(_analogue(f"adc_{place - 7}", "f16", _HALF)) for place in (8, 9)},
    **{place: layout(_analogue(f"adv_{place - 9}", "f16", _HALF)) for place in (10, 11)},
    12: layout("+48"),
}


def _past_channel(octets: Octets, place: int) -> Found:
    if place in _PAST:
        return _PAST[place](octets)
    sort, value = octets.unsigned(1), octets.unsigned(4)
    if sort == 0:
        return [state(f"gpio_input_{place + 1}", value)]
    return [Quantity(f"gpio_counter_{place + 1}", value, "1", Kind.REGISTER)]


def _past_bus(octets: Octets) -> Found:
    """Of those of 32 Modbus channels that a mask names: sign, type and four bytes each."""
    time_us, mask = octets.unsigned(4) * US, octets.unsigned(4)
    found: Found = []
    for number in range(32):
        if mask >> number & 1:
            kind = octets.unsigned(1)
            field = Octets(octets.take(4), "little")
            name, code = modbus.channel(number + 1), kind & 0x7F
            if code in (9, 11):
                field.take(2)
            code = 2 if code in (8, 9, 10, 11) else code
            found.append(modbus.register(field, name, code, signed=bool(kind >> 7)))
    return timed(found, time_us)


_UC300: Channels = {
    **numbered("gpio_input_{n} s8", {0x0300: 1, 0x0400: 2, 0x0500: 3, 0x0600: 4}),
    **numbered(_COUNTER, {0x03C8: 1, 0x04C8: 2, 0x05C8: 3, 0x06C8: 4}),
    **numbered("gpio_output_{n} s8", {0x0701: 1, 0x0801: 2}),
    **numbered("pt100_{n} i16/10 C", {0x0967: 1, 0x0A67: 2}),
    **numbered("adc_{n} u32/100", {0x0B02: 1, 0x0C02: 2}),
    **numbered("adv_{n} u32/100", {0x0D02: 1, 0x0E02: 2}),
    **numbered(_PT100, {0x09E2: 1, 0x0AE2: 2}),
    **numbered(_analogue("adc_{n}", "f16", _HALF), {0x0BE2: 1, 0x0CE2: 2}),
    **numbered(_analogue("adv_{n}", "f16", _HALF), {0x0DE2: 1, 0x0EE2: 2}),
    0x20DC: _past_channels,
    0x20DD: _past_bus,
    0xFF15: modbus.failed(-1),
    0xFF19: modbus.numbered,
}


def _message(octets: Octets) -> Found:
    """A record of a text that somebody sent through the bus: no measurement."""
    octets.take(4)
    octets.take(octets.unsigned(1))
    return []


def _mutation(octets: Octets) -> Found:
    """A jump of a register, where its alarm is one."""
    first = octets.unsigned(1)
    octets.take(2)
    name = modbus.channel((first & 0x3F) + 1)
    jump = modbus.register(octets, f"{name}_mutation", 5)
    return [state(f"{name}_alarm", 3), jump] if first >> 6 == 3 else []


def _mutation_second(octets: Octets) -> Found:
    first = octets.unsigned(1)
    name = modbus.channel((first & 0x3F) + 1, first >> 6)
    return [modbus.register(octets, f"{name}_mutation", 13)]


_UC100: Channels = {
    0x20CD: _message,
    0x20CE: modbus.past,
    0xF95F: _mutation,
    0xFF15: modbus.failed(-1),
    0xFF19: modbus.numbered,
    0xFFEE: modbus.alarmed,
}
_UC100_V2: Channels = {
    0x21CD: _message,
    0x21CE: modbus.past_second,
    0xF973: modbus.second,
    0xF974: _mutation_second,
    0xFF15: modbus.failed(-1),
}


def _valve(number: int) -> Reader:
    """Open or closed; 255 answers a command that is carried out later."""

    def read(octets: Octets) -> Found:
        code = octets.unsigned(1)
        if code == 0xFF:
            return [state(f"valve_{number}_result", 1)]
        return [state(f"valve_{number}", code)]

    return read


def _past_valve(octets: Octets) -> Found:
    """One of two valves, with its input or its counter as its mode is."""
    time_us, bits, pulses = octets.unsigned(4) * US, octets.unsigned(1), octets.unsigned(4)
    number = (bits >> 4 & 1) + 1
    mode = bits >> 1 & 1
    beside = (
        Quantity(f"valve_{number}_pulse", pulses, "1", Kind.REGISTER)
        if mode
        else state(f"gpio_{number}", bits >> 2 & 1)
    )
    return timed([state("mode", mode), state(f"valve_{number}", bits & 1), beside], time_us)


_PRESSURE_ALARM = (
    "pressure_threshold_alarm.valve_strategy s8, pressure_threshold_alarm.threshold_type s8, +4, "
    "pressure_threshold_alarm.current_pressure u16 kPa, pressure_threshold_alarm.alarm_status s8"
)
_TASK = (
    "valve_{n}_task_status.task_status s8, valve_{n}_task_status.real_status s8, "
    "valve_{n}_task_status.cmd_status s8"
)
_UC511: Channels = {
    0x0301: _valve(1),
    0x0501: _valve(2),
    **numbered("valve_{n}_pulse u32 1 total", {0x04C8: 1, 0x06C8: 2}),
    **numbered("gpio_{n} s8", {0x0701: 1, 0x0801: 2}),
    0x097B: "pressure u16 kPa",
    0x0BF5: _PRESSURE_ALARM,
    **numbered(_TASK, {0x0EAF: 1, 0x0FAF: 2}),
    0xB97B: "pressure_sensor_status s8",
    0x20CE: _past_valve,
    0x21CE: "@, pressure u16 kPa",
}


def _opening(number: int) -> Reader:
    """Opening [%]; of a three-way valve those above 100 are of its other way."""

    def read(octets: Octets) -> Found:
        sort, opening = octets.unsigned(1), octets.unsigned(1)
        other = sort == 1 and opening > 100
        found: Found = [
            state(f"valve_{number}_type", sort),
            Quantity(f"valve_{number}_opening", opening - 100 * other, "%", Kind.INSTANT),
        ]
        if sort == 1:
            found.append(state(f"valve_{number}_direction", int(other)))
        return found

    return read


_UC521: Channels = {
    0x03F6: _opening(1),
    0x05F6: _opening(2),
    **numbered("valve_{n}_pulse u32 1 total", {0x04C8: 1, 0x06C8: 2}),
    **numbered("gpio_{n} s8", {0x0701: 1, 0x0801: 2}),
    **numbered("pressure_{n} u16 kPa", {0x097B: 1, 0x0A7B: 2}),
    **numbered(
        "+6, pressure_{n} u16 kPa, pressure_{n}_alarm_event.alarm s8", {0x0BF5: 1, 0x0CF5: 2}
    ),
    0x0DE3: "+4",
    **numbered("valve_{n}_opening_duration u8", {0x0E01: 1, 0x0F01: 2}),
    **numbered("valve_{n}_type s8, valve_{n}_sensor_status s8", {0xB3F6: 1, 0xB5F6: 2}),
    **numbered("pressure_{n}_sensor_status s8", {0xB97B: 1, 0xBA7B: 2}),
}


def _controller(channels: Channels) -> Profile:
    return profile(DEVICE, ANSWERS, BATTERY, channels)


_UC501_PROFILE = _controller(_UC501)
_UC511_PROFILE = _controller(_UC511)
_UC11_PROFILE = profile(DEVICE, _UC11)

CONTROLLERS: dict[str, Profile] = {
    "uc100": profile(DEVICE, ANSWERS, _UC100),
    "uc100-v2": profile(DEVICE, ANSWERS, _UC100_V2),
    **dict.fromkeys(("uc11xx", "uc1114", "uc1122", "uc1152"), _UC11_PROFILE),
    "uc11-n1": profile(DEVICE, _UC11_N1),
    "uc11-t1": profile(DEVICE, _UC11_T1),
    "uc300": profile(DEVICE, ANSWERS, _UC300),
    "uc501": _UC501_PROFILE,
    "uc502": _UC501_PROFILE,
    "uc511": _UC511_PROFILE,
    "uc512": _UC511_PROFILE,
    "uc521": _controller(_UC521),
}
