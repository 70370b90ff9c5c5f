"""Sets of tariff rows: what is replaced together, and what must not hold at the same time.

    set_key    tariff, institution, node, meter, item, valid_from    one price list and its dates
    scope              what it names, item                           whose energy it prices

Sets of different scopes may hold at the same time, since the most specific one stands
(`metering.tariff_choice`). Between two of one scope nothing would decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from metering.tariff import TariffRow

SetKey = tuple[str, str, str, str, str, date]


def set_key(row: TariffRow) -> SetKey:
    """Of the set of rows that is replaced as a whole."""
    return (row.tariff, row.institution, row.node, row.meter, row.item, row.valid.first)


def sets_of(rows: Iterable[TariffRow]) -> dict[SetKey, list[TariffRow]]:
    """The rows by set, each set's in their order."""
    sets: dict[SetKey, list[TariffRow]] = {}
    for row in rows:
        sets.setdefault(set_key(row), []).append(row)
    return sets


def with_sets(present: Iterable[TariffRow], wanted: Iterable[TariffRow]) -> tuple[TariffRow, ...]:
    """`present` with the sets of `wanted`, in place of those of the same key."""
    sets = sets_of(present) | sets_of(wanted)
    return tuple(row for rows in sets.values() for row in rows)
