"""The feed check's sums: a shared platform's latest entries against the books.

Twice, by different means: against the API's own figures of every day and month, and against
what the institutions' registers showed at the beginning and the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from greenoffice.client import ApiClient
from metering import items
from metering.units import BOOK_UNITS
from proofs.feed_scene import FeedScene
from proofs.feed_world import BUILDINGS, ZONES
from simulators.shared_entries import SharedEntries

ITEMS = ("01000", "01B00", "02000")
Place = tuple[str, str, str]
"""(node, item, day or month)."""


def compare(entries: SharedEntries, client: ApiClient, scene: FeedScene) -> dict[str, int]:
    """Sums of absolute differences [book units], and how much was compared."""
    result = dict.fromkeys(
        ("sum_difference", "register_difference", "days_compared", "months_compared"), 0
    )
    for one in ZONES:
        days = _pulled(entries, one)
        booked_days = _booked(client, one, scene, "day")
        booked_months = _booked(client, one, scene, "month")
        result["days_compared"] += len(booked_days)
        result["months_compared"] += len(booked_months)
        result["sum_difference"] += apart(days, booked_days)
        result["sum_difference"] += apart(_by_month(days), booked_months)
        result["register_difference"] += apart(_totals(days, one), _shown(scene, one))
    return result


def first_pull(client: ApiClient) -> dict[str, int]:
    """What a reader is told that comes last, with and without history, and the restatements."""
    pulled = [entry for one in ZONES for entry in _entries(client, institution=one)]
    history = [entry for one in ZONES for entry in _entries(client, institution=one, history=1)]
    changes = list(client.pages("/v1/restatements", limit=1000))
    return {
        "entries_first_pull": len(pulled),
        "keys": len({entry["key"] for entry in history}),
        "entries_history": len(history),
        "restatements": len(changes),
        "restatements_without_news": sum(one["old_total"] == one["new_total"] for one in changes),
    }


@dataclass
class WholeReader:
    """Reads the feed of all institutions with one cursor; holds the latest entry of each key."""

    client: ApiClient
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: set[tuple[str, int]] = field(default_factory=set)
    doubles: int = 0
    cursor: str | None = None

    def follow(self) -> None:
        """Read on to the end."""
        more = True
        while more:
            on = {} if self.cursor is None else {"cursor": self.cursor}
            page = self.client.get("/v1/feed/all", limit=7, **on)
            for entry in page["data"]:
                name = (entry["key"], entry["revision"])
                self.doubles += name in self.told
                self.told.add(name)
                self.held[entry["key"]] = entry
            self.cursor, more = page["next"], page["more"]

    def compared(self) -> dict[str, int]:
        """What it was told, and how many entries are others than those of the single feeds."""
        single = {
            one["key"]: one for body in ZONES for one in _entries(self.client, institution=body)
        }
        names = single.keys() | self.held.keys()
        return {
            "entries_of_all": len(self.told),
            "doubles_of_all": self.doubles,
            "difference_of_all": sum(single.get(n) != self.held.get(n) for n in names),
        }


def _entries(client: ApiClient, **query: str | int) -> Iterator[dict[str, Any]]:
    page = client.get("/v1/feed", limit=1000, **query)
    yield from page["data"]
    while page["more"]:
        page = client.get("/v1/feed", limit=1000, cursor=page["next"], **query)
        yield from page["data"]


def _pulled(entries: SharedEntries, institution: str) -> dict[Place, int]:
    """Amounts of the latest entries, taken from their exact decimals."""
    found = {}
    for place, (value, amount) in entries.days(institution).items():
        if value is not None:
            exact = Decimal(value) * BOOK_UNITS[items.category(place[1]).unit].per_canonical
            assert exact == amount, f"{place}: value {value} is not amount {amount}"
            found[place] = int(exact)
    return found


def _booked(client: ApiClient, institution: str, scene: FeedScene, step: str) -> dict[Place, int]:
    """Amounts of the API by day or month, over all days that have any."""
    end = scene.first + timedelta(days=400)
    nodes = (institution, f"{institution}-site", *(f"{institution}-{b}" for b in BUILDINGS))
    length = len("2026-11") if step == "month" else len("2026-11-24")
    found = {}
    for node in nodes:
        for item in ITEMS:
            answer = client.get(
                "/v1/energy",
                node=node,
                item=item,
                step=step,
                start=scene.first - timedelta(days=2),
                end=end,
            )
            for period in answer["data"]:
                if period["amount"] is not None:
                    found[node, item, period["start"][:length]] = int(period["amount"])
    return found


def _by_month(days: dict[Place, int]) -> dict[Place, int]:
    """A month is the sum of its days: what a reader of the feed adds up."""
    months: dict[Place, int] = defaultdict(int)
    for (node, item, day), amount in days.items():
        months[node, item, day[:7]] += amount
    return dict(months)


def _totals(days: dict[Place, int], institution: str) -> dict[Place, int]:
    """Of the institution as a whole, per item of a whole category."""
    totals: dict[Place, int] = defaultdict(int)
    for (node, item, _), amount in days.items():
        if node == institution and item == items.whole(item):
            totals[node, item, ""] += amount
    return dict(totals)


def _shown(scene: FeedScene, institution: str) -> dict[Place, int]:
    """What the total meters' registers rose by."""
    totals: dict[Place, int] = defaultdict(int)
    for register in scene.registers[institution]:
        if register.total:
            per = BOOK_UNITS[register.unit].per_canonical
            rise = register.values[-1] - register.values[0]
            totals[institution, register.item, ""] += rise * int(per)
    return dict(totals)


def apart(some: dict[Place, int], others: dict[Place, int]) -> int:
    """What is on one side only counts whole, and at least as one."""
    difference = 0
    for place in some.keys() | others.keys():
        if place in some and place in others:
            difference += abs(some[place] - others[place])
        else:
            difference += max(1, abs(some.get(place, others.get(place, 0))))
    return difference
