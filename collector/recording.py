"""What a connection leaves in the journal: pure functions from events to records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec

from collector.journal import Kind, Record
from collector.mqtt import Connect, Publish

VERSIONS = {3: "3.1", 4: "3.1.1", 5: "5"}


class Recorder:
    """Makes the records of one connection, which carry who and which connection it is."""

    def __init__(self, connect: Connect, connection_id: str, address: str) -> None:
        self._connect = connect
        self._user = connect.user or ""
        self._connection_id = connection_id
        self._address = address

    def messages(self, messages: Sequence[Publish], first_us: int) -> list[Record]:
        """One record of kind message for each PUBLISH, in order, 1 us apart from `first_us` on."""
        user, client_id, connection_id = self._user, self._connect.client_id, self._connection_id
        return [
            Record(
                "message",
                arrived_us,
                user,
                client_id,
                connection_id,
                message.topic,
                message.payload,
                message.qos,
                message.dup,
                message.packet_id,
                message.properties,
            )
            for arrived_us, message in enumerate(messages, first_us)
        ]

    def connected(self, now_us: int) -> Record:
        """The event of a gateway that was let in, with version, keep-alive, session, will and
        address."""
        about = {
            "version": VERSIONS[self._connect.version],
            "keep_alive_s": self._connect.keep_alive_s,
            "clean": self._connect.clean,
            "will": self._connect.will is not None,
            "address": self._address,
        }
        return self._event("connect", "", _json(about), 0, now_us)

    def ended(self, reason: str, *, will: bool, now_us: int) -> list[Record]:
        """The will where it counts and one was left, then the end itself."""
        left = self._connect.will if will else None
        records = []
        if left is not None:
            event = self._event("will", left.topic, left.payload, left.qos, now_us)
            records.append(msgspec.structs.replace(event, properties=left.properties))
        about = _json({"reason": reason, "will": left is not None})
        return [*records, self._event("disconnect", "", about, 0, now_us)]

    def _event(self, kind: Kind, route: str, payload: bytes, qos: int, now_us: int) -> Record:
        client_id, connection_id = self._connect.client_id, self._connection_id
        return Record(kind, now_us, self._user, client_id, connection_id, route, payload, qos)


def _json(about: Mapping[str, object]) -> bytes:
    return json.dumps(about, ensure_ascii=False).encode()
