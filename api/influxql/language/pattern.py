r"""Patterns of `=~ /.../`, by an engine whose time is linear in the text: RE2, which is the dialect
of InfluxQL too.

    /^(office\-a|office-b)$/   one of several, which it names      /^$/    empty
    /^01.*/  /office/          begins, contains                    /.*/    anything
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

import re2

from metering.errors import InvalidInput

MOST_LETTERS: Final = 20_000
MOST_BYTES: Final = 4 << 20
"""Of memory that a pattern may take."""
_PLAIN: Final = r"(?:[^\\^$.|?*+()\[\]{}]|\\[^a-zA-Z0-9])*"
_NAMES: Final = re.compile(rf"\^(?:({_PLAIN})|\(({_PLAIN}(?:\|{_PLAIN})*)\))\$", re.DOTALL)
"""A pattern that names texts, each whole; nothing in it can be read in two ways."""
_LETTER: Final = re.compile(r"\\(.)|(\|)|(.)", re.DOTALL)


@dataclass(frozen=True)
class Pattern:
    """A pattern as it was written."""

    source: str
    _made: Any = field(repr=False, compare=False)

    def matches(self, text: str) -> bool:
        """Whether it is found anywhere in the text."""
        return self._made.search(text) is not None

    def literals(self) -> tuple[str, ...]:
        """The texts it names exactly; empty where it is open, or where letters may be of either
        case."""
        named = _NAMES.fullmatch(self.source)
        return () if named is None else _texts(next(p for p in named.groups() if p is not None))


def read(source: str) -> Pattern:
    """The pattern of a text between slashes; InvalidInput for what the engine does not take."""
    if len(source) > MOST_LETTERS:
        raise _refused(source[:40] + "...", f"more than {MOST_LETTERS} letters")
    options = re2.Options()
    options.log_errors, options.max_mem = False, MOST_BYTES
    try:
        return Pattern(source, re2.compile(source, options))
    except re2.error as refused:
        raise _refused(source, _said(refused)) from refused


def _texts(alternatives: str) -> tuple[str, ...]:
    found = [""]
    for escaped, divides, letter in _LETTER.findall(alternatives):
        if divides:
            found.append("")
        else:
            found[-1] += escaped or letter
    return tuple(found)


def _said(refused: Exception) -> str:
    told = refused.args[0] if refused.args else ""
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)


def _refused(source: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"this pattern cannot be read: {why}",
        field="q",
        value=f"/{source}/",
        fix=r"RE2's syntax, as InfluxQL has it: /^(office-a|office-b)$/, with \ before a special "
        "character; no look-around and no back references",
    )
