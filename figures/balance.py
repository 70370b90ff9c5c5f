"""A total against what it should hold, day by day, and which way the difference goes.

    total        its own meter                              1000   1000   1000   1000
    parts        meters and places that it should hold       990    988    960    955
    difference   what no part measures                       1 %    1.2 %  4 %    4.5 %
                                                            └── before ──┘ └── after ──┘

Only days on which all of it is measured or apportioned say anything: a part that is missing would
look like a loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from figures.view import View
from ledger import PlannedFigure, Term
from metering.book import BookRow, SeriesKey
from metering.localtime import days_between
from metering.quality import APPORTIONED, ESTIMATED, MISSING
from metering.quantity import divided, total


@dataclass(frozen=True)
class DayTerm:
    """What one meter or place counts on a local day."""

    term: Term
    is_total: bool
    amount: int | None
    """Book units, with its sign and by its share; None where it is not wholly known."""
    apportioned: int = 0
    """How much of the day is no more than a part of a longer stretch [1/10,000]."""


@dataclass(frozen=True)
class DayBalance:
    """A total and its parts on a local day [book units]; None where it is not wholly known."""

    day: date
    total: int | None
    parts: int | None
    terms: tuple[DayTerm, ...] = ()
    """What they are made of."""

    @property
    def difference(self) -> int | None:
        """What the total has more than its parts; None where one of the two is not known."""
        return None if self.total is None or self.parts is None else self.total - self.parts


@dataclass(frozen=True)
class Balance:
    """Days on which a figure has a total and parts, earliest first."""

    days: tuple[DayBalance, ...]

    @property
    def whole(self) -> Fraction | None:
        """The difference over the total, of all known days; None where there is none."""
        return _over(self.known)

    @property
    def before(self) -> Fraction | None:
        """Likewise of the earlier half of the known days, without the one in the middle."""
        return _over(self.known[: len(self.known) // 2])

    @property
    def after(self) -> Fraction | None:
        """Likewise of the later half."""
        return _over(self.known[(len(self.known) + 1) // 2 :])

    @property
    def known(self) -> list[DayBalance]:
        """Days of which total and parts are known."""
        return [one for one in self.days if one.difference is not None]


Rows = Mapping[tuple[str, str], Mapping[date, BookRow]]
"""Rows by day of what has that code and item."""


def _over(days: Sequence[DayBalance]) -> Fraction | None:
    whole = sum(one.total or 0 for one in days)
    return Fraction(sum(one.difference or 0 for one in days), whole) if whole else None


def balance(view: View, key: SeriesKey, first: date, last: date) -> Balance:
    """A node's total of an item against its parts on the local days first..last, both included."""
    days = ((day, view.figure(key, day)) for day in days_between(first, last))
    held = [(day, figure) for day, figure in days if figure is not None and _is_held(figure)]
    rows = _rows(view, {id(figure): figure for _, figure in held}.values(), first, last)
    return Balance(tuple(_day(view, day, figure, rows) for day, figure in held))


def _rows(view: View, figures: Iterable[PlannedFigure], first: date, last: date) -> Rows:
    """The rows of all terms that count whole, read at once."""
    terms = {term for one in figures for term in (*one.totals, *one.parts)}
    whole = {(term.code, term.item) for term in terms if term.division is None}
    keys = {place: view.key_of(*place) for place in sorted(whole)}
    view.load(list(keys.values()), first, last)
    return {place: view.rows(key, first, last) for place, key in keys.items()}


def _is_held(figure: PlannedFigure) -> bool:
    return bool(figure.totals and figure.parts)


def _day(view: View, day: date, figure: PlannedFigure, rows: Rows) -> DayBalance:
    totals = [_term(view, day, term, rows, is_total=True) for term in figure.totals]
    parts = [_term(view, day, term, rows, is_total=False) for term in figure.parts]
    return DayBalance(day, _sum(totals), _sum(parts), (*totals, *parts))


def _sum(terms: Sequence[DayTerm]) -> int | None:
    known = [one.amount for one in terms if one.amount is not None]
    return sum(known) if len(known) == len(terms) else None


def _term(view: View, day: date, term: Term, rows: Rows, *, is_total: bool) -> DayTerm:
    if term.division is not None:
        row = view.shared_rows(term.code, term.item, day, day).get(day)
    else:
        row = rows[term.code, term.item].get(day)
    if row is None or row.total is None or not _is_whole(row):
        return DayTerm(term, is_total, None)
    amount, apportioned = row.total, int(row.day_shares[APPORTIONED])
    if term.division is not None:
        shares = view.shares_on(term.division, day)
        if shares is None:
            return DayTerm(term, is_total, None)
        parts = [total(divided(one.slots, shares.weights, shares.place)) for one in row.parts]
        amount = sum(part or 0 for part in parts)
    return DayTerm(term, is_total, term.sign * amount, apportioned)


def _is_whole(row: BookRow) -> bool:
    """Whether all of a settled day is known from readings."""
    return not row.provisional and not row.day_shares[MISSING] and not row.day_shares[ESTIMATED]
