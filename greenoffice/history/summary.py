"""What became of the values of a history, each counted once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

import numpy as np

from greenoffice.history.standing import WhatStands
from metering.quantity import I64

SHOWN = 5
"""Examples that are told of each table."""


@dataclass
class HistoryCounts:
    """Counts of values. `read` is counted apart from the others, which add up to it."""

    read: int = 0
    """Places for a value in the file."""
    stored: int = 0
    """New ones, which are in the journal."""
    corrected: int = 0
    """In the journal in place of another value."""
    duplicates: int = 0
    """That stand already, or twice in the file."""
    differing: int = 0
    """Kept back: another value stands at their time, or came earlier in the file."""
    entered: int = 0
    """Kept back: a person entered another value."""
    unknown: int = 0
    """Of series that have no point."""
    missing: int = 0
    """Empty, or written as missing."""
    refused: int = 0
    """Cannot be read or taken in."""

    def count(self, beside: I64, *, correct: bool) -> None:
        """Add readings by what they are beside what stands."""
        told = np.bincount(beside, minlength=len(WhatStands)).tolist()
        self.stored += told[WhatStands.NEW]
        self.duplicates += told[WhatStands.SAME]
        self.entered += told[WhatStands.ENTERED]
        if correct:
            self.corrected += told[WhatStands.OTHER]
        else:
            self.differing += told[WhatStands.OTHER]

    def as_dict(self) -> dict[str, int]:
        """Each count by its name."""
        return asdict(self)


@dataclass
class TableTold:
    """What became of one table."""

    file: str
    counts: HistoryCounts = field(default_factory=HistoryCounts)
    unknown: list[str] = field(default_factory=list)
    """Series without a point, in the order of the file."""
    examples: list[str] = field(default_factory=list)
    """What was kept back or refused, some of it."""

    def show(self, example: str) -> None:
        """Keep one more example, if there is room."""
        if len(self.examples) < SHOWN:
            self.examples.append(example)

    def add(self, part: TableTold) -> None:
        """Count in what became of a part of it."""
        self.counts = total([self, part])
        for example in part.examples:
            self.show(example)


def total(told: Iterable[TableTold]) -> HistoryCounts:
    """The sum over tables."""
    found = HistoryCounts()
    for one in told:
        for name, count in one.counts.as_dict().items():
            setattr(found, name, getattr(found, name) + count)
    return found
