"""`greenoffice enter-readings` and `enter-bills`: what people state, from tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from api.usecases.stated_tables import (
    RowFate,
    RowReader,
    StatedTable,
    TableWishes,
    all_counts,
    load_tables,
)
from collector.tables import files_of, named_sheet
from greenoffice.entering import caller_of
from greenoffice.saying import say
from metering.errors import InvalidInput, NotFound
from metering.statement import MOST_EVIDENCE_BYTES

SHOWN = 10
"""Rows of a table that are told; the others stand in the file to be mended."""


def enter_tables(data: Path, files: Sequence[Path], reader: RowReader, wishes: TableWishes) -> None:
    """Enter the rows of files and folders; says what became of them, and writes what was refused
    beside each file. Raises as `load_tables`, and NotFound for a file that is not there."""
    found: list[StatedTable] = []
    with caller_of(data) as caller:
        for file in _each(files):
            loaded = load_tables(caller, file.name, _read(file), reader, wishes)
            found += loaded
            for one in loaded:
                _say(one)
            if mendable := b"".join(one.mendable for one in loaded):
                target = file.with_name(f"{file.stem}.refused.csv")
                target.write_bytes(mendable)
                say(f"to be mended and loaded again: {target}")
    counts = all_counts(found)
    if wishes.dry_run:
        say("dry run: nothing was loaded")
    elif counts[RowFate.NEW] + counts[RowFate.CORRECTED]:
        say("in the journal; a running platform takes it in at once, another when it starts")


def _each(files: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for one in files:
        found += files_of(one) if one.is_dir() else [one]
    return found


def _read(named: Path) -> bytes:
    file, _ = named_sheet(named)
    try:
        if file.stat().st_size > MOST_EVIDENCE_BYTES:
            raise InvalidInput(
                f"more than {MOST_EVIDENCE_BYTES >> 20} MiB",
                field="file",
                value=str(file),
                fix="load it in parts",
            )
        return file.read_bytes()
    except OSError as refused:
        raise NotFound(
            f"a file cannot be read: {refused.strerror}",
            field="FILE",
            value=str(file),
            fix="name a file that you may read",
        ) from refused


def _say(told: StatedTable) -> None:
    one = told.counts
    say(
        f"{told.file}: {one['read']} rows = {one['new']} new + {one['corrected']} corrected"
        f" + {one['duplicate']} duplicates + {one['differing']} differing"
        f" + {one['taken_back']} taken back + {one['refused']} refused"
    )
    for row in [row for row in told.rows if row.fate is RowFate.DIFFERING][:SHOWN]:
        say(f"kept back: row {row.row}, {row.subject} {row.about} = {row.value}")
    for row in [row for row in told.rows if row.refused is not None][:SHOWN]:
        refused = row.refused
        assert refused is not None
        place, value = refused.row, refused.value
        say(f"refused: row {place}, {refused.column} = {value}: {refused.why} - {refused.fix}")
    if told.left_out:
        say(f"columns that mean nothing here: {', '.join(told.left_out)}")
