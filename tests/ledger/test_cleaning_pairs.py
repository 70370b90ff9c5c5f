"""Two faults, hours or days apart: what lies between them is good and stays."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from ledger.clean import clean
from ledger.cleaning.decisions import decide
from ledger.cleaning.rates import DAY_US, DayRises, learned
from ledger.cleaning.story import RegisterReadings
from ledger.limits import RegisterLimits
from metering.localtime import MINUTE_US

KWH = 1_000_000
TURN = 10**6 * KWH
DAYS = 8


def stale(values: np.ndarray, at: int, length: int) -> None:
    values[at : at + min(length, 3)] = values[at - 4]


def stuck(values: np.ndarray, at: int, length: int) -> None:
    values[at : at + length] = values[at]


def zeros(values: np.ndarray, at: int, length: int) -> None:
    values[at : at + length] = 0


def spike(values: np.ndarray, at: int, length: int) -> None:
    values[at : at + min(length, 6)] += 3 * 10**6 * KWH


def gap(values: np.ndarray, at: int, length: int) -> None:
    values[at : at + length] = -1


FAULTS = {one.__name__: one for one in (stale, stuck, zeros, spike, gap)}


PAIRS = list(product((*FAULTS, "reset"), repeat=2))


@pytest.mark.parametrize(
    ("first", "second", "turning"),
    [(*pair, False) for pair in PAIRS]
    # A little before the last digit a zero and a reset look like the turn itself.
    + [(*pair, True) for pair in PAIRS if pair[0] not in ("zeros", "reset")],
)
def test_what_is_good_between_two_faults_stays(first, second, turning):
    """A working day over a base; the faults begin at any time of the day. A register that turns
    passes its last digit between them."""
    rng = np.random.default_rng([*first.encode(), *second.encode(), turning])
    for every in (5, 15, 60):
        count = DAYS * 24 * 60 // every
        times = np.arange(count, dtype=np.int64) * every * MINUTE_US
        open_now = (times % DAY_US >= DAY_US // 3) & (times % DAY_US < DAY_US * 3 // 4)
        load = rng.integers(4 * KWH, 6 * KWH, count) * (1 + 8 * open_now) * every // 60
        start, between = count // 2, int(rng.integers(count // 8, count // 4))
        length = int(rng.integers(5, 12))
        sent = np.cumsum(load) + 300_000 * KWH
        if turning:
            sent += TURN - sent[start + between // 2]
        places = [(first, start), (second, start + between)]
        for name, at in places:
            if name == "reset":
                sent[at:] -= sent[at]
        if turning:
            sent %= TURN
        for name, at in places:
            if name != "reset":
                FAULTS[name](sent, at, length)
        there = sent >= 0
        limits = RegisterLimits(every * MINUTE_US, None, TURN if turning else None)
        rises = DayRises.of(times[there], sent[there], limits.step_us)
        rates = learned(rises, limits, 0, DAYS - 1)
        readings = RegisterReadings(times[there], sent[there], rates, limits.modulus)
        found = decide(readings, limits.flat_us)
        cleaned = clean(times[there], sent[there], limits, decisions=found)
        doubted = np.zeros(count, dtype=bool)
        for at in (start, start + between):
            doubted[at : at + length] = True
        lost = np.setdiff1d(times[~doubted], cleaned.time_us)
        assert lost.tolist() == [], (every, [(d.kind, d.here_us, d.there_us) for d in found])
