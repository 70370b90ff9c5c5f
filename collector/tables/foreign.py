"""Files of other programs, told by their first bytes and parts: refused with what to do."""

from __future__ import annotations

from collections.abc import Sequence

from metering.errors import InvalidInput

_LOOKED_AT = 4096


def check_program(name: str, data: bytes) -> None:
    """Raises InvalidInput for an older workbook, a PDF, a picture, or an archive that is no ZIP."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refused(
            name,
            "a workbook of before 2007, or one with a password",
            "open it, and save it as XLSX without a password",
        )
    if data.startswith(b"%PDF-"):
        raise _refused(
            name, "a PDF, which has no cells", "ask for the table itself, as XLSX or CSV"
        )
    if data.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff")):
        raise _refused(
            name, "a picture of a table at most", "ask for the table itself, as XLSX or CSV"
        )
    if data.startswith((b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")):
        raise _refused(
            name, "an archive of another kind", "pack the tables as ZIP, or send them one by one"
        )


def check_archive(name: str, parts: Sequence[str]) -> None:
    """Raises InvalidInput for a document of another program: its parts are no tables of people."""
    found = set(parts)
    if {"mimetype", "content.xml"} <= found:
        raise _refused(name, "an OpenDocument file", "open it, and save it as XLSX")
    if any(one.endswith(".iwa") for one in parts):
        raise _refused(name, "a Numbers file", "export it as XLSX or CSV")
    if "xl/workbook.bin" in found:
        raise _refused(name, "a binary workbook (XLSB)", "open it, and save it as XLSX")
    if "[Content_Types].xml" in found:
        raise _refused(
            name,
            "a document of an office that is no workbook",
            "copy its table into a workbook, and save that as XLSX",
        )


def check_markup(name: str, data: bytes) -> None:
    """Raises InvalidInput for a workbook that was saved as XML."""
    if b"urn:schemas-microsoft-com:office:spreadsheet" in data[:_LOOKED_AT]:
        raise _refused(name, "a workbook as XML of 2003", "open it, and save it as XLSX")


def check_text(name: str, text: str) -> None:
    """Raises InvalidInput for characters 0: of bytes that are no text, or where a file was cut."""
    at = text.find("\0")
    if at < 0:
        return
    line = text.count("\n", 0, at) + 1
    if line == 1:
        raise _refused(
            name, "neither text nor a file that can be read", "CSV, XLSX, Parquet, or a ZIP of them"
        )
    raise _refused(
        name,
        f"a character 0 in line {line}, as where a power cut ended a file",
        "take it out, or ask for the file again",
    )


def _refused(name: str, problem: str, fix: str) -> InvalidInput:
    return InvalidInput(problem, field="file", value=name, fix=fix)
