"""The rows a report needs, read once: all its figures are of one state of the books."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, cast

from metering.book import BookRow, SeriesKey
from metering.errors import Conflict
from metering.localtime import next_month
from metering.ports import BookStore

READS: Final = 8
"""How often the rows are read anew because the books moved on meanwhile."""


class Snapshot:
    """What a reader of energy asks of the books, for some series in some months."""

    def __init__(
        self,
        books: BookStore,
        institution: str,
        keys: Iterable[SeriesKey],
        months: Iterable[date],
    ) -> None:
        self._rows: dict[SeriesKey, dict[date, BookRow]] = {}
        self._revision = books.revision(institution)
        wanted, spans = list(keys), [(m, next_month(m) - timedelta(days=1)) for m in months]
        for _ in range(READS):
            found = [row for span in spans for row in books.rows(wanted, *span)]
            now = books.revision(institution)
            if now == self._revision:
                break
            self._revision = now
        else:
            raise Conflict(
                "the books keep changing",
                field="institution",
                value=institution,
                fix="ask again when the ledger has come to rest",
            )
        for row in found:
            self._rows.setdefault(row.key, {})[row.day] = row

    def as_books(self) -> BookStore:
        """Itself, to an EnergyReader, which only asks for rows and the revision."""
        return cast(BookStore, self)

    def revision(self, institution: str) -> int:  # noqa: ARG002
        """The revision at which all rows stood."""
        return self._revision

    def newest(self) -> int:
        """The highest revision that wrote one of the nodes' rows; 0 if there is none."""
        of_nodes = (days for key, days in self._rows.items() if key.kind == "node")
        return max((row.revision for days in of_nodes for row in days.values()), default=0)

    def rows(self, keys: Sequence[SeriesKey], first: date, last: date) -> list[BookRow]:
        """As the books' own."""
        return [
            row
            for key in sorted(keys)
            for day, row in sorted(self._rows.get(key, {}).items())
            if first <= day <= last
        ]
