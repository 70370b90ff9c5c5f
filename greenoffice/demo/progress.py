"""How far a demo has come, asked of the gateways' progress file and of the platform."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenoffice.client import ApiClient
from greenoffice.folder import DataFolder
from metering.errors import GreenOfficeError


@dataclass(frozen=True)
class DemoProgress:
    """Counts for the display, and whether everything sent has been looked at."""

    planned: int = 0
    acknowledged: int = 0
    history_done: bool = False
    waiting_messages: int = -1
    waiting_marks: int = -1
    analysed_us: int = 0
    ledger_idle_us: int = 0

    @property
    def intake_done(self) -> bool:
        """Whether the whole history was published, and all of it is read from the journal."""
        return self.history_done and self.waiting_messages == 0


def look(folder: DataFolder, client: ApiClient) -> DemoProgress:
    """The present progress; what does not answer yet stays at its default."""
    sent = _gateways(folder.simulators / "progress.json")
    parts = _parts(client)
    intake, ledger, analytics = (parts.get(name, {}) for name in ("intake", "ledger", "analytics"))
    return DemoProgress(
        planned=sent.get("messages_planned", 0),
        acknowledged=sent.get("messages_acknowledged", 0),
        history_done=sent.get("history_done", False),
        waiting_messages=intake.get("waiting_messages", -1),
        waiting_marks=ledger.get("waiting_marks", -1),
        ledger_idle_us=ledger.get("idle_us", 0),
        analysed_us=analytics.get("began_us", 0),
    )


def _gateways(file: Path) -> dict[str, Any]:
    try:
        stored = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _parts(client: ApiClient) -> dict[str, Any]:
    try:
        return client.health()
    except (GreenOfficeError, KeyError):
        return {}


@dataclass
class DemoReadiness:
    """Ready: after all was taken in, the ledger came to rest, and analytics looked after that."""

    _taken_in_us: int = 0
    _idle_since_us: int = 0

    def reached(self, now: DemoProgress, now_us: int) -> bool:
        """Whether, at this instant of the platform's clock; what processes tell may be older."""
        if not now.intake_done:
            return False
        self._taken_in_us = self._taken_in_us or now_us
        if not self._idle_since_us and now.ledger_idle_us > self._taken_in_us:
            self._idle_since_us = now.ledger_idle_us
        return bool(self._idle_since_us) and now.analysed_us > self._idle_since_us
