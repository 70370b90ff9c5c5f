"""Which of several forms a column has: decided by all of its texts, or asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from metering.errors import InvalidInput

V = TypeVar("V")
ODD: float = 0.1
"""Up to this share of texts that only another form reads are mistakes of single cells."""


class AmbiguousFormat(InvalidInput):
    """Two readings are possible; which one holds has to be said.

    asks: which answer is wanted: `date`, `decimal`, `encoding` ...
    """

    code = "ambiguous_format"

    def __init__(self, message: str, *, asks: str, field: str, value: str, fix: str) -> None:
        super().__init__(message, field=field, value=value, fix=fix)
        self.asks = asks


def decide(
    column: str,
    texts: Iterable[tuple[Mapping[str, V], int]],
    preferred: Sequence[str],
    example: Mapping[str, str],
    asks: str,
) -> str:
    """The form that reads a column; `texts` says what each form reads in a text, and of how many
    texts that is so.

    The form that reads most is taken where the others either read fewer texts, or the same values.
    Raises AmbiguousFormat where two forms read equally many and not the same, or where one in ten
    of the texts is only read by another than the one that reads most. `example` says
    of each form how it is told; `preferred` stands first among equals; `asks` is what the answer is
    called.
    """
    count = dict.fromkeys(preferred, 0)
    foreign = dict.fromkeys(preferred, 0)
    apart: dict[tuple[str, str], Mapping[str, V]] = {}
    total = 0
    for readings, times in texts:
        if not readings:
            continue
        total += times
        for form in preferred:
            if form in readings:
                count[form] += times
                continue
            foreign[form] += times
        for one in readings:
            for other in readings:
                if one < other and readings[one] != readings[other]:
                    apart.setdefault((one, other), readings)
    most = max(count.values(), default=0)
    best = [form for form in preferred if count[form] == most]
    first = best[0]
    for other in best[1:]:
        pair = (min(first, other), max(first, other))
        if pair in apart or foreign[other]:
            raise _ambiguous((column, asks), first, other, apart.get(pair), example)
    if total and foreign[first] > total * ODD:
        rival = max((f for f in preferred if f != first), key=lambda form: count[form])
        raise _ambiguous((column, asks), first, rival, None, example)
    return first


def _ambiguous(
    of: tuple[str, str],
    one: str,
    other: str,
    readings: Mapping[str, V] | None,
    example: Mapping[str, str],
) -> AmbiguousFormat:
    shown = (one, other) if readings is None else (readings[one], readings[other])
    return AmbiguousFormat(
        f"two readings are possible: {shown[0]} or {shown[1]}",
        asks=of[1],
        field="column",
        value=of[0],
        fix=f"say which: {example[one]} or {example[other]}",
    )
