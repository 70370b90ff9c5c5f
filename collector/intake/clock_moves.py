"""Readings that stand at other times than what was decided of their clock says."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from metering.ports import ReadingWriter
from metering.reading import ReadingColumns


def astray(
    reported: ReadingColumns, rows: ReadingColumns, offsets_us: Iterable[int], stored: ReadingWriter
) -> ReadingColumns:
    """Stored rows of the same messages that are none of `rows`.

    reported: the readings of these messages with the times that the gateway gave; rows: those that
    should be, at their right times; offsets_us: how far these may be apart [us].
    """
    parts = [
        stored.existing(reported.point, reported.time_us - offset_us)
        for offset_us in sorted(set(offsets_us))
    ]
    found = ReadingColumns.concat(parts)
    own, wanted = set(_lineage(reported)), set(_identity(rows))
    away = [
        lineage in own and identity not in wanted
        for lineage, identity in zip(_lineage(found), _identity(found), strict=True)
    ]
    return found.take(np.array(away, np.bool_))


def _lineage(rows: ReadingColumns) -> list[tuple[int, ...]]:
    columns = (rows.segment, rows.offset, rows.index)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _identity(rows: ReadingColumns) -> list[tuple[int, ...]]:
    columns = (rows.point, rows.time_us, rows.segment, rows.offset, rows.index)
    return list(zip(*(column.tolist() for column in columns), strict=True))
