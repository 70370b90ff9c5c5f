"""What becomes of a history that was sent."""

from __future__ import annotations

from typing_extensions import TypedDict


class HistoryRefusalAnswer(TypedDict):
    """Why it could not be done; `asks` names the parameter that is to be said, where two readings
    are possible."""

    code: str
    message: str
    field: str
    value: str
    fix: str
    asks: str


class HistoryAnswer(TypedDict):
    """How far it is: `state` is running, done, refused or broken_off. `counts` of a finished one
    has what was `read` and what it is the sum of; `registered` tells what was made for new series,
    `refused_rows` where the rows to be mended are."""

    id: str
    file: str
    dry_run: bool
    state: str
    done: int
    total: int
    tables: int
    counts: dict[str, int] | None
    unknown_series: list[str]
    registered: list[str]
    examples: list[str]
    refused_rows: str | None
    refusal: HistoryRefusalAnswer | None
