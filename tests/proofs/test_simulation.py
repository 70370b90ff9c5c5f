"""The simulator of faults: it finds nothing, plays a seed the same again, and would find more."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from collector.commit import GroupCommit
from collector.intake.judging import Judgements
from collector.intake.worker import Intake
from collector.journal import writer
from metering.intake import IntakeBatch
from proofs.simulation import check
from proofs.simulation.faults import KINDS
from proofs.simulation.sqlite import SimulatedConnection
from proofs.simulation.world import SeedOutcome, run_seed

SEEDS, TOGETHER = 100, 10
_played: dict[int, SeedOutcome] = {}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    before = check.structlog.get_config()
    check.quieten()
    yield
    check.structlog.configure(**before)


def played(seed: int) -> SeedOutcome:
    if seed not in _played:
        _played[seed] = run_seed(seed)
    return _played[seed]


@pytest.mark.parametrize("first", range(1, SEEDS + 1, TOGETHER))
@pytest.mark.sampled(3)
def test_no_law_is_broken(first: int) -> None:
    found = [played(seed) for seed in range(first, first + TOGETHER)]
    assert {one.seed: one.violations for one in found if one.violations} == {}
    assert sum(one.messages for one in found) > 10 * TOGETHER


def test_hardly_a_kind_of_fault_is_rare() -> None:
    """Within the seeds that are played first."""
    faults = sum((played(seed).faults for seed in range(1, TOGETHER + 1)), Counter[str]())
    assert len(check.never(faults)) <= 2


@pytest.mark.long
def test_every_kind_of_fault_happens_within_a_hundred_seeds() -> None:
    faults = sum((played(seed).faults for seed in range(1, SEEDS + 1)), Counter[str]())
    assert check.never(faults) == []


def test_a_kind_that_never_happened_fails_a_long_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    every = Counter(dict.fromkeys(KINDS, 1))
    monkeypatch.setattr(check, "run_seed", lambda seed, _show: SeedOutcome(seed, faults=every))
    with pytest.raises(SystemExit) as ended:
        check.run_simulate(check.EVERY_KIND, 1, trace=False)
    assert ended.value.code == 0
    less = every - Counter({"torn": 1})
    monkeypatch.setattr(check, "run_seed", lambda seed, _show: SeedOutcome(seed, faults=less))
    with pytest.raises(SystemExit) as ended:
        check.run_simulate(check.EVERY_KIND, 1, trace=False)
    assert ended.value.code == 1
    assert "never happened: torn" in capsys.readouterr().err


def test_a_violation_is_told_with_its_seed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        check, "run_seed", lambda seed, _show: SeedOutcome(seed, violations=["lost"])
    )
    with pytest.raises(SystemExit) as ended:
        check.run_simulate(2, 7, trace=False)
    told = capsys.readouterr()
    assert ended.value.code == 1
    assert told.err.splitlines() == ["seed 7: lost", "seed 8: lost"]
    assert '"violations": 2' in told.out


def test_a_seed_plays_the_same_again() -> None:
    assert [run_seed(seed).trace for seed in (3, 4)] == [played(seed).trace for seed in (3, 4)]
    assert played(3).trace != played(4).trace


def test_a_seed_plays_the_same_in_every_process() -> None:
    """Whatever the order of sets is there."""
    code = (
        "from proofs.simulation.check import quieten\n"
        "from proofs.simulation.world import run_seed\n"
        "quieten()\n"
        "print([run_seed(seed).trace for seed in (3, 4, 5)])"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": salt},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        for salt in ("1", "2")
    }
    assert told == {f"{[played(seed).trace for seed in (3, 4, 5)]}\n"}


# -- faults of the product, put in: each is found within a hundred seeds


def acknowledged_before_it_is_written(patch: pytest.MonkeyPatch) -> None:
    commit = GroupCommit._commit

    def mutant(self: Any, batch: Any) -> bool:
        told, self._on_durable = self._on_durable, lambda _: None
        told(batch)
        try:
            return commit(self, batch)
        finally:
            self._on_durable = told

    patch.setattr(GroupCommit, "_commit", mutant)


def never_synced(patch: pytest.MonkeyPatch) -> None:
    execute = SimulatedConnection.execute

    def mutant(self: Any, sql: str, parameters: Any = ()) -> Any:
        return execute(self, sql.replace("synchronous=FULL", "synchronous=OFF"), parameters)

    patch.setattr(SimulatedConnection, "execute", mutant)


def checkpoint_before_readings(patch: pytest.MonkeyPatch) -> None:
    take = Intake._take

    def mutant(self: Any, messages: Any, batch: IntakeBatch, reread: bool = False) -> Any:
        before = batch.from_segment, batch.from_offset
        after = batch.next_segment, batch.next_offset
        self._intake.commit(IntakeBatch(batch.writer_no, *before, *after))
        try:
            told = take(self, messages, replace(batch, from_segment=after[0], from_offset=after[1]))
        except Exception:
            self._intake.commit(IntakeBatch(batch.writer_no, *after, *before))
            raise
        return told

    patch.setattr(Intake, "_take", mutant)


def marks_after_the_checkpoint(patch: pytest.MonkeyPatch) -> None:
    take, keep = Intake._take, Judgements.keep

    def without(self: Any, batch: IntakeBatch, rows: Any, outcome: Any, marks: Any) -> None:
        keep(self, batch, rows, outcome, [])
        self.later = marks

    def mutant(self: Any, messages: Any, batch: IntakeBatch, reread: bool = False) -> Any:
        told = take(self, messages, batch, reread)
        later = getattr(self._judgements, "later", ())
        self._marks.mark(later, writer_no=batch.writer_no, ready=True)
        self._judgements.later = ()
        return told

    patch.setattr(Judgements, "keep", without)
    patch.setattr(Intake, "_take", mutant)


def places_given_away_again(patch: pytest.MonkeyPatch) -> None:
    ready = writer.JournalWriter._ready

    def mutant(self: Any) -> Any:
        if self._connection is None:
            self._next = 0
        return ready(self)

    patch.setattr(writer.JournalWriter, "_ready", mutant)


@pytest.mark.parametrize(
    "mutation",
    [
        acknowledged_before_it_is_written,
        never_synced,
        checkpoint_before_readings,
        marks_after_the_checkpoint,
        places_given_away_again,
    ],
)
@pytest.mark.sampled(3)
def test_a_fault_of_the_product_is_found(
    mutation: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)
    first = 1_100 if mutation is places_given_away_again else 1  # it takes a rare turn of events
    assert any(run_seed(seed).violations for seed in range(first, first + SEEDS))
