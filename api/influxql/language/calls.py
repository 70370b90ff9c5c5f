"""Functions as they are called: `mean("power")`, `derivative(mean("power"), 1h)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from api.influxql.language.functions import AGGREGATES, COUNT_DISTINCT, SEVERAL, TRANSFORMS, takes
from api.influxql.language.terms import refused
from api.influxql.language.tree import Aggregate, Column, Expression, Number, Transform
from metering.errors import InvalidInput

MOST_OF: Final = 1_000
"""Rows that `top` and `bottom` choose, and that `moving_average` looks back."""


@dataclass(frozen=True)
class LengthGiven:
    """A duration between brackets."""

    text: str
    length_us: int


def called(name: str, arguments: list[Any]) -> Expression:
    """The expression of a call. InvalidInput for a function that there is not, and for one that
    takes something else."""
    function, (of, *more) = name.lower(), arguments
    wanted = takes(function)
    if wanted is None:
        known = ", ".join((*AGGREGATES, *SEVERAL, *TRANSFORMS))
        raise refused("this function is not supported", name, known)
    argument = _argument(function, wanted, more)
    if function in TRANSFORMS:
        if isinstance(of, Column) and of.name != "*":
            return Transform(function, of, argument)
        if isinstance(of, Aggregate) and of.function not in SEVERAL and of.field != "*":
            return Transform(function, of, argument)
        raise _refused(function, 'a field, or mean("power") and the like')
    if isinstance(of, Column) and of.kind != "tag":
        return Aggregate(function, of.name, argument)
    if function == "count" and isinstance(of, Aggregate) and of.function == "distinct":
        return Aggregate(COUNT_DISTINCT, of.field)
    raise _refused(function, f'{function}("value")')


def _argument(function: str, wanted: str, more: list[Any]) -> float | None:
    given = more[0] if len(more) == 1 else None
    if wanted == "some span" and (not more or isinstance(given, LengthGiven)):
        if given is not None and not given.length_us:
            raise _refused(function, f'{function}("value", 1h)')
        return given.length_us if given is not None else None
    if wanted == "" and not more:
        return None
    least = 2 if function == "moving_average" else 1
    number = given.value if isinstance(given, Number) else -1.0
    if wanted == "number" and 0 < number <= 100:
        return number
    if wanted == "count" and number.is_integer() and least <= number <= MOST_OF:
        return number
    shown = {
        "count": f'{function}("value", 10), of {least} to {MOST_OF}',
        "number": f'{function}("value", 95), of a number above 0 and up to 100',
        "some span": f'{function}("value", 1h)',
    }
    raise _refused(function, shown.get(wanted, f'{function}("value")'))


def _refused(function: str, fix: str) -> InvalidInput:
    return refused("this is not how the function is called", function, fix)
