"""CSV files as lines of values, in any encoding and with any separator that can be told."""

from __future__ import annotations

from metering.errors import GreenOfficeError, InvalidInput
from metering.registry.rows import Problems, Sheet
from metering.tables import decode, lines_of, separator_of

MAX_BYTES = 32 << 20


def sheet_of(name: str, data: bytes | str, problems: Problems) -> Sheet | None:
    """The file's lines; None, and noted, where it is no CSV text at all."""
    if len(data) > MAX_BYTES:
        fix = f"at most {MAX_BYTES >> 20} MiB: import in parts"
        problems.add(name, 0, "", f"{len(data)} bytes", "file too large", fix)
        return None
    try:
        text = decode(data) if isinstance(data, bytes) else data.removeprefix("\ufeff")
        return Sheet(name, list(lines_of(text, separator_of(text))))
    except InvalidInput as error:
        noted(name, error, problems)
        return None


def noted(name: str, error: GreenOfficeError, problems: Problems) -> None:
    """Note what is wrong with a file as a whole, at the line that the error names."""
    line, value = 0, error.value or ""
    if error.field == "line" and isinstance(error.value, int):
        line, value = error.value, ""
    problems.add(name, line, "", value, error.message, error.fix or "")
