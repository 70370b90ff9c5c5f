"""What a device profile is, and the cursor with which profiles read bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from collector.decode.message import Problem, Refusal
from collector.decode.quantity import Quantity
from collector.decode.values import not_measured

Profile = Callable[[bytes, int], list[Quantity | Problem]]
"""(payload bytes, FPort) -> what the device says. Raises Refusal for bytes it cannot read; what it
read before bytes that it does not know it gives, with a Problem for the rest."""

Order = Literal["big", "little"]


class Octets:
    """A payload read from front to back; Refusal where it ends too soon."""

    def __init__(self, payload: bytes, order: Order = "big") -> None:
        self.payload = payload
        self.at = 0
        self._order: Order = order

    def __len__(self) -> int:
        """How many are left."""
        return len(self.payload) - self.at

    def take(self, count: int) -> bytes:
        """The next `count` bytes; Refusal, bad_message, where there are fewer."""
        if len(self) < count:
            raise Refusal(
                "bad_message", f"ends in the middle of a value, at byte {self.at}", "payload",
                self.payload.hex(), "send the payload whole, as the device sent it",
            )  # fmt: skip
        self.at += count
        return self.payload[self.at - count : self.at]

    def unsigned(self, count: int) -> int:
        """An integer of the next `count` bytes."""
        return int.from_bytes(self.take(count), self._order)

    def signed(self, count: int) -> int:
        """An integer of the next `count` bytes, as two's complement."""
        return int.from_bytes(self.take(count), self._order, signed=True)


def not_known(payload: bytes, at: int, what: str) -> Problem:
    """Why the bytes from `at` on are not read."""
    return Problem(
        "unknown_payload", f"{what} that the device's profile does not know", "payload",
        payload[at : at + 24].hex(),
        "look whether the route names the device's model, and have the profile completed",
    )  # fmt: skip


def unknown_message(payload: bytes, port: int) -> Refusal:
    """Why a message of a kind that is not described is not read."""
    return Refusal(
        "unknown_payload", f"a message on FPort {port} that the device's profile does not know",
        "payload", payload[:24].hex(),
        "look whether the route names the device's model, and have the profile completed",
    )  # fmt: skip


def scaled(raw: float, factor: float) -> float:
    """`raw` times a factor such as 0.1, without the noise of binary fractions."""
    return round(raw * factor, 9)


def no_measurement(what: str, payload: bytes) -> Refusal:
    """A message of the device that measures nothing: an answer to a command, a start."""
    return not_measured(what, payload[:24].hex(), "nothing to do: it is kept in the journal")
