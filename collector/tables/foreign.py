"""Files of other programs, told by their first bytes and parts: refused with what to do."""

from __future__ import annotations

from collections.abc import Sequence

from metering.errors import InvalidInput

_LOOKED_AT = 4096


def check_program(name: str, data: bytes) -> None:
    """Raises InvalidInput for an older workbook, a PDF, a picture, or an archive that is no ZIP."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise InvalidInput(
            "a workbook of before 2007, or one with a password",
            field="file",
            value=name,
            fix="open it, and save it as XLSX without a password",
        )
    if data.startswith(b"%PDF-"):
        raise InvalidInput(
            "a PDF, which has no cells",
            field="file",
            value=name,
            fix="ask for the table itself, as XLSX or CSV",
        )
    if data.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff")):
        raise InvalidInput(
            "a picture of a table at most",
            field="file",
            value=name,
            fix="ask for the table itself, as XLSX or CSV",
        )
    if data.startswith((b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")):
        raise InvalidInput(
            "an archive of another kind",
            field="file",
            value=name,
            fix="pack the tables as ZIP, or send them one by one",
        )


def check_archive(name: str, parts: Sequence[str]) -> None:
    """Raises InvalidInput for a document of another program: its parts are no tables of people."""
    found = set(parts)
    if {"mimetype", "content.xml"} <= found:
        raise InvalidInput(
            "an OpenDocument file", field="file", value=name, fix="open it, and save it as XLSX"
        )
    if any(one.endswith(".iwa") for one in parts):
        raise InvalidInput(
            "a Numbers file", field="file", value=name, fix="export it as XLSX or CSV"
        )
    if "xl/workbook.bin" in found:
        raise InvalidInput(
            "a binary workbook (XLSB)", field="file", value=name, fix="open it, and save it as XLSX"
        )
    if "[Content_Types].xml" in found:
        raise InvalidInput(
            "a document of an office that is no workbook",
            field="file",
            value=name,
            fix="copy its table into a workbook, and save that as XLSX",
        )


def check_markup(name: str, data: bytes) -> None:
    """Raises InvalidInput for a workbook that was saved as XML."""
    if b"urn:schemas-microsoft-com:office:spreadsheet" in data[:_LOOKED_AT]:
        raise InvalidInput(
            "a workbook as XML of 2003",
            field="file",
            value=name,
            fix="open it, and save it as XLSX",
        )


def check_text(name: str, text: str) -> None:
    """Raises InvalidInput for characters 0: of bytes that are no text, or where a file was cut."""
    at = text.find("\0")
    if at < 0:
        return
    line = text.count("\n", 0, at) + 1
    if line == 1:
        raise InvalidInput(
            "neither text nor a file that can be read",
            field="file",
            value=name,
            fix="CSV, XLSX, Parquet, or a ZIP of them",
        )
    raise InvalidInput(
        f"a character 0 in line {line}, as where a power cut ended a file",
        field="file",
        value=name,
        fix="take it out, or ask for the file again",
    )
