"""`greenoffice history load`: tables of people in a fresh office, to the digit, once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from api.usecases.entries import Entry
from greenoffice import commands
from greenoffice.assembly import Assembly
from greenoffice.booking import LedgerWork
from greenoffice.entering import enter_one, number_of
from greenoffice.folder import DataFolder
from greenoffice.history.command import run_load
from greenoffice.history.options import HistoryOptions
from greenoffice.rebuilding import rebuild_folder
from greenoffice.stores import open_stores
from greenoffice.taking_in import IntakeWork, serving
from metering.bookhash import book_hash
from metering.errors import InvalidInput, NotFound
from metering.reading import Kind
from metering.registry.files import read_registry_texts

ZONE = "Asia/Shanghai"
FIRST, DAYS = date(2024, 1, 1), 731
METERS = ("east", "west", "hall", "lab", "shop", "pump")
REGISTERS = METERS[:3]
FILES = {
    "tree.csv": f"code,parent,type,zone\no,,institution,{ZONE}\ns,o,site,\n"
    + "".join(f"b.{code},s,building,\n" for code in METERS),
    "gateways.csv": "site,code\ns,g\n",
    "meters.csv": "code,node,item,total,step_min,name_zh\n"
    + "".join(f"{code},b.{code},01000,yes,1440,{code}表\n" for code in METERS),
    "points.csv": "gateway,point,kind,unit,meter\n"
    + "".join(
        f"s/g,p.{code},{'register' if code in REGISTERS else 'interval'},kWh,{code}\n"
        for code in METERS
    ),
}


def value(meter: int, day: int) -> str:
    """As it stands in the file: a register that rises, or what passed."""
    if METERS[meter] in REGISTERS:
        return f"{1000 * meter + 37 * day + day % 7 / 10:.1f}"
    return f"{20 + meter + day % 11 + day % 4 / 4:.2f}"


def wide(file: Path, days: int = DAYS) -> Path:
    """A row a day, a column a meter; two cells that are missing and one that is none."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("用电")
    sheet.append(["时间", *METERS[:5], "pump表"])
    for day in range(days):
        at = datetime.combine(FIRST, datetime.min.time()) + timedelta(days=day)
        cells: list[Any] = [float(value(meter, day)) for meter in range(len(METERS))]
        cells = {5: [*cells[:3], "-", *cells[4:]], 9: [*cells[:4], "??", cells[5]]}.get(day, cells)
        sheet.append([at, *cells])
    book.save(file)
    return file


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = commands.init(tmp_path / "data", 18080, 11883, 19464, "en")
    stores = open_stores(made)
    stores.registry.apply(read_registry_texts(FILES), actor="test", now_us=1)
    return made


@contextmanager
def platform(folder: DataFolder) -> Iterator[None]:
    """The parts come to rest, and answer others while it lasts, as a running platform does."""
    with closing(Assembly.open(folder)) as parts, serving(folder, parts):
        settle(parts)
        yield
        settle(parts)


def settle(parts: Assembly) -> None:
    taking, booking = IntakeWork(parts), LedgerWork(parts)
    while taking() or booking():
        pass


def load(folder: DataFolder, *files: Path, **said: Any) -> dict[str, int]:
    """What became of all values."""
    found = run_load(HistoryOptions(files=files, **said), folder.root, as_json=True)
    sums: dict[str, int] = {}
    for one in found:
        for name, count in one.counts.as_dict().items():
            sums[name] = sums.get(name, 0) + count
    assert sums["read"] == sum(sums.values()) - sums["read"]
    return {name: count for name, count in sums.items() if count}


def books(folder: DataFolder) -> str:
    return book_hash(open_stores(folder).books)


def booked(folder: DataFolder) -> dict[str, Fraction]:
    """kWh of each meter over all days."""
    sums: dict[str, Fraction] = {}
    for row in open_stores(folder).books.digest_rows():
        if row.key.kind == "meter" and row.total is not None:
            before = sums.get(row.key.code, Fraction(0))
            sums[row.key.code] = before + Fraction(row.total, 1_000_000)
    return sums


