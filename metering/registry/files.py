"""The registry as a folder of CSV files, read whole or not at all, and written back.

    read_registry(folder, existing)        ┐
    read_registry_texts(texts, existing)   ┴─▶ Registry with what the files say
    write_registry(registry)                ─▶ {file name: text}; reading it gives it back

What the rows mean, and what is wrong with them, is `metering.registry.taking`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from metering.registry.csv_rows import sheet_of
from metering.registry.kinds import TABLES
from metering.registry.model import Registry
from metering.registry.routes import RouteCheck
from metering.registry.rows import Problems
from metering.registry.taking import take
from metering.registry.write import write_registry

__all__ = ["TABLES", "read_registry", "read_registry_texts", "write_registry"]


def read_registry(
    folder: Path,
    existing: Registry | None = None,
    *,
    end_missing: date | None = None,
    check_route: RouteCheck | None = None,
) -> Registry:
    """What the CSV files of a folder say, as a registry of its own to be applied.

    Points known to `existing` keep their ids, and a column that a file leaves out keeps what
    stands. With `end_missing`, dated facts that are not in their file end on that day.
    `check_route` knows the decoders. Raises InvalidFiles with all problems.
    """
    problems, files = Problems(), {}
    if not folder.is_dir():
        problems.add(str(folder), 0, "", "", "no such folder", f"a folder with {', '.join(TABLES)}")
    else:
        for path in sorted(folder.glob("*.csv")):
            try:
                files[path.name] = path.read_bytes()
            except OSError as error:
                problems.add(path.name, 0, "", "", f"unreadable: {error.strerror}", "check it")
    return _read(files, existing, problems, end_missing, check_route)


def read_registry_texts(
    texts: Mapping[str, str | bytes],
    existing: Registry | None = None,
    *,
    end_missing: date | None = None,
    check_route: RouteCheck | None = None,
) -> Registry:
    """The same of files in memory, {name: content}."""
    return _read(texts, existing, Problems(), end_missing, check_route)


def _read(
    files: Mapping[str, str | bytes],
    existing: Registry | None,
    problems: Problems,
    end_missing: date | None,
    check_route: RouteCheck | None,
) -> Registry:
    for name in files:
        if name not in TABLES:
            fix = f"one of {', '.join(TABLES)}"
            problems.add(name, 0, "", "", "not a file of the registry", fix)
    found = [sheet_of(name, data, problems) for name, data in files.items() if name in TABLES]
    sheets = [sheet for sheet in found if sheet is not None]
    return take(
        sheets, existing, end_missing=end_missing, problems=problems, check_route=check_route
    )
