"""The registry as people keep it: a folder of CSV files and workbooks, a workbook, an archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from collector.tables import FileTable, RawLine, files_of, read_tables
from metering.errors import InvalidInput, NotFound
from metering.registry import Registry
from metering.registry.csv_rows import noted, sheet_of
from metering.registry.examples import own_lines
from metering.registry.files import TABLES, not_of_registry
from metering.registry.routes import RouteCheck
from metering.registry.rows import Problems, Sheet
from metering.registry.taking import take
from metering.tables import EXPLAINED, chinese_table, known_table


def read_registry(
    source: Path,
    existing: Registry | None = None,
    *,
    end_missing: date | None = None,
    check_route: RouteCheck | None = None,
) -> tuple[Registry, list[str]]:
    """(what the tables of a source say, as a registry of its own to be applied; which tables).

    A table is called after its file or, in a workbook of several, after its sheet, such as
    `meters`. Points known to `existing` keep their ids, and a column that a table leaves out keeps
    what stands; a sheet of a workbook in which nothing stands but headings and examples is as if
    it were not there. With `end_missing`, dated facts that are not in their table end on that day;
    `check_route` knows the decoders. Raises InvalidFiles with all problems.
    """
    problems = Problems()
    sheets = _sheets(_tables(source, problems), source.name, problems)
    wanted = take(
        sheets, existing, end_missing=end_missing, problems=problems, check_route=check_route
    )
    return wanted, [sheet.table for sheet in sheets]


def read_uploaded(
    files: Mapping[str, str | bytes],
    existing: Registry,
    *,
    end_missing: date | None = None,
    check_route: RouteCheck | None = None,
) -> tuple[Registry, list[str]]:
    """Likewise of files in memory, {name: content}: CSV files called after their table, and
    workbooks."""
    problems = Problems()
    sheets: list[Sheet] = []
    for name, data in files.items():
        if name in TABLES:
            sheet = sheet_of(name, data, problems)
            sheets += [] if sheet is None else [sheet]
        elif isinstance(data, bytes) and data.startswith(b"PK"):
            sheets += _sheets(_tables_of(name, data, problems), name, problems)
        else:
            not_of_registry(name, problems)
    wanted = take(
        sheets, existing, end_missing=end_missing, problems=problems, check_route=check_route
    )
    return wanted, [sheet.table for sheet in sheets]


def _tables_of(name: str, data: bytes, problems: Problems) -> list[FileTable]:
    try:
        return read_tables(name, data)
    except InvalidInput as error:
        noted(name, error, problems)
        return []


def _tables(source: Path, problems: Problems) -> list[FileTable]:
    found: list[FileTable] = []
    for file in files_of(source) if source.is_dir() else [source]:
        if file.suffix in (".txt", ".htm", ".html") and file != source and not _is_named(file.name):
            continue  # notes that lie beside
        try:
            found += read_tables(file)
        except (InvalidInput, NotFound) as error:
            noted(file.name, error, problems)
    return found


def _sheets(tables: list[FileTable], name: str, problems: Problems) -> list[Sheet]:
    found = (_sheet(table, problems) for table in tables)
    sheets = [sheet for sheet in found if sheet is not None]
    if tables and not sheets and not problems.found:
        fix = "fill in a sheet; examples are not imported as they stand"
        problems.add(name, 0, "", "", "nothing is filled in", fix)
    return sheets


def _is_named(name: str) -> bool:
    return known_table(name) in TABLES


def _sheet(table: FileTable, problems: Problems) -> Sheet | None:
    """The lines of a table; None where it is a sheet of explanations, or one with headings alone,
    and None, and noted, where it is none of the registry, or is damaged."""
    if not table.separated and table.name in EXPLAINED:
        return None
    name = known_table(table.name)
    if name not in TABLES:
        name = known_table(Path(table.file).name)
    try:
        if name not in TABLES:
            if table.separated or any(_filled(cells) for _, cells in table.lines()):
                _unknown(table, problems)
            return None
        if table.separated:
            return Sheet(name, list(table.lines()), table.file)
        lines = own_lines(TABLES[name], table.lines())
        return Sheet(name, _of_one_width(lines), table.file) if lines else None
    except InvalidInput as error:
        noted(table.file, error, problems)
        return None


def _unknown(table: FileTable, problems: Problems) -> None:
    """Note a table that is called after none of the registry: a sheet by what sheets are called in
    its own language."""
    if "#" not in table.file:
        not_of_registry(table.file, problems)
        return
    chinese = not table.name.isascii()
    names = (chinese_table(one) if chinese else one.removesuffix(".csv") for one in TABLES)
    fix = f"call it one of {', '.join(names)}; hide or delete a sheet of your own"
    problems.add(table.file, 0, "", table.name, "a sheet that is none of the registry", fix)


def _filled(cells: Sequence[object]) -> bool:
    return any(one not in (None, "") for one in cells)


def _of_one_width(lines: list[RawLine]) -> list[RawLine]:
    """Rows of a workbook end where nothing stands any more; here all end with the last column."""
    filled = (n for _, cells in lines for n, one in enumerate(cells, 1) if one not in (None, ""))
    width = max(filled, default=0)
    return [(row, [*cells[:width], *[None] * (width - len(cells))]) for row, cells in lines]
