"""What a Mosquitto of some version cannot promise, however it is configured."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import structlog

from collector import BrokerClient, Receiver, told_version
from greenoffice.heartbeat import EVERY_S
from metering.errors import ConfigurationError
from texts import ENGLISH, word

_log = structlog.get_logger()

AUTOSAVE_CHANGES: Final = 100
"""Changes after which a Mosquitto that can do no better saves. It writes the whole of what it keeps
each time: fewer would stall it while much waits for us."""


class MosquittoVersion(NamedTuple):
    """Of a Mosquitto."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return ".".join(map(str, self))


OLDEST: Final = MosquittoVersion(2, 0, 0)
"""Before it everybody is let in unless told otherwise, and passwords are kept in another way."""
SQLITE: Final = MosquittoVersion(2, 1, 0)
"""From it on a plugin can write changes to the disk as they come."""
Persistence = Literal["autosave", "sqlite"]


@dataclass(frozen=True)
class _Weakness:
    code: str
    """Its text is `mosquitto.<code>`."""
    holds: Callable[[MosquittoVersion, Persistence], bool]


_WEAKNESSES: Final = (
    _Weakness("autosave", lambda _, kept: kept == "autosave"),
    _Weakness("sqlite", lambda _, kept: kept == "sqlite"),
    _Weakness("window_leaks", lambda version, _: version == (2, 0, 11)),
    _Weakness("registered_later", lambda version, _: version >= SQLITE),
    _Weakness("queue_full", lambda *_: True),
    _Weakness("refused_acknowledged", lambda *_: True),
)
"""What was seen, or stands in its manual (mosquitto.conf(5): autosave_on_changes,
max_queued_messages); of the versions it was seen of, where later ones may have mended it."""
WEAKNESS_CODES: Final = frozenset(one.code for one in _WEAKNESSES)


def read_version(text: str) -> MosquittoVersion | None:
    """The version in what a Mosquitto says of itself, or a person names; None where there is none.
    A missing last number is 0."""
    found = re.search(r"\b(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?", text)
    if found is None:
        return None
    return MosquittoVersion(int(found[1]), int(found[2]), int(found[3] or 0))


def best_persistence(version: MosquittoVersion) -> Persistence:
    """The safest way that a version has to keep what it acknowledged."""
    return "sqlite" if version >= SQLITE else "autosave"


def require_spoken(version: MosquittoVersion) -> None:
    """ConfigurationError for a version that no safe configuration is known of."""
    if version < OLDEST:
        raise ConfigurationError(
            "no safe configuration is known of a Mosquitto this old",
            field="mosquitto_version",
            value=str(version),
            fix=f"install {OLDEST} or later",
        )


def cannot_promise(
    version: MosquittoVersion, kept: Persistence | None = None, language: str = ENGLISH
) -> list[str]:
    """What it cannot promise, a sentence each. kept: how it keeps what it acknowledged; None: by
    the best way it has."""
    way = kept or best_persistence(version)
    found = [one.code for one in _WEAKNESSES if one.holds(version, way)]
    return [word("mosquitto", code, language) for code in found]


async def tell_promises(receivers: Sequence[Receiver]) -> None:
    """Say in the log, whenever a broker begins to give us messages, which version it is and what
    that cannot promise; nothing of a broker that does not say. Runs until cancelled."""
    clients = [one for one in receivers if isinstance(one, BrokerClient)]
    told: dict[BrokerClient, bool] = {}
    while True:
        for client in clients:
            receives = client.health().connections > 0
            if receives and not told.get(client):
                _tell(await asyncio.to_thread(told_version, client.settings))
            told[client] = receives
        await asyncio.sleep(EVERY_S)


def _tell(said: str) -> None:
    version = read_version(said)
    if version is None or "mosquitto" not in said.lower():
        return
    _log.info("the broker is a Mosquitto", version=str(version))
    for sentence in cannot_promise(version):
        _log.warning("what the broker cannot promise", version=str(version), what=sentence)
