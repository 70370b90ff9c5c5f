"""The line of a table that names its columns, as it was written and as we call them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from metering.tables import chinese_heading, chinese_table, chinese_word, known_heading


@dataclass(frozen=True)
class TableHeader:
    """What columns are called."""

    columns: tuple[str, ...] = ()
    """By place: our word, what stands there where we have none, or '' for nothing."""
    written: Mapping[str, str] = field(default_factory=dict)
    """By our word, as it was written."""
    chinese: bool = False
    """Whether one of them was written in Chinese."""

    def called(self, column: str) -> str:
        """A column as whoever wrote the table calls it."""
        return self.written.get(column) or self.heading(column)

    def heading(self, column: str) -> str:
        """A column of ours in the language of the table."""
        return chinese_heading(column) if self.chinese else column

    def word(self, ours: str) -> str:
        """A word of ours in the language of the table."""
        return chinese_word(ours) if self.chinese else ours

    def table(self, name: str) -> str:
        """Another table of the registry in the language of this one."""
        return chinese_table(name) if self.chinese else name


def header_of(columns: Collection[str], texts: Sequence[str]) -> TableHeader:
    """The headings of a table that has these columns."""
    ours = tuple(heading_of(columns, one) for one in texts)
    written = {our: text for our, text in zip(ours, texts, strict=True) if our in columns}
    return TableHeader(ours, written, not all(one.isascii() for one in written.values()))


def heading_of(columns: Collection[str], text: str) -> str:
    """A heading of people as a table of these columns has it; itself where it has none such."""
    word, _ = known_heading(text)
    return word if word in columns and text not in columns else text
