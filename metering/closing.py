"""Closed periods: what stood when a person said that a month, quarter or year holds.

    closed ──▶ asked to reopen ──▶ reopened
               by one person        by another

A closing pins the revision of the books and the version of the registry. It is never changed back
nor deleted: of a period that was reopened, the next closing has a number of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from metering.errors import Conflict, InvalidInput, NotAllowed, NotFound

_PERIOD = re.compile(r"(20\d\d)(?:-(?:(0[1-9]|1[0-2])|Q([1-4])))?", re.ASCII)
_NAME = re.compile(r"c([1-9][0-9]{0,8})", re.ASCII)
PERIODS: Final = "YYYY-MM, YYYY-Q1 to YYYY-Q4 or YYYY, e.g. 2026-10"


class ClosingState(StrEnum):
    """What became of a closing."""

    CLOSED = "closed"
    ASKED = "asked"
    """Somebody wants it reopened; another person has not confirmed it."""
    REOPENED = "reopened"


@dataclass(frozen=True)
class Signed:
    """Who did something with a closing, when and why."""

    at_us: int
    by: str
    key: str
    """Id of the key; '' for the command line."""
    reason: str = ""

    @property
    def holder(self) -> str:
        """The name of the key, without its id: a rotated key has another id and the same name."""
        return self.by.removesuffix(f" ({self.key})")


@dataclass(frozen=True)
class Closing:
    """A period of an institution that holds, with what its numbers rest on."""

    institution: str
    period: str
    first: date
    last: date
    """Local days, both included."""
    revision: int
    registry_version: int
    rules_version: int
    factor_set: str
    tariff_version: str
    """First 16 digits of the SHA-256 of the factors and of the prices that hold in the period."""
    closed: Signed
    lacking: tuple[str, ...] = ()
    """Items that were not complete, for which the reason stands."""
    issues: Mapping[str, int] = field(default_factory=dict)
    """The issue of the report of each month that had one, by month."""
    others: Mapping[str, int] = field(default_factory=dict)
    """The revision of each other institution whose books hold a place that this one shares."""
    asked: Signed | None = None
    reopened: Signed | None = None
    number: int = 0
    """Of all closings of the platform; set by the store."""

    @property
    def name(self) -> str:
        """How it is asked for: `c7`."""
        return f"c{self.number}"

    @property
    def state(self) -> ClosingState:
        """What became of it."""
        if self.reopened is not None:
            return ClosingState.REOPENED
        return ClosingState.CLOSED if self.asked is None else ClosingState.ASKED


def days_of_period(period: str) -> tuple[date, date]:
    """First and last day of a month, quarter or year; InvalidInput for what is none."""
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise InvalidInput("not a period", field="period", value=period, fix=PERIODS)
    year, month, quarter = found.groups()
    first, months = 1, 12
    if month:
        first, months = int(month), 1
    elif quarter:
        first, months = 3 * int(quarter) - 2, 3
    turn = first - 1 + months
    after = date(int(year) + turn // 12, turn % 12 + 1, 1)
    return date(int(year), first, 1), after - timedelta(days=1)


def months_of_period(period: str) -> list[str]:
    """The months of a period, YYYY-MM."""
    first, last = days_of_period(period)
    return [f"{first.year}-{month:02}" for month in range(first.month, last.month + 1)]


def number_of_closing(name: str) -> int:
    """The number of a closing called `c7`; NotFound for another name."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise no_such_closing(name)
    return int(found.group(1))


def no_such_closing(name: str) -> NotFound:
    """There is none of that name."""
    return NotFound("no such closing", field="closing", value=name, fix="list them at /v1/closings")


def closed_already(standing: Closing) -> Conflict:
    """The period is closed."""
    return Conflict(
        f"{standing.period} of {standing.institution} is closed already, as {standing.name}",
        field="period",
        value=standing.period,
        fix="reopen that closing first",
    )


def asked_to_reopen(closing: Closing, by: Signed) -> Closing:
    """The closing, which somebody wants reopened; Conflict where somebody did before."""
    if closing.state is not ClosingState.CLOSED:
        raise Conflict(
            f"{closing.name} is {closing.state} already",
            field="closing",
            value=closing.name,
            fix="list it to see by whom",
        )
    return replace(closing, asked=by)


def confirmed_reopened(closing: Closing, by: Signed) -> Closing:
    """The closing, reopened by a second person; Conflict where nobody asked for it, NotAllowed
    for the key that did, and for another key of the same name, as a rotated key is."""
    asked = closing.asked
    if asked is None or closing.state is not ClosingState.ASKED:
        raise Conflict(
            f"nobody waits for {closing.name} to be reopened",
            field="closing",
            value=closing.name,
            fix="ask for it with a reason first",
        )
    if asked.key == by.key or asked.holder == by.holder:
        raise NotAllowed(
            "whoever asked to reopen a period cannot confirm it",
            field="closing",
            value=closing.name,
            fix="let another person confirm it, with a key of another name",
        )
    return replace(closing, reopened=by)
