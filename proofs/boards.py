"""`python -m proofs boards`: every query of the Grafana boards over a demo's data."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

from greenoffice.client import ApiClient, read_key
from greenoffice.demo.progress import look
from greenoffice.folder import DataFolder
from proofs.board_rows import check_boards
from proofs.parity import NOW
from proofs.report import filled
from proofs.steps import finish, say, started, wait_until


def run_boards_check(seed: int) -> None:
    """Rows per panel; exit status 1 where a panel is empty."""
    with tempfile.TemporaryDirectory(prefix="greenoffice-boards-") as temporary:
        folder = DataFolder(Path(temporary) / "data")
        options = ["--seed", str(seed), "--now", NOW]
        with started(["demo", "--data", str(folder.root), *options]):
            wait_until("the demo to fill", lambda: filled(folder), 600)
            wait_until("the findings", lambda: _looked_at(folder), 120)
            client = ApiClient.of_folder(folder)
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


def _looked_at(folder: DataFolder) -> bool:
    """Whether analytics has looked since the ledger came to rest."""
    progress = look(folder, ApiClient.of_folder(folder))
    return progress.analysed_us > 0 and bool(
        ApiClient.of_folder(folder).get("/v1/findings")["data"]
    )
