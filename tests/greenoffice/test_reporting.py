"""`greenoffice report`: issue 1 stands, another one needs a reason, and both leave a trace."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from greenoffice.cli import app
from greenoffice.clock import ShiftedClock
from greenoffice.folder import DataFolder, create_folder
from greenoffice.reporting import ReportOptions, report
from greenoffice.stores import create_admin_key, database_url, open_stores
from metering.errors import Conflict, InvalidInput, NotFound
from metering.registry import Registry
from storage import MemoryReadings, open_engine, sql_stores

SEED = Path(__file__).parents[1] / "api" / "conftest.py"


@pytest.fixture(scope="module")
def booked(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """A data folder with a booked October, its clock in November; to be copied."""
    spec = importlib.util.spec_from_file_location("report_seed", SEED)
    assert spec is not None
    assert spec.loader is not None
    seed = importlib.util.module_from_spec(spec)
    sys.modules["report_seed"] = seed
    spec.loader.exec_module(seed)
    clock = ShiftedClock.showing(seed.NOW_US)
    text = f"[clock]\noffset_s = {clock.offset_us / 1e6:.6f}\n"
    root = tmp_path_factory.mktemp("booked") / "data"
    made = create_folder(root, text, create_admin_key)
    engine = open_engine(database_url(made))
    seed.make_world(sql_stores(engine), MemoryReadings())
    engine.dispose()
    return made


@pytest.fixture
def folder(booked: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    shutil.copytree(booked.root, tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return DataFolder(tmp_path / "data")


def october(**more: object) -> ReportOptions:
    return ReportOptions("bureau", "2026-10", **{"format": "csv", "language": "en", **more})  # type: ignore[arg-type]


def written(folder: DataFolder, **more: object) -> bytes:
    report(october(**more), folder.root)
    return Path("bureau-2026-10.csv").read_bytes()


def reprice(folder: DataFolder) -> None:
    store = open_stores(folder).registry
    rows = tuple(replace(row, price=row.price + Decimal(1)) for row in store.load().tariff)
    store.apply(Registry(tariff=rows), actor="test", now_us=1)


def test_issue_1_stands_and_another_needs_a_reason(
    folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    first = written(folder)
    assert "issue 1" in capsys.readouterr().out
    with pytest.raises(Conflict, match="nothing differs"):
        written(folder, new_issue=True, reason="to see")
    reprice(folder)
    assert written(folder) == first
    with pytest.raises(InvalidInput, match="a reason is needed"):
        written(folder, new_issue=True)
    second = written(folder, new_issue=True, reason="prices")
    assert "differences from issue 1, which stays" in capsys.readouterr().out
    assert second != first
    assert written(folder) == second
    assert written(folder, issue=1) == first
    with pytest.raises(NotFound, match="issues 1 to 2"):
        written(folder, issue=3)


def test_both_leave_a_trace(folder: DataFolder) -> None:
    written(folder)
    written(folder)
    reprice(folder)
    written(folder, new_issue=True, reason="prices")
    entries = open_stores(folder).access.entries(frozenset({"bureau"}))
    found = [(one.actor, one.subject, one.reason) for one in entries if "report" in one.action]
    assert found == [
        ("command line", "bureau 2026-10 issue 2", "prices"),
        ("command line", "bureau 2026-10 issue 1", ""),
    ]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"format": "doc"}, "format"),
        ({"language": "fr"}, "language"),
        ({"reason": "x"}, "--reason"),
        ({"new_issue": True, "reason": "x", "issue": 1}, "--new-issue"),
        ({"new_issue": True, "reason": "x", "provisional": True}, "--new-issue"),
    ],
)
def test_options_that_do_not_fit_are_named(
    folder: DataFolder, options: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        written(folder, **options)
    assert refused.value.field == field
    assert open_stores(folder).reports.issues("bureau", "2026-10") == []


def test_the_command_line_passes_every_option(folder: DataFolder) -> None:
    base = ["report", "bureau", "2026-10", "--data", str(folder.root), "--format", "json"]
    assert CliRunner().invoke(app, base).exit_code == 0
    reprice(folder)
    made = CliRunner().invoke(app, [*base, "--new-issue", "--reason", "prices"])
    assert made.exit_code == 0, made.output
    assert "issue 2" in made.output
    other = CliRunner().invoke(app, [*base, "--coal", "equal", "--carbon", "market"])
    assert other.exit_code == 0, other.output
    assert "issue 1" in other.output
    told = Path("bureau-2026-10-coal-equal-carbon-market.json").read_bytes()
    assert b'"carbon":"market"' in told
    assert b'"coal":"equal"' in told
    with pytest.raises(InvalidInput, match="no such basis"):
        report(october(coal="brown"), folder.root)
    again = CliRunner().invoke(app, [*base, "--issue", "1", "--output", "first.json"])
    assert again.exit_code == 0
    assert b'"issue":1,' in Path("first.json").read_bytes()
