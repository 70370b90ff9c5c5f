"""The wheel alone, in an empty environment: nothing of the checkout, and no extra, is needed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = SETTINGS["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
IMPORT_ALL = """
import importlib, json, pkgutil, sys
absent = {}
for package in sys.argv[1:]:
    for found in pkgutil.walk_packages([*importlib.import_module(package).__path__], f"{package}."):
        if found.name.endswith("__main__") or ".migrations." in found.name:
            continue
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            absent[found.name] = error.name
print(json.dumps(absent))
"""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel and what it depends on."""
    home = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(home, symlinks=True)
    versions = home.parent / "versions.txt"
    versions.write_text(pinned(), encoding="utf-8")
    # The pip of this environment works on the other one; what is never imported is not compiled.
    command = [sys.executable, "-m", "pip", "--python", str(home), "install", "--no-compile"]
    command += ["--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["-c", str(versions), str(wheel)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=home)
    if ran.returncode and not index_answers(home):
        pytest.skip("pip reaches no package index, so nothing can be installed with the wheel")
    assert ran.returncode == 0, ran.stderr[-2000:]
    return home / "bin"


def pinned() -> str:
    """The locked versions without their hashes: as constraints, so that nothing else is installed
    because of them."""
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return "\n".join(re.findall(r"^\w[^\\\n]*", lock, re.MULTILINE)) + "\n"


def index_answers(home: Path) -> bool:
    """Whether the index has the build backend, which certainly exists."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
    ran = subprocess.run([*command, "-d", str(home), "hatchling"], capture_output=True, check=False)
    return ran.returncode == 0


def run(program: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The program as a user of the environment would run it: nothing of the checkout is known."""
    outside = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GREENOFFICE_", "PYTHON", "VIRTUAL_ENV"))
    }
    return subprocess.run(
        [str(program), *words],
        cwd=cwd,
        env=outside,
        capture_output=True,
        text=True,
        check=False,
        timeout=540,
    )


def test_the_wheel_holds_the_platform_and_nothing_beside(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    folders = {name.partition("/")[0] for name in names}
    assert {name for name in folders if not name.endswith(".dist-info")} == set(PACKAGES)


def test_the_wheel_holds_every_file_of_its_packages(wheel: Path) -> None:
    """Templates, styles, translations, the grammar, migrations, boards, the campus; all but the
    golden cases of decoders."""
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    cases = {name for name in wanted if re.match(r"collector/decode/\w+/cases/", name)}
    assert wanted - cases <= names
    assert not cases & names
    assert "collector/decode/native/README.md" in names
    kinds = {Path(name).suffix for name in names}
    assert {".html", ".css", ".js", ".po", ".lark", ".mako", ".json", ".csv", ".typ"} <= kinds


def test_the_wheel_names_what_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as files:
        (name,) = [one for one in files.namelist() if one.endswith(".dist-info/METADATA")]
        metadata = files.read(name).decode("utf-8")
    stated = re.findall(r"^Requires-Dist: ([\w.-]+)", metadata, re.MULTILINE)
    assert {"fastapi", "numpy", "typst"} <= set(stated)
    assert not {"pytest", "pyyaml", "hatchling"} & set(stated)
    extras = set(re.findall(r"^Provides-Extra: (\S+)", metadata, re.MULTILINE))
    assert extras == set(SETTINGS["project"]["optional-dependencies"])


def test_the_command_helps(installed: Path, tmp_path: Path) -> None:
    told = run(installed / "greenoffice", "--help", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "demo" in told.stdout
    assert "checks" not in told.stdout


def test_extras_alone_are_absent_and_only_where_they_are_used(
    installed: Path, tmp_path: Path
) -> None:
    told = run(installed / "python", "-c", IMPORT_ALL, *PACKAGES, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == {
        "greenoffice.building_models.brick_reading": "rdflib",
        "greenoffice.building_models.brick_words": "rdflib",
        "greenoffice.building_models.brick_writing": "rdflib",
        "reports.bills_xlsx": "xlsxwriter",
        "reports.pdf": "pylopdf_fonts_zh_cn",
        "reports.xlsx": "xlsxwriter",
        "storage.sql.bounded": "psycopg",
    }


def test_a_database_that_needs_an_extra_says_so(installed: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    made = run(installed / "greenoffice", "init", str(data), cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    with (data / "greenoffice.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[database]\nurl = "postgresql+psycopg://nobody@127.0.0.1/none"\n')
    told = run(installed / "greenoffice", "up", str(data), cwd=tmp_path)
    assert told.returncode != 0
    assert "pip install 'greenoffice[postgresql]'" in told.stdout + told.stderr


def test_the_demo_finds_everything(installed: Path, tmp_path: Path) -> None:
    told = run(
        installed / "greenoffice",
        *("demo", "--data", str(tmp_path / "data"), "--exit-when-ready", "--json"),
        cwd=tmp_path,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    summary = json.loads(told.stdout.splitlines()[-1])
    assert summary["problems"] == summary["missing"] == 0
    assert summary["found"] == summary["injected"]
    assert summary["injected"]["wrong_bill"] == 1
    assert summary["bills_entered"] == summary["bills_sent"] == 4
    assert summary["bill_false_alarms"] == summary["bills_differ"] == 0
    assert "4 entered, 1 wrong, at stake: 3840.00 CNY" in " ".join(told.stderr.split())
    assert summary["months_compared"] > 0
