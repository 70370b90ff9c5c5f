"""`python -m proofs boards`: every query of the Grafana boards over a demo's data."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

from greenoffice.client import read_key
from greenoffice.folder import DataFolder
from proofs.board_rows import check_boards
from proofs.parity import NOW
from proofs.steps import finish, say, started, wait_looked_at


def run_boards_check(seed: int) -> None:
    """Rows per panel; exit status 1 where a panel is empty."""
    with tempfile.TemporaryDirectory(prefix="greenoffice-boards-") as temporary:
        folder = DataFolder(Path(temporary) / "data")
        options = ["--seed", str(seed), "--now", NOW]
        with started(["demo", "--data", str(folder.root), *options]) as demo:
            client = wait_looked_at(folder, demo)
            rows = check_boards(client.base_url, read_key(folder.admin_key))
    panels: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in rows:
        panels[one.board][one.panel] += one.rows
    empty = [f"{b}: {p}" for b, by_panel in panels.items() for p, n in by_panel.items() if not n]
    for name in empty:
        say(f"empty: {name}")
    result = {
        "boards": len(panels),
        "queries": len(rows),
        "empty": len(empty),
        "panels": {board: dict(by_panel) for board, by_panel in panels.items()},
    }
    finish(result, passed=bool(rows) and not empty)
