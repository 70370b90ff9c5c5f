"""Two answers to one statement, side by side."""

from __future__ import annotations

from math import isclose
from typing import Any

Json = dict[str, Any]
Rows = list[list[Any]]
Series = dict[tuple[str, tuple[tuple[str, str], ...]], tuple[list[str], Rows]]


def series_of(result: Json) -> Series:
    """Series of one result by name and tags, rows of one time in an order of their own."""
    found: Series = {}
    for one in result.get("series", []):
        tags = tuple(sorted(one.get("tags", {}).items()))
        found[(one.get("name", ""), tags)] = (one["columns"], one["values"])
    return found


def alike(one: Series, other: Series) -> bool:
    """Whether they tell the same: numbers but for the last digits of sums of doubles."""
    return one.keys() == other.keys() and all(
        one[name][0] == other[name][0] and rows_alike(one[name][1], other[name][1]) for name in one
    )


def rows_alike(one: Rows, other: Rows) -> bool:
    """Row by row; those of one time in whatever order."""
    if len(one) != len(other):
        return False
    pairs = zip(sorted(one, key=_place), sorted(other, key=_place), strict=True)
    return all(
        len(a) == len(b) and all(value_alike(x, y) for x, y in zip(a, b, strict=True))
        for a, b in pairs
    )


def value_alike(one: Any, other: Any) -> bool:
    """Numbers within 1e-9 of each other."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


def _place(row: list[Any]) -> tuple[Any, ...]:
    return tuple(
        (0, "", round(value, 6)) if isinstance(value, int | float) else (1, str(value), 0.0)
        for value in row
    )
