"""Text with separated fields as numbered lines; the separator is seen in all lines, or asked."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from metering.errors import InvalidInput
from metering.tables.forms import AmbiguousFormat
from metering.tables.harmless import as_meant

SEPARATORS: Final = {",": "comma", ";": "semicolon", "\t": "tab"}
ALIKE = 0.9
"""How near the share of one separator must come to that of the best, to be likely as well."""
_SAID = re.compile(r'"?sep=([,;\t])"?\r?\n')
"""A first line by which a spreadsheet is told."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
"""With its end."""
_WRAPPED = re.compile(r'\s*="([^"]*)"\s*')


@dataclass(frozen=True)
class TextForm:
    """How a text with separated fields is written; what is empty is detected."""

    encoding: str = ""
    separator: str = ""

    def __post_init__(self) -> None:
        if self.separator and self.separator not in SEPARATORS:
            raise InvalidInput(
                "unknown separator",
                field="separator",
                value=self.separator,
                fix="a comma, a semicolon or a tab",
            )


def lines_of(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """(number of the line at which it starts, fields) of every row: a quoted field may hold line
    ends, and one that was made harmless is as it was meant. Raises InvalidInput where a
    quotation mark is wrong, or a field is too long, with the line at which its row starts."""
    said = _SAID.match(text)
    begin, line = (said.end(), 1) if said else (0, 0)
    skipped, marked = line, '="' in text or "'" in text
    # One by one: a file in memory would be held in four bytes a character.
    lines = (found[0] for found in _LINE.finditer(text, begin))
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        for fields in reader:
            start, line = line + 1, reader.line_num + skipped
            yield start, [_bare(one) for one in fields] if marked else fields
    except csv.Error as error:
        raise InvalidInput(
            _not_csv(str(error)),
            field="line",
            value=line + 1,
            fix="close every quotation mark, and write one inside a quoted field twice",
        ) from None


def _not_csv(error: str) -> str:
    """In our words, by those of `csv`."""
    if "field limit" in error:  # mostly a quotation mark that is closed far below, or nowhere
        return f"not CSV: a field of more than {csv.field_size_limit()} characters"
    if "unexpected end" in error:
        return "not CSV: a quotation mark is not closed"
    return "not CSV: text behind a closing quotation mark"


def _bare(field: str) -> str:
    """A text that was written so that a spreadsheet leaves it as it is: `="001"`, `'=A1`."""
    found = _WRAPPED.fullmatch(field)
    return found[1] if found else as_meant(field)


def separator_of(text: str, name: str = "") -> str:
    """What separates the fields: what gives the rows from some row on one number of fields, above
    one; of several that do, the one that so divides the headings too. A comma where there is
    nothing to separate. Raises AmbiguousFormat where two do alike."""
    if said := _SAID.match(text):
        return said[1]
    found = {one: _agreeing(text, one) for one in SEPARATORS if one in text}
    most = max((share for share, _ in found.values()), default=0.0)
    if not most:
        return ","
    likely = {one: first for one, (share, first) in found.items() if share >= ALIKE * most}
    best = [one for one, first in likely.items() if first == min(likely.values())]
    if len(best) > 1:
        raise AmbiguousFormat(
            f"two readings are possible: {SEPARATORS[best[0]]} or {SEPARATORS[best[1]]}",
            asks="separator",
            field="separator",
            value=name,
            fix="say the separator",
        )
    return best[0]


def _agreeing(text: str, separator: str) -> tuple[float, int]:
    """(share of the rows with the usual number of fields, from the first such row on; that row):
    titles before do not count. The share is 0 where the usual row has one field."""
    widths: list[int] = []
    try:
        for _, fields in lines_of(text, separator):
            if len(fields) > 1 or "".join(fields).strip():
                widths.append(len(fields))
    except InvalidInput:
        return 0.0, 0
    wide = Counter(width for width in widths if width > 1)
    if not wide:
        return 0.0, 0
    usual = wide.most_common(1)[0][0]
    first = widths.index(usual)
    return widths[first:].count(usual) / len(widths[first:]), first
