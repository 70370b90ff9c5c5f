"""What a file of people may weigh."""

from __future__ import annotations

from typing import Final

from metering.errors import InvalidInput

MOST_BYTES: Final = 256 << 20
"""Of a file, and of all that an archive or a workbook unpacks to."""
MOST_FILES: Final = 1_000
MOST_ROWS: Final = 10_000_000
MOST_COLUMNS: Final = 4_096
MOST_BLANK_ROWS: Final = 1 << 20
"""Of a workbook, over all its sheets: as many as one sheet can have."""
MOST_RATIO: Final = 500
"""Times that a part of an archive may grow, once it is above `RATIO_FROM` bytes."""
RATIO_FROM: Final = 16 << 20


def check_bytes(size: int, name: str) -> None:
    """Raises InvalidInput for more than MOST_BYTES."""
    if size > MOST_BYTES:
        raise InvalidInput(
            f"more than {MOST_BYTES >> 20} MiB",
            field="file",
            value=name,
            fix="load it in parts",
        )


def check_width(width: int, row: int, name: str) -> None:
    """Raises InvalidInput for a row of more than MOST_COLUMNS cells."""
    if width > MOST_COLUMNS:
        raise InvalidInput(
            f"row {row} has more than {MOST_COLUMNS} columns",
            field="file",
            value=name,
            fix="delete what stands to the right of the table",
        )


def check_rows(row: int, name: str) -> None:
    """Raises InvalidInput for a row above MOST_ROWS."""
    if row > MOST_ROWS:
        raise InvalidInput(
            f"more than {MOST_ROWS} rows", field="file", value=name, fix="load it in parts"
        )
