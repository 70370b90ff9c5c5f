"""The registry as CSV files, read whole or not at all, and written back.

    read_registry_texts(texts, existing)    ─▶ Registry with what the files say
    write_registry(registry)                ─▶ {file name: text}; reading it gives it back

What the rows mean, and what is wrong with them, is `metering.registry.taking`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from metering.registry.csv_rows import sheet_of
from metering.registry.kinds import TABLES
from metering.registry.model import Registry
from metering.registry.routes import RouteCheck
from metering.registry.rows import Problems
from metering.registry.taking import take
from metering.registry.write import write_registry

__all__ = ["TABLES", "read_registry_texts", "write_registry"]


def read_registry_texts(
    texts: Mapping[str, str | bytes],
    existing: Registry | None = None,
    *,
    end_missing: date | None = None,
    check_route: RouteCheck | None = None,
) -> Registry:
    """What CSV files in memory, {name: content}, say, as a registry of its own to be applied.

    Points known to `existing` keep their ids, and a column that a file leaves out keeps what
    stands. With `end_missing`, dated facts that are not in their file end on that day.
    `check_route` knows the decoders. Raises InvalidFiles with all problems.
    """
    problems = Problems()
    for name in texts:
        if name not in TABLES:
            not_of_registry(name, problems)
    found = [sheet_of(name, data, problems) for name, data in texts.items() if name in TABLES]
    sheets = [sheet for sheet in found if sheet is not None]
    return take(
        sheets, existing, end_missing=end_missing, problems=problems, check_route=check_route
    )


def not_of_registry(name: str, problems: Problems) -> None:
    """Note a file or a sheet that is called after no table of the registry."""
    problems.add(name, 0, "", "", "not a file of the registry", f"one of {', '.join(TABLES)}")
