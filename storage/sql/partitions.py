"""Where the rows of an institution's books lie on PostgreSQL, and what numbers its series have.

    number of a series    bucket + 1 | what it is numbered in turn
                          6 bits       40 bits
    book_row              partitions by ranges of it: each holds the series of four buckets

Bucket is that of the institution (`metering.shard`), so that all of an institution lies in one
partition, its series in the order in which they were made, and whoever names a series names its
partition. SQLite has the plain numbers, as backups have; a place in the books that was told by
either, or before they were partitioned, is found by both.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, overload

from sqlalchemy import ColumnElement, Connection, true

from metering.shard import BUCKETS, bucket_of

PARTITIONED: Final = ("book_row", "book_row_before")
"""Tables that grow with meters times days."""
PARTITIONS: Final = 15
_BITS: Final = 40
_PLAIN: Final = (1 << _BITS) - 1


def first_number(institution: str) -> int:
    """What the numbers of an institution's series are counted from where books are partitioned."""
    return bucket_of(institution) + 1 << _BITS


def wide(number: int, institution: str) -> int:
    """The number of a series where books are partitioned; one that is wide already stays so."""
    return first_number(institution) | plain(number)


@overload
def plain(number: int) -> int: ...
@overload
def plain(number: ColumnElement[int]) -> ColumnElement[int]: ...
def plain(number: int | ColumnElement[int]) -> int | ColumnElement[int]:
    """The number of a series where they are not, of either one."""
    return number & _PLAIN if isinstance(number, int) else number.bitwise_and(_PLAIN)


def is_partitioned(con: Connection) -> bool:
    """Whether this database's books are."""
    return con.dialect.name == "postgresql"


def own_number(con: Connection, number: int, institution: str) -> int:
    """The number that this database has for a series, told or from another one."""
    return wide(number, institution) if is_partitioned(con) else plain(number)


def of_institution(
    con: Connection, column: ColumnElement[int], institution: str
) -> ColumnElement[bool]:
    """What names the partition of an institution, in questions that find its series only in the
    database."""
    if not is_partitioned(con):
        return true()
    first = first_number(institution)
    return column.between(first, first | _PLAIN)


def partitions(table: str) -> dict[str, tuple[int, int]]:
    """(first number, first number behind) of each partition of a table, by its name."""
    ends = [(n * BUCKETS // PARTITIONS) + 1 << _BITS for n in range(PARTITIONS + 1)]
    return {f"{table}_{n:02}": pair for n, pair in enumerate(pairwise(ends), start=1)}


PARTITION_NAMES: Final = frozenset(name for table in PARTITIONED for name in partitions(table))
