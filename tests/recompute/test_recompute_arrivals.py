"""Which reading of a point and time stands, where a person has spoken."""

from __future__ import annotations

import pytest

from recompute.arrivals import ENTERED_ORDER, Arrival, StandingReading, standing
from recompute.facts import PointLine

POINT = PointLine("s/g/E1", "interval", "m3", "m3", None, None)


def arrival(value: float | None, order: int, offset: int) -> Arrival:
    return Arrival("s/g/E1", 900, value, "L", (order, offset), (1, offset, 0), 1000)


@pytest.mark.parametrize("value", [0.0, 5000.0])
def test_what_was_taken_back_stands_and_cannot_be_used(value):
    sent = arrival(value, 2**50, 9)
    entered, taken = arrival(7000.0, ENTERED_ORDER, 1), arrival(None, ENTERED_ORDER + 1, 2)
    (one,) = standing([entered, taken, sent], [], {"s/g/E1": POINT})["s/g/E1"]
    assert one == StandingReading(900, 0.0, out_of_range=True, entered=True)


def test_what_was_entered_anew_counts_again():
    taken, again = arrival(None, ENTERED_ORDER, 1), arrival(7000.0, ENTERED_ORDER + 1, 2)
    (one,) = standing([again, taken], [], {"s/g/E1": POINT})["s/g/E1"]
    assert one == StandingReading(900, 7.0, entered=True)
