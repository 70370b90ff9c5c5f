"""What the records check has been told, and whether the platform still tells the same.

Nothing here asks the platform whether a record stood: it keeps its own copies and compares.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from greenoffice.client import ApiClient
from greenoffice.demo.options import INSTITUTION
from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from metering.book import BookRow, Restatement, SeriesKey, by_step
from metering.localtime import parse_instant
from metering.ports import BookStore
from proofs.report_later import ToldIssue, ask

Place = tuple[SeriesKey, date]
Told = dict[str, tuple[int | None, tuple[float, ...]]]
"""Key of the feed -> (amount, shares) as last told."""
RESTATED = 100_000


@dataclass
class Cases:
    """Every case ever seen, by number."""

    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    vanished: set[str] = field(default_factory=set)
    renumbered: set[str] = field(default_factory=set)

    def look(self, client: ApiClient) -> None:
        """Take in what is listed now."""
        listed = {one["id"]: one for one in client.pages("/v1/findings", limit=500)}
        self.vanished |= {number for number in self.seen if number not in listed}
        for number, case in listed.items():
            before = self.seen.get(number)
            if before is not None and _event(before) != _event(case):
                self.renumbered.add(number)
            if before is None:
                self.renumbered |= {n for n, one in self.seen.items() if _same_matter(one, case)}
            self.seen[number] = case

    @property
    def grown(self) -> dict[str, int]:
        """Evidence hours by number."""
        return {number: one["evidence_hours"] for number, one in self.seen.items()}


def _event(case: dict[str, Any]) -> tuple[str, str]:
    return case["meter"], case["pattern"]


def _same_matter(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether a new number tells hours of a meter and pattern that an older one told, which
    no late reading refuted."""
    if _event(old) != _event(new) or old["closed"]:
        return False
    first, last = parse_instant(old["start"]), parse_instant(old["end"])
    return parse_instant(new["start"]) < last and first < parse_instant(new["end"])


@dataclass
class Reports:
    """Issues as they were told first: content and files of both languages and all formats."""

    folder: DataFolder
    first: dict[tuple[date, int], ToldIssue] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    compared: int = 0

    def take(self, month: date, issue: int) -> None:
        """Ask for an issue the first time."""
        self.first[month, issue] = ask(self.folder, month, issue)

    def look(self) -> None:
        """Ask for all of them again."""
        for (month, issue), before in self.first.items():
            self.compared += 1
            if ask(self.folder, month, issue) != before:
                self.changed.append(f"{month:%Y-%m} issue {issue}")


@dataclass
class Books:
    """Settled days, what the feed told of them, and the restatements in between."""

    folder: DataFolder
    settled: set[Place] = field(default_factory=set)
    lost: set[Place] = field(default_factory=set)
    told: Told = field(default_factory=dict)
    cursor: str | None = None
    news: int = 0
    """Keys that the feed told otherwise than before."""
    news_unlogged: list[str] = field(default_factory=list)
    """Of them, without a restatement from the one value to the other."""

    def look(self, client: ApiClient) -> None:
        """Pull the feed from where it was left, and see that no settled day is gone."""
        self.keep()
        changed = {key: old for key, old, new in self._pulled(client) if old != new}
        logged = self._logged()
        for key, old in changed.items():
            self.news += 1
            _, kind, code, item, day = key.split("/")
            place = (kind, code, item, day)
            if (old[0], self.told[key][0]) not in logged.get(place, ()):
                self.news_unlogged.append(f"{key}: {old[0]} to {self.told[key][0]}")

    def keep(self) -> None:
        """See that every day that was settled still is."""
        now = {(row.key, row.day) for row in self._books().digest_rows()}
        self.lost |= self.settled - now
        self.settled |= now

    def without_news(self) -> list[str]:
        """Restatements whose two rows say the same."""
        books = self._books()
        return [
            f"{one.key.code} {one.key.item} {one.day}: {one.cause}"
            for one in restatements(books)
            if not _tells_other(
                books.row_at(one.key, one.day, one.old_revision),
                books.row_at(one.key, one.day, one.new_revision),
            )
        ]

    def causes(self) -> Counter[str]:
        """Restatements by cause."""
        return Counter(one.cause for one in restatements(self._books()))

    def _books(self) -> BookStore:
        return open_stores(self.folder).books

    def _pulled(self, client: ApiClient) -> list[tuple[str, Any, Any]]:
        """(key, value before, value now) of entries that were told before."""
        found, more = [], True
        while more:
            query = {"institution": INSTITUTION, "limit": 1000}
            answer = client.get(
                "/v1/feed", **query, **({"cursor": self.cursor} if self.cursor else {})
            )
            for entry in answer["data"]:
                value = (entry["amount"], tuple(entry["shares"].values()))
                if entry["key"] in self.told:
                    found.append((entry["key"], self.told[entry["key"]], value))
                self.told[entry["key"]] = value
            self.cursor, more = answer["next"], answer["more"]
        return found

    def _logged(self) -> dict[tuple[str, str, str, str], set[tuple[int | None, int | None]]]:
        logged: dict[tuple[str, str, str, str], set[tuple[int | None, int | None]]] = {}
        for one in restatements(self._books()):
            place = (one.key.kind, one.key.code, one.key.item, one.day.isoformat())
            logged.setdefault(place, set()).add((one.old_total, one.new_total))
        return logged


def restatements(books: BookStore) -> list[Restatement]:
    """All of the institution."""
    return [one for _, one in books.restatements(INSTITUTION, limit=RESTATED)]


def _tells_other(old: BookRow | None, new: BookRow | None) -> bool:
    """Whether two rows differ in the day's energy, its quality, or any of its slots."""
    if old is None or new is None:
        return False
    if old.total != new.total or not np.array_equal(old.day_shares, new.day_shares):
        return True
    left, right = by_step(old.parts), by_step(new.parts)
    return any(not np.array_equal(left[step], right[step]) for step in left.keys() & right.keys())
