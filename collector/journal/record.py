"""What the journal holds: one record per message as received, and its place."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import msgspec

from collector.properties import Properties

Kind = Literal["message", "connect", "will", "disconnect", "lost", "entered", "loaded"]

OURS: Final = ("entered", "loaded")
"""Kinds of records that tell readings which no gateway sent."""


class Record(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One message, or one event of a connection, exactly as it arrived."""

    kind: Kind
    """message: published; will: published by the listener for a gateway that vanished;
    connect, disconnect: a connection's beginning and end, payload a small JSON object; lost: stands
    in the place of one that was damaged, with nothing of it; entered: readings that a person
    entered, as a message of the gateway whose points they are; loaded: likewise, of a table."""
    arrived_us: int
    """Time of arrival here [us since the Unix epoch, UTC]."""
    gateway: str
    """The authenticated user ``{site}/{gateway}``, or the name of the HTTP key; through a
    broker, which tells no user, the gateway that the topic names, else the receiver's user."""
    client: str
    """MQTT client id; empty over HTTP; who entered or loaded readings."""
    connection: str
    """Random id of the connection: packet ids are only comparable within one."""
    route: str
    """MQTT topic or HTTP route; empty for connect and disconnect."""
    payload: bytes
    """The bytes as received, never re-encoded."""
    qos: int = 0
    dup: bool = False
    """The sender marked it as a redelivery."""
    packet_id: int = 0
    """MQTT packet id; 0 where there is none (QoS 0, HTTP, events of a connection)."""
    properties: Properties | None = None
    """None where there are none, as in segments written before they were kept."""


class RecordPlace(NamedTuple):
    """Where a record lies: lineage, and the checkpoint of whoever reads the journal."""

    segment: int
    """``writer_no << 24 | n``, n counts a writer's segment files from 1."""
    offset: int
    """Number of the record in its segment, from 0."""


class Located(NamedTuple):
    """A record with its place; unpacks as (segment, offset, record)."""

    segment: int
    offset: int
    record: Record
