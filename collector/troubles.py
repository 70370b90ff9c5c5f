"""Why gateways were turned away or cut off, for the people who look for them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping

from collector.mqtt import ReasonCode
from collector.tls_door import RefusedCertificate
from metering.intake import GatewayTrouble

TOLD_US = 24 * 3600 * 1_000_000
"""For so long it is told."""
MOST = 2_000
"""Users of whom something is remembered; the one of whom it is oldest goes first. Anybody may claim
any name."""
MOST_ADDRESSES = 200
"""From which certificates are refused; the one of which it is oldest goes first."""
LONGEST = 200
"""Characters of a user that may be a gateway's, and of a detail."""
TOLD = frozenset(
    {
        ReasonCode.MALFORMED,
        ReasonCode.PROTOCOL_ERROR,
        ReasonCode.CLIENT_ID_INVALID,
        ReasonCode.BAD_USER_OR_PASSWORD,
        ReasonCode.NOT_AUTHORIZED,
        ReasonCode.SERVER_UNAVAILABLE,
        ReasonCode.SERVER_BUSY,
        ReasonCode.BANNED,
        ReasonCode.KEEP_ALIVE_TIMEOUT,
        ReasonCode.SESSION_TAKEN_OVER,
        ReasonCode.TOPIC_NAME_INVALID,
        ReasonCode.RECEIVE_MAXIMUM_EXCEEDED,
        ReasonCode.TOPIC_ALIAS_INVALID,
        ReasonCode.PACKET_TOO_LARGE,
        ReasonCode.QUOTA_EXCEEDED,
        ReasonCode.ADMINISTRATIVE_ACTION,
        ReasonCode.CONNECTION_RATE_EXCEEDED,
    }
)
"""Why a client that named its user can be turned away or cut off."""


class Troubles:
    """The latest of each user. May be asked from any thread.

    now_us: the clock [us since the epoch].
    """

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._latest: OrderedDict[str, GatewayTrouble] = OrderedDict()
        self._at: OrderedDict[str, str] = OrderedDict()
        """Who came in from an address; '' where it was more than one gateway."""
        self._certificates: OrderedDict[str, GatewayTrouble] = OrderedDict()
        """By address."""

    def note(self, user: str, reason: ReasonCode, detail: str, address: str) -> None:
        """A client that named a user was refused, or its connection was ended."""
        if not 0 < len(user) <= LONGEST or reason not in TOLD:
            return
        self._count(self._latest, user, reason.name.lower(), detail, address, MOST)

    def came_in(self, user: str, address: str) -> None:
        """A gateway was let in."""
        before = self._at.pop(address, user)
        self._at[address] = user if before == user else ""
        if len(self._at) > MOST:
            self._at.popitem(last=False)

    def note_at(self, address: str, reason: ReasonCode, detail: str) -> None:
        """A client that could not say who it is was refused: it is told of the one gateway that
        came in from there, and of none where that is not known."""
        self.note(self._at.get(address, ""), reason, detail, address)

    def note_certificate(self, refused: RefusedCertificate) -> None:
        """A certificate was refused in the handshake."""
        at = refused.address
        self._count(self._certificates, at, refused.kind, refused.cause, at, MOST_ADDRESSES)

    def told(self) -> Mapping[str, GatewayTrouble]:
        """Those of the last day, by user."""
        return self._lately(self._latest)

    def certificates(self) -> Mapping[str, GatewayTrouble]:
        """Refused in the last day, by address."""
        return self._lately(self._certificates)

    def _count(
        self,
        latest: OrderedDict[str, GatewayTrouble],
        of: str,
        reason: str,
        detail: str,
        address: str,
        most: int,
    ) -> None:
        before = latest.pop(of, None)
        times = before.times + 1 if before is not None and before.reason == reason else 1
        latest[of] = GatewayTrouble(self._now_us(), reason, detail[:LONGEST], address, times)
        if len(latest) > most:
            latest.popitem(last=False)

    def _lately(self, latest: OrderedDict[str, GatewayTrouble]) -> Mapping[str, GatewayTrouble]:
        since_us = self._now_us() - TOLD_US
        return {of: one for of, one in latest.copy().items() if one.at_us >= since_us}
