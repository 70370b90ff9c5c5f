"""A total against what it should hold, day by day, and which way the difference goes.

    total        its own meter                              1000   1000   1000   1000
    parts        meters and places that it should hold       990    988    960    955
    difference   what no part measures                       1 %    1.2 %  4 %    4.5 %
                                                            └── before ──┘ └── after ──┘

Only days on which all of it is measured or apportioned say anything: a part that is missing would
look like a loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from figures.view import View
from ledger import PlannedFigure, Term
from metering.book import BookRow, SeriesKey
from metering.localtime import days_between
from metering.quality import ESTIMATED, MISSING
from metering.quantity import divided, total


@dataclass(frozen=True)
class DayBalance:
    """A total and its parts on a local day [book units]; None where it is not wholly known."""

    day: date
    total: int | None
    parts: int | None

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


def _over(days: Sequence[DayBalance]) -> Fraction | None:
    whole = sum(one.total or 0 for one in days)
    return Fraction(sum(one.difference or 0 for one in days), whole) if whole else None


def balance(view: View, key: SeriesKey, first: date, last: date) -> Balance:
    """A node's total of an item against its parts on the local days first..last, both included."""
    days = ((day, view.figure(key, day)) for day in days_between(first, last))
    return Balance(
        tuple(
            DayBalance(
                day,
                _sum(view, day, figure.totals),
                _sum(view, day, figure.parts),
            )
            for day, figure in days
            if figure is not None and _is_held(figure)
        )
    )


def _is_held(figure: PlannedFigure) -> bool:
    return bool(figure.totals and figure.parts)


def _sum(view: View, day: date, terms: Iterable[Term]) -> int | None:
    amounts = [_amount(view, day, term) for term in terms]
    known = [one for one in amounts if one is not None]
    return sum(known) if len(known) == len(amounts) else None


def _amount(view: View, day: date, term: Term) -> int | None:
    if term.division is not None:
        rows = view.shared_rows(term.code, term.item, day, day)
    else:
        rows = view.rows(view.key_of(term.code, term.item), day, day)
    row = rows.get(day)
    if row is None or row.total is None or not _is_whole(row):
        return None
    if term.division is None:
        return term.sign * row.total
    shares = view.shares_on(term.division, day)
    if shares is None:
        return None
    parts = [total(divided(one.slots, shares.weights, shares.place)) for one in row.parts]
    return term.sign * sum(part or 0 for part in parts)


def _is_whole(row: BookRow) -> bool:
    """Whether all of a settled day is known from readings."""
    return not row.provisional and not row.day_shares[MISSING] and not row.day_shares[ESTIMATED]
