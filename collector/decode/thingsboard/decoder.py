"""Reading telemetry of ThingsBoard: values by their keys, with a time or without.

    device    {"energy": 1234.5}, {"ts": 1795508100000, "values": {"energy": 1234.5}}, or a list
    gateway   {"Device A": [{"ts": 1795508100000, "values": {"energy": 1234.5}}]}

[ThingsBoard documentation: MQTT device API, MQTT gateway API]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from collector.decode.message import Decoded, Incoming, MessageLimits, Problem, Refusal
from collector.decode.quantity import Quantity
from collector.decode.values import (
    clock_of,
    json_of,
    leaves,
    measured,
    not_measured,
    object_of,
    taken,
)

_GATEWAY = "v1/gateway/telemetry"


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The readings of telemetry. Raises Refusal: not_a_measurement, bad_message, bad_json,
    bad_utf8."""
    if incoming.topic.endswith(("/attributes", "/connect", "/disconnect", "/claim")):
        raise not_measured("attributes, or a device that comes or goes", incoming.topic)
    told = json_of(incoming.payload, limits)
    rows: Iterable[Quantity | Problem]
    if isinstance(told, dict) and (incoming.topic == _GATEWAY or _of_gateway(told)):
        rows = chain.from_iterable(_rows(of, incoming.zone, name) for name, of in told.items())
    else:
        rows = _rows(told, incoming.zone, "")
    return measured(rows, incoming, limits, "telemetry without values", told)


def suits(incoming: Incoming) -> bool:
    """Whether the topic is ThingsBoard's, or the payload has the shape of its times and values."""
    told = object_of(incoming.payload)
    timed = "ts" in told and isinstance(told.get("values"), dict) and len(told) == 2
    return incoming.topic.endswith("/telemetry") or timed or _of_gateway(told)


def _of_gateway(told: dict[str, Any]) -> bool:
    """Whether each name has a list of rows with times: then the names are devices'."""
    return bool(told) and all(
        isinstance(rows, list)
        and bool(rows)
        and all(isinstance(row, dict) and "values" in row for row in rows)
        for rows in told.values()
    )


def _rows(rows: object, zone: str, device: str) -> Iterator[Quantity | Problem]:
    for row in rows if isinstance(rows, list) else [rows]:
        if not isinstance(row, dict):
            yield _no_row(row)
            continue
        values = row.get("values")
        try:
            time_us = clock_of(row.get("ts"), zone, "ts") if isinstance(values, dict) else None
        except Refusal as refusal:
            yield refusal.problem
            continue
        for path, value in leaves(values if isinstance(values, dict) else row):
            one = taken(".".join(path), value, None, None, time_us, device)
            if one is not None:
                yield one


def _no_row(row: object) -> Problem:
    return Refusal(
        "bad_message", "not an object of values", "values", row, 'send {"ts": ..., "values": {...}}'
    ).problem
