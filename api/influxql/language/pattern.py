r"""Patterns of `=~ /.../`: the few that Grafana's variables write, matched without a regex engine.

    /^(office\-a|office-b)$/   one of several      /^$/    empty
    /^01.*/  /office/          begins, contains    /.*/    anything

A statement's text never reaches a regex engine, so no pattern can run away.
"""

from __future__ import annotations

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


_Letters = list[tuple[str, bool]]
"""Each letter, and whether it means more than itself."""


def read(source: str) -> Pattern:
    """The pattern of a text between slashes; InvalidInput for anything beyond the subset."""
    ignore_case = source.startswith("(?i)")
    letters = _letters(source.removeprefix("(?i)"), source)
    start = letters[:1] == [("^", True)]
    letters = letters[start:]
    end = letters[-1:] == [("$", True)]
    letters = letters[: len(letters) - end]
    if letters[:1] == [("(", True)] and letters[-1:] == [(")", True)]:
        letters = letters[1:-1]
    elif ("|", True) in letters and (start or end):
        raise _refused(source, "an anchor binds only one of the alternatives; put them in ( )")
    alternatives = tuple(_parts(one, source) for one in _split(letters))
    if len(alternatives) > MOST_ALTERNATIVES:
        raise _refused(source, f"more than {MOST_ALTERNATIVES} alternatives")
    if ignore_case:
        alternatives = tuple(tuple(t.casefold() for t in parts) for parts in alternatives)
    return Pattern(alternatives, start, end, ignore_case)


def _letters(body: str, source: str) -> _Letters:
    found: _Letters = []
    rest = iter(body)
    for letter in rest:
        if letter != "\\":
            found.append((letter, letter in _SPECIAL))
            continue
        escaped = next(rest, "")
        if not escaped or escaped.isalnum():
            raise _refused(source, f"\\{escaped} is not supported")
        found.append((escaped, False))
    return found


def _split(letters: _Letters) -> list[_Letters]:
    """At every | that means "or"."""
    found: list[_Letters] = [[]]
    for letter in letters:
        if letter == ("|", True):
            found.append([])
        else:
            found[-1].append(letter)
    return found


def _parts(letters: _Letters, source: str) -> tuple[str, ...]:
    """The plain texts between `.*`."""
    parts = [""]
    place = 0
    while place < len(letters):
        letter, special = letters[place]
        if letters[place : place + 2] == [(".", True), ("*", True)]:
            parts.append("")
            place += 2
            continue
        if special:
            raise _refused(source, f"{letter} is not supported here")
        parts[-1] += letter
        place += 1
    return tuple(parts)


def _refused(source: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"this pattern is not supported: {why}", field="q", value=f"/{source}/", fix=_SUPPORTED
    )
