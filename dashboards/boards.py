"""All boards, and their committed files."""

from __future__ import annotations

import json
from pathlib import Path

from dashboards.campus import campus
from dashboards.findings import findings
from dashboards.panels import Json
from texts import TAGS

LANGUAGES = TAGS
FOLDER = Path(__file__).with_name("boards")
_BUILDERS = (campus, findings)


def boards(languages: tuple[str, ...] = LANGUAGES) -> list[Json]:
    """Every board in every language."""
    return [build(language) for language in languages for build in _BUILDERS]


def file_name(board: Json) -> str:
    """The name of a board's file."""
    return f"{board['uid']}.json"


def written(board: Json) -> str:
    """The text of a board's file."""
    return json.dumps(board, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write(folder: Path, languages: tuple[str, ...] = LANGUAGES) -> list[Path]:
    """Write one file a board."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for board in boards(languages):
        paths.append(folder / file_name(board))
        paths[-1].write_text(written(board), encoding="utf-8")
    return paths
