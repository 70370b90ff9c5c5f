"""Devices of the second generation and later: the status of components.

    shellyplus1pm-44/events/rpc  {"src": "shellyplus1pm-44", "method": "NotifyStatus",
                                  "params": {"ts": 1795508100.5, "switch:0": {"apower": 12.1, ...}}}
    shellyplus1pm-44/status/switch:0  {"id": 0, "apower": 12.1, ...}
    device shellyplus1pm-44, name switch:0.apower

The energy of the last minutes (`by_minute`) is left out: the register beside it has it.
[Shelly Gen2+ API: component statuses, RPC notifications]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.decode.values import epoch_of, leaves, not_measured, number_of, taken
from metering.reading import Kind

_COMPONENT = re.compile(r"[a-z][a-z0-9_]*(:\d+)?", re.ASCII)
_NO_DEVICE = frozenset(
    {"sys", "mqtt", "wifi", "wi_fi", "cloud", "ble", "ws", "eth", "script"}
    | {"matter", "zigbee", "knx", "modbus", "ui", "plugs_ui"}
)
_SKIPPED = frozenset(
    {"id", "minute_ts", "by_minute", "tF", "timer_started_at", "timer_duration", "move_started_at"}
    | {"target_pos", "errors", "flags", "rssi", "packet_id", "last_updated_ts"}
)
_UNITS = {
    **dict.fromkeys(("apower", "act_power", "power", "total_act_power"), "W"),
    **dict.fromkeys(("aprt_power", "total_aprt_power"), "VA"),
    **dict.fromkeys(("voltage", "V"), "V"),
    **dict.fromkeys(("current", "total_current"), "A"),
    **dict.fromkeys(("freq",), "Hz"),
    "pf": "1",
    "tC": "C",
    **dict.fromkeys(("rh", "percent", "brightness", "current_pos"), "%"),
    "lux": "lx",
    "ppm": "ppm",
}
_ENERGIES = re.compile(
    r"(aenergy|ret_aenergy)\.total|([abc]_)?total_act(_energy|_ret_energy)?|total_act_ret"
)
_PHASE = re.compile(r"[abcn]_(?=act_power|aprt_power|voltage|current|pf|freq)")


def is_component(name: str) -> bool:
    """Whether a word is a component's: `switch:0`, `sys`."""
    return _COMPONENT.fullmatch(name) is not None


def of_message(message: object, prefix: str) -> list[Quantity | Problem]:
    """The quantities of a notification or of the answer to `Shelly.GetStatus`.

    Raises Refusal: not_a_measurement for events, answers of other sorts, and what is none of both.
    """
    told = message if isinstance(message, dict) else {}
    method = str(told.get("method", ""))
    status = told.get("params") if method.endswith("Status") else told.get("result")
    if not isinstance(status, dict):
        raise not_measured("an event or an answer, without a status", method or sorted(told)[:8])
    ts = number_of(status.get("ts"))
    device = prefix if prefix and "/rpc" not in prefix else str(told.get("src", ""))
    return of_components(status, device, None if ts is None else epoch_of(ts))


def of_components(
    status: Mapping[str, Any], device: str, time_us: int | None
) -> list[Quantity | Problem]:
    """The quantities of components by their names; of the device's own network none."""
    return [
        one
        for component, told in status.items()
        if component.partition(":")[0] not in _NO_DEVICE and isinstance(told, dict)
        for one in _of_component(component, told, device, time_us)
    ]


def _of_component(
    component: str, told: Mapping[str, Any], device: str, time_us: int | None
) -> Iterator[Quantity | Problem]:
    for path, value in leaves(told):
        if _SKIPPED & set(path):
            continue
        way = ".".join(path)
        name = f"{component}.{way}"
        energy = _ENERGIES.fullmatch(way) is not None
        unit = "Wh" if energy else _UNITS.get(_PHASE.sub("", path[-1], count=1))
        if isinstance(value, str) and unit is None:
            continue
        one = taken(name, value, unit, Kind.REGISTER if energy else None, time_us, device)
        if one is not None:
            yield one
