"""What keys read of a platform over the API, against what the oracle says that they may.

Each question gives (what was asked, day, value told, value owed); a value that is told on a day
that is not the key's is a leak, whatever it is.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from metering.localtime import local_day, parse_instant
from proofs.dated.formulas import named, text_of
from proofs.dated.oracle import DatedOracle
from proofs.dated.told import FIRST, ToldPlatform, day_of
from proofs.dated.world import DAYS, ITEMS, DatedMeter

SPAN = {"start": FIRST.isoformat(), "end": day_of(DAYS).isoformat()}
MWH = 10**6
AROUND = range(-1, DAYS + 1)
"""The days, and one for all before and one for all after them."""


@dataclass
class AskedDays:
    """What came of the questions."""

    values: int = 0
    different: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)

    def take(self, name: str, told: Fraction | None, owed: Fraction | None, *, own: bool) -> None:
        """One value of one day; `own` says whether the day is the key's."""
        self.values += 1
        if not own and told is not None:
            self.leaked.append(f"{name}: {told}")
        elif told != owed:
            self.different.append(f"{name}: {told} / {owed}")


@dataclass
class DatedReader:
    """The holder of a key of a place, who also follows the feed of his institution."""

    platform: ToldPlatform
    oracle: DatedOracle
    root: str
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    cursor: str | None = None
    held_of_all: dict[str, dict[str, Any]] = field(default_factory=dict)
    told_of_all: set[tuple[str, int]] = field(default_factory=set)
    cursor_of_all: str | None = None

    def follow_all(self) -> None:
        """Read the feed of all institutions on to its end."""
        while True:
            given = {} if self.cursor_of_all is None else {"cursor": self.cursor_of_all}
            status, page = self.platform.get("/v1/feed/all", self.root, limit=7, **given)
            if status != 200:
                raise AssertionError(f"feed of all for {self.root}: {page}")
            entries: Any = page["data"]
            for one in entries:
                name = (str(one["key"]), int(one["revision"]))
                if name in self.told_of_all:
                    raise AssertionError(f"told twice to {self.root}: {name}")
                self.told_of_all.add(name)
                self.held_of_all[one["key"]] = one
            self.cursor_of_all = str(page["next"])
            if not page["more"]:
                return

    def follow(self) -> None:
        """Read the feed on to its end."""
        while True:
            given = {} if self.cursor is None else {"cursor": self.cursor}
            status, page = self.platform.get(
                "/v1/feed", self.root, institution=self.root, limit=1000, **given
            )
            if status != 200:
                raise AssertionError(f"feed of {self.root}: {page}")
            entries: Any = page["data"]
            self.held |= {one["key"]: one for one in entries}
            self.cursor = str(page["next"])
            if not page["more"]:
                return

    def owns(self, node: str, number: int) -> bool:
        """Whether the oracle lets him read of a place on a day."""
        return not self.root or self.oracle.reads(self.root, node, number)

    def owed(self, node: str, item: str, number: int) -> Fraction | None:
        """What he is to read."""
        return self.oracle.energy(node, item, number) if self.owns(node, number) else None

    def ask(self, found: AskedDays, chance: random.Random) -> None:
        """Every kind of question, of places and meters by chance; InfluxQL is asked of all."""
        nodes = list(self.oracle.world.nodes)
        for step in ("day", "day", "hour", "native", "month"):
            self._energy(found, chance.choice(nodes), chance.choice(ITEMS), step)
        for _ in range(2):
            node, item = chance.choice(nodes), chance.choice(ITEMS)
            self._parts(found, node, item)
            self._lineage(found, node, item, chance.randrange(DAYS))
        self._meters(found, chance)
        self._formulas(found, chance)
        self._influx(found, chance.choice(ITEMS))
        self._registry(found)

    def told(self, found: AskedDays) -> None:
        """What he holds of the feed, and of that of all institutions."""
        for held in (self.held, self.held_of_all):
            self._told(found, held)

    def _told(self, found: AskedDays, held: dict[str, dict[str, Any]]) -> None:
        last: dict[tuple[str, str, int], Fraction | None] = {}
        for one in held.values():
            number = (date.fromisoformat(one["day"]) - FIRST).days
            value = None if one["amount"] is None else Fraction(one["amount"], MWH)
            place = one["node"], one["item"], number
            last[place] = last.get(place) if value is None else value
        for node in self.oracle.world.nodes:
            for item in ITEMS:
                for number in range(DAYS):
                    own = self.owns(node, number)
                    owed = self.owed(node, item, number)
                    name = f"feed of {self.root}: {node} {item} {number}"
                    found.take(name, last.get((node, item, number)), owed, own=own)

    def _energy(self, found: AskedDays, node: str, item: str, step: str) -> None:
        status, told = self.platform.get(
            "/v1/energy", self.root, node=node, item=item, step=step, **SPAN
        )
        name = f"energy by {step} for {self.root}: {node} {item}"
        sums: dict[int, Fraction | None] = {}
        for one in _periods(told) if status == 200 else ():
            at = parse_instant(one["start"])
            number = 0 if step == "month" else self._number(at)
            value = None if one["amount"] is None else Fraction(one["amount"], MWH)
            sums[number] = _add(sums.get(number), value)
        if step == "month":
            days = [self.owed(node, item, n) for n in range(DAYS)]
            owed = [one for one in days if one is not None]
            own = any(self.owns(node, n) for n in range(DAYS))
            found.take(name, sums.get(0), sum(owed, Fraction(0)) if owed else None, own=own)
            return
        for number in range(DAYS):
            own, owed_day = self.owns(node, number), self.owed(node, item, number)
            found.take(f"{name} {number}", sums.get(number), owed_day, own=own)

    def _parts(self, found: AskedDays, node: str, item: str) -> None:
        status, told = self.platform.get(
            "/v1/energy/parts", self.root, node=node, item=item, **SPAN
        )
        rows: Any = told.get("data", []) if status == 200 else []
        for row in rows:
            if row["row"] == "difference":
                continue
            days = [self.owed(node, row["item"], n) for n in range(DAYS)]
            owed = [one for one in days if one is not None]
            value = None if row["amount"] is None else Fraction(row["amount"], MWH)
            whole = sum(owed, Fraction(0)) if owed else None
            own = any(self.owns(node, n) for n in range(DAYS))
            found.take(f"parts for {self.root}: {node} {row['item']}", value, whole, own=own)

    def _lineage(self, found: AskedDays, node: str, item: str, number: int) -> None:
        at = f"{day_of(number)}T12:00:00Z"
        status, told = self.platform.get(
            "/v1/energy/lineage", self.root, node=node, item=item, step="day", time=at
        )
        number = self._number(parse_instant(at))
        own, name = self.owns(node, number), f"lineage for {self.root}: {node} {item} {number}"
        if status != 200:
            found.take(name, None, self.owed(node, item, number), own=own)
            return
        value: Any = told["amount"]
        amount = None if value is None else Fraction(value, MWH)
        found.take(name, amount, self.owed(node, item, number), own=own)
        self._traced(found, name, told, number)

    def _traced(self, found: AskedDays, name: str, told: Any, number: int) -> None:
        """Meters under a figure, and what formulas among them are made of."""
        for meter in (*told["meters"], *told["members"]):
            place = self._meter(meter["meter"]).node
            for source in meter["sources"]:
                for reading in source["readings"]:
                    self._reading(found, name, place, reading["time"], closing=True)
            for formula in meter["formulas"]:
                self._formula(found, name, meter["meter"], formula, number)

    def _formulas(self, found: AskedDays, chance: random.Random) -> None:
        """The lineage of a meter that is a formula, on a day on which it is."""
        days = [
            (one.code, n)
            for one in self.oracle.world.meters
            for n in range(DAYS)
            if self.oracle.is_made(one.code) and self.oracle.of_meter(one, n) is not None
        ]
        for code, wanted in chance.sample(days, min(2, len(days))):
            at = f"{day_of(wanted)}T12:00:00Z"
            number = self._number(parse_instant(at))
            status, told = self.platform.get(
                "/v1/energy/lineage", self.root, meter=code, step="day", time=at
            )
            own, name = (
                self.owns(self._meter(code).node, number),
                f"lineage for {self.root}: {code}",
            )
            if status == 200 and not own:
                found.leaked.append(f"{name} {number}")
            elif status == 200:
                self._traced(found, f"{name} {number}", told, number)

    def _formula(
        self, found: AskedDays, name: str, meter: str, told: dict[str, Any], number: int
    ) -> None:
        """What lineage says of a formula on a day: its text, its value and those of its members."""
        true = self.oracle.formula(meter, number)
        owed = {code: self._meter(code) for code in (named(true.done) if true else ())}
        seen = [code for code, one in owed.items() if self.owns(one.node, number)]
        values = {one["meter"]: one["amount"] for one in told["members"]}
        for code, amount in values.items():
            value = None if amount is None else Fraction(amount, MWH)
            one = self._meter(code)
            own = self.owns(one.node, number)
            found.take(f"{name} member {code}", value, self.oracle.of_meter(one, number), own=own)
        text = None if true is None or len(seen) < len(owed) else text_of(true.done)
        if told["formula"] is not None and text is None:
            found.leaked.append(f"{name}: formula {told['formula']} of {meter}")
        elif told["formula"] != text or values.keys() != set(seen):
            found.different.append(f"{name}: {told['formula']} of {sorted(values)} / {text}")
        own_value = None if told["amount"] is None else Fraction(told["amount"], MWH)
        whole = self.oracle.of_meter(self._meter(meter), number)
        found.take(f"{name} of formula {meter}", own_value, whole, own=True)

    def _meter(self, code: str) -> DatedMeter:
        return next(one for one in self.oracle.world.meters if one.code == code)

    def _meters(self, found: AskedDays, chance: random.Random) -> None:
        known = list(enumerate(self.oracle.world.meters, start=1))
        for place, meter in chance.sample(known, min(2, len(known))):
            status, told = self.platform.get("/v1/energy", self.root, meter=meter.code, **SPAN)
            sums = {
                self._number(parse_instant(one["start"])): one["amount"]
                for one in (_periods(told) if status == 200 else ())
            }
            for number in range(DAYS):
                own, amount = self.owns(meter.node, number), sums.get(number)
                value = None if amount is None else Fraction(amount, MWH)
                owed = self.oracle.of_meter(meter, number) if own else None
                name = f"energy for {self.root}: {meter.code} {number}"
                found.take(name, value, owed, own=own)
            status, told = self.platform.get(
                f"/v1/points/{place}/readings", self.root, limit=1000, start=SPAN["start"]
            )
            rows: Any = told.get("data", []) if status == 200 else []
            for reading in rows:
                self._reading(found, f"readings for {self.root}", meter.node, reading["time"])

    def _reading(
        self, found: AskedDays, name: str, node: str, time: str, *, closing: bool = False
    ) -> None:
        """One that is listed; `closing` where the one at the end of a day is a part of it too."""
        found.values += 1
        at_us = parse_instant(time)
        numbers = {self._number(at_us), self._number(at_us - closing)}
        if not any(self.owns(node, number) for number in numbers):
            found.leaked.append(f"{name}: a reading of {node} at {time}")

    def _influx(self, found: AskedDays, item: str) -> None:
        start = self.platform.start_us // 1000
        end = start + DAYS * 24 * 3_600_000
        where = f"\"item\" = '{item}' AND time >= {start}ms AND time < {end}ms"
        by = f"time(1d), \"node\" TZ('{self.oracle.world.zone}')"
        query = f'SELECT sum("value") FROM "energy" WHERE {where} GROUP BY {by}'  # noqa: S608
        rows = self.platform.influx(query, self.root)
        for one in rows:
            series: Any = one
            node = series["tags"]["node"]
            for at_ms, value in series["values"]:
                number = self._number(at_ms * 1000)
                amount = None if value is None else Fraction(round(value * MWH), MWH)
                own = self.owns(node, number)
                name = f"InfluxQL for {self.root}: {node} {item} {number}"
                found.take(name, amount, self.owed(node, item, number), own=own)

    def _registry(self, found: AskedDays) -> None:
        _, told = self.platform.get("/v1/nodes", self.root, limit=1000)
        nodes: Any = told["data"]
        for one in nodes:
            for number in range(DAYS):
                day = day_of(number).isoformat()
                reached = any(
                    (span["valid_from"] or "") <= day < (span["valid_to"] or "9999")
                    for span in one["reached"]
                )
                found.values += 1
                if reached and not self.owns(one["code"], number):
                    found.leaked.append(f"/v1/nodes for {self.root}: {one['code']} {number}")
        self._listed_formulas(found)
        _, told = self.platform.get("/v1/restatements", self.root, limit=1000)
        changes: Any = told["data"]
        for change in changes:
            node = change["code"]
            if change["kind"] == "meter":
                node = next(m.node for m in self.oracle.world.meters if m.code == node)
            number = (date.fromisoformat(change["day"]) - FIRST).days
            found.values += 1
            if not self.owns(node, number) and change["new_total"] is not None:
                found.leaked.append(f"/v1/restatements for {self.root}: {node} {number}")

    def _listed_formulas(self, found: AskedDays) -> None:
        """`/v1/meters` names a member only to who reads it on a day of the formula."""
        _, told = self.platform.get("/v1/meters", self.root, limit=1000)
        for meter in _listed(told, "data"):
            for formula in meter["formulas"]:
                found.values += 1
                start, end = formula["valid_from"] or "", formula["valid_to"] or "9999"
                days = [n for n in AROUND if start <= day_of(n).isoformat() < end]
                true = next(
                    one
                    for one in self.oracle.world.formulas
                    if one.meter == meter["code"] and all(one.dates.hold(n) for n in days)
                )
                members = named(true.done)
                seen = {c for c in members if self._owns_any(c, days)}
                name = f"/v1/meters for {self.root}: {meter['code']}"
                if (formula["formula"] and seen < members) or not set(formula["members"]) <= seen:
                    found.leaked.append(f"{name}: {formula}")
                elif set(formula["members"]) != seen:
                    found.different.append(f"{name}: {formula} / {sorted(seen)}")

    def _owns_any(self, meter: str, days: list[int]) -> bool:
        return any(self.owns(self._meter(meter).node, number) for number in days)

    def _number(self, at_us: int) -> int:
        return (local_day(at_us, self.oracle.world.zone) - FIRST) // timedelta(days=1)


def _listed(told: Any, name: str) -> list[Any]:
    return list(told[name])


def _periods(told: Any) -> Iterator[Any]:
    yield from told["data"]
    for rest in told["remainder"]:
        yield from rest["data"]


def _add(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    return other if one is None else one if other is None else one + other
