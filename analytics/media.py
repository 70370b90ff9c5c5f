"""What is known of a medium before anything of a meter is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from analytics.groups import Bools, Floats, Ints
from metering.items import FOLLOWS

FLOWS: Final = frozenset({"02", *FOLLOWS})
"""Categories that pass through pipes, one way: water, natural gas, heat, cooling, town gas."""
UNDRIVEN: Final = ("01A", "01C")
"""Items that follow no weather: lighting and sockets, and power, as lifts and pumps are."""


def demand_of(items: Sequence[str]) -> Ints:
    """What makes each item run, (items,): the cold (1) or the heat (-1) outside, or neither (0)."""
    return np.array([FOLLOWS.get(item[:2], 0) for item in items], dtype=np.int64)


def led_by_weather(items: Sequence[str]) -> Bools:
    """Items that the weather makes run, (items,)."""
    return np.asarray(demand_of(items) != 0)


def least_of(items: Sequence[str]) -> Floats:
    """The least that can be expected of each item in an hour, (items,): nothing where it flows one
    way, -inf where it may flow back."""
    return np.array([0.0 if item[:2] in FLOWS else -np.inf for item in items])


def driven(items: Sequence[str]) -> Bools:
    """Items that may follow the weather, (items,)."""
    return np.array([not item.startswith(UNDRIVEN) for item in items], dtype=np.bool_)
