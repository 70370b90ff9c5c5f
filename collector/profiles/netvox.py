"""Netvox: reports of eleven bytes, one or several, that say themselves which device sends.

    version | device type | report type | eight bytes of the report

Sources: the manufacturer's "LoRaWAN Application Command" and its decoders, whose names these are.
"""

from __future__ import annotations

from dataclasses import replace

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.layout import STATE, Field, Reader, fields
from collector.profiles.profile import (
    Octets,
    Profile,
    no_measurement,
    not_known,
    unknown_message,
)
from metering.reading import Kind

_REPORTS = 6
_CONFIGURATION = 7
_CALIBRATION = 14
_REJOIN = frozenset({20, 32})
_FRAME = 11
_ABOUT = 0
"""The report type of versions and dates."""

_VOLT = (
    Field("Volt", 1, 0.1, "V", mask=0x7F),
    Field("LowVolt", 1, 1, "1", STATE, mask=0x80, again=True),
)
_NO_SENSOR = 0xFFFF


def _battery(*layout: Field) -> Reader:
    return fields(*_VOLT, *layout)


def _three(first: Field, *others: Field) -> Reader:
    """Up to three values of two bytes, any of which may have no sensor."""
    return _battery(*(replace(one, absent=_NO_SENSOR) for one in (first, *others)))


def _flag(name: str) -> Field:
    return Field(name, 1, 1, "1", STATE)


def _tenth(name: str, unit: str | None = None) -> Field:
    return Field(name, 2, 0.1, unit)


def _hundredth(name: str, unit: str | None = None) -> Field:
    return Field(name, 2, 0.01, unit)


_WARMTH = Field("Temp", -2, 0.01, "C")
_CLIMATE = {1: _battery(_WARMTH, Field("Humi", 2, 0.01, "%"))}
_PROBE = {1: _battery(Field("Temp", -2, 0.1, "C"))}
_PROBES = {1: _battery(Field("Temp1", -2, 0.1, "C"), Field("Temp2", -2, 0.1, "C"))}
_STATUS = {1: _battery(_flag("status"))}
_STATUSES = {1: _battery(_flag("status1"), _flag("status2"))}
_ON_OFF = {1: _battery(_flag("OnOff"))}
_LEAK = {1: _battery(_flag("WaterLeak"))}
_DUST = {1: _battery(_WARMTH, Field("Humi", 2, 0.01, "%"), Field("PM25", 2))}
_ANALOG = {1: _battery(Field("ADCRaw", 2))}
_ALARM = {1: _battery(_flag("Alarm"))}
_MOTOR = {1: fields(_flag("MotorStatus"))}
_RELAYS = [_flag(f"Relay_{place}") for place in (1, 2, 3)]
_PULSES = {1: _battery(Field("PulseCount", 2, 1, "1", None))}

_AIR: dict[int, Reader] = {
    1: _three(Field("PM1_0_CF", 2), Field("PM2_5_CF", 2), Field("PM10_CF", 2)),
    2: _three(Field("PM1_0", 2), Field("PM2_5", 2), Field("PM10", 2)),
    3: _three(Field("um0_3", 2), Field("um0_5", 2), Field("um1_0", 2)),
    4: _three(Field("um2_5", 2), Field("um5_0", 2), Field("um10", 2)),
    5: _three(_tenth("O3", "ppm"), _tenth("CO", "ppm"), _tenth("NO", "ppm")),
    6: _three(_tenth("NO2", "ppm"), _tenth("SO2", "ppm"), _tenth("H2S", "ppm")),
    7: _three(_tenth("CO2", "ppm"), _tenth("NH3", "ppm"), _tenth("Noise")),
    8: _three(_hundredth("PH"), Field("TempPH", -2, 0.01, "C"), Field("ORP", -2, 1, "mV")),
    9: _three(
        _tenth("NTU"), Field("TempNTU", -2, 0.01, "C"), _hundredth("EC5SoildHumi", "%")
    ),
    10: _three(
        _hundredth("SoildHumi5TE", "%"), Field("SoildTemp5TE", -2, 0.01, "C"),
        Field("WaterLevel", 2),
    ),
    11: _three(Field("TempLDO", -2, 0.01, "C"), _hundredth("LDO_DO"), _tenth("LDO_Sat", "%")),
    12: _three(
        Field("Temperature", -2, 0.01, "C"), _hundredth("Humidity", "%"), _hundredth("WindSpeed")
    ),
    13: _battery(
        Field("WindDirection", 2, absent=_NO_SENSOR),
        Field("Atomsphere", 4, 1, "Pa", absent=0xFFFFFFFF),
    ),
    14: _three(_tenth("VOC", "ppm")),
}  # fmt: skip
"""The series of weather and air, and its boxes for other people's probes."""

