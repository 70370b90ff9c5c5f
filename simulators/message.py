"""Messages as a gateway writes them: the native JSON payload, and payloads gone wrong.

A message carries along what it holds, entry by entry, so that the gateway can note in its own
file what was acknowledged: readings, duplicates and bad ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from metering.localtime import iso
from simulators.campus import SITE, SimPoint

READING, DUPLICATE, BAD = "reading", "duplicate", "bad"
SECOND_US = 1_000_000


@dataclass(frozen=True)
class MessageEntry:
    """One reading of a message and what it is: reading, duplicate or bad.

    A duplicate has been in an earlier message with the same value. A message that cannot be
    read at all is one bad entry without a point.
    """

    kind: str
    point: str
    time_us: int = 0
    value: float | None = None


@dataclass(frozen=True)
class Publication:
    """One MQTT publication: its number in the gateway's life, its payload, what it holds."""

    number: int
    payload: bytes
    entries: tuple[MessageEntry, ...]


def topic(gateway: str, channel: str = "readings") -> str:
    """The topic a gateway publishes on."""
    return f"greenoffice/v1/{SITE}/{gateway}/{channel}"


def reading_text(point: SimPoint, time_us: int, value: float) -> str:
    """JSON object of one reading."""
    return (
        f'{{"point": "{point.name}", "kind": "{point.kind}", "unit": "{point.unit}", '
        f'"time": "{iso(time_us)}", "value": {value!r}}}'
    )


def payload(session: int, seq: int, sent_us: int, readings: Sequence[str]) -> bytes:
    """The native payload around readings."""
    head = f'{{"session": {session}, "seq": {seq}, "sent": "{iso(sent_us)}", "readings": ['
    return f"{head}{', '.join(readings)}]}}".encode()


def _one(fields: str) -> bytes:
    return f'{{"readings": [{{{fields}}}]}}'.encode()


def _bad_json(point: SimPoint, time_us: int) -> bytes:
    return f'{{"readings": [{{"point": "{point.name}", "time": "{iso(time_us)}", "val'.encode()


def _bad_utf8(point: SimPoint, time_us: int) -> bytes:
    head = f'{{"readings": [{{"point": "{point.name}'.encode()
    return head + b"\xff\xfe\xc3" + f'", "time": "{iso(time_us)}", "value": 1.0}}]}}'.encode()


def _nan_value(point: SimPoint, time_us: int) -> bytes:
    return _one(f'"point": "{point.name}", "time": "{iso(time_us)}", "value": NaN')


def _missing_value(point: SimPoint, time_us: int) -> bytes:
    return _one(f'"point": "{point.name}", "time": "{iso(time_us)}"')


def _wrong_unit(point: SimPoint, time_us: int) -> bytes:
    return _one(f'"point": "{point.name}", "unit": "lx", "time": "{iso(time_us)}", "value": 7.5')


def _kind_mismatch(point: SimPoint, time_us: int) -> bytes:
    return _one(f'"point": "{point.name}", "kind": "mean", "time": "{iso(time_us)}", "value": 7.5')


def _far_future(point: SimPoint, time_us: int) -> bytes:
    return _one(f'"point": "{point.name}", "time": "2099{iso(time_us)[4:]}", "value": 7.5')


def _epoch(point: SimPoint, time_us: int) -> bytes:
    since = time_us % (86_400 * SECOND_US)
    return _one(f'"point": "{point.name}", "time": "{iso(since)}", "value": 7.5')


def _unknown_points(point: SimPoint, time_us: int) -> bytes:
    rows = [
        f'{{"point": "{name}", "unit": "{point.unit}", "time": "{iso(time_us)}", "value": 12.5}}'
        for name in UNKNOWN_POINTS
    ]
    return f'{{"readings": [{", ".join(rows)}]}}'.encode()


UNKNOWN_POINTS = ("SPARE1.import", "SPARE2.import", "SPARE3.import")
"""Points that the gateways send and nobody registered."""

MALFORMED: dict[str, Callable[[SimPoint, int], bytes]] = {
    "bad_json": _bad_json,
    "bad_utf8": _bad_utf8,
    "nan_value": _nan_value,
    "missing_value": _missing_value,
    "wrong_unit": _wrong_unit,
    "kind_mismatch": _kind_mismatch,
    "far_future": _far_future,
    "epoch": _epoch,
    "unknown_points": _unknown_points,
}


def malformed(fault: str, point: SimPoint, time_us: int) -> tuple[bytes, tuple[MessageEntry, ...]]:
    """Payload with that fault and its entries. Without session and seq, like a device that
    has lost itself; the instant makes the bytes unique."""
    whole = fault in ("bad_json", "bad_utf8")
    names = UNKNOWN_POINTS if fault == "unknown_points" else ("" if whole else point.name,)
    return MALFORMED[fault](point, time_us), tuple(MessageEntry(BAD, name) for name in names)
