"""Random changes of a package: what is drawn, and that a change which a test notices is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from proofs.mutants import MeasuredTests, tried
from proofs.mutants_draw import Mutant, draw, mutants_of

SOURCE = """from __future__ import annotations


def larger(one: int | None, other: int) -> int | None:
    if one is None:
        return other
    return one if one > other else other
"""
CHECKED = """from small import larger


def test_larger():
    assert larger(1, 2) == 2
    assert larger(3, 2) == 3
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    (tmp_path / "small.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_small.py").write_text(CHECKED, encoding="utf-8")
    return tmp_path


def on_line(line: int, operator: str) -> Mutant:
    found = [one for one, _ in mutants_of("small.py", SOURCE) if one.line == line]
    return next(one for one in found if one.operator == operator)


def test_annotations_are_left_out_and_each_mutant_changes_its_line() -> None:
    found = mutants_of("small.py", SOURCE)
    assert 4 not in {one.line for one, _ in found}
    for mutant, _ in found:
        lines = zip(SOURCE.splitlines(), mutant.apply(SOURCE).splitlines(), strict=True)
        assert {n for n, (a, b) in enumerate(lines, 1) if a != b} <= {mutant.line}


def test_a_seed_draws_the_same_places_again(copy: Path) -> None:
    (copy / "pack").mkdir()
    (copy / "pack" / "one.py").write_text(SOURCE, encoding="utf-8")
    assert draw(copy, "pack", 2, 5) == draw(copy, "pack", 2, 5)
    assert len(draw(copy, "pack", 100, 5)) < 100


def test_a_change_that_a_test_notices_is_killed_and_another_survives(copy: Path) -> None:
    file = "tests/test_small.py"
    measured = MeasuredTests({file: 0.1}, {"small.py": {line: [file] for line in range(1, 8)}})
    noticed = on_line(7, "core/ReplaceComparisonOperator_Gt_Lt")
    unnoticed = on_line(7, "core/ReplaceComparisonOperator_Gt_GtE")
    assert tried(noticed, copy, measured) is None
    told = tried(unnoticed, copy, measured)
    assert told is not None
    assert (told["file"], told["line"]) == ("small.py", 7)
    assert (copy / "small.py").read_text(encoding="utf-8") == SOURCE


def test_a_line_that_no_test_runs_is_told_as_untested(copy: Path) -> None:
    told = tried(on_line(7, "core/ReplaceComparisonOperator_Gt_Lt"), copy, MeasuredTests({}, {}))
    assert told is not None
    assert told["untested"] is True
