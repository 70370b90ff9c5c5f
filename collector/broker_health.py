"""How a client receiver is, as one value."""

from __future__ import annotations

from typing import Literal

import msgspec

from metering.errors import GreenOfficeError

State = Literal["waiting", "connecting", "receiving", "refused", "held back", "stopped"]


class ClientHealth(msgspec.Struct, frozen=True):
    """How the receiver is."""

    ok: bool
    state: State
    """waiting: until the next try to connect; refused: connected, but not all is subscribed;
    held back: the queue is full, so the broker keeps the messages."""
    connections: int
    """1 while connected to the broker."""
    waiting_records: int
    last_message_us: int | None
    """When a message last came [us since the epoch]: a broker whose ACL keeps them from us
    does not say so."""
    failure: str | None
    """What is wrong, with what to do about it."""
    field: str | None
    value: object
    fix: str | None


def health_of(
    state: State,
    problem: GreenOfficeError | None,
    *,
    crashed: bool,
    connected: bool,
    waiting_records: int,
    last_message_us: int | None,
) -> ClientHealth:
    """The health in that state; well is who receives, or is held back, and has no problem."""
    return ClientHealth(
        ok=problem is None and not crashed and state in ("receiving", "held back"),
        state=state,
        connections=int(connected),
        waiting_records=waiting_records,
        last_message_us=last_message_us,
        failure=None if problem is None else str(problem),
        field=None if problem is None else problem.field,
        value=None if problem is None else problem.value,
        fix=None if problem is None else problem.fix,
    )
