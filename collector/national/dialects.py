"""What gateways speak: one row for each dialect, with all that differs between them.

A  │ head 4 │ length 4 │ number 4 │ payload │ CRC 2 │ tail 4 │   length = number and payload
B  │ 1F 1F │ type 1 │ length 4 │ payload │
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from collector.national.crc import Crc
from metering.errors import ConfigurationError

Md5Order = Literal["sequence_secret", "secret_sequence"]
ByteOrder = Literal["little", "big"]


@dataclass(frozen=True)
class Marks:
    """Bytes that a frame begins and ends with."""

    head: bytes
    tail: bytes = b""


@dataclass(frozen=True)
class Dialect:
    """One way of speaking the protocol."""

    name: str
    marks: tuple[Marks, ...]
    """Those that are known; answered is with what the gateway itself uses."""
    md5_order: Md5Order
    """What is joined and then hashed."""
    length_order: ByteOrder
    """Of the length; of two that could be meant, the one that is possible."""
    crc: Crc | None
    """The check of a frame that has a number; None: a type stands in its place, and no check."""
    encrypted: frozenset[int] | None
    """Types of which the payload is encrypted where there is a key; None: of all."""


DIALECTS: dict[str, Dialect] = {
    "A": Dialect(
        "A",
        (
            Marks(bytes.fromhex("68681616"), bytes.fromhex("55aa55aa")),
            Marks(bytes.fromhex("16166868"), bytes.fromhex("aa55aa55")),
        ),
        "sequence_secret",
        "little",
        Crc(),
        None,
    ),
    "B": Dialect("B", (Marks(b"\x1f\x1f"),), "secret_sequence", "big", None, frozenset({3, 5, 6})),
}
"""By name. Told apart by how their frames begin, so both can be spoken on one port."""


def chosen(
    name: str, markers: str = "", md5_order: Md5Order | None = None, crc: Crc | None = None
) -> tuple[Dialect, ...]:
    """The dialects of a setting, one or ("auto") all, with what an office has otherwise: `markers`
    are those of dialect A, head and tail in hex digits. Raises ConfigurationError."""
    found = DIALECTS.values() if name == "auto" else [DIALECTS[name]]
    own = _marks(markers) if markers else None
    return tuple(_changed(one, own, md5_order, crc) for one in found)


def _changed(
    one: Dialect, own: Marks | None, md5_order: Md5Order | None, crc: Crc | None
) -> Dialect:
    checked = one.crc is not None
    return replace(
        one,
        marks=(own,) if own is not None and checked else one.marks,
        md5_order=md5_order or one.md5_order,
        crc=(crc or one.crc) if checked else None,
    )


def _marks(text: str) -> Marks:
    try:
        head, tail = (bytes.fromhex(word) for word in text.split())
    except ValueError:
        head = tail = b""
    if len(head) != 4 or len(tail) != 4:
        raise ConfigurationError(
            "not the markers of a frame",
            field="national.markers",
            value=text,
            fix="write head and tail with a blank between, such as 68681616 55aa55aa",
        )
    return Marks(head, tail)


def starts(dialects: Sequence[Dialect]) -> tuple[tuple[Dialect, Marks], ...]:
    """Each dialect with each of its markers."""
    return tuple((one, marks) for one in dialects for marks in one.marks)
