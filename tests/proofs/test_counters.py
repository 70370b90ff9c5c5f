"""Real counters: recorded data close where they are there, and a decision must say its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from metering.book import RegisterEvent
from proofs import counters
from proofs.steps import data_folder_with_recordings

ROOT = Path(__file__).parents[2]
FILE = (ROOT / data_folder_with_recordings()).resolve() / counters.OFFICE


@pytest.mark.skipif(not FILE.is_file(), reason=f"no recorded data: {FILE} (GREENOFFICE_DATA)")
def test_a_real_office_closes() -> None:
    found = counters.office(FILE)
    assert found["differences"] == 0
    assert found["readings"] > 50_000


@pytest.mark.parametrize(
    ("event", "enough"),
    [
        (RegisterEvent("o", "m", "spike", 0, 1, cost=4, value=7), True),
        (RegisterEvent("o", "m", "spike", 0, 1, cost=4), False),
        (RegisterEvent("o", "m", "reset", 0, 1, value=7), False),
        (RegisterEvent("o", "m", "gap", 0, 1), True),
    ],
)
def test_a_decision_without_cost_or_value_is_not_explained(
    event: RegisterEvent, enough: bool
) -> None:
    assert counters._says(event) is enough
