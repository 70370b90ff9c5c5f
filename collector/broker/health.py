"""How a broker's client is, as one value."""

from __future__ import annotations

from typing import Literal

import msgspec

from collector.reception import ReceiverHealth

State = Literal["waiting", "connecting", "receiving", "refused", "held back", "left", "stopped"]


class ClientHealth(ReceiverHealth, frozen=True, kw_only=True):
    """How the client is; `connections` is 1 while it is connected to the broker."""

    state: State
    """waiting: until the next try to connect; refused: connected, but not all is subscribed;
    held back: the queue is full, so the broker keeps the messages; left: it took what its session
    had and ended that."""
    last_message_us: int | None
    """When a message last came [us since the epoch]: a broker whose ACL keeps them from us
    does not say so."""


def is_well(state: State) -> bool:
    """Whether a client in that state does what it is for."""
    return state in ("receiving", "held back", "left")


def in_state(health: ReceiverHealth, state: State, last_message_us: int | None) -> ClientHealth:
    """The health of a receiver, with what a broker's client says beside it."""
    return ClientHealth(
        **msgspec.structs.asdict(health), state=state, last_message_us=last_message_us
    )
