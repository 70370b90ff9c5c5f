"""Gateways of the national protocol that keep each report until it is acknowledged by its number.

A report has one time, and a reading of it is known by point and time alone: so one report a
number, at a second of its own. Sent again, it is the same reading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from metering.localtime import from_us, zone_of
from proofs.fault_ingest.messages import (
    DAY_US,
    LARGE_BYTES,
    MadeMessage,
    NumberedMessage,
    WayWording,
)
from proofs.fault_ingest.senders import OneByOne
from simulators import Identity, NationalGateway, TurnedAway

ZONE: Final = "Asia/Shanghai"
_METER: Final = "T"
_SECOND_US: Final = 1_000_000


def _report(time_us: int, *meters: str) -> bytes:
    clock = from_us(time_us).astimezone(zone_of(ZONE)).strftime("%Y%m%d%H%M%S")
    return f"<parser>yes</parser><time>{clock}</time>{''.join(meters)}".encode()


def _meter(value: object, id: str = _METER) -> str:
    function = f'<function id="1" coding="01000" error="0">{value}</function>'
    return f'<meter id="{id}" conn="conn">{function}</meter>'


def report(seq: int, time_us: int) -> NumberedMessage:
    """A report of one meter, at a whole second."""
    at_us = time_us // _SECOND_US * _SECOND_US
    return NumberedMessage(seq, _report(at_us, _meter(seq)), (at_us,))


def _cut(seq: int, time_us: int) -> NumberedMessage:
    return NumberedMessage(seq, report(seq, time_us).payload[:-3], refused=True)


def _no_utf8(seq: int, time_us: int) -> NumberedMessage:
    return NumberedMessage(seq, report(seq, time_us).payload + b"<x>\xff</x>", refused=True)


def _valued(value: str) -> MadeMessage:
    def made(seq: int, time_us: int) -> NumberedMessage:
        return NumberedMessage(seq, _report(time_us, _meter(value)), refused=True)

    return made


def _unknown_point(seq: int, time_us: int) -> NumberedMessage:
    at_us = time_us // _SECOND_US * _SECOND_US
    payload = _report(at_us, _meter(seq), _meter(seq, "nobody"))
    return NumberedMessage(seq, payload, (at_us,), refused=True)


def _year_old(seq: int, time_us: int) -> NumberedMessage:
    return report(seq, time_us - 365 * DAY_US)


def _large(seq: int, time_us: int) -> NumberedMessage:
    payload = report(seq, time_us).payload + b"<x>" + b"x" * LARGE_BYTES + b"</x>"
    return NumberedMessage(seq, payload, refused=True)


_KINDS: Mapping[str, MadeMessage] = {
    "bad-xml": _cut,
    "bad-utf8": _no_utf8,
    "nan": _valued("NaN"),
    "unknown-point": _unknown_point,
    "text-for-a-number": _valued("twelve"),
    "year-old": _year_old,
}
XML: Final = WayWording(
    report,
    report,
    _cut,
    _KINDS,
    number=re.compile(rb"<sequence>(\d+)</sequence>"),
    value=re.compile(rb">(\d+)</function>"),
    timed=frozenset({f"{_METER}.1"}),
    large=_large,
)


@dataclass(frozen=True)
class NationalPlace:
    """Where such a gateway reports to, and as whom."""

    port: int
    identity: Identity


class NationalNumbers(OneByOne):
    """Over the national protocol, one report after another."""

    def __init__(self, place: NationalPlace) -> None:
        self._place = place
        self._gateway = NationalGateway(place.identity)
        self._inside = self._before = False
        super().__init__()

    def push_alone(self, message: NumberedMessage) -> bool:
        alone = NationalGateway(self._place.identity)
        try:
            alone.connect("127.0.0.1", self._place.port)
            return self._delivered(alone, message)
        except (OSError, TurnedAway):
            return False
        finally:
            alone.disconnect()

    def take_over(self) -> None:
        """Let another connection of the same gateway come, and go."""
        other = NationalGateway(self._place.identity)
        other.connect("127.0.0.1", self._place.port)
        other.disconnect()

    def close(self) -> None:
        super().close()
        self._gateway.disconnect()

    def sent(self, message: NumberedMessage) -> bool:
        """Deliver it, after a log-in where there was none since the line was lost."""
        try:
            if not self._inside:
                self._gateway.connect("127.0.0.1", self._place.port)
                self._inside = True
            return self._delivered(self._gateway, message, again=self._before)
        except (OSError, TurnedAway):
            self._inside, self._before = False, True
            return False

    def _delivered(self, gateway: NationalGateway, message: NumberedMessage, **how: Any) -> bool:
        told = message.payload.decode(errors="surrogateescape")
        gateway.waiting = {message.seq: told}
        gateway.deliver(**how)
        if gateway.waiting:
            return False
        self.done(message)
        return True
