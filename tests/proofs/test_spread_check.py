"""The proof of work on a cluster, and that it notices what differs."""

from __future__ import annotations

import json

import pytest

from proofs.spread.check import SpreadOutcome, run_spread


def whole() -> SpreadOutcome:
    outcome = SpreadOutcome(institutions=6, killed=3, tasks=9, twice=3)
    outcome.compared.update(restated=5, closings=6, findings=4, versions=20, meters=60)
    return outcome


def test_it_passes_where_everything_is_equal_and_workers_died_at_work() -> None:
    outcome = whole()
    outcome.compare("books", ("a", "b"), ("a", "b"))
    assert outcome.passed


@pytest.mark.parametrize("name", ["restated", "closings", "findings", "versions", "meters"])
def test_a_world_with_nothing_to_compare_proves_nothing(name: str) -> None:
    outcome = whole()
    outcome.compared[name] = 0
    assert not outcome.passed


@pytest.mark.parametrize("name", ["killed", "twice"])
def test_a_run_without_deaths_at_work_proves_nothing(name: str) -> None:
    outcome = whole()
    setattr(outcome, name, 2)
    assert not outcome.passed


def test_what_differs_is_noticed() -> None:
    outcome = whole()
    outcome.compare("books of 'o01'", "ab", "ac")
    assert outcome.different == ["books of 'o01'"]
    assert not outcome.passed


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_six_institutions_on_two_workers_are_those_of_one_process(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_spread(6, seed=2)
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["workers_killed"], told["tasks_run_twice"], told["different"]) == (3, 3, 0)
    assert ended.value.code == 0