_OUTLET: dict[int, Reader] = {
    1: fields(
        _flag("OnOff"), Field("Energy", 4, 1, "Wh", Kind.REGISTER), _flag("OverCurrentAlarm"),
        _flag("DashCurrentAlarm"), _flag("PowerOffAlarm"),
    ),
    2: fields(Field("Vol", 2, 1, "V"), Field("Current", 2, 1, "mA"), Field("Power", 2, 1, "W")),
}  # fmt: skip

_RATIOS = (1, 5, 10, 100)
"""By two bits, what a current of the newest reports is multiplied by."""


def _current(octets: Octets) -> list[Quantity]:
    """A current transformer: its current [mA] is the number times its multiplier."""
    volt = fields(*_VOLT)(octets)
    return [*volt, _milliamperes("Current", octets.unsigned(2), octets.unsigned(1))]


def _currents(octets: Octets) -> list[Quantity]:
    """Three, of which this report has only the first's multiplier; `_ratios` has the others."""
    volt = fields(*_VOLT)(octets)
    raw = [octets.unsigned(2) for _ in range(3)]
    ratios = (octets.unsigned(1), 1, 1)
    return [*volt, *_all_currents(raw, ratios)]


def _all_currents(raw: list[int], ratios: tuple[int, int, int]) -> list[Quantity]:
    pairs = zip(raw, ratios, strict=True)
    return [_milliamperes(f"Current{place}", *pair) for place, pair in enumerate(pairs, 1)]


def _ratios_of_all(octets: Octets) -> list[Quantity]:
    """Three currents with two bits for the multiplier of each."""
    volt = fields(*_VOLT)(octets)
    raw = [octets.unsigned(2) for _ in range(3)]
    bits = octets.unsigned(1)
    first, second, third = (_RATIOS[bits >> shift & 3] for shift in (0, 2, 4))
    return [*volt, *_all_currents(raw, (first, second, third))]


def _milliamperes(name: str, raw: int, ratio: int) -> Quantity:
    return Quantity(name, raw * ratio, "mA", Kind.INSTANT)


_RATIOS_LATER = _battery(Field("Multiplier2", 1, kind=STATE), Field("Multiplier3", 1, kind=STATE))
_ALARMS = _battery(
    *(
        Field(f"{level}Current{phase}Alarm", 1, 1, "1", STATE, mask=1 << bit, again=bit > 0)
        for bit, (phase, level) in enumerate(
            (phase, level) for phase in (1, 2, 3) for level in ("Low", "High")
        )
    )
)

