"""A receiver that leaves: it asks for nothing new, takes what its session has, and ends that."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable

import msgspec

from collector.broker.link import BrokerLink
from collector.broker.settings import Address, ClientSettings

_ANSWER_S, _TURN_S = 30.0, 1.0


class Leaving:
    """Whether a receiver may go.

    wanted: whether it is to leave; once it is, it is not asked again.
    quiet_s: so long nothing may have come [s]
    """

    def __init__(self, wanted: Callable[[], bool], quiet_s: float) -> None:
        self._wanted = wanted
        self._begun = False
        self._quiet_s = quiet_s
        self._took_s = time.monotonic()

    def took(self) -> None:
        """Something came, or a connection begins on which something may."""
        self._took_s = time.monotonic()

    def has_all(self, link: BrokerLink, *, waits: bool) -> bool:
        """Asked each turn. True where for long nothing came or waited for the disk, and the broker
        has since answered that it sends nothing new: it answers behind what it has sent."""
        self._begun = self._begun or self._wanted()
        if not self._begun or not link.subscribed or link.unsubscribed is False:
            return False
        if waits:  # once it is stored and acknowledged, the broker sends what had no room
            self._took_s = time.monotonic()
        elif link.unsubscribed and link.asked_s - self._took_s >= self._quiet_s:
            return True
        quiet = time.monotonic() - max(self._took_s, link.asked_s) >= self._quiet_s
        if quiet or link.unsubscribed is None:
            link.unsubscribe()
        return False


def end_session(
    settings: ClientSettings, address: Address, tls: ssl.SSLContext | None, wake: socket.socket
) -> None:
    """Begin a clean session in the place of the receiver's, which ends with its connection. Where
    the broker does not answer, the session stays until it expires there; it has nothing in it."""
    clean = msgspec.structs.replace(settings, clean_session=True, filters=())
    link, until_s = BrokerLink(clean, address, tls), time.monotonic() + _ANSWER_S
    alive = link.open()
    while alive and not link.accepted and time.monotonic() < until_s:
        alive = link.turn(_TURN_S, wake, reading=True)
    link.close()
