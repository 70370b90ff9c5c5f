"""Texts in CSV that a spreadsheet would take for formulas, and back.

harmless(text)    ─▶ text, or '=text where it would be run
as_meant(field)   undoes it: as_meant(harmless(text)) == text, of every text
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_SIGNS: Final = "=+\\-@\t\r\n＝＋－＠"
"""What a formula begins with, in a pattern: where text is Chinese, in full width too."""
_RUN = re.compile(rf"'*\s*[{_SIGNS}]")
_QUOTED = re.compile(rf"'+\s*[{_SIGNS}]")
_NUMBER = re.compile(r"[+-][0-9]+([.,][0-9]+)*([eE][+-]?[0-9]+)?|-+")
"""With a sign, and the dashes that stand for nothing: a spreadsheet runs none of these."""
_TO_QUOTE = re.compile('[",\r\n]')


def harmless(text: str) -> str:
    """A text as a field of CSV that no spreadsheet runs: behind an apostrophe where it begins as
    formulas do and is no number. What begins so behind apostrophes gets one more, so that it comes
    back as it is."""
    return f"'{text}" if _RUN.match(text) and not _NUMBER.fullmatch(text) else text


def as_meant(field: str) -> str:
    """The text of a field, without the apostrophe of `harmless`."""
    return field[1:] if _QUOTED.match(field) else field


def csv_text(rows: Iterable[Iterable[object]], line_end: str = "\n") -> str:
    """Rows as CSV, texts harmless; None is an empty field, anything else as it prints."""
    return "".join(f"{_line([_field(one) for one in row])}{line_end}" for row in rows)


def _line(fields: list[str]) -> str:
    # A row of one empty field is not an empty line.
    return ",".join(fields) or '""' * len(fields)


def _field(value: object) -> str:
    """Quoted where a line end of any kind is in it: `csv` leaves a bare CR as it is."""
    text = "" if value is None else harmless(str(value))
    return '"{}"'.format(text.replace('"', '""')) if _TO_QUOTE.search(text) else text