_DEVICES: dict[int, dict[int, Reader]] = {
    **dict.fromkeys((1, 11, 19, 110), _CLIMATE),
    **dict.fromkeys((144, 145, 146, 147, 148, 149), _PROBE),
    **dict.fromkeys((20, 21, 22, 23, 24, 25, 120, 121, 122, 123, 124), _PROBES),
    **dict.fromkeys((32, 42, 116, 117), _ANALOG),
    **dict.fromkeys((53, 54, 55, 106), _DUST),
    **dict.fromkeys((16, 49, 77), _ALARM),
    85: {1: _battery(_flag("Doorbell"))},
    **dict.fromkeys((178, 179), _MOTOR),
    173: {1: fields(*_RELAYS)},
    176: {1: fields(*_RELAYS, *(_flag(f"Input_{place}") for place in (1, 2, 3)))},
    10: {
        1: _battery(_flag("FireAlarm"), _flag("HighTempAlarm"), Field("Temp", -2, 0.1, "C"))
    },
    17: {1: _battery(_flag("COAlarm"), _flag("HighTempAlarm"))},
    30: {1: _battery(Field("Illuminance", 4, 1, "lx"))},
    89: {1: _battery(_flag("Occupied"))},
    112: {1: _battery(Field("AirPressure", 4, 1, "Pa"), _WARMTH)},
    **dict.fromkeys((26, 27, 33, 37, 39, 79, 91, 130, 137, 139, 141, 151, 168, 169, 183), _STATUS),
    **dict.fromkeys((47, 61, 62, 67, 69, 76, 86, 108, 126, 138, 140, 142), _STATUSES),
    **dict.fromkeys((2, 29, 125), _ON_OFF),
    **dict.fromkeys((18, 50), _LEAK),
    6: {1: _battery(_flag("WaterLeak_1"), _flag("WaterLeak_2"))},
    31: _PULSES,
    3: {
        1: _battery(
            _WARMTH, Field("Illuminance", 2, 1, "lx"), _flag("Occupy"), _flag("DisassembledAlarm")
        )
    },
    **dict.fromkeys((5, 9, 13, 87, 88), _AIR),
    **dict.fromkeys((14, 115), _OUTLET),
    34: {1: _battery(Field("Current", 1, 1, "A"), Field("FineCurrent", 1, 0.1, "A"))},
    68: {
        1: _battery(
            Field("Current_1", 1, 1, "A"), Field("Current_2", 1, 1, "A"),
            Field("FineCurrent_1", 1, 0.1, "A"), Field("FineCurrent_2", 1, 0.1, "A"),
        )
    },
    73: {1: _current},
    74: {1: _currents, 2: _RATIOS_LATER, 3: _ratios_of_all, 4: _ALARMS},
    152: {1: _current},
    165: {1: _battery(Field("TVOC_VOC", 2), _WARMTH, Field("Humi", 2, 0.01, "%"))},
}  # fmt: skip
"""By device type, then report type."""


def netvox(payload: bytes, port: int) -> list[Quantity | Problem]:
    """Reports, with the newest value of each name; what a device answers about its configuration
    where that is a number. Refusal for other answers and for device types without a description."""
    if port == _REPORTS:
        return _reports(payload)
    if port == _CONFIGURATION:
        return list(_configuration(payload))
    if port == _CALIBRATION or port in _REJOIN:
        return list(_answer(payload, port))
    raise unknown_message(payload, port)


def _reports(payload: bytes) -> list[Quantity | Problem]:
    found: dict[str, Quantity] = {}
    problems: list[Quantity | Problem] = []
    spoken = False
    for start in range(0, len(payload), _FRAME):
        octets = Octets(payload[start : start + _FRAME])
        _, device, report = octets.take(3)
        spoken = spoken or report != _ABOUT
        read = _DEVICES.get(device, {}).get(report)
        if read is not None:
            found |= {one.name: one for one in _completed(read(octets), found)}
        elif report != _ABOUT:
            problems.append(not_known(payload, start, "a report"))
    if not spoken:
        raise no_measurement("what a device says about itself", payload)
    return [*found.values(), *problems]


def _completed(told: list[Quantity], before: dict[str, Quantity]) -> list[Quantity]:
    """The multipliers of a second report, and the currents of the first report by them."""
    ratios = {one.name[-1]: one.value for one in told if one.name.startswith("Multiplier")}
    currents = [(before.get(f"Current{place}"), ratio) for place, ratio in ratios.items()]
    return [*told, *(replace(one, value=one.value * ratio) for one, ratio in currents if one)]


