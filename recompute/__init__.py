"""A slow second implementation of the books, for whoever does not want to take our word for it.

file ──▶ facts, readings ──▶ which stand ──▶ curve ──▶ slots, hours, days ──▶ nodes, money

Written from docs/recompute.md and docs/cleaning.md, in plain Python with whole numbers and exact
fractions. It needs no database, no network and nothing of the ledger: of the platform it imports
local time, the calendar, units, item codes and the error tree alone.
"""

from recompute.figures import Figure, RecomputedBooks, RecomputedSeries
from recompute.file import Content, read_file
from recompute.tally import RecomputedMoney, exact

__all__ = [
    "Content",
    "Figure",
    "RecomputedBooks",
    "RecomputedMoney",
    "RecomputedSeries",
    "exact",
    "read_file",
]
