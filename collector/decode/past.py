"""What a decoder may know of earlier messages: what they said, by key, at their places.

A decoder stays pure: it is given the past with the message, and returns what is to be remembered
of it (`Decoded.remembered`). Who keeps that is none of its business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class SaidOnce(NamedTuple):
    """What was said under a key."""

    place: int
    """Of the message that said it: the greater, the later."""
    value: bytes
    """As the decoder gave it; empty where what was said before holds no more."""


class GatewayPast(Protocol):
    """What was said of one gateway's messages, seen from the place of one of them."""

    def before(self, key: str) -> SaidOnce | None:
        """What was said last before it; None where nothing was."""
        ...

    def after(self, key: str) -> Sequence[SaidOnce]:
        """What was said since, in order: a message that is read again may find something."""
        ...


class _NothingSaid:
    def before(self, key: str) -> SaidOnce | None:  # noqa: ARG002
        return None

    def after(self, key: str) -> Sequence[SaidOnce]:  # noqa: ARG002
        return ()


NO_PAST: GatewayPast = _NothingSaid()
"""Nothing was said yet."""
