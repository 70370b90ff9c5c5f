"""Hashes of days and months, kept: what the book hash is put together of.

    commit      a day changes         its hash and that of its month are gone
    question    what is gone is made anew, institution by institution; then hashes alone are read

A row without a hash waits for it; an empty one is a day or a month of which nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from sqlalchemy import Connection, and_, bindparam, select, update

from metering.bookhash import (
    hash_of_days,
    hash_of_institutions,
    hash_of_months,
    row_fields,
    worth_fields,
)
from metering.localtime import day_number, day_of_number
from storage.sql.book_lookup import all_ids, current_rows, of_days
from storage.sql.engine import upsert
from storage.sql.schema import BOOK_DIGEST, BOOK_ROW
from storage.sql.telling import hold

DAY, MONTH = 0, 1
ROWS_AT_ONCE = 20_000
"""Rows of a transaction, about: a second of work."""
Hashes = tuple[str, str]
"""Of energy, and of what it is worth."""


def forget_days(con: Connection, institution: str, days: Iterable[date]) -> None:
    """Let the hashes of days go, and those of their months."""
    rows = {(DAY, day_number(day)) for day in days}
    rows |= {(MONTH, month_number(day_of_number(day))) for _, day in rows}
    own = {"institution": institution, "energy": None, "worth": None}
    gone = [{**own, "level": level, "number": number} for level, number in sorted(rows)]
    upsert(con, BOOK_DIGEST, gone, ["institution", "level", "number"])


def without(con: Connection, institution: str | None) -> list[str]:
    """Institutions of which hashes are to be made anew, sorted."""
    table = BOOK_DIGEST.c
    asked = select(table.institution).where(table.energy.is_(None)).distinct()
    if institution is not None:
        asked = asked.where(table.institution == institution)
    return sorted(con.scalars(asked))


def make(con: Connection, institution: str) -> bool:
    """Make some of an institution's hashes that are gone, no more than a transaction may hold
    others up for; whether there are more. No commit of it comes between."""
    hold(con, institution)
    ids = all_ids(con, institution)
    days = _gone(con, institution, DAY)
    some = days[: max(1, ROWS_AT_ONCE // max(1, len(ids)))]
    if some:
        where = and_(of_days(BOOK_ROW.c.day, some), BOOK_ROW.c.provisional.is_(False))
        rows = list(current_rows(con, ids, where))
        energy, worth = (dict(hash_of_days(rows, fields)) for fields in (row_fields, worth_fields))
        made = [(n, energy.get(day, b""), worth.get(day, b"")) for n, day in _dates(some)]
        _put(con, institution, DAY, made)
    if len(some) < len(days):
        return True
    for number in _gone(con, institution, MONTH):
        of_energy, of_worth = _month(con, institution, number)
        _put(con, institution, MONTH, [(number, of_energy, of_worth)])
    return False


def hashes(con: Connection, institution: str | None, before: date | None) -> Hashes | None:
    """Both hashes, over days earlier than `before`; None where some are gone meanwhile."""
    table = BOOK_DIGEST.c
    asked = select(BOOK_DIGEST).where(table.level == MONTH)
    if institution is not None:
        asked = asked.where(table.institution == institution)
    if before is not None:
        asked = asked.where(table.number < month_number(before))
    months: dict[str, tuple[dict[str, bytes], dict[str, bytes]]] = {}
    for name, _, number, *both in con.execute(asked):
        own = months.setdefault(name, ({}, {}))
        for which, found in zip(own, both, strict=True):
            if found is None:
                return None
            if found:
                which[first_day(number).isoformat()[:7]] = bytes(found)
    if before is not None and not _add_begun(con, institution, before, months):
        return None
    energy, worth = (
        hash_of_institutions((name, own[which]) for name, own in months.items()) for which in (0, 1)
    )
    return energy, worth


def month_number(day: date) -> int:
    """Months since the year 0."""
    return day.year * 12 + day.month - 1


def first_day(month: int) -> date:
    """The first day of a month."""
    return date(month // 12, month % 12 + 1, 1)


def _add_begun(
    con: Connection,
    institution: str | None,
    before: date,
    months: dict[str, tuple[dict[str, bytes], dict[str, bytes]]],
) -> bool:
    """Add the month in which `before` lies, up to it; False where a hash of a day is gone."""
    table = BOOK_DIGEST.c
    first, last = day_number(before.replace(day=1)), day_number(before - timedelta(days=1))
    asked = select(BOOK_DIGEST).where(table.level == DAY, table.number.between(first, last))
    if institution is not None:
        asked = asked.where(table.institution == institution)
    days: dict[str, tuple[list[tuple[date, bytes]], list[tuple[date, bytes]]]] = {}
    for name, _, number, *both in con.execute(asked.order_by(table.institution, table.number)):
        own = days.setdefault(name, ([], []))
        for which, found in zip(own, both, strict=True):
            if found is None:
                return False
            if found:
                which.append((day_of_number(number), bytes(found)))
    for name, lists in days.items():
        into = months.setdefault(name, ({}, {}))
        into[0].update(hash_of_months(lists[0]))
        into[1].update(hash_of_months(lists[1]))
    return True


def _gone(con: Connection, institution: str, level: int) -> list[int]:
    table = BOOK_DIGEST.c
    asked = select(table.number).where(table.institution == institution, table.level == level)
    return sorted(con.scalars(asked.where(table.energy.is_(None))))


def _dates(numbers: Iterable[int]) -> list[tuple[int, date]]:
    return [(number, day_of_number(number)) for number in numbers]


def _month(con: Connection, institution: str, month: int) -> tuple[bytes, bytes]:
    """Both hashes of a month by those of its days; empty where nothing is known of it."""
    table = BOOK_DIGEST.c
    span = table.number.between(day_number(first_day(month)), day_number(first_day(month + 1)) - 1)
    asked = select(table.number, table.energy, table.worth).where(
        table.institution == institution, table.level == DAY, span
    )
    rows = con.execute(asked.order_by(table.number)).all()
    energy = hash_of_months([(day_of_number(n), bytes(one)) for n, one, _ in rows if one])
    worth = hash_of_months([(day_of_number(n), bytes(one)) for n, _, one in rows if one])
    return next(iter(energy.values()), b""), next(iter(worth.values()), b"")


def _put(
    con: Connection, institution: str, level: int, made: Iterable[tuple[int, bytes, bytes]]
) -> None:
    table = BOOK_DIGEST
    rows = [{"n": number, "e": energy, "w": worth} for number, energy, worth in made]
    if rows:
        this_one = and_(
            table.c.institution == institution,
            table.c.level == level,
            table.c.number == bindparam("n"),
        )
        renewed = update(table).values(energy=bindparam("e"), worth=bindparam("w"))
        con.execute(renewed.where(this_one), rows)
