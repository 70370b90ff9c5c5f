"""Sessions of clients that come again, and what of them outlives a restart.

A client that keeps its messages until they are acknowledged throws them away where it is told that
its session is unknown. So sessions are kept for as long as their clients ask, within a limit, and
stand in a file, too: who has one, what it subscribed to, which messages at QoS 2 are taken but not
released, and which of ours wait for it. What a crash loses of the latest second costs a message
that comes twice, or a client that subscribes again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from collector.mqtt import Connect, KeptSession, Outward, Subscription

_log = structlog.get_logger()

MOST_WRITTEN = 4 << 20
"""Messages for clients that outlive a restart, of all sessions [bytes]."""
MOST_OF_A_USER = 32
"""Sessions of one gateway that are away; of more the one that was away for longest goes, those with
messages at QoS 2 that are not released last."""

Key = tuple[str, str]
"""(user, client id)"""


class StoredSession(msgspec.Struct, frozen=True):
    """A session as the file has it."""

    user: str
    client_id: str
    expiry_s: int
    ended_s: float | None
    """When its last connection ended [s since the epoch]; None while there was one."""
    subscriptions: dict[str, Subscription] = {}
    received: list[int] = []
    waiting: list[Outward] = []
    """Messages for the client that it has not acknowledged, oldest first."""


@dataclass(eq=False)
class _Entry:
    session: KeptSession
    expiry_s: int
    ended_s: float | None = None

    def is_over(self, now_s: float) -> bool:
        return self.ended_s is not None and self.ended_s + self.expiry_s <= now_s


class KeptSessions:
    """All sessions of a listener.

    file: where they outlive a restart; None for nowhere. One that cannot be read is as good as
        none, which is told in the log.
    now_s: the clock [s since the epoch].
    longest_s: for so long a session is kept at most.
    """

    def __init__(self, file: Path | None, now_s: Callable[[], float], longest_s: int) -> None:
        self._file, self._now_s, self._longest_s = file, now_s, longest_s
        self._entries: dict[str, dict[str, _Entry]] = {}
        """By user and client id."""
        self._changed = False
        for one in _read(file):
            self._take(one)

    def __len__(self) -> int:
        return sum(len(one) for one in self._entries.values())

    def users(self) -> frozenset[str]:
        """Gateways that have one."""
        return frozenset(self._entries)

    def begin(self, key: Key, connect: Connect) -> tuple[KeptSession, bool, int]:
        """The session of a client that connects: (session, whether it was there before, for how
        long it will be kept [s])."""
        expiry_s = min(connect.expiry_s, self._longest_s)
        user, client_id = key
        entry = self._entries.get(user, {}).get(client_id)
        if entry is not None and (connect.clean or entry.is_over(self._now_s())):
            self._forget(key)
            entry = None
        present = entry is not None
        if entry is None:
            entry = _Entry(KeptSession(), expiry_s)
        entry.expiry_s, entry.ended_s = expiry_s, None
        self._changed = True
        if expiry_s or present:
            self._entries.setdefault(user, {})[client_id] = entry
            self._bound(user)
        return entry.session, present, expiry_s

    def end(self, key: Key, session: KeptSession, expiry_s: int | None) -> None:
        """The connection of a session ended; `expiry_s` where the client changed its mind."""
        entry = self._entries.get(key[0], {}).get(key[1])
        if entry is None or entry.session is not session:
            return
        self._changed = True
        if expiry_s is not None:
            entry.expiry_s = min(expiry_s, self._longest_s)
        entry.ended_s = self._now_s()
        if not entry.expiry_s:
            self._forget(key)

    def forget(self, user: str) -> None:
        """All sessions of a gateway end; of one that is connected nothing is kept after it."""
        if self._entries.pop(user, None) is not None:
            self._changed = True

    def touch(self) -> None:
        """A session changed that is to outlive a restart."""
        self._changed = True

    def keep(self, user: str, message: Outward) -> None:
        """A message for those of a user's sessions that are away and subscribed to its topic; what
        is connected was sent it."""
        for one in self._entries.get(user, {}).values():
            self._changed = True
            granted = None if one.ended_s is None else one.session.grants(message.topic)
            if granted is not None and granted[0]:  # at QoS 0 nothing waits
                one.session.queued.append(message)

    def to_write(self) -> bytes | None:
        """What is to be written now; None where nothing changed since. Sessions that are over are
        forgotten."""
        if self._file is None or not self._changed:
            return None
        now_s = self._now_s()
        for user, own in list(self._entries.items()):
            for client_id in [name for name, one in own.items() if one.is_over(now_s)]:
                self._forget((user, client_id))
        self._changed = False
        room = _Writable(MOST_WRITTEN)
        return msgspec.json.encode(
            [
                StoredSession(
                    user,
                    client_id,
                    one.expiry_s,
                    one.ended_s,
                    one.session.subscriptions,
                    sorted(one.session.received),
                    room.take([*one.session.sent.values(), *one.session.queued]),
                )
                for user, own in self._entries.items()
                for client_id, one in own.items()
            ]
        )

    def write(self, content: bytes) -> None:
        """Replace the file; may be called in another thread. A disk that is full is told elsewhere:
        the file stays as it was."""
        assert self._file is not None
        part = self._file.with_suffix(".part")
        with suppress(OSError):
            part.write_bytes(content)
            part.replace(self._file)

    def _take(self, one: StoredSession) -> None:
        session = KeptSession(received=set(one.received), subscriptions=dict(one.subscriptions))
        session.queued.extend(one.waiting)
        ended_s = self._now_s() if one.ended_s is None else one.ended_s
        entry = _Entry(session, one.expiry_s, ended_s)
        self._entries.setdefault(one.user, {})[one.client_id] = entry

    def _forget(self, key: Key) -> None:
        own = self._entries[key[0]]
        del own[key[1]]
        if not own:
            del self._entries[key[0]]

    def _bound(self, user: str) -> None:
        own = self._entries[user]
        away = [
            (bool(one.session.received), one.ended_s, name)
            for name, one in own.items()
            if one.ended_s is not None
        ]
        if len(away) > MOST_OF_A_USER:
            del own[min(away)[2]]


class _Writable:
    """So much of what waits is written."""

    def __init__(self, left: int) -> None:
        self._left = left

    def take(self, messages: list[Outward]) -> list[Outward]:
        """All of these, or none where they have no room."""
        size = sum(len(one.topic) + len(one.payload) for one in messages)
        if size > self._left:
            return []
        self._left -= size
        return messages


def _read(file: Path | None) -> list[StoredSession]:
    if file is None or not file.exists():
        return []
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[StoredSession])
    except (OSError, msgspec.DecodeError) as error:
        _log.warning("sessions of gateways cannot be read, they begin anew", error=str(error))
        return []
