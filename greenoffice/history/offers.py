"""What another system has, told to a person, with a mapping to begin with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from greenoffice.history.mapping import SeriesMapping
from greenoffice.history.sources.series import SourceSeries
from metering.errors import InvalidInput
from metering.localtime import iso
from metering.tables import csv_text

_HEADINGS = ("series", "point", "unit", "kind", "values", "first", "last")


@dataclass(frozen=True)
class OfferedSeries:
    """A series, and the point that it may belong to."""

    series: SourceSeries
    point: str
    """SITE/GATEWAY/POINT; '' where none is called alike, or several are."""

    def as_row(self) -> dict[str, object]:
        """By the headings of a proposal."""
        one = self.series
        first, last = iso(one.first_us), iso(one.last_us)
        found = (one.name, self.point, one.unit, one.kind or "", one.count, first, last)
        return dict(zip(_HEADINGS, found, strict=True))


def offers(found: Sequence[SourceSeries], mapping: SeriesMapping) -> list[OfferedSeries]:
    """Each series with the point that is called as it or as its system calls it elsewhere, is of
    its kind, and is not proposed for a series before it."""
    taken: set[str] = set()
    told = []
    for series in found:
        point = next((one for one in _points(series, mapping) if one not in taken), "")
        taken.add(point)
        told.append(OfferedSeries(series, point))
    return told


def _points(series: SourceSeries, mapping: SeriesMapping) -> Iterator[str]:
    for name in (series.name, *series.also):
        try:
            target = mapping.target(name, series.unit)
        except InvalidInput:  # several points fit
            continue
        if target and series.kind in (None, target.point.kind):
            yield f"{target.point.gateway}/{target.point.name}"


def proposal(offered: Sequence[OfferedSeries]) -> bytes:
    """A table that `read_mapping` reads: rows without a point are left for a person to fill in. CSV
    as a spreadsheet opens it."""
    rows = [_HEADINGS, *(one.as_row().values() for one in offered)]
    return csv_text(rows, "\r\n").encode("utf-8-sig")
