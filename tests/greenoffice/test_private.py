"""A data folder is for its owner alone, also one of before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from greenoffice import commands

CODE = """
import sys
from pathlib import Path
from greenoffice.folder import DataFolder
from greenoffice.private import keep_private
folder = DataFolder(Path(sys.argv[1]))
keep_private(folder)
(folder.root / "new").mkdir()
(folder.root / "new" / "file").write_text("x")
"""


def modes(*paths: Path) -> list[int]:
    return [path.stat().st_mode & 0o777 for path in paths]


def test_a_new_folder_is_closed(tmp_path: Path) -> None:
    folder = commands.init(tmp_path / "data", 18080, 11883, 19464, "en")
    assert modes(folder.root, folder.secrets) == [0o700, 0o700]
    assert modes(folder.database, folder.settings_file, folder.admin_key) == [0o600] * 3


def test_a_folder_of_before_is_closed_when_a_process_starts_on_it(tmp_path: Path) -> None:
    root = tmp_path / "data"
    root.mkdir(mode=0o755)
    subprocess.run([sys.executable, "-c", CODE, str(root)], check=True)
    assert modes(root, root / "new", root / "new" / "file") == [0o700, 0o700, 0o600]


def test_the_command_line_writes_for_its_owner_but_what_is_handed_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "greenoffice"]
    subprocess.run([*command, "init", str(tmp_path / "data")], check=True, capture_output=True)
    export = [*command, "registry", "export", str(tmp_path / "out"), "--data"]
    umask = "umask 022; exec " + " ".join([*export, str(tmp_path / "data")])
    subprocess.run(["sh", "-c", umask], check=True, capture_output=True)
    assert modes(tmp_path / "data", tmp_path / "out") == [0o700, 0o755]
    repair = " ".join([*command, "journal", "repair", str(tmp_path / "data")])
    subprocess.run(["sh", "-c", f"umask 022; exec {repair}"], check=True, capture_output=True)
    assert modes(tmp_path / "data" / "run" / "supervisor.lock") == [0o600]
