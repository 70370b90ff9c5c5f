"""The registry as a workbook that people fill in: a sheet for each of its tables.

    TABLES, EXAMPLES ─┐
    Registry, or None ─┴─▶ registry_workbook ─▶ XLSX ─▶ people ─▶ read_registry ─▶ Registry

Headings and words are those of the language; `metering.tables` reads both. Every cell is text, so
that no spreadsheet makes a date or a number of a code.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties

from metering.registry import Registry
from metering.registry.examples import EXAMPLES, MARK
from metering.registry.kinds import FILES, TABLES
from metering.registry.rows import Table
from metering.registry.write import records
from metering.tables import EXPLAINED, chinese_heading, chinese_table, chinese_word
from texts import catalogue, code_of, own, own_meaning, text, word

ROWS: Final = 2_000
"""Rows below what stands in a sheet down to which there are drop-downs."""
GATEWAYS: Final = 500
"""Of which the drop-downs of SITE/GATEWAY are made."""
NARROW, WIDE = 11, 40
"""Least and greatest width of a column, in characters."""
EXPLAINED_WIDE: Final = 90
"""Of the column of explanations."""
_LINE: Final = 15.5
"""Height of a line of text [points]."""
_LISTS: Final = "lists"
_TEXT: Final = "@"
_FONT: Final = {"name": "Calibri", "size": 11}
"""Of every cell; where a font has no name each office takes another one."""
_HEAD = Font(**_FONT, bold=True)
_OPTIONAL = Font(**_FONT)
_GREY = Font(**_FONT, color="FF808080", italic=True)
_FILL = PatternFill("solid", fgColor="FFDDEBF7")
_CODES: Final = {"nodes": ("tree.csv", "code"), "meters": ("meters.csv", "code")}
"""Where what others refer to has its code."""


def registry_workbook(language: str, registry: Registry | None = None) -> bytes:
    """An XLSX with a sheet for each table: what is registered, or examples to be written over."""
    return _Book(code_of(language), registry).made()


class _Book:
    """A workbook that is being made."""

    def __init__(self, language: str, registry: Registry | None) -> None:
        self.language, self.registry = language, registry
        self.book = Workbook()
        self.lists: dict[tuple[str, ...], str] = {}
        self.rows: Mapping[str, Sequence[Mapping[str, str]]] = (
            EXAMPLES if registry is None else records(registry)
        )

    def made(self) -> bytes:
        """All its sheets as a file."""
        self._explanations(self.book.active)
        for table in TABLES.values():
            self._sheet(table, marked=self.registry is None)
        self._hidden_lists()
        out = io.BytesIO()
        self.book.save(out)
        return out.getvalue()

    def _explanations(self, sheet: Any) -> None:
        sheet.title = own(self.language, en=EXPLAINED[0], zh=EXPLAINED[1])
        sheet.column_dimensions["A"].width = 24
        sheet.column_dimensions["B"].width = EXPLAINED_WIDE
        _printed(sheet)
        keys = ("fill", "examples", "words", "days", "codes", "import")
        lines = [("", text(f"registry_book.{key}", self.language)) for key in keys]
        lines += [
            (
                self._title(name),
                word("registry_table", name.removesuffix(".csv"), self.language),
            )
            for name in TABLES
        ]
        for row, pair in enumerate(lines, 1):
            for column, said in enumerate(pair, 1):
                cell = sheet.cell(row, column, said)
                cell.font = _HEAD if column == 1 else _OPTIONAL
                cell.alignment = Alignment(wrap_text=True, vertical="top")
            # Not every office finds the height of a text that goes over several lines.
            lines_of_text = -(-_width(pair[1]) // (EXPLAINED_WIDE - 4))
            sheet.row_dimensions[row].height = _LINE * max(1, lines_of_text)

    def _title(self, name: str) -> str:
        return own(self.language, en=name.removesuffix(".csv"), zh=chinese_table(name))

    def _heading(self, column: str) -> str:
        return own(self.language, en=column, zh=chinese_heading(column))

    def _sheet(self, table: Table, *, marked: bool) -> None:
        rows = self.rows.get(table.name, ())
        sheet = self.book.create_sheet(self._title(table.name))
        columns = (*table.columns, MARK) if marked else table.columns
        sheet.freeze_panes = "A2"
        sheet.print_title_rows = "1:1"
        _printed(sheet)
        for place, column in enumerate(columns, 1):
            self._head(sheet, place, table, column)
            known = [self._shown(table, column, row.get(column, "")) for row in rows]
            known = [self._heading(MARK)] * len(rows) if column == MARK else known
            longest = max(map(_width, [self._heading(column), *known]))
            letter = get_column_letter(place)
            sheet.column_dimensions[letter].width = min(max(longest + 3, NARROW), WIDE)
            sheet.column_dimensions[letter].number_format = _TEXT
            for row, said in enumerate(known, 2):
                self._cell(sheet.cell(row, place), said, grey=marked)
            if column != MARK:
                self._drop_down(sheet, table, column, letter)

    def _head(self, sheet: Any, place: int, table: Table, column: str) -> None:
        cell = sheet.cell(1, place)
        cell.value, cell.fill = self._heading(column), _FILL
        cell.font = _HEAD if column in table.required else _OPTIONAL
        if said := self._help(table, column):
            cell.comment = Comment(said, "Green Office", height=120, width=320)

    def _help(self, table: Table, column: str) -> str:
        """What a column means, of this table where that is another than elsewhere."""
        own_here = own_meaning(table.name.removesuffix(".csv"), column, self.language)
        said = own_here or catalogue().words[self.language].get(f"column.{column}", "")
        need = "needed" if column in table.required else "optional"
        return f"{said}\n({text(f'registry_book.{need}', self.language)})" if said else ""

    @staticmethod
    def _cell(cell: Any, said: str, *, grey: bool) -> None:
        cell.number_format = _TEXT
        if said:
            cell.value = said
            cell.data_type = "s"  # also of what begins with =, which is no formula here
        if grey:
            cell.font = _GREY

    def _word(self, ours: str) -> str:
        return own(self.language, en=ours, zh=chinese_word(ours))

    def _shown(self, table: Table, column: str, said: str) -> str:
        """What stands in a cell, as people of the language write it."""
        return self._word(said) if said in table.words(column) else said

    def _drop_down(self, sheet: Any, table: Table, column: str, letter: str) -> None:
        source = self._source(table, column)
        if not source:
            return
        strict = column in table.closed
        rule = DataValidation("list", formula1=source, allow_blank=True, showErrorMessage=strict)
        if said := self._help(table, column):
            rule.prompt, rule.showInputMessage = said[:250], True
        rule.add(f"{letter}2:{letter}{self._last(table.name)}")
        sheet.add_data_validation(rule)

    def _last(self, name: str) -> int:
        """The last row of a sheet in which something is expected."""
        return len(self.rows.get(name, ())) + 1 + ROWS

    def _source(self, table: Table, column: str) -> str:
        """Where the words of a column stand: a list, or codes of another sheet; '' for none."""
        if column == "item":
            return self._list(self._items())
        if words := table.words(column):
            return self._list(tuple(map(self._word, words)))
        among = self._refers(table).get(column, "")
        if among == "gateways":
            return f"={_LISTS}!$A$1:$A${GATEWAYS}"
        if among not in _CODES:
            return ""
        name, code = _CODES[among]
        letter = get_column_letter(TABLES[name].columns.index(code) + 1)
        return f"={quote_sheetname(self._title(name))}!${letter}$2:${letter}${self._last(name)}"

    @staticmethod
    def _refers(table: Table) -> dict[str, str]:
        return {
            one.said: one.among
            for kind in FILES[table.name]
            for one in kind.refers
            if one.said != "code"  # its own name
        }

    def _items(self) -> tuple[str, ...]:
        """Item codes, each with its name behind it."""
        told = catalogue().words[self.language]
        found = sorted(key for key in told if key.startswith("item."))
        return tuple(f"{key.removeprefix('item.')} {told[key]}" for key in found)

    def _list(self, words: tuple[str, ...]) -> str:
        if words not in self.lists:
            self.lists[words] = get_column_letter(len(self.lists) + 2)
        letter = self.lists[words]
        return f"={_LISTS}!${letter}$1:${letter}${len(words)}"

    def _hidden_lists(self) -> None:
        sheet = self.book.create_sheet(_LISTS)
        sheet.sheet_state = "hidden"
        gateways = quote_sheetname(self._title("gateways.csv"))
        for row in range(1, GATEWAYS + 1):
            site, code = (f"{gateways}!${letter}${row + 1}" for letter in "AB")
            sheet.cell(row, 1, f'=IF({site}="","",{site}&"/"&{code})')
        for words, letter in self.lists.items():
            for row, one in enumerate(words, 1):
                self._cell(sheet[f"{letter}{row}"], one, grey=False)


def _printed(sheet: Any) -> None:
    """On paper all columns stand beside each other."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _width(said: str) -> int:
    """In characters as wide as a digit."""
    return sum(1 if one.isascii() else 2 for one in said)
