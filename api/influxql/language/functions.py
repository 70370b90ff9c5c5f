"""The functions of SELECT: how many numbers each makes of what, and what it takes besides."""

from __future__ import annotations

from typing import Final, Literal

Takes = Literal["", "count", "number", "span", "some span"]
"""What a function takes behind its field: nothing, a whole number, a number, or a duration, which
may be left out where it says `some`."""

PLAIN: Final = ("sum", "mean", "min", "max", "first", "last", "count")
"""Aggregates that need nothing but the rows of a bucket, in any order of reading."""
AGGREGATES: Final[dict[str, Takes]] = {
    **dict.fromkeys(PLAIN, ""),
    **dict.fromkeys(("median", "mode", "spread", "stddev"), ""),
    "percentile": "number",
    "integral": "some span",
}
"""One number of a bucket."""
SEVERAL: Final[dict[str, Takes]] = {"top": "count", "bottom": "count", "distinct": ""}
"""Several of a bucket."""
TRANSFORMS: Final[dict[str, Takes]] = {
    "derivative": "some span",
    "non_negative_derivative": "some span",
    "difference": "",
    "non_negative_difference": "",
    "moving_average": "count",
    "cumulative_sum": "",
    "elapsed": "some span",
}
"""One of each row or bucket and those before it."""
SELECTORS: Final = frozenset(("min", "max", "first", "last", "percentile", "top", "bottom"))
"""Those that choose a row, whose time and tags may be told."""
COUNT_DISTINCT: Final = "count_distinct"
"""`count(distinct())`, which is told as `count`."""
MATHS: Final = ("+", "-", "*", "/", "%")


def takes(function: str) -> Takes | None:
    """What a function takes behind its field; None for one that there is not."""
    return (AGGREGATES | SEVERAL | TRANSFORMS).get(function)
