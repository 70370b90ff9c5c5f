r"""Patterns of `=~ /.../`: the few that Grafana's variables write, matched without a regex engine.

    /^(office\-a|office-b)$/   one of several      /^$/    empty
    /^01.*/  /office/          begins, contains    /.*/    anything

A statement's text never reaches a regex engine, so no pattern can run away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from metering.errors import InvalidInput

MOST_ALTERNATIVES = 500
_SPECIAL = set("*+?[]{}^$.()|\\")
_SUPPORTED = (
    r"alternatives of plain text, with .* and a leading ^ or closing $: /^(office-a|office-b)$/; "
    r"put \ before a special character"
)


@dataclass(frozen=True)
class Pattern:
    """Alternatives, each as the plain texts between its `.*`."""

    alternatives: tuple[tuple[str, ...], ...]
    start: bool
    """Whether a match begins at the text's start."""
    end: bool
    ignore_case: bool = False

    def matches(self, text: str) -> bool:
        """Whether any alternative is found in the text."""
        text = text.casefold() if self.ignore_case else text
        return any(self._found(parts, text) for parts in self.alternatives)

    def literals(self) -> tuple[str, ...]:
        """The texts it names exactly; empty where any alternative is open."""
        if not (self.start and self.end) or any(len(parts) > 1 for parts in self.alternatives):
            return ()
        return tuple(parts[0] for parts in self.alternatives)

    def _found(self, parts: tuple[str, ...], text: str) -> bool:
        head, *between = parts
        tail = between.pop() if between else None
        if tail is None:
            return self._plain(head, text)
        place = 0 if self.start else text.find(head)
        if place < 0 or not text.startswith(head, place):
            return False
        place += len(head)
        for part in between:
            place = text.find(part, place)
            if place < 0:
                return False
            place += len(part)
        rest = text[place:]
        return rest.endswith(tail) if self.end else tail in rest

    def _plain(self, literal: str, text: str) -> bool:
        if self.start and self.end:
            return text == literal
        if self.start:
            return text.startswith(literal)
        return text.endswith(literal) if self.end else literal in text


def read(source: str) -> Pattern:
    """The pattern of a text between slashes; InvalidInput for anything beyond the subset."""
    ignore_case = source.startswith("(?i)")
    body = source.removeprefix("(?i)")
    start = body.startswith("^")
    body = body.removeprefix("^")
    end = bool(re.search(r"(?<!\\)(\\\\)*\$$", body))
    body = body[:-1] if end else body
    if body.startswith("(") and body.endswith(")") and not body.endswith("\\)"):
        body = body[1:-1]
    elif "|" in body.replace("\\|", "") and (start or end):
        raise _refused(source, "an anchor binds only one of the alternatives; put them in ( )")
    alternatives = tuple(_parts(one, source) for one in _split(body))
    if len(alternatives) > MOST_ALTERNATIVES:
        raise _refused(source, f"more than {MOST_ALTERNATIVES} alternatives")
    if ignore_case:
        alternatives = tuple(tuple(t.casefold() for t in parts) for parts in alternatives)
    return Pattern(alternatives, start, end, ignore_case)


def _split(body: str) -> list[str]:
    """At every | without a backslash before it."""
    found, current, escaped = [], "", False
    for letter in body:
        if letter == "|" and not escaped:
            found.append(current)
            current = ""
            continue
        current += letter
        escaped = letter == "\\" and not escaped
    return [*found, current]


def _parts(alternative: str, source: str) -> tuple[str, ...]:
    parts, current, place = [], "", 0
    while place < len(alternative):
        letter = alternative[place]
        if alternative.startswith(".*", place):
            parts.append(current)
            current = ""
            place += 2
            continue
        if letter == "\\":
            letter = alternative[place + 1 : place + 2]
            if not letter or letter.isalnum():
                raise _refused(source, f"\\{letter} is not supported")
            place += 1
        elif letter in _SPECIAL:
            raise _refused(source, f"{letter} is not supported here")
        current += letter
        place += 1
    return (*parts, current)


def _refused(source: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"this pattern is not supported: {why}", field="q", value=f"/{source}/", fix=_SUPPORTED
    )