_INTERVALS = fields(Field("MinTime", 2), Field("MaxTime", 2))
_CHANGES: dict[int, Reader] = {
    **dict.fromkeys((1, 11, 19, 110), fields(_hundredth("TempChange"), _hundredth("HumiChange"))),
    **dict.fromkeys((34, 68), fields(Field("CurrentChange", 1))),
}
"""What has to change before a device reports, behind the change of its battery."""
_WITHOUT_BATTERY = frozenset(
    {5, 9, 13, 14, 53, 54, 55, 73, 74, 87, 88, 106, 115, 152, 173, 176, 178, 179}
)
_READ_CONFIGURATION = 0x82
_READ_DURATIONS = 0x84
_PRESENCE = 89


def _configuration(payload: bytes) -> list[Quantity]:
    octets = Octets(payload)
    command, device = octets.take(2)
    if command == _READ_DURATIONS and device in _DEVICES and _DEVICES[device] is _ON_OFF:
        return fields(Field("on_state_duration", 2), Field("off_state_duration", 2))(octets)
    if command == _READ_DURATIONS and device == _PRESENCE:
        return fields(Field("DetectThreshold", 2))(octets)
    if command != _READ_CONFIGURATION:
        raise no_measurement("an answer to a command", payload)
    found = _INTERVALS(octets)
    if device not in _WITHOUT_BATTERY:
        found += fields(Field("BatteryChange", 1, 0.1, "V"))(octets)
        found += _CHANGES[device](octets) if device in _CHANGES else []
    return found


def _answer(payload: bytes, port: int) -> list[Quantity]:
    octets = Octets(payload)
    if octets.unsigned(1) != _READ_CONFIGURATION:
        raise no_measurement("an answer to a command", payload)
    if port == _CALIBRATION:
        layout = (Field("", 2), Field("Multiplier", 2), Field("Divisor", 2), Field("DeltValue", -2))
        return fields(*layout)(octets)
    return fields(Field("RejoinCheckPeriod", 4), Field("RejoinThreshold", 1))(octets)


_MODELS = (
    "r711", "r712", "r718a", "r718ab", "r720a", "r718cj", "r718ck", "r718ct", "r718cr", "r718ce",
    "r718b", "r718b2", "r718ck2", "r718ct2", "r718da", "r718db", "r718j", "r718lb", "r718mba",
    "r311fa", "r718q", "r730mba", "r730da", "r730db", "r730lb", "r718qa", "r311da", "r311db",
    "r720f", "r718da2", "r718db2", "r718f2", "r718j2", "r718lb2", "r311ca", "r311cb", "r730f2",
    "r730da2", "r730db2", "r730lb2", "r311cc", "r311a", "r718f", "r730f", "r311w", "r718wa",
    "r718wb", "r718h", "rb11e", "ra0715", "ra0723", "r72615", "r72624", "ra0715y", "r718pa",
    "r718pb", "r809a", "r816b", "r718ka", "r718ka2", "r718n1", "r718n3", "r718nl1", "r720e",
    "r716s", "r718cj2", "r718cn2", "r718ce2", "r730cj2", "r730ck2", "r730ct2", "r730cn2", "r730ce2",
    "r718ia", "r718ib", "r730ia", "r730ib", "ra0716", "r72616", "r72716", "r72616a", "rb02i",
    "r718t", "r312a", "r312", "r831a", "r831b", "r831c", "r831d", "ra02a", "ra02c", "r718g",
    "r719a", "r720c",
)  # fmt: skip

NETVOX: dict[str, Profile] = {f"netvox/{model}": netvox for model in ("generic", *_MODELS)}
"""One profile for all: their reports say which device they are of."""
