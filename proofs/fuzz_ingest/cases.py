"""The golden cases of the decoders: what mutations begin with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import collector.decode
from collector.decode import Incoming
from collector.properties import Properties
from metering.localtime import parse_instant

_HOME: Final = Path(collector.decode.__file__).parent
_TOPIC: Final = "greenoffice/v1/s/g/readings"
_ARRIVED: Final = "2026-11-24T08:15:02Z"


@dataclass(frozen=True)
class GoldenCase:
    """One case: the message, and the options of the route that reads it."""

    incoming: Incoming
    options: Mapping[str, str]
    is_read: bool
    """Whether readings come of it, and no refusal."""


@lru_cache
def cases_of(decoder: str) -> tuple[GoldenCase, ...]:
    """All cases in the folder of a decoder, by name."""
    return tuple(_read(one) for one in sorted((_HOME / decoder / "cases").glob("*/")))


def _read(folder: Path) -> GoldenCase:
    about = folder / "message.json"
    said = json.loads(about.read_text(encoding="utf-8")) if about.exists() else {}
    incoming = Incoming(
        said.get("topic", _TOPIC),
        (folder / "payload").read_bytes(),
        parse_instant(said.get("arrived", _ARRIVED)),
        said.get("gateway", "s/g"),
        Properties(**said.get("properties", {})),
        said.get("zone", "UTC"),
    )
    return GoldenCase(incoming, said.get("options", {}), not (folder / "error.txt").exists())
