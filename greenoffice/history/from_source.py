"""Loading what another system has: each series to its point, part by part, as tables are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from greenoffice.history.loading import (
    HistoryPlace,
    HistoryWays,
    Progress,
    load_history,
    targets_of,
)
from greenoffice.history.mapping import SeriesMapping, SeriesTarget
from greenoffice.history.sources.series import HistorySource, SourceSeries
from greenoffice.history.sources.tables import as_table
from greenoffice.history.summary import TableTold
from metering.errors import InvalidInput

_LINE = b"\r\n"


class SourceLoad:
    """One load; `told` and `refused` grow while it runs, and stay where it breaks off."""

    def __init__(self, source: HistorySource) -> None:
        self._source = source
        self.told = TableTold(source.called)
        self.refused = b""
        """Rows that hold what was refused, as CSV; b'' for none."""

    def run(self, place: HistoryPlace, ways: HistoryWays, progress: Progress) -> None:
        """Load all series that have a point; of the others only how many values they have is known.

        Raises as the source does, and InvalidInput where series cannot be mapped: then nothing is
        written. What was written before something broke off stays, and is a duplicate next time.
        """
        offered = self._source.series()
        if not offered:
            raise InvalidInput(
                "nothing is in it",
                field="source",
                value=self._source.called,
                fix="name a database or file that has readings",
            )
        targets = _targets(offered, ways.mapping)
        total = sum(one.count for one in offered)
        for series, target in zip(offered, targets, strict=True):
            steps = self._load(series, place, ways) if target else self._pass_over(series)
            for read in steps:
                progress(self._source.called, read, total)

    def _pass_over(self, series: SourceSeries) -> Iterator[int]:
        self.told.counts.read += series.count
        self.told.counts.unknown += series.count
        self.told.unknown.append(series.name)
        yield self.told.counts.read

    def _load(self, series: SourceSeries, place: HistoryPlace, ways: HistoryWays) -> Iterator[int]:
        """How many values were read, after each part."""
        before = 0
        for rows in self._source.rows(series):
            table, history = as_table(self._source.called, series, rows, before)
            loaded = load_history(table, history, place, ways, lambda *_: None)
            before += len(rows.values)
            self.told.add(loaded.told)
            # One row of headings is enough.
            new = loaded.refused
            self.refused += new.partition(_LINE)[2] if self.refused else new
            yield self.told.counts.read


def _targets(offered: Sequence[SourceSeries], mapping: SeriesMapping) -> list[SeriesTarget | None]:
    names, units = [one.name for one in offered], [one.unit for one in offered]
    targets = targets_of(names, units, mapping)
    for series, target in zip(offered, targets, strict=True):
        if target and series.kind and target.point.kind is not series.kind:
            raise InvalidInput(
                f"the series {series.name!r} goes to a point of another kind",
                field="kind",
                value=series.kind,
                fix=f"{target.point.name} is registered as {target.point.kind}",
            )
    return targets
