"""Commands end as docs/operations.md says of them, and print the lines it describes."""

from __future__ import annotations

import ast
import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from greenoffice.commands import init
from greenoffice.ports import usable_port

ROOT = Path(__file__).parents[2]
SPAN = re.compile(r"`([^`\n]+)`")


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "greenoffice", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)


def stated_statuses() -> dict[int, str]:
    """What the documents say of each exit status."""
    rows = re.findall(r"^\| `?(\d+)`? \| (.+) \|$", text(ROOT / "docs/operations.md"), re.MULTILINE)
    return {int(number): meaning for number, meaning in rows if int(number) < 128}


def test_statuses_are_those_that_are_documented() -> None:
    from greenoffice.cli import exit_code
    from metering import errors

    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, Exception)]
    codes = {exit_code(kind([]) if kind is errors.InvalidFiles else kind("x")) for kind in kinds}
    assert {0, 1, *codes} == stated_statuses().keys()


def test_a_command_that_did_its_work_ends_with_0(tmp_path: Path) -> None:
    made = run("init", str(tmp_path / "data"))
    assert made.returncode == 0, made.stderr


def test_what_cannot_be_accepted_ends_with_2(tmp_path: Path) -> None:
    folder = init(tmp_path / "data", 18080, 11883, 19464, "en")
    for words in (
        ["registry", "import", str(tmp_path / "absent"), "--data", str(folder.root)],
        ["init", str(folder.root)],
        ["up"],
    ):
        refused = run(*words)
        assert refused.returncode == 2, (words, refused.stderr)


def test_an_unusable_folder_or_setting_ends_with_78(tmp_path: Path) -> None:
    assert run("up", str(tmp_path / "none")).returncode == 78
    folder = init(tmp_path / "data", 18080, 11883, 19464, "en")
    with folder.settings_file.open("a") as settings:
        settings.write("loud = true\n")
    refused = run("up", str(folder.root))
    assert refused.returncode == 78
    assert "loud" in refused.stderr


def test_up_on_a_taken_port_ends_with_78_and_names_it(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = int(other.getsockname()[1])
        http, metrics = usable_port(0, {0, taken}), usable_port(0, {0, taken})
        folder = init(tmp_path / "data", http, taken, metrics, "en")
        refused = run("up", str(folder.root))
    assert refused.returncode == 78, refused.stderr
    assert "mqtt.port" in refused.stderr
    assert str(taken) in refused.stderr


def test_health_of_what_does_not_run_ends_with_1(tmp_path: Path) -> None:
    folder = init(tmp_path / "data", 18080, 11883, 19464, "en")
    assert run("health", str(folder.root), "collector").returncode == 1
    everything = run("health", str(folder.root))
    assert everything.returncode == 1
    for part in ("http", "collector", "intake", "ledger"):
        assert f"{part}: the" in everything.stderr


# Lines of JSON


def fields(heading: str, document: str = "docs/operations.md") -> set[str]:
    """Names in the first column of the table under a heading, or before the next one."""
    section = text(ROOT / document).split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in SPAN.findall(row)}


def test_the_line_of_a_rebuild_has_the_fields_of_the_documents(tmp_path: Path) -> None:
    folder = init(tmp_path / "data", 18080, 11883, 19464, "en")
    told = run("rebuild", str(folder.root))
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout.splitlines()[-1]).keys() == fields("Rebuild")


def test_the_line_of_an_upgrade_has_the_fields_of_the_documents(tmp_path: Path) -> None:
    folder = init(tmp_path / "data", 18080, 11883, 19464, "en")
    told = run("upgrade", str(folder.root))
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout.splitlines()[-1]).keys() == {"upgraded", "schema"}
    made = ast.parse(text(ROOT / "greenoffice/upgrading.py"))
    lines = [node.value for node in ast.walk(made) if isinstance(node, ast.Return)]
    keys = [
        {key.value for key in line.keys if isinstance(key, ast.Constant)}
        for line in lines
        if isinstance(line, ast.Dict)
    ]
    assert fields("Upgrade") in keys


@pytest.mark.parametrize(
    ("document", "heading", "module"),
    [
        ("docs/shared-platform.md", "Proving it", "feed"),
        ("docs/reports.md", "A year of records", "records"),
    ],
)
def test_the_line_of_a_proof_has_the_fields_of_the_documents(
    document: str, heading: str, module: str
) -> None:
    """Every name stands as a text in the proof's own modules."""
    sources = "".join(text(path) for path in (ROOT / "proofs").glob(f"{module}*.py"))
    names = fields(heading, document)
    assert len(names) > 4
    assert {name for name in names if f'"{name}"' not in sources} == set()
