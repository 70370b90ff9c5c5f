"""What is asked of an upload, and told of it, as files in its folder.

file/NAME       what was sent; gone after a good load
asked.json      the newest step, written by the API
told.json       how far it is, written by the process of the step
refused.csv     rows that hold what was refused
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from metering.history_load import HistoryAsked, HistoryTold

_ASKED = TypeAdapter(HistoryAsked)
_TOLD = TypeAdapter(HistoryTold)


@dataclass(frozen=True)
class UploadFolder:
    """The folder of one upload."""

    root: Path

    @property
    def refused(self) -> Path:
        """Rows that hold what was refused, CSV."""
        return self.root / "refused.csv"

    @property
    def sent(self) -> Path:
        """Where the file that was sent lies, under its name."""
        return self.root / "file"

    def asked(self) -> HistoryAsked:
        """The step that is to be done."""
        return _ASKED.validate_json((self.root / "asked.json").read_bytes())

    def ask(self, asked: HistoryAsked) -> None:
        """Say which step is to be done."""
        self._put("asked.json", _ASKED.dump_json(asked))

    def told(self) -> HistoryTold:
        """How far it is; FileNotFoundError where nobody asked for anything yet."""
        return _TOLD.validate_json((self.root / "told.json").read_bytes())

    def tell(self, told: HistoryTold) -> None:
        """Say how far it is; whoever reads sees the one or the other as a whole."""
        self._put("told.json", _TOLD.dump_json(told))

    def _put(self, name: str, data: bytes) -> None:
        partial = self.root / f"{name}.{os.getpid()}.partial"
        partial.write_bytes(data)
        partial.replace(self.root / name)
