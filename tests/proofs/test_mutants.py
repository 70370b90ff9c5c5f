"""Changes are drawn, made and noticed, on a tree of one module."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from proofs.mutants import attempt, equivalent, tally
from proofs.mutation.draw import Mutant, draw, sites_of
from proofs.mutation.tree import LEAST_CPU_S, SLOWER, TreeCopy
from proofs.mutation.warm import MOST_BYTES

SOURCE = """from __future__ import annotations

LIMIT: int | None = 3


def over(value: int) -> bool:
    if value > 3:
        return True
    return False


def unseen(value: int) -> int:
    return value + 1
"""
TEST = """from sums.limits import over


def test_over():
    assert over(4) and not over(3) and not over(2)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name, text in (("sums/limits.py", SOURCE), ("tests/sums/test_limits.py", TEST)):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return root


def test_changes_are_those_of_the_seed_and_leave_annotations_alone(tree: Path) -> None:
    mutants = draw(tree, "sums", 99, seed=1)
    assert mutants == draw(tree, "sums", 99, seed=1) != draw(tree, "sums", 99, seed=2)
    assert len(mutants) == len({(one.line, one.before, one.after) for one in mutants}) > 4
    assert {one.line for one in mutants} == {3, 7, 8, 9, 13}
    assert all("int | None" in one.after for one in mutants if one.line == 3)
    assert all(len(operators) > 0 for operators in sites_of(tree, "sums").values())


def test_what_no_test_runs_through_survives(tree: Path, tmp_path: Path) -> None:
    copy = TreeCopy.of(tree, tmp_path / "copy")
    own = copy.own_tests("sums", "tests/sums")
    assert list(own.takes) == ["tests/sums/test_limits.py::test_over"]
    mutants = [one for one in draw(tree, "sums", 99, seed=1) if one.line in (7, 13)]
    tried = attempt([copy], mutants, own, [])
    found = tally(tried, [])
    assert {one["line"] for one in found["survivors"]} >= {13}
    noticed = {one.mutant.line for one in tried if one.noticed}
    assert noticed == {7}
    assert (copy.root / "sums/limits.py").read_text(encoding="utf-8") == SOURCE
    assert found["mutants"] == len(mutants)
    assert found["killed"] + len(found["survivors"]) == len(mutants)


def test_a_change_that_changes_nothing_is_named_and_not_counted(tree: Path, tmp_path: Path) -> None:
    copy = TreeCopy.of(tree, tmp_path / "copy")
    own = copy.own_tests("sums", "tests/sums")
    one = next(one for one in draw(tree, "sums", 99, seed=1) if one.line == 13)
    known = [
        {"module": one.module, "before": one.before, "after": one.after, "why": "nobody calls"}
    ]
    found = tally(attempt([copy], [one], own, known), known)
    assert (found["mutants"], found["killed"], found["survivors"]) == (0, 0, [])
    assert found["equivalent"][0]["why"] == "nobody calls"


@pytest.mark.parametrize(
    ("before", "after", "known"),
    [
        ("if a != LEAST:", "if a > LEAST:", True),
        ("if a != LEAST or b != LEAST:", "if a != LEAST or b > LEAST:", True),
        ("if a != LEAST or b != LEAST:", "if a > LEAST or b > LEAST:", False),
        ("if a != LEAST:", "if a < LEAST:", False),
        ("if a != LEAST + 1:", "if a > LEAST + 2:", False),
    ],
)
def test_a_kind_of_change_is_known_wherever_it_stands(before: str, after: str, known: bool) -> None:
    kind = {"before": "!= LEAST", "after": "> LEAST", "why": "nothing is less"}
    mutant = Mutant("sums/limits.py", 7, "ReplaceComparisonOperator_NotEq_Gt", 0, before, after)
    assert equivalent(mutant, [kind]) == ("nothing is less" if known else None)
    assert equivalent(mutant, [{**kind, "module": "sums/limits.py"}]) is None


def test_a_test_that_takes_too_long_ends_the_run(tree: Path, tmp_path: Path) -> None:
    copy = TreeCopy.of(tree, tmp_path / "copy")
    own = copy.own_tests("sums", "tests/sums")
    endless = (
        "from sums.limits import over\n\n\ndef test_over():\n    while over(4):\n        pass\n"
    )
    (copy.root / "tests/sums/test_limits.py").write_text(endless, encoding="utf-8")
    (mutant,) = [one for one in draw(tree, "sums", 99, seed=1) if one.line == 9][:1]
    own.takes = dict.fromkeys(own.takes, (0.5 - LEAST_CPU_S) / SLOWER)
    assert attempt([copy], [mutant], own, [])[0].noticed
    copy.close()


def test_a_test_that_takes_too_much_memory_fails(tree: Path, tmp_path: Path) -> None:
    copy = TreeCopy.of(tree, tmp_path / "copy")
    own = copy.own_tests("sums", "tests/sums")
    vast = f"def test_over():\n    assert bytearray({MOST_BYTES} + 1)\n"
    (copy.root / "tests/sums/test_limits.py").write_text(vast, encoding="utf-8")
    mutant = next(one for one in draw(tree, "sums", 99, seed=1) if one.line == 9)
    assert attempt([copy], [mutant], own, [])[0].noticed
    copy.close()