def expected(days: int = DAYS) -> dict[str, Fraction]:
    """The same, summed apart: last register less first, or what passed."""
    sums = {}
    for meter, code in enumerate(METERS):
        if code in REGISTERS:
            sums[code] = Fraction(value(meter, days - 1)) - Fraction(value(meter, 0))
        else:
            left_out = {"lab": 5, "shop": 9}.get(code)
            parts = [Fraction(value(meter, day)) for day in range(days) if day != left_out]
            sums[code] = sum(parts, Fraction(0))
    return sums


def test_two_years_of_six_meters_are_booked_to_the_digit_and_once(
    folder: DataFolder, tmp_path: Path
) -> None:
    file = wide(tmp_path / "history.xlsx")
    cells = DAYS * len(METERS)
    told = load(folder, file)
    assert told == {"read": cells, "stored": cells - 2, "missing": 1, "refused": 1}
    mended = (tmp_path / "history.refused.csv").read_text("utf-8-sig")
    assert "shop: not a number" in mended
    # Again before anything is taken in, beside a running platform, and after a rebuild.
    again = {"read": cells, "duplicates": cells - 2, "missing": 1, "refused": 1}
    assert load(folder, file) == again
    with platform(folder):
        assert load(folder, file) == again
    before = books(folder)
    assert booked(folder) == expected()
    rebuild_folder(folder)
    assert load(folder, file) == again
    with platform(folder):
        pass
    assert books(folder) == before


def test_killed_in_the_midst_and_loaded_again_is_as_loaded_once(
    folder: DataFolder, tmp_path: Path
) -> None:
    file = wide(tmp_path / "history.xlsx")
    script = (
        "import os, signal\nfrom pathlib import Path\n"
        "from greenoffice.history import command, loading\n"
        "from greenoffice.history.options import HistoryOptions\n"
        "loading.PART, loading.TOGETHER = 100, 1\nfound = loading._TableLoad._flush\n"
        "def flush(self, left=[20]):\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    found(self)\n"
        "loading._TableLoad._flush = flush\n"
        f"command.run_load(HistoryOptions(files=(Path({str(file)!r}),)), "
        f"Path({str(folder.root)!r}), "
        "as_json=True)\n"
    )
    died = subprocess.run([sys.executable, "-c", script], check=False, env=os.environ)
    assert died.returncode == -signal.SIGKILL
    told = load(folder, file)
    assert told["duplicates"] == 731 + 731 + 300  # nineteen messages of three meters
    assert told["stored"] + told["duplicates"] == DAYS * len(METERS) - 2
    with platform(folder):
        pass
    assert booked(folder) == expected()


def csv(file: Path, *lines: str) -> Path:
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def test_other_values_are_kept_back_until_they_are_said_to_correct(
    folder: DataFolder, tmp_path: Path
) -> None:
    first = csv(tmp_path / "a.csv", "time,pump", "2024-01-01,5", "2024-01-02,6", "2024-01-02,7")
    assert load(folder, first) == {"read": 3, "stored": 2, "differing": 1}
    other = csv(tmp_path / "b.csv", "time,pump", "2024-01-01,5", "2024-01-02,8", "2024-01-03,9")
    # What the file before it wrote is not taken in yet.
    kept = {"read": 3, "stored": 1, "duplicates": 1, "differing": 1}
    assert load(folder, other, dry_run=True) == kept
    assert load(folder, other) == kept
    with platform(folder):
        assert load(folder, other) == {"read": 3, "duplicates": 2, "differing": 1}
        corrected = {"read": 3, "duplicates": 2, "corrected": 1}
        assert load(folder, other, correct=True, dry_run=True) == corrected
        assert load(folder, other, correct=True) == corrected
    assert booked(folder) == {"pump": 22}


