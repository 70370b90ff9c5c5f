"""What happens to a registry in a year of records: edits with a reason and without, files that
lack rows and columns; and what of it left no trace."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from greenoffice.client import ApiClient
from greenoffice.folder import DataFolder
from metering.errors import Unavailable
from proofs.steps import run

Row = tuple[tuple[str, str], ...]
"""(column, cell) of every cell that holds something."""
Files = dict[str, str]
"""Text by name."""
Change = Callable[[Files], Files]
REASON: Final = "价目表录入有误 (entered wrongly)"
AUDITED: Final = 500


@dataclass
class ExportedRegistry:
    """The platform's registry as its own export tells it."""

    folder: DataFolder
    scratch: Path
    number: int = 0
    changed: int = 0
    """Rows that imports changed."""
    refused: int = 0
    """Imports that were refused for want of a reason, as they should be."""
    taken_without_reason: int = 0
    rows_lost: int = 0
    untraced: list[str] = field(default_factory=list)

    def export(self) -> Files:
        """All files."""
        target = self._new("export")
        run("registry", "export", str(target), "--data", str(self.folder.root))
        return {file.name: file.read_text(encoding="utf-8") for file in sorted(target.iterdir())}

    def edit(self, client: ApiClient, change: Change) -> None:
        """Import what `change` makes of the export, with a reason; what differs afterwards is
        looked for in the audit log, cell by cell."""
        before = self.export()
        self._import(change(before), REASON)
        self._trace(client, before, self.export())

    def edit_without_reason(self, change: Change) -> None:
        """The same import without a reason: to be refused, and nothing to change."""
        before = self.export()
        try:
            self._import(change(before), "")
        except Unavailable:
            self.refused += self.export() == before
        else:
            self.taken_without_reason += 1

    def drop(self, client: ApiClient, change: Change) -> None:
        """Import files that lack rows or columns: all of them must still stand."""
        before = self.export()
        self._import(change(before), REASON)
        after = self.export()
        self.rows_lost += sum(sum((_rows(before[n]) - _rows(after[n])).values()) for n in before)
        self._trace(client, before, after)

    def _import(self, files: Files, reason: str) -> None:
        source = self._new("files")
        source.mkdir()
        for name, text in files.items():
            (source / name).write_text(text, encoding="utf-8")
        why = ("--reason", reason) if reason else ()
        run("registry", "import", str(source), "--data", str(self.folder.root), "--yes", *why)

    def _new(self, name: str) -> Path:
        self.number += 1
        return self.scratch / f"{name}-{self.number}"

    def _trace(self, client: ApiClient, before: Files, after: Files) -> None:
        entries = client.get("/v1/audit", limit=AUDITED)["data"]
        kept = [one for one in entries if one["reason"] == REASON and one["actor"] and one["at"]]
        changes = [change for one in kept for change in one["detail"].get("changes", ())]
        for name in sorted(before.keys() | after.keys()):
            gone, added = _rows(before.get(name, "")), _rows(after.get(name, ""))
            for side, rows in (("old", gone - added), ("new", added - gone)):
                self.changed += len(rows)
                told = {cell for one in changes for cell in (one[side] or {}).values()}
                self.untraced += [
                    f"{name}: {side} {dict(row)}" for row in rows if not _stands(row, told)
                ]


def _stands(row: Row, told: set[str]) -> bool:
    """Whether every cell of a row stands among the log's; the log writes yes/no and codes of its
    own, so cells that every row of the kind has are not looked for."""
    return all(cell in told for column, cell in row if column in SOUGHT)


SOUGHT: Final = {
    "code",
    "price",
    "value",
    "name_zh",
    "name_en",
    "area_m2",
    "persons",
    "start",
    "end",
}
"""Columns whose cells the log must hold as they stand in the files."""


def _rows(text: str) -> Counter[Row]:
    return Counter(
        tuple((column, cell) for column, cell in row.items() if cell)
        for row in csv.DictReader(io.StringIO(text))
    )


def replaced(name: str, old: str, new: str) -> Change:
    """A change that puts one text for another in a file."""

    def change(files: Files) -> Files:
        assert old in files[name], f"{name} has no {old}"
        return {name: files[name].replace(old, new)}

    return change


def without_rows(name: str, part: str) -> Change:
    """A change that drops a file's rows in which a text stands; all other files stay."""

    def change(files: Files) -> Files:
        lines = files[name].splitlines(keepends=True)
        kept = [line for line in lines if part not in line]
        assert len(kept) < len(lines), f"{name} has no {part}"
        return files | {name: "".join(kept)}

    return change


def without_columns(name: str, columns: frozenset[str]) -> Change:
    """A change that leaves columns of a file out; it is imported alone."""

    def change(files: Files) -> Files:
        rows = list(csv.DictReader(io.StringIO(files[name])))
        out = io.StringIO(newline="")
        kept = [column for column in rows[0] if column not in columns]
        writer = csv.DictWriter(out, kept, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return {name: out.getvalue()}

    return change
