"""Loading years of readings on the page: what is said of the file, against what it holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from playwright.sync_api import FilePayload

from proofs.join.history import JoinHistory
from proofs.join.person import JoinPerson

NAME: Final = "history.xlsx"
_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
READ_MS: Final = 240_000.0
"""Within which a file is read or loaded on a busy machine."""


def load_history(one: JoinPerson, history: JoinHistory) -> None:
    """Send the file, see to which points its series go, look at what would become of it, load it.
    AssertionError where another number of cells is told than it holds."""
    one.open("/setup")
    one.press("a[href*='/setup/history']")
    file: FilePayload = {"name": NAME, "mimeType": _KIND, "buffer": history.content}
    one.page.set_input_files("#file", files=file)
    one.press("button.main")
    _follow(one, "#history-series")
    chosen = one.page.locator("select[name^='point.']").evaluate_all("all => all.map(s => s.value)")
    assert chosen, "no series is shown"
    assert all(chosen), f"points are proposed for some series alone: {chosen}"
    one.picture("history-series")
    one.press("button[value=try]")
    _follow(one, "#history-trial")
    check_counts(_told(one, "#history-trial"), history)
    one.page.fill("#reason", "the years before")
    one.press("#history-trial button.main")
    _follow(one, "#history-result")
    check_counts(_told(one, "#history-result"), history)


def _follow(one: JoinPerson, where: str) -> None:
    """Wait while the page follows by itself. AssertionError with what it refuses."""
    one.page.wait_for_selector(f"{where}, [role=alert]", timeout=READ_MS)
    alerts = one.page.locator("[role=alert]").all_inner_texts()
    assert not alerts, f"refused: {' | '.join(alerts)}"


def _told(one: JoinPerson, where: str) -> dict[str, int]:
    """The counts that a part of the page shows; those of 0 are not shown."""
    pills = one.page.locator(f"{where} [data-count]")
    names = pills.evaluate_all("all => all.map(one => one.dataset.count)")
    values = [int(re.sub(r"\D", "", text)) for text in pills.all_inner_texts()]
    read = one.page.locator(f"{where} p b").first.inner_text()
    return {"read": int(re.sub(r"\D", "", read)), **dict(zip(names, values, strict=True))}


def check_counts(told: Mapping[str, int], history: JoinHistory) -> None:
    """AssertionError where a count is not that of the file."""
    wanted = {
        "read": history.rows,
        "stored": history.stored,
        "missing": history.missing,
        "refused": history.refused,
    }
    found = {name: told.get(name, 0) for name in wanted}
    assert found == wanted, f"{found} is told, not {wanted}"