def test_what_a_person_entered_stands(folder: DataFolder, tmp_path: Path) -> None:
    with platform(folder):
        entry = Entry(meter="east", value=number_of("120"), day="2024-01-02")
        enter_one(folder.root, entry, [], "")
    lines = "time,east", "2024-01-01,100", "2024-01-02,119", "2024-01-03,150"
    file = csv(tmp_path / "a.csv", *lines)
    for correct in (False, True):
        with platform(folder):
            told = load(folder, file, correct=correct)
        assert told["entered"] == 1
    with closing(Assembly.open(folder)) as parts:
        point = parts.registry().point_of("s/g", "p.east")
        assert point is not None
        assert parts.readings.scan([point.id], 0, 2**62).value.tolist() == [100, 120, 150]


def test_a_mapping_says_which_series_is_which_point(folder: DataFolder, tmp_path: Path) -> None:
    file = csv(
        tmp_path / "long.csv",
        "time,meter,value,unit",
        *("2024-01-01,一号,5,kWh", "2024-01-01,二号,0.006,MWh", "2024-01-01,三号,7,kWh"),
        *("2024-01-01,二号,nothing,MWh", "2099-01-01,一号,5,kWh"),
    )
    with pytest.raises(InvalidInput, match="no series of the table"):
        load(folder, csv(tmp_path / "none.csv", "time,nobody", "2024-01-01,5"))
    tables = {
        "map.csv": "series,point\n一号,s/g/p.pump\n二号,shop\n",
        "map.toml": '[points]\n"一号" = "s/g/p.pump"\n"二号" = {point = "shop", unit = "kWh"}\n',
    }
    for name, text in tables.items():
        (tmp_path / name).write_text(text, "utf-8")
        told = load(folder, file, mapping=tmp_path / name, dry_run=True)
        assert told == {"read": 5, "stored": 2, "unknown": 1, "refused": 2}
    assert load(folder, file, mapping=tmp_path / "map.toml")["stored"] == 2
    with platform(folder):
        pass
    assert booked(folder) == {"pump": 5, "shop": 6}


@pytest.mark.parametrize(
    ("text", "said", "message"),
    [
        ("series,to\na,b\n", {}, "is no mapping"),
        ("series,point\npump,nobody\n", {}, "0 points fit"),
        ("series,point\npump,lab\nshop,lab\n", {}, "go to one point"),
        ("series,point\npump,lab\npump,shop\n", {}, "maps one series twice"),
        ("series,point\npump,pump\n", {"kind": Kind.REGISTER}, "another kind"),
    ],
)
def test_a_wrong_mapping_is_named_before_anything_is_written(
    folder: DataFolder, tmp_path: Path, text: str, said: dict[str, Any], message: str
) -> None:
    file = csv(tmp_path / "a.csv", "time,pump,shop", "2024-01-01,5,6")
    (tmp_path / "map.csv").write_text(text, "utf-8")
    with pytest.raises(InvalidInput, match=message):
        load(folder, file, mapping=tmp_path / "map.csv", **said)
    with pytest.raises(NotFound, match="no such gateway"):
        load(folder, file, gateway="s/other")


def test_a_loaded_history_is_no_sign_of_life(folder: DataFolder, tmp_path: Path) -> None:
    load(folder, csv(tmp_path / "a.csv", "time,pump", *(f"2024-01-{n:02},5" for n in range(1, 30))))
    with platform(folder):
        pass
    stores = open_stores(folder)
    assert not stores.intake.delivery_states(frozenset({"s/g"}))
    (status,) = stores.intake.gateways()
    assert (status.counts.readings, status.counts.last_arrival_us) == (29, 0)


def test_the_command_says_what_became_of_each_value(
    folder: DataFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = csv(tmp_path / "a.csv", "time,pump,nobody", "2024-01-01,5,1", "2024-01-02,x,2")
    run_load(HistoryOptions(files=(file,)), folder.root, as_json=False)
    said = capsys.readouterr().out
    assert "a.csv: 4 values = 1 stored + 0 corrected + 0 duplicates + 0 differing" in said
    assert "2 unknown + 0 missing + 1 refused" in said
    assert "nobody" in said
    assert str(tmp_path / "a.refused.csv") in said
    run_load(HistoryOptions(files=(file,)), folder.root, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["duplicates"], told["unknown_series"]) == (1, ["nobody"])
