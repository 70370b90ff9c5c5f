"""XML from outside as a small tree: bounded in depth and number, and nothing in it is followed.

A document type is refused where it begins, so that there are no entities of a sender's own and no
references to anything elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

MOST_ELEMENTS = 100_000
DEEPEST = 16
LONGEST_TEXT = 4_096
"""Characters of one element; of more the rest is left out."""
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.-]{1,40})[\"']")
_CHINESE = {"gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030"}
"""Encodings that gateways declare and the parser does not know."""


class NotXml(Exception):
    """Why bytes are no XML that is taken, in a sentence."""


@dataclass(eq=False)
class Element:
    """An element with what it holds."""

    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its own text, without blanks around it."""
        return "".join(self.parts).strip()

    def child(self, name: str) -> Element | None:
        """The first child of that name."""
        return next((one for one in self.children if one.name == name), None)

    def text_of(self, name: str) -> str:
        """Text of the first child of that name; '' without one."""
        found = self.child(name)
        return "" if found is None else found.text

    def walk(self) -> Iterator[Element]:
        """It and all below it, in the order of the document."""
        yield self
        for one in self.children:
            yield from one.walk()


def read_xml(payload: bytes, most: int = MOST_ELEMENTS) -> Element:
    """The root of a document in UTF-8, UTF-16 or a Chinese encoding that it declares. Raises NotXml
    for anything else, for a document type, more than `most` elements or 16 levels."""
    tree = _Tree(most)
    data, encoding = _decodable(payload.strip(b"\0 \t\r\n"))
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = tree.refused
    parser.StartElementHandler = tree.begun
    parser.EndElementHandler = tree.ended
    parser.CharacterDataHandler = tree.said
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise NotXml(f"{expat.ErrorString(error.code)} at byte {parser.ErrorByteIndex}") from None
    except (ValueError, LookupError) as error:  # an encoding that nobody knows
        raise NotXml(str(error)[:200]) from None
    assert tree.root is not None, "a parser that ends well has seen an element"
    return tree.root


def _decodable(payload: bytes) -> tuple[bytes, str | None]:
    """The document as the parser can read it, and what it is to take it for; None: as it says."""
    declared = _DECLARED.search(payload[:300])
    chinese = None if declared is None else _CHINESE.get(declared[1].decode("ascii").lower())
    if chinese is None:
        return payload, None
    try:
        return payload.decode(chinese).encode(), "utf-8"
    except UnicodeDecodeError as error:
        raise NotXml(f"not {chinese} at byte {error.start}") from None


class _Tree:
    """What the parser calls."""

    def __init__(self, most: int) -> None:
        self.root: Element | None = None
        self._most = most
        self._open: list[Element] = []
        self._count = 0

    def refused(self, *_: object) -> None:
        raise NotXml("it has a document type, which is not taken")

    def begun(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > self._most or len(self._open) >= DEEPEST:
            raise NotXml(f"more than {self._most} elements or {DEEPEST} levels")
        one = Element(name, attributes)
        if self._open:
            self._open[-1].children.append(one)
        else:
            self.root = one
        self._open.append(one)

    def ended(self, _name: str) -> None:
        self._open.pop()

    def said(self, text: str) -> None:
        parts = self._open[-1].parts
        if sum(map(len, parts)) < LONGEST_TEXT:
            parts.append(text[:LONGEST_TEXT])
