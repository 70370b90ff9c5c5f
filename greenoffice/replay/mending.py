"""What of several tables was refused, as files to mend and replay."""

from __future__ import annotations

from pathlib import Path

from collector.tables import refused_csv
from greenoffice.replay.recording import RecordedTable


class ReplayMending:
    """Rows that were refused; those under the same headings go into one file."""

    def __init__(self) -> None:
        self._rows: dict[bytes, list[bytes]] = {}

    def add(self, table: RecordedTable) -> None:
        """Keep the rows of a table that hold what was refused."""
        history = table.history
        if not history.refused:
            return
        head = refused_csv(table.table, history.heading_rows, [])
        rows = refused_csv(table.table, history.heading_rows, history.refused)
        self._rows.setdefault(head, []).append(rows.removeprefix(head))

    def write(self, file: Path) -> list[Path]:
        """Write them beside the file: FILE.refused.csv, FILE.refused-2.csv and so on."""
        written = []
        for number, (head, rows) in enumerate(self._rows.items(), start=1):
            mark = "refused" if number == 1 else f"refused-{number}"
            target = file.with_name(f"{file.stem}.{mark}.csv")
            target.write_bytes(head + b"".join(rows))
            written.append(target)
        return written
