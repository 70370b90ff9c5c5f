"""Arithmetic of bills: exact up to the one rounding that each figure has, half up.

quantity   rounded to the account's decimals          7.4995 kWh ─▶ 7.50
amount     quantity as billed x price, to 0.01        7.50 x 0.65 = 4.875 ─▶ 4.88
share      of what stands for a time: rounded in the amount alone
total      the sum of the amounts as billed; nothing is rounded twice
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Final

import numpy as np

from metering.quantity import ABSENT, I64

CENTS: Final = 2
"""Decimals of an amount."""
HUNDREDTHS: Final = 100
MOST_DECIMALS: Final = 12
"""Of a quantity that holds a part of a time."""
HOUR_MIN: Final = 60


def rounded(value: Fraction, decimals: int) -> Decimal:
    """To so many decimals, halves away from 0; with all of them, also where they are 0."""
    scaled = floor(abs(value) * 10**decimals + Fraction(1, 2))
    return Decimal(-scaled if value < 0 else scaled).scaleb(-decimals)


def amount_of(quantity: Decimal, price: Decimal) -> Decimal:
    """What a billed quantity costs [currency], to 0.01."""
    return rounded(Fraction(quantity) * Fraction(price), CENTS)


def part_of(
    quantity: Decimal, share: Fraction, price: Decimal, decimals: int
) -> tuple[Decimal, Decimal]:
    """(quantity x share, what that costs [currency]), of a billed quantity.

    The amount is rounded once. The quantity has `decimals`, or as many more as it takes to come to
    the amount again.
    """
    exact = Fraction(quantity) * share
    amount = rounded(exact * Fraction(price), CENTS)
    told = (rounded(exact, many) for many in range(decimals, max(decimals, MOST_DECIMALS) + 1))
    fitting = (one for one in told if amount_of(one, price) == amount)
    return next(fitting, rounded(exact, decimals)), amount


def percent_of(base: Decimal, percent: Decimal) -> Decimal:
    """A percentage of an amount [currency], to 0.01."""
    return rounded(Fraction(base) * Fraction(percent) / 100, CENTS)


def net_of(gross: Decimal, percent: Decimal) -> Decimal:
    """What of a sum that holds a tax is not the tax [currency], to 0.01."""
    return rounded(Fraction(gross) * 100 / (100 + Fraction(percent)), CENTS)


def total_of(amounts: Iterable[Decimal]) -> Decimal:
    """Their sum, with the decimals of an amount."""
    return sum(amounts, Decimal(0).scaleb(-CENTS))


def power_factor(active: Decimal, reactive: Decimal) -> int | None:
    """cos phi of a period's energies [kWh, kvarh] in 1/100, halves up; None of nothing at all.

    Whole numbers throughout: cos phi is at least (2n - 1) / 200 where 40000 P^2 is at least
    (2n - 1)^2 (P^2 + Q^2).
    """
    p, q = Fraction(active) ** 2, Fraction(reactive) ** 2
    if not p + q:
        return None
    return max(
        n for n in range(HUNDREDTHS + 1) if n == 0 or 40_000 * p >= (2 * n - 1) ** 2 * (p + q)
    )


def steps_of(before: Decimal, quantity: Decimal, above: Sequence[Decimal]) -> list[Decimal]:
    """What of a quantity lies in each step; `above` are their lower ends, rising, the first 0."""
    ends: list[Decimal | None] = [*above[1:], None]
    after = before + quantity
    found = []
    for low, high in zip(above, ends, strict=True):
        top = after if high is None else min(after, high)
        found.append(max(top - max(before, low), Decimal(0)))
    return found


def contracted(
    measured: Fraction, contract: Fraction, over_from: Fraction | None
) -> tuple[Fraction, Fraction]:
    """(power at the price, power at the dearer one) [kW]: the contract up to its margin, which is
    `over_from` times the contract; beyond it the margin, and what lies over it."""
    margin = contract if over_from is None else contract * over_from
    if over_from is None or measured <= margin:
        return contract, Fraction(0)
    return margin, measured - margin


def most_power(quantity: I64, step_min: int, block_min: int) -> tuple[int, int] | None:
    """(place of the first slot, book units) of the most that passes in a block.

    `quantity` (n,) are slots side by side, the first at the beginning of a block; one of which
    nothing is known (ABSENT) leaves its block out. Blocks lie side by side; of equal ones the
    first counts. None where slots are no part of a block, or no
    block is known.
    """
    if block_min % step_min:
        return None
    size = block_min // step_min
    if len(quantity) < size:
        return None
    known = np.concatenate([[0], np.cumsum(quantity == ABSENT)])
    sums = np.concatenate([[0], np.cumsum(np.where(quantity == ABSENT, 0, quantity))])
    starts = np.arange(0, len(quantity) - size + 1, size)
    starts = starts[known[starts + size] == known[starts]]
    if not len(starts):
        return None
    passed = sums[starts + size] - sums[starts]
    place = int(np.argmax(passed))
    return int(starts[place]), int(passed[place])
