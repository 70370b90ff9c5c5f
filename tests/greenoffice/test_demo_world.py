"""A demo's world: what a folder of before says of it, and what its suppliers' bills come to."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from greenoffice.demo.bills import bills_against_truth
from greenoffice.demo.options import DemoOptions, DemoWorld
from greenoffice.demo.summary import DemoSummary
from greenoffice.folder import DataFolder
from metering.errors import Conflict, InvalidInput

NOW_US = 1_800_000_000_000_000


def test_a_new_demo_is_billed_and_one_of_before_goes_on_without(tmp_path: Path) -> None:
    made = DemoWorld.of(DemoOptions(tmp_path), NOW_US)
    file = tmp_path / "demo.json"
    made.write(file)
    assert DemoWorld.read(file) == made
    assert made.billed
    stored = json.loads(file.read_text())
    del stored["billed"]
    file.write_text(json.dumps(stored))
    assert not DemoWorld.read(file).billed


def test_more_waste_is_a_world_of_its_own_and_folders_of_before_have_none(tmp_path: Path) -> None:
    more = DemoOptions(tmp_path, more_waste=True)
    made = DemoWorld.of(more, NOW_US)
    file = tmp_path / "demo.json"
    made.write(file)
    DemoWorld.read(file).check_same(more)
    with pytest.raises(Conflict, match="with more waste"):
        DemoWorld.read(file).check_same(DemoOptions(tmp_path))
    stored = json.loads(file.read_text())
    del stored["more_waste"]
    file.write_text(json.dumps(stored))
    DemoWorld.read(file).check_same(DemoOptions(tmp_path))
    with pytest.raises(InvalidInput, match="no waste and more of it"):
        DemoWorld.of(DemoOptions(tmp_path, waste=False, more_waste=True), NOW_US)


BILLS = (("1100-1", "demand_above", "3840.00"), ("1100-2", "", "0.00"))


class Told:
    """An API that answers of two bills, as a platform does."""

    def __init__(self, findings: dict[str, list[str]], totals: dict[str, str]) -> None:
        self.findings, self.totals = findings, totals

    def pages(self, path: str, **_: object) -> list[dict[str, str]]:
        assert path == "/v1/bills"
        return [{"id": f"id-{n}", "number": n, "state": "stands"} for n in self.totals]

    def get(self, path: str) -> dict[str, Any]:
        number = path.split("/")[3].removeprefix("id-")
        checks = self.findings.get(number, [])
        return {
            "at_stake": "3840.00" if "demand_above" in checks else "0.00",
            "books": {"total": self.totals[number], "lacks": []},
            "findings": [{"check": check} for check in checks],
        }


def folder_with_bills(root: Path) -> DataFolder:
    folder = DataFolder(root)
    bills = folder.simulators / "bills"
    bills.mkdir(parents=True)
    rows = []
    for number, mistake, stake in BILLS:
        rows.append(
            {
                "body": {"number": number},
                "mistake": mistake,
                "stake": stake,
                "right_total": "100.00",
            }
        )
        (bills / f"{number}.pdf").write_bytes(b"%PDF-1.4\n")
    (bills / "bills.json").write_text(json.dumps(rows))
    return folder


RIGHT = {"1100-1": "100.00", "1100-2": "100.00"}
SOUND = {
    **{"missing": 0, "duplicates_published": 1, "duplicates": 1, "bad_published": 1},
    **{"dead_letters": 1, "months_compared": 1, "energy_error_percent": 0.0},
    **{"hour_error_percent": 0.0, "gap_hours": 0, "gap_hours_injected": 0, "missing_hours": 0},
    **{"missing_hours_injected": 0, "found": {}, "injected": {}, "false_findings": 0},
    **{"peak_memory_mb": 1, "billed": True},
}


def problems(folder: DataFolder, told: Told) -> list[str]:
    return DemoSummary({**SOUND, **bills_against_truth(folder, told)}).problems()  # type: ignore[arg-type]


def test_the_summary_counts_bills_wrong_ones_and_false_alarms(tmp_path: Path) -> None:
    folder = folder_with_bills(tmp_path)
    told = bills_against_truth(folder, Told({"1100-1": ["demand_above"]}, RIGHT))  # type: ignore[arg-type]
    assert told == {
        "bills_sent": 2,
        "bills_entered": 2,
        "bills_wrong": 1,
        "bills_found": 1,
        "bills_at_stake": "3840.00",
        "bills_at_stake_injected": "3840.00",
        "bills_differ": 0,
        "bill_false_alarms": 0,
    }
    assert Decimal(told["bills_at_stake"]) > 0
    assert problems(folder, Told({"1100-1": ["demand_above"]}, RIGHT)) == []


def test_the_summary_names_what_is_off_with_bills(tmp_path: Path) -> None:
    folder = folder_with_bills(tmp_path)
    missed = Told({}, RIGHT)
    assert bills_against_truth(folder, missed)["bills_found"] == 0  # type: ignore[arg-type]
    assert problems(folder, missed) == ["another amount at stake"]
    alarmed = Told({"1100-1": ["demand_above"], "1100-2": ["rate"]}, RIGHT)
    assert problems(folder, alarmed) == ["audits object to right bills"]
    besides = Told({"1100-1": ["demand_above", "rate"]}, RIGHT)
    assert problems(folder, besides) == ["audits object to right bills"]
    off = Told({"1100-1": ["demand_above"]}, {**RIGHT, "1100-2": "100.01"})
    assert problems(folder, off) == ["bills and books differ"]
    absent = Told({"1100-1": ["demand_above"]}, {"1100-1": "100.00"})
    assert problems(folder, absent) == ["bills not entered"]
    none = Told({}, {})
    assert problems(folder, none) == [
        *("no bills entered", "bills not entered", "another amount at stake"),
    ]
