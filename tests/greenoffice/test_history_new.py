"""`greenoffice history load --new`: meters and points for the columns of a table, made once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from greenoffice import commands
from greenoffice.assembly import Assembly
from greenoffice.booking import LedgerWork
from greenoffice.folder import DataFolder
from greenoffice.history.command import run_load
from greenoffice.history.options import HistoryOptions
from greenoffice.stores import open_stores
from greenoffice.taking_in import IntakeWork, serving
from metering.errors import InvalidFiles, InvalidInput, NotFound
from metering.history_load import NewMeter, SeriesSeen
from metering.new_meters import meter_code, proposed
from metering.reading import Kind
from metering.registry import Registry
from metering.registry.files import read_registry_texts

TREE = (
    "code,parent,type,zone\n"
    "o,,institution,Asia/Shanghai\n"
    "s,o,site,\nb,s,building,\nb2,s,building,\n"
)
COLUMNS = ("一号楼电量(kWh)", "二号楼电量(kWh)", "食堂用水(m3)", "室温(°C)", "发电 export (kWh)")
ROWS = 96
BEGIN = datetime(2025, 3, 1)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = commands.init(tmp_path / "data", 18080, 11883, 19464, "en")
    open_stores(made).registry.apply(
        read_registry_texts({"tree.csv": TREE}), actor="test", now_us=1
    )
    return made


def values(hour: int) -> tuple[float, ...]:
    return (100 + 2 * hour, 500 + 3.5 * hour, 10 + hour / 4, 20 + hour % 5, 7 + hour)


def table(file: Path, rows: int = ROWS) -> Path:
    lines = [",".join(["时间", *COLUMNS])]
    for hour in range(rows):
        at = BEGIN + timedelta(hours=hour)
        lines.append(",".join([f"{at:%Y-%m-%d %H:%M}", *map(str, values(hour))]))
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def load(folder: DataFolder, *files: Path, **said: Any) -> dict[str, int]:
    options = HistoryOptions(files=files, **{"new": True, "node": "b", **said})
    found = run_load(options, folder.root, as_json=True)
    counts: dict[str, int] = {}
    for one in found:
        for name, count in one.counts.as_dict().items():
            counts[name] = counts.get(name, 0) + count
    assert counts["read"] == sum(counts.values()) - counts["read"]
    return {name: count for name, count in counts.items() if count}


def registry(folder: DataFolder) -> Registry:
    return open_stores(folder).registry.load()


def settle(folder: DataFolder) -> dict[str, int]:
    """Everything is taken in and booked; the energy of each meter by name [book units]."""
    with closing(Assembly.open(folder)) as parts, serving(folder, parts):
        taking, booking = IntakeWork(parts), LedgerWork(parts)
        while taking() or booking():
            pass
        meters = parts.registry().meters
        sums: dict[str, int] = {}
        for row in parts.stores.books.digest_rows():
            if row.key.kind == "meter" and row.total is not None:
                name = meters[row.key.code].name("zh-CN")
                sums[name] = sums.get(name, 0) + row.total
        return sums


def test_columns_without_a_point_get_meters_and_points_once(
    folder: DataFolder, tmp_path: Path
) -> None:
    file = table(tmp_path / "years.csv")
    cells = ROWS * len(COLUMNS)
    assert load(folder, file, dry_run=True) == {"read": cells, "stored": cells}
    assert not registry(folder).points
    assert load(folder, file) == {"read": cells, "stored": cells}
    made = registry(folder)
    names = {one.name_zh or one.name_en: one for one in made.meters.values()}
    assert set(names) == {"一号楼电量", "二号楼电量", "食堂用水", "发电 export"}
    assert {one.item for one in made.meters.values()} == {"01000", "02000"}
    assert {one.step_min for one in made.meters.values()} == {60}
    assert len(made.meters) == len({one.code for one in made.meters.values()}) == 4
    points = {one.name: one for one in made.points.values()}
    assert {one.gateway for one in points.values()} == {"s/history"}
    assert (points["室温"].kind, points["室温"].node) == (Kind.INSTANT, "b")
    assert not made.meters_of_point(points["室温"].id)
    assert load(folder, file) == {"read": cells, "duplicates": cells}
    assert registry(folder).version == made.version
    hours = ROWS - 1
    assert settle(folder) == {
        "一号楼电量": 2 * hours * 10**6,
        "二号楼电量": 35 * hours * 10**5,
        "食堂用水": hours * 10**6 // 4,
        "发电 export": -hours * 10**6,
    }
    longer = table(tmp_path / "more.csv", ROWS + 2)
    told = load(folder, longer)
    assert told == {"read": cells + 10, "duplicates": cells, "stored": 10}
    assert registry(folder).version == made.version
    (entry, *_) = open_stores(folder).access.entries(None, limit=1)
    assert entry.action == "registry.apply"


def test_without_new_nothing_is_made(folder: DataFolder, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no series of the table has a point"):
        load(folder, table(tmp_path / "a.csv"), new=False, zone="UTC")
    assert not registry(folder).points


def test_a_mapping_says_what_is_new_and_what_is_left_out(
    folder: DataFolder, tmp_path: Path
) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text(
        '[points]\n"一号楼电量" = {node = "b2", item = "01B00"}\n"食堂用水" = ""\n'
        '"室温" = {kind = "mean"}\n',
        "utf-8",
    )
    told = load(folder, table(tmp_path / "years.csv"), mapping=mapping)
    assert told == {"read": 480, "stored": 384, "unknown": 96}
    made = registry(folder)
    names = {one.name_zh or one.name_en: one for one in made.meters.values()}
    assert set(names) == {"一号楼电量", "二号楼电量", "发电 export"}
    assert (names["一号楼电量"].node, names["一号楼电量"].item) == ("b2", "01B00")
    assert {one.name: one.kind for one in made.points.values()}["室温"] is Kind.MEAN
    rows = tmp_path / "map.csv"
    rows.write_text("series,point,node\n食堂用水,,b2\n", "utf-8")
    assert load(folder, tmp_path / "years.csv", mapping=rows, node="")["stored"] == 96
    assert {one.node for one in registry(folder).meters.values()} == {"b", "b2"}


@pytest.mark.parametrize(
    ("text", "said", "error", "message"),
    [
        ("time,a (kWh)\n2025-03-01,1\n", {}, InvalidInput, "nothing tells the kind"),
        ("time,a\n2025-03-01,1\n", {}, InvalidInput, "nothing tells the unit"),
        ("time,a (m3)\n1,1\n2,2\n", {"kind": Kind.REGISTER}, InvalidInput, "the item"),
        ("time,a (kWh)\n2025-03-01,1\n", {"node": ""}, InvalidInput, "the node"),
        ("time,a (kWh)\n2025-03-01,1\n", {"node": "no"}, NotFound, "no such place"),
        ("time,a (kWh)\n2025-03-01,1\n", {"node": "o"}, InvalidInput, "the node"),
        ("time,a\n2025-03-01,1\n", {"item": "X", "unit": "kWh"}, InvalidFiles, "item"),
    ],
)
def test_what_cannot_be_told_is_asked_and_nothing_is_made(
    folder: DataFolder, tmp_path: Path, text: str, said: dict[str, Any], error: type, message: str
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(text.replace("\n1,", "\n2025-03-01,").replace("\n2,", "\n2025-03-02,"))
    more = {"kind": Kind.REGISTER, **said} if error is InvalidFiles else said
    with pytest.raises(error, match=message):
        load(folder, file, zone="UTC", **more)
    assert not registry(folder).points
    assert not registry(folder).gateways


def test_a_register_that_falls_is_none(folder: DataFolder, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    lines = [f"2025-03-{day:02},{5 + day % 3}" for day in range(1, 29)]
    file.write_text("\n".join(["time,hall (kWh)", *lines]))
    with pytest.raises(InvalidInput, match="fell"):
        load(folder, file, kind=Kind.REGISTER)
    assert load(folder, file)["stored"] == 28
    (point,) = registry(folder).points.values()
    assert point.kind is Kind.INTERVAL


def test_killed_after_the_meters_were_made_and_given_again_is_as_given_once(
    folder: DataFolder, tmp_path: Path
) -> None:
    file = table(tmp_path / "years.csv")
    script = (
        "import os, signal\nfrom pathlib import Path\n"
        "from greenoffice.history import command, loading\n"
        "from greenoffice.history.options import HistoryOptions\n"
        "loading.PART, loading.TOGETHER = 40, 1\nfound = loading._TableLoad._flush\n"
        "def flush(self, left=[5]):\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    found(self)\n"
        "loading._TableLoad._flush = flush\n"
        f"said = HistoryOptions(files=(Path({str(file)!r}),), new=True, node='b')\n"
        f"command.run_load(said, Path({str(folder.root)!r}), as_json=True)\n"
    )
    died = subprocess.run([sys.executable, "-c", script], check=False, env=os.environ)
    assert died.returncode == -signal.SIGKILL
    made = registry(folder)
    assert len(made.points) == len(COLUMNS)
    told = load(folder, file)
    assert 0 < told["duplicates"] < told["read"]
    assert told["duplicates"] + told["stored"] == told["read"] == ROWS * len(COLUMNS)
    assert registry(folder).version == made.version
    assert settle(folder)["一号楼电量"] == 2 * (ROWS - 1) * 10**6


def test_codes_of_names_in_other_letters_are_told_apart() -> None:
    codes = {meter_code("s/history", name) for name in ("一号", "二号", "楼 1", "楼 １", "A", "a")}
    assert len(codes) == 6
    assert meter_code("s/history", "East Hall") != meter_code("t/history", "East Hall")
    assert meter_code("s/history", "East Hall (2)").startswith("East-Hall-2-")
    assert all(len(meter_code("s/g", "x" * n)) <= 64 for n in (1, 64, 500))


def test_what_was_said_stands_over_what_is_guessed() -> None:
    one = SeriesSeen("食堂用水", 9, 0, 8, (), "", (), rises=8, step_us=900_000_000)
    assert proposed(one, NewMeter(unit="m3")) == NewMeter(item="02000", unit="m3", kind="register")
    said = NewMeter("b", "03000", "L", "interval")
    assert proposed(one, said) == said
    assert proposed(replace_name(one, "x"), NewMeter()) == NewMeter()


def replace_name(one: SeriesSeen, name: str) -> SeriesSeen:
    return SeriesSeen(name, *(one.values, one.first_us, one.last_us, one.examples), one.unit, ())


def test_the_command_says_what_it_makes(
    folder: DataFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = table(tmp_path / "years.csv")
    options = HistoryOptions(files=(file,), new=True, node="b", dry_run=True)
    run_load(options, folder.root, as_json=False)
    said = capsys.readouterr().out
    assert "一号楼电量" in said
    assert "dry run: nothing was loaded" in said
    run_load(options, folder.root, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["registered"] > len(COLUMNS)
