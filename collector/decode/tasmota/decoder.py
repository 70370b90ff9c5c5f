"""Reading a message of Tasmota: every number and switch of it, named by the way to it.

tele/plug7/SENSOR  {"Time": "2026-11-24T16:15:00", "ENERGY": {"Total": 14.834, ...}}
device plug7, name ENERGY.Total; of several phases ENERGY.1.Voltage, ENERGY.2.Voltage, ...
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from collector.decode.message import Decoded, Incoming, MessageLimits, Problem
from collector.decode.quantity import Quantity
from collector.decode.tasmota.units import REGISTERS, unit_of
from collector.decode.values import (
    clock_of,
    json_of,
    leaves,
    measured,
    not_measured,
    object_of,
    taken,
    text_of,
)
from metering.reading import Kind

_PREFIXES = ("tele", "stat")
_WRAPPERS = {"StatusSNS": "SENSOR", "StatusSTS": "STATE"}
_TELLING = ("SENSOR", "STATE", "STATUS8", "STATUS10", "STATUS11", "RESULT", "ENERGY")
_SWITCH = re.compile(r"POWER\d*", re.ASCII)
_HOUSEKEEPING = frozenset(
    {"Uptime", "UptimeSec", "Heap", "Sleep", "LoadAvg", "MqttCount", "Wifi", "Berry", "SleepMode"}
    | {"Hostname", "IPAddress", "Ethernet", "Epoch"}
)
"""Of a STATE: how the device itself is doing."""
_PLACE = re.compile(r"\d{1,3}", re.ASCII)
_ANSWERS = re.compile(r"Zb(State|Info|Bind|Unbind|Response|PermitJoin|Status\d|Ping|Leave)")
_NOT_READ = re.compile(
    r"Time|TotalStartTime|TempUnit|PressureUnit|SpeedUnit|Id|Uid|UID|ADCO|MAC|IP|Device|Name|Data"
    r"|Type|RSSI|SNR|LinkQuality|Endpoint|Group|(Get|Add|Remove)Group\w*|.*[!<].*|BatteryLastSeen\w*"
)
"""Names of identities, of radio and of what a command was answered."""
_LONGEST_NUMBER = 10
"""Digits of a text that is a number; what is longer, under a name without unit, is an identity."""


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The readings of a message. Raises Refusal: not_a_measurement, bad_message, bad_json,
    bad_utf8, bad_time."""
    device, last = _topic(incoming.topic)
    if _SWITCH.fullmatch(last):
        text = text_of(incoming.payload, limits)
        switch = taken(last, text, None, None, None, device)
        return measured([switch], incoming, limits, "a word, not a value", text)
    if last and last not in _TELLING:
        raise not_measured("a device that tells of itself", last)
    told = json_of(incoming.payload, limits)
    if not isinstance(told, dict):
        raise not_measured("no object with values", told)
    for wrapper, meant in _WRAPPERS.items():
        if isinstance(told.get(wrapper), dict):
            told, last = told[wrapper], meant
    last = "STATE" if "Uptime" in told else last
    time_us = clock_of(told.get("Time"), incoming.zone, "Time")
    found = _quantities(told, last, device, time_us)
    without = "an answer or a description, without values"
    return measured(found, incoming, limits, without, sorted(told)[:8])


def suits(incoming: Incoming) -> bool:
    """Whether topic or payload are Tasmota's."""
    told = object_of(incoming.payload)
    parts = incoming.topic.split("/")
    if parts[-1] in _TELLING and set(parts) & set(_PREFIXES):
        return bool(told)
    energy = told.get("ENERGY")
    return bool(
        set(told) & set(_WRAPPERS)
        or ("Time" in told and ("TempUnit" in told or {"Uptime", "Wifi"} <= set(told)))
        or (isinstance(energy, dict) and "Total" in energy)
    )


def _topic(topic: str) -> tuple[str, str]:
    """The device, and the last word of a topic: prefix and device stand in either order."""
    *parts, last = topic.split("/")
    return "/".join(part for part in parts if part not in _PREFIXES), last


def _quantities(
    told: Mapping[str, Any], last: str, device: str, time_us: int | None
) -> Iterator[Quantity | Problem]:
    for key, inner in told.items():
        if _ANSWERS.fullmatch(key) or (last == "STATE" and key in _HOUSEKEEPING):
            continue
        # An answer to a command says how a switch stands; what else it says was set by somebody.
        if last == "RESULT" and not (
            _SWITCH.fullmatch(key) or "Time" in told or key == "ZbReceived"
        ):
            continue
        for path, value in leaves(inner, (key,)):
            one = _quantity(path, value, told, device, time_us)
            if one is not None:
                yield one


def _quantity(
    path: tuple[str, ...], value: object, told: Mapping[str, Any], device: str, time_us: int | None
) -> Quantity | Problem | None:
    *way, name = path
    if way and _PLACE.fullmatch(name):  # of several phases or channels: their key stays the last
        name, way = way[-1], [*way[:-1], str(int(name) + 1)]
    unit = unit_of(name, told)
    identity = unit is None and isinstance(value, str) and len(value) > _LONGEST_NUMBER
    if identity or _NOT_READ.fullmatch(name):
        return None
    kind = Kind.REGISTER if name in REGISTERS else None
    return taken(".".join((*way, name)), value, unit, kind, time_us, device)
