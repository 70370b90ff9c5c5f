"""TLS of a connection: its handshake bounded in number and time, like what comes after it.

An event loop that does the handshake by itself tells of a connection when that is done, and so
nobody counts those that say nothing: they would take all file handles. Here the connection is
ours from the first moment, and the protocol behind it begins when it is encrypted.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

MOST_HANDSHAKES = 128
_NO_CERTIFICATE = "PEER_DID_NOT_RETURN_A_CERTIFICATE"

REFUSED: Mapping[int, str] = {
    2: "unknown_authority",
    3: "revocations_unusable",
    9: "not_yet_valid",
    10: "expired",
    11: "revocations_unusable",
    12: "revocations_unusable",
    18: "unknown_authority",
    19: "unknown_authority",
    20: "unknown_authority",
    21: "unknown_authority",
    23: "revoked",
    33: "revocations_unusable",
}
"""What verifying a certificate can come to, by OpenSSL's number of it (x509_vfy.h, X509_V_ERR)."""
OTHERWISE = "not_believed"
NONE_SHOWN = "none_shown"


@dataclass(frozen=True)
class RefusedCertificate:
    """A certificate that ended a handshake; whom it names OpenSSL tells of believed ones alone."""

    address: str
    kind: str
    """One of `REFUSED`, `OTHERWISE`, `NONE_SHOWN`."""
    cause: str
    """In OpenSSL's words."""


class Handshakes:
    """Those of one port that are under way.

    context: what the next connection speaks
    most: at a time; for one more the oldest gives way
    within_s: how long one may take [s]
    refused: told where a certificate is lacking or not believed
    """

    def __init__(
        self,
        context: Callable[[], ssl.SSLContext],
        within_s: float = 10.0,
        most: int = MOST_HANDSHAKES,
        refused: Callable[[RefusedCertificate], None] = lambda _: None,
    ) -> None:
        self.context, self.within_s, self.refused = context, within_s, refused
        self._most = most
        self._waiting: dict[_Door, None] = {}

    def door(self, make: Callable[[], asyncio.Protocol]) -> asyncio.Protocol:
        """What a new connection begins with; `make` gives what follows."""
        return _Door(self, make)

    def begun(self, door: _Door) -> None:
        """One more is under way."""
        if len(self._waiting) >= self._most:
            next(iter(self._waiting)).give_way()
        self._waiting[door] = None

    def ended(self, door: _Door) -> None:
        """It is encrypted, or gone."""
        self._waiting.pop(door, None)


class _Door(asyncio.Protocol):
    """Keeps what comes with the end of the handshake, until the protocol behind it is there."""

    def __init__(self, handshakes: Handshakes, make: Callable[[], asyncio.Protocol]) -> None:
        self._handshakes, self._make = handshakes, make
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._kept: list[Callable[[asyncio.Protocol], object]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.pause_reading()  # until TLS reads it
        self._handshakes.begun(self)
        self._task = asyncio.get_running_loop().create_task(self._shake_hands(self._transport))

    def data_received(self, data: bytes) -> None:
        self._kept.append(lambda behind: behind.data_received(data))

    def eof_received(self) -> None:
        self._kept.append(lambda behind: behind.eof_received())

    def connection_lost(self, exc: Exception | None) -> None:
        self._kept.append(lambda behind: behind.connection_lost(exc))

    def give_way(self) -> None:
        """End it; another one needs the room."""
        self._handshakes.ended(self)
        if self._task is not None and self._transport is not None:
            self._task.cancel()
            self._transport.abort()

    async def _shake_hands(self, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        try:
            encrypted = await loop.start_tls(
                transport,
                self,
                self._handshakes.context(),
                server_side=True,
                ssl_handshake_timeout=self._handshakes.within_s,
            )
        except (OSError, EOFError) as error:  # of the client: no TLS, too slow, gone
            peer = transport.get_extra_info("peername")
            address = str(peer[0]) if isinstance(peer, tuple) else ""
            if refused := _refused_certificate(error, address):
                self._handshakes.refused(refused)
            transport.abort()
            return
        finally:
            self._handshakes.ended(self)
        if encrypted is None:
            return
        behind = self._make()
        encrypted.set_protocol(behind)
        behind.connection_made(encrypted)
        for kept in self._kept:
            kept(behind)


def _refused_certificate(error: Exception, address: str) -> RefusedCertificate | None:
    """Why the certificate of who connects is not believed; None where it was something else."""
    if isinstance(error, ssl.SSLCertVerificationError):
        kind = REFUSED.get(error.verify_code, OTHERWISE)
        return RefusedCertificate(address, kind, error.verify_message)
    if isinstance(error, ssl.SSLError) and error.reason == _NO_CERTIFICATE:
        return RefusedCertificate(address, NONE_SHOWN, "no certificate was shown")
    return None
