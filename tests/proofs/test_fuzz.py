"""The fuzzing of the ledger: what it makes, and that it notices books that are wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from proofs import fuzz
from proofs.fuzz_worlds import Sequence, sequence

SOUND = [seed for seed in range(60) if not sequence(seed, fuzz.START_US, fuzz.DAYS).faults]


def made(seed: int) -> Sequence:
    return sequence(seed, fuzz.START_US, fuzz.DAYS)


def test_a_seed_makes_the_same_sequence_again() -> None:
    one, two = made(7), made(7)
    assert one.sent == two.sent
    assert np.array_equal(one.truth, two.truth)


@pytest.mark.parametrize("seed", SOUND)
def test_a_register_without_faults_breaks_no_law(seed: int) -> None:
    assert fuzz.broken(made(seed), fuzz.once(made(seed))) == []


def test_books_that_are_wrong_are_noticed() -> None:
    """A reading that rises too much: the books tell it as energy, the truth knows better."""
    right = made(SOUND[0])
    false = [replace(one, value=one.value + (n > 200) * 0.5) for n, one in enumerate(right.sent)]
    found = fuzz.broken(right, fuzz.once(replace(right, sent=false)))
    assert any(law.startswith("wrong") for law in found)
    assert any(law.startswith("energy") for law in found)


def test_every_way_of_booking_is_compared() -> None:
    one = made(SOUND[0])
    found = fuzz.hashes(one)
    assert found.keys() == {"batches", "rebuilt", "shuffled"}
    assert set(found.values()) == {fuzz.once(one).hash}
