"""The world and the alterations of `recompute-check`: formulas are among them."""

from __future__ import annotations

import json

from metering.registry.files import read_registry_texts
from proofs.recompute_check import ALTERATIONS, _lines
from proofs.recompute_world import files, streams


def test_formulas_of_the_world_are_of_registers_that_misbehave() -> None:
    found = read_registry_texts(files())
    made = {one.meter for one in found.formulas}
    assert {"annex-sum", "office-rest", "office-let"} <= made
    assert not made & {one.point for one in streams(1)}
    assert not made & {one.meter for one in found.installations}


def test_one_formula_of_a_file_is_altered(tmp_path) -> None:
    lines = [
        {"kind": "formula", "meter": "annex-shop", "formula": "0.333 * annex-pump"},
        {"kind": "formula", "meter": "annex-let", "formula": "0.62 * annex-main"},
        {"kind": "formula", "meter": "annex-let", "formula": "0.62 * annex-main"},
    ]
    file = tmp_path / "export.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = [json.loads(raw)["formula"] for raw in _lines(file, ALTERATIONS["formula"])]
    assert told == ["0.333 * annex-pump", "0.63 * annex-main", "0.62 * annex-main"]
