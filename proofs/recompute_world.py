"""The world of `recompute-check`: that of `agree`, whose registers misbehave, and some meters more.

store                  moves to another institution in the middle of the month
annex     annex-ct     behind current transformers: a ratio of 40, from an instant on one of 60
          annex-roll   passes its last digit
          annex-swap   replaced in the middle of the month
          annex-noted  replaced within two hours, its last and first value written down
          annex-mean   mean power
          annex-sum    a formula of the one behind transformers, the one that rolls over and the
                       one that is replaced, by the half hour
villa     villa-guest  of another institution, on the first one's gateway: its readings travel in
                       messages with others'

The formulas of `agree` are of registers that misbehave here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from proofs.agree_world import (
    BEIJING,
    MINUTE_US,
    UNTIL,
    gateway_of,
    instant,
    registry_files,
    sent,
    unit,
)

GATEWAY = "campus/gw"
BATCH = 500
STEP_US = 15 * MINUTE_US
OTHER_RATIO = "2026-10-20T10:22:00+08:00"
NOTED = "2026-10-08T23:00:00+08:00/2026-10-09T01:00:00+08:00"
FINAL, FIRST = "5903.5", "88.25"
Reading = tuple[int, float]
"""(time [us UTC], value)."""


@dataclass(frozen=True)
class Stream:
    """What one point sends."""

    gateway: str
    point: str
    kind: str
    unit: str
    readings: tuple[Reading, ...]


def files() -> dict[str, str]:
    """The registry of the world."""
    found = registry_files()
    more = {
        "meters.csv": (
            "annex-ct,annex,01B00,,15,,\n"
            "annex-roll,annex,01C00,,15,,\n"
            "annex-swap,annex,01A00,,30,,\n"
            "annex-noted,annex,01A00,,15,,\n"
            "annex-mean,annex,01D00,,15,,\n"
            "annex-sum,annex,01A10,,30,,\n"
            "villa-guest,villa,01A00,,15,,\n"
        ),
        "formulas.csv": (
            "annex-sum,annex-ct + 0.5 * annex-swap - annex-noted / annex-mean * annex-roll,,\n"
        ),
        "points.csv": (
            f"{GATEWAY},annex-ct,register,kWh,annex-ct,40,,,{OTHER_RATIO},,\n"
            f"{GATEWAY},annex-ct,register,kWh,annex-ct,60,,{OTHER_RATIO},,,\n"
            f"{GATEWAY},annex-roll,register,kWh,annex-roll,,5,,,,\n"
            f"{GATEWAY},annex-swap-old,register,kWh,annex-swap,,,,2026-10-14,,\n"
            f"{GATEWAY},annex-swap-new,register,kWh,annex-swap,,,2026-10-14,,,\n"
            f"{GATEWAY},annex-noted-old,register,kWh,annex-noted,,,,{NOTED},,{FINAL}\n"
            f"{GATEWAY},annex-noted-new,register,kWh,annex-noted,,,{NOTED},,{FIRST},\n"
            f"{GATEWAY},annex-mean,mean,kW,annex-mean,,,,,,\n"
            f"{GATEWAY},villa-guest,register,kWh,villa-guest,,,,,,\n"
        ),
    }
    head, *rows = found["points.csv"].splitlines()
    columns = "ratio,digits,valid_from,valid_to,first,final"
    found["points.csv"] = "\n".join([f"{head},{columns}", *(f"{row},,,,,," for row in rows), ""])
    return {name: text + more.get(name, "") for name, text in found.items()}


def streams(seed: int) -> list[Stream]:
    """Everything that is sent, point by point."""
    found = []
    for one in sent(seed):
        values = [(t, v / 1000) for t, v in zip(one.times_us, one.values, strict=True)]
        befallen = BEFALLS.get(one.meter.code)
        chance = random.Random(f"{seed}/{one.meter.code}/faults")  # noqa: S311 - a simulated fault
        found.append(
            Stream(
                gateway_of(one.meter),
                one.meter.code,
                one.meter.kind,
                unit(one.meter.item),
                tuple(values if befallen is None else befallen(values, chance)),
            )
        )
    return [*found, *_more(seed)]


def _more(seed: int) -> Iterator[Stream]:
    chance = random.Random(f"{seed}/more")  # noqa: S311 - a simulated load
    start, end = instant("2026-09-29 00:00", BEIJING), instant(UNTIL[BEIJING], BEIJING)
    swap = instant("2026-10-14 14:37", BEIJING)
    quarters = range(start, end + 1, STEP_US)
    yield _register("annex-ct", quarters, 812.5, 0.3, chance)
    rolling = _register("annex-roll", quarters, 96_500, 6, chance)
    turned = tuple((t, round(v % 100_000, 3)) for t, v in rolling.readings)
    yield Stream(GATEWAY, "annex-roll", "register", "kWh", turned)
    halves = range(start, swap, 2 * STEP_US)
    yield _register("annex-swap-old", halves, 41_000, 9, chance)
    yield _register("annex-swap-new", range(swap, end, 2 * STEP_US), 7, 9, chance)
    yield from _noted(range(start, end + 1, STEP_US))
    powers = tuple((t, round(chance.uniform(1, 9), 2)) for t in quarters)
    yield Stream(GATEWAY, "annex-mean", "mean", "kW", powers[:900] + powers[930:])
    yield _register("villa-guest", quarters, 90, 2, chance)


def _noted(times: Sequence[int]) -> Iterator[Stream]:
    """Two registers of a steady load, of 3 kW; the old one is read up to half an hour before it is
    taken down, the new one stands on the bench for a day."""
    changed = instant("2026-10-09 00:10", BEIJING)
    final, first = float(FINAL), float(FIRST)
    before = [t for t in times if t < changed - 2 * STEP_US]
    old = tuple((t, round(final + _kwh(t - changed), 3)) for t in before)
    bench = [t for t in times if t > changed - 96 * STEP_US]
    new = tuple((t, round(first + max(_kwh(t - changed), 0), 3)) for t in bench)
    yield Stream(GATEWAY, "annex-noted-old", "register", "kWh", old)
    yield Stream(GATEWAY, "annex-noted-new", "register", "kWh", new)


def _kwh(passed_us: int) -> float:
    return 3 * passed_us / (60 * MINUTE_US)


def _register(
    point: str, times: Sequence[int], first: float, load: float, chance: random.Random
) -> Stream:
    value, found = first, []
    for time_us in times:
        found.append((time_us, round(value, 3)))
        value += chance.uniform(load / 3, load)
    return Stream(GATEWAY, point, "register", "kWh", tuple(found))


def _altered(
    values: Sequence[Reading], first: int, count: int, change: Callable[[int, float], float]
) -> list[Reading]:
    found = list(values)
    for place in range(first, min(first + count, len(found))):
        time_us, value = found[place]
        found[place] = (time_us, round(change(place - first, value), 3))
    return found


def _zeros_and_spikes(values: Sequence[Reading], chance: random.Random) -> list[Reading]:
    """Nonsense that goes away again: zeros, x1000, a value too high, one too low."""
    found = _altered(values, chance.randrange(300, 500), 48, lambda _, __: 0.0)
    found = _altered(found, chance.randrange(700, 800), 5, lambda _, v: v * 1000)
    found = _altered(found, chance.randrange(1000, 1100), 1, lambda _, v: v + 900)
    return _altered(found, chance.randrange(1500, 1600), 2, lambda _, v: v - 80)


def _reset(values: Sequence[Reading], chance: random.Random) -> list[Reading]:
    """Starts again from nothing, and later jumps."""
    at = chance.randrange(900, 1200)
    base = values[at][1]
    found = _altered(values, at, len(values), lambda _, v: v - base)
    return _altered(found, at + 700, len(values), lambda _, v: v + 60_000)


def _stuck(values: Sequence[Reading], chance: random.Random) -> list[Reading]:
    """Stands still for hours and shows at once what passed; at the end it stands still for good."""
    at = chance.randrange(600, 900)
    held = values[at][1]
    found = _altered(values, at, 30, lambda _, __: held)
    last = len(values) - 500
    return _altered(found, last, len(values), lambda _, __: values[last][1])


def _backwards(values: Sequence[Reading], chance: random.Random) -> list[Reading]:
    """Runs backwards for some hours."""
    at = chance.randrange(1200, 1500)
    start = values[at][1]
    return _altered(values, at, 20, lambda n, _: start - 2 * n)


BEFALLS: dict[str, Callable[[Sequence[Reading], random.Random], list[Reading]]] = {
    "office-light": _zeros_and_spikes,
    "office-lift": _reset,
    "store-light": _stuck,
    "store-cooling": _backwards,
    "villa-main": _zeros_and_spikes,
}


def messages(found: Sequence[Stream], gateway: str, seed: int) -> Iterator[dict[str, Any]]:
    """A gateway's payloads: mixed points, some out of order by days, some sent twice, some wrong
    at first and corrected later."""
    chance = random.Random(f"{seed}/{gateway}")  # noqa: S311 - a simulated order
    rows = sorted(
        (time_us, one.point, one.kind, one.unit, value)
        for one in found
        if one.gateway == gateway
        for time_us, value in one.readings
    )
    late = [row for row in rows if chance.random() < 0.01]
    wrong = set(chance.sample(range(len(rows)), 25))
    right = [rows[place] for place in sorted(wrong)]
    first = [
        (*row[:4], row[4] + 3.0) if place in wrong else row
        for place, row in enumerate(rows)
        if row not in late or place in wrong
    ]
    again = first[4000:4600]
    every = iter([*first, *again, *late, *right])
    seq = 0
    while batch := list(islice(every, BATCH)):
        seq += 1
        yield {"session": 1, "seq": seq, "readings": [_json(row) for row in batch]}


def _json(row: tuple[int, str, str, str, float]) -> dict[str, Any]:
    time_us, point, kind, sent_unit, value = row
    return {
        "point": point,
        "kind": kind,
        "unit": sent_unit,
        "time": time_us // 1000,
        "value": round(value, 3),
    }
