"""The XML that frames carry: what a gateway says, and what it is answered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from xml.sax.saxutils import escape

from collector.bounded_xml import Element, read_xml

LONGEST = 64
"""Characters of the names of a building and a gateway, and of a sequence that is answered."""
_WORD = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_SEQUENCE = re.compile(rb"<sequence>\s*([\x21-\x3b=\x3f-\x7e]{1,64})\s*</sequence>")
_HEARTBEATS = frozenset({"heart_beat", "heartbeat", "notify"})
_VALUES = frozenset({"meter", "energy_item", "function"})


class Purpose(Enum):
    """What a document is for."""

    REQUEST = auto()
    """Asks to log in."""
    MD5 = auto()
    """Shows that it knows the secret."""
    HEARTBEAT = auto()
    DATA = auto()
    """Holds values."""
    OTHER = auto()


@dataclass(frozen=True)
class Document:
    """What a document says of itself."""

    building: str
    gateway: str
    step: Purpose
    body: str
    """Name of the element beside `common`; '' without one."""
    operation: str
    """Of that element, else the type of the document; `other` where it is no plain word."""
    sequence: str
    md5: str


def read_document(payload: bytes) -> Document:
    """What a payload says. Raises NotXml."""
    root = read_xml(payload)
    common = root.child("common") or Element("common", {})
    body = next((one for one in root.children if one.name != "common"), Element("", {}))
    said = (body.attributes.get("operation") or common.text_of("type")).strip().lower()
    operation = said if _WORD.fullmatch(said) else "other"
    md5 = body.text_of("md5")
    return Document(
        common.text_of("building_id")[: LONGEST + 1],
        common.text_of("gateway_id")[: LONGEST + 1],
        _step(root, body.name, operation, md5),
        body.name if _WORD.fullmatch(body.name) else "data",
        operation,
        body.text_of("sequence")[:LONGEST],
        md5,
    )


def sequence_in(payload: bytes) -> str:
    """The sequence in a document that is no XML, as far as it can be found; else ''."""
    found = _SEQUENCE.search(payload)
    return "" if found is None else found[1].decode("ascii")


def _step(root: Element, body: str, operation: str, md5: str) -> Purpose:
    if {body, operation} & _HEARTBEATS:
        return Purpose.HEARTBEAT
    if md5:
        return Purpose.MD5
    if operation == "request" or (body == "id_validate" and operation == "id_validate"):
        return Purpose.REQUEST
    names = {one.name for one in root.walk()}
    return Purpose.DATA if _VALUES & names else Purpose.OTHER


def challenge(told: Document, sequence: str) -> bytes:
    """The sequence that a gateway is to hash with its secret."""
    return _answer(told, "id_validate", "sequence", f"<sequence>{escape(sequence)}</sequence>")


def result(told: Document, *, right: bool) -> bytes:
    """Whether it is let in."""
    word = "pass" if right else "fail"
    return _answer(told, "id_validate", "result", f"<result>{word}</result>")


def time_of_day(told: Document, clock: str) -> bytes:
    """The answer to a heartbeat; `clock` is YYYYMMDDHHmmss in the gateway's time zone."""
    return _answer(told, "heart_beat", "time", f"<time>{clock}</time>")


def acknowledgement(told: Document) -> bytes:
    """What was sent is stored; its sequence says what."""
    inner = f"<sequence>{escape(told.sequence)}</sequence><ack>OK</ack>"
    return _answer(told, told.body or "data", f"{told.operation}_ack", inner)


def _answer(told: Document, body: str, operation: str, inner: str) -> bytes:
    common = (
        f"<building_id>{escape(told.building)}</building_id>"
        f"<gateway_id>{escape(told.gateway)}</gateway_id><type>{operation}</type>"
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<root><common>{common}</common><{body} operation="{operation}">{inner}</{body}></root>'
    ).encode()
