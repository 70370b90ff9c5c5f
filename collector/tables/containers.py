"""Files, folders and archives as tables. What a file is, its first bytes say, not its name.

PK..            an archive: a workbook where it holds one, else the files in it; ODS is refused
1F 8B           one file, packed
PAR1            Parquet
<               a page with tables, or a feed of Green Button
D0 CF 11 E0 ..  a workbook of before 2007, and others' files: refused with what to do
else            text with separated fields
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from collector.tables.columnar import parquet_table
from collector.tables.foreign import check_archive, check_markup, check_program, check_text
from collector.tables.green_button import green_button_table
from collector.tables.limits import (
    MOST_FILES,
    MOST_RATIO,
    RATIO_FROM,
    check_bytes,
    check_rows,
    check_width,
)
from collector.tables.table import FileTable, RawLine
from collector.tables.web_table import is_web_page, web_tables
from collector.tables.workbook import workbook_tables
from metering.errors import InvalidInput, NotFound
from metering.tables import TextForm, decode, lines_of, separator_of

ENDINGS = frozenset(
    {".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".parquet", ".zip", ".gz", ".xml", ".htm", ".html"}
    | {".xls", ".ods", ".et", ".numbers", ".rar", ".7z"}
)
"""Of the files of a folder or an archive that are looked at: also of those that are refused, so
that nothing is left out in silence."""
_OF_SHEETS = frozenset({".xlsx", ".xlsm", ".xls", ".htm", ".html"})
_PLAIN = TextForm()


def each_table(source: Path, form: TextForm = _PLAIN) -> Iterator[FileTable]:
    """The tables of a file or folder, file after file, so that no more than one is held; of
    `FILE#SHEET` the one sheet. Raises as `read_tables`, and NotFound for a folder without a file
    that may hold a table."""
    if not source.is_dir():
        yield from read_tables(source, form=form)
        return
    files = files_of(source)
    if not files:
        raise NotFound(
            "no file in it that may hold a table",
            field="folder",
            value=str(source),
            fix=f"files that end with {', '.join(sorted(ENDINGS))}",
        )
    for file in files:
        yield from read_tables(file, form=form)


def read_tables(
    source: Path | str, data: bytes | None = None, form: TextForm = _PLAIN
) -> list[FileTable]:
    """The tables of a file or folder, or of the `data` of a file called `source`; of `FILE#SHEET`
    the one sheet of a workbook.

    Raises NotFound where there is none, InvalidInput (AmbiguousFormat of a text whose encoding or
    separator may be two) for what cannot be read, is no table, or is larger than tables are.
    """
    path = Path(source)
    if data is None and path.is_dir():
        return list(each_table(path, form))
    book, sheet = named_sheet(path)
    found = list(_tables(book.name, _read(book) if data is None else data, form))
    return [_sheet(found, sheet, path.name)] if sheet else found


def named_sheet(path: Path) -> tuple[Path, str]:
    """(the file, the one sheet of it that is meant) of `FILE.xlsx#SHEET`; '' of any other name."""
    book, _, sheet = path.name.rpartition("#")
    if PurePosixPath(book.lower()).suffix not in _OF_SHEETS or path.exists():
        return path, ""
    return path.with_name(book), sheet


def _sheet(tables: list[FileTable], sheet: str, name: str) -> FileTable:
    found = next((one for one in tables if one.name == sheet), None)
    if found is None:
        raise NotFound(
            "no such sheet",
            field="sheet",
            value=sheet,
            fix=f"one that is visible and not empty: {', '.join(one.name for one in tables)}",
        )
    return replace(found, file=name)


def files_of(folder: Path) -> list[Path]:
    """The files of a folder that may hold tables, those that cannot be read among them."""
    found = sorted(
        one
        for one in folder.iterdir()
        if one.suffix.lower() in ENDINGS and one.is_file() and not _hidden(one.name)
    )
    if len(found) > MOST_FILES:
        raise InvalidInput(
            f"more than {MOST_FILES} files", field="folder", value=str(folder), fix="load in parts"
        )
    return found


def _hidden(name: str) -> bool:
    """What systems and spreadsheets lay beside files."""
    return name.startswith((".", "~$", "__MACOSX/")) or "/." in name


def _read(path: Path) -> bytes:
    try:
        check_bytes(path.stat().st_size, path.name)
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound(
            "no such file", field="file", value=str(path), fix="name a file or a folder"
        ) from None
    except OSError as error:
        raise InvalidInput(
            f"unreadable: {error.strerror}", field="file", value=str(path), fix="check it"
        ) from None


def _tables(name: str, data: bytes, form: TextForm, depth: int = 0) -> Iterator[FileTable]:
    check_bytes(len(data), name)
    if data.startswith(b"PK\x03\x04"):
        with _archive(name, data) as archive:
            parts = archive.namelist()
            if "xl/workbook.xml" in parts:
                yield from workbook_tables(name, data, archive)
            elif {"mimetype", "content.xml"} <= set(parts):
                raise InvalidInput(
                    "a document of LibreOffice (ODS)",
                    field="file",
                    value=name,
                    fix="save it as XLSX",
                )
            else:
                check_archive(name, archive.namelist())
                yield from _packed(name, archive, form, depth)
    elif data.startswith(b"\x1f\x8b"):
        yield from _tables(name.removesuffix(".gz"), _inflated(name, data), form, depth + 1)
    elif data.startswith(b"PAR1"):
        yield parquet_table(name, data)
    elif data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        check_markup(name, data)
        if is_web_page(data):
            yield from web_tables(name, data, form.encoding)
        else:
            yield green_button_table(name, data)
    else:
        check_program(name, data)
        yield _text_table(name, data, form)


def _text_table(name: str, data: bytes, form: TextForm) -> FileTable:
    text = decode(data, form.encoding, name)
    check_text(name, text)
    separator = form.separator or separator_of(text, name)
    lines = partial(_bounded, name, text, separator)
    return FileTable(name, PurePosixPath(name).stem, lines, separated=True)


def _bounded(name: str, text: str, separator: str) -> Iterator[RawLine]:
    for row, fields in lines_of(text, separator):
        check_rows(row, name)
        check_width(len(fields), row, name)
        yield row, fields


def _archive(name: str, data: bytes) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise _damaged(name) from None
    parts = archive.infolist()
    if len(parts) > MOST_FILES:
        raise InvalidInput(
            f"more than {MOST_FILES} files", field="file", value=name, fix="load it in parts"
        )
    check_bytes(sum(one.file_size for one in parts), name)
    for one in parts:
        if one.flag_bits & 1:
            raise InvalidInput(
                "it has a password", field="file", value=name, fix="pack it without a password"
            )
        if one.file_size > max(RATIO_FROM, one.compress_size * MOST_RATIO):
            raise InvalidInput(
                "it grows too much when unpacked", field="file", value=name, fix="unpack it first"
            )
    return archive


def _damaged(name: str) -> InvalidInput:
    return InvalidInput(
        "a damaged archive", field="file", value=name, fix="pack it anew, or send what is in it"
    )


def _packed(name: str, archive: zipfile.ZipFile, form: TextForm, depth: int) -> Iterator[FileTable]:
    if depth:
        raise InvalidInput(
            "an archive in an archive", field="file", value=name, fix="unpack the outer one"
        )
    held = False
    for one in sorted(archive.infolist(), key=_part_name):
        part = _part_name(one)
        if one.is_dir() or _hidden(part):
            continue
        if PurePosixPath(part.lower()).suffix in ENDINGS:
            try:
                inner = archive.read(one)
            except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError):
                raise _damaged(name) from None
            held = True
            yield from _tables(f"{name}/{part}", inner, form, depth + 1)
    if not held:
        raise InvalidInput(
            "an archive without a table",
            field="file",
            value=name,
            fix="pack CSV, XLSX or Parquet into it",
        )


def _part_name(one: zipfile.ZipInfo) -> str:
    """Archives that are packed in China have names in GBK, without saying so."""
    if one.flag_bits & 0x800:
        return one.filename
    try:
        return one.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return one.filename


def _inflated(name: str, data: bytes) -> bytes:
    unpacked = zlib.decompressobj(zlib.MAX_WBITS | 16)
    limit = max(RATIO_FROM, len(data) * MOST_RATIO)
    try:
        found = unpacked.decompress(data, limit)
    except zlib.error:
        raise _damaged(name) from None
    if not unpacked.eof:
        if len(found) < limit:
            raise _damaged(name)
        raise InvalidInput(
            "it grows too much when unpacked", field="file", value=name, fix="unpack it first"
        )
    return found
