"""A point that begins more than once on one local day at a meter: each stretch counts by its own
row, whenever and in however many imports that was told, and as the second implementation has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import pytest

from metering.bookhash import book_hash
from metering.localtime import MINUTE_US, day_bounds
from metering.quality import APPORTIONED, MEASURED, MISSING, WHOLE
from metering.registry import Registry
from metering.registry.files import read_registry_texts
from metering.registry.merge import merged
from metering.registry.write import write_registry
from tests.ledger.random_worlds import Batch, RandomWorld, SentReading
from tests.ledger.test_random_worlds import Booked, assert_same, at_once
from tests.two_books import differing_days, differing_events, journal, recomputed

ZONE, DAY, ONE = "Asia/Shanghai", date(2026, 3, 3), timedelta(days=1)
FIRST, DAYS = DAY - ONE, 3
MINUTES = DAYS * 1440
LOAD = np.where(np.arange(MINUTES) % 1440 < 420, 20, 95) + np.arange(MINUTES) % 7
"""Wh in each minute that passes point p1."""
PASSED = np.concatenate(([0], np.cumsum(LOAD))).astype(np.int64)
HEAD = "gateway,point,kind,unit,meter,ratio,valid_from,valid_to"
OFFICE = {
    "tree.csv": f"code,parent,type,zone\no,,institution,{ZONE}\n",
    "gateways.csv": "site,code\no,g\n",
    "meters.csv": "code,node,item,max_per_hour\nm,o,01000,60\nn,o,01000,60\n",
}


def clock(text: str) -> int:
    """The minute of the world at a time of DAY."""
    return 1440 + int(text[:2]) * 60 + int(text[3:])


def dated(text: str) -> str:
    """`10:07`, or `10:00/10:30`, as a row says it."""
    return "/".join(f"{DAY}T{one}:00+08:00" for one in text.split("/")) if text else ""


Stretches = Sequence[tuple[str, str, int, str, str]]
"""(point, meter, ratio, from, to)."""
CASES: dict[str, Stretches] = {
    "two ratios": [
        ("p1", "m", 1, "", "10:07"),
        ("p1", "m", 2, "10:07", "15:22"),
        ("p1", "m", 3, "15:22", ""),
    ],
    "two ratios in windows": [
        ("p1", "m", 1, "", "10:00/10:40"),
        ("p1", "m", 2, "10:00/10:40", "15:05/15:22"),
        ("p1", "m", 3, "15:05/15:22", ""),
    ],
    "away and back": [
        ("p2", "m", 1, "", "07:03"),
        ("p1", "m", 1, "07:03", "09:05"),
        ("p1", "n", 1, "09:05", "12:10"),
        ("p1", "m", 1, "12:10", ""),
    ],
    "away and back at another ratio": [
        ("p1", "m", 1, "07:03", "09:05"),
        ("p1", "n", 1, "09:05", "12:10"),
        ("p1", "m", 2, "12:10", "18:40"),
        ("p1", "n", 2, "18:40", ""),
    ],
    "away and back in windows": [
        ("p1", "m", 1, "06:00/06:20", "09:05/09:50"),
        ("p1", "n", 1, "09:05/09:50", "12:10/12:20"),
        ("p1", "m", 1, "12:10/12:20", ""),
    ],
    "another register meanwhile": [
        ("p1", "m", 1, "07:03", "09:05"),
        ("p2", "m", 1, "09:05", "12:10"),
        ("p1", "m", 1, "12:10", ""),
    ],
    "hours off it": [("p1", "m", 1, "07:03", "09:05"), ("p1", "m", 1, "12:10", "")],
}
UNREAD: dict[str, Stretches] = {
    "two ratios": [
        ("p1", "m", 1, "", "10:07"),
        ("p1", "m", 2, "10:07", "10:12"),
        ("p1", "m", 3, "10:12", ""),
    ],
    "away and back": [
        ("p1", "m", 1, "07:03", "10:02"),
        ("p1", "n", 1, "10:02", "10:12"),
        ("p1", "m", 1, "10:12", ""),
    ],
    "windows side by side": [
        ("p1", "m", 1, "", "10:00/10:30"),
        ("p1", "m", 2, "10:00/10:30", "10:30/10:50"),
        ("p1", "m", 3, "10:30/10:50", ""),
    ],
}
"""Nothing is read between two changes but, of windows, at the one instant between them."""
CASES |= {f"{name} unread": one for name, one in UNREAD.items()}


def rows_of(stretches: Stretches) -> str:
    rows = [f"o/g,{p},register,kWh,{m},{r},{dated(a)},{dated(b)}" for p, m, r, a, b in stretches]
    return "\n".join([HEAD, *rows, ""])


def imported(present: Registry, stretches: Stretches) -> Registry:
    return merged(present, read_registry_texts({"points.csv": rows_of(stretches)}, present))


def unknown(stretches: Stretches) -> Registry:
    """The office before anything of the day was told: p1 serves a meter, or none yet."""
    point, meter, _, begin, _ = stretches[0]
    served = f"{meter},1" if point == "p1" and not begin else ","
    points = f"{HEAD}\no/g,p1,register,kWh,{served},,\no/g,p2,register,kWh,,,,\n"
    return merged(Registry(), read_registry_texts(OFFICE | {"points.csv": points}))


def middle(text: str) -> int:
    """When it really was."""
    ends = [clock(one) for one in text.split("/")]
    return sum(ends) // len(ends)


def said(stretches: Stretches, *, read_then: bool) -> Iterator[SentReading]:
    """Every 15 minutes, and where asked at each change; p1 counts at the ratio of its stretch, and
    p2 the same load beside it."""
    start = day_bounds(FIRST, ZONE)[0]
    changes = [middle(one) for *_, begin, end in stretches for one in (begin, end) if one]
    minutes = sorted({*range(0, MINUTES + 1, 15), *(changes if read_then else [])})
    rates = np.ones(MINUTES)
    for point, _, ratio, begin, end in stretches:
        part = slice(middle(begin) if begin else 0, middle(end) if end else MINUTES)
        if point == "p1":
            rates[part] = ratio
    counted = np.concatenate(([0.0], np.cumsum(LOAD / 1000 / rates)))
    for minute in minutes:
        time_us = start + minute * MINUTE_US
        yield SentReading(1, time_us, round(100 + float(counted[minute]), 9))
        if any(point == "p2" for point, *_ in stretches):
            yield SentReading(2, time_us, round(700 + float(PASSED[minute]) / 1000, 9))


def world(registry: Registry, batches: list[Batch]) -> RandomWorld:
    return RandomWorld(ZONE, FIRST, DAYS, registry, registry, batches)


def live(registry: Registry, batches: Sequence[Batch]) -> Booked:
    found = Booked(world(registry, []), registry)
    for batch in batches:
        found.take(batch)
    return found


def whole_of(case: str, *, read_then: bool = False) -> Booked:
    """Booked at once, with all that was registered known before."""
    registry = imported(unknown(CASES[case]), CASES[case])
    return at_once(world(registry, [Batch(0, list(said(CASES[case], read_then=read_then)))]))


def parts(sent: Sequence[SentReading], count: int, seed: int) -> list[list[SentReading]]:
    order = np.random.default_rng(seed).permutation(len(sent))
    return [[sent[n] for n in part.tolist()] for part in np.array_split(order, count)]


def imports(stretches: Stretches) -> list[Registry]:
    """The day as it was told bit by bit: of its rows all but the last one, then all with another
    minute, then all as they are."""
    first = [*stretches[:-2], (*stretches[-2][:4], "")]
    last = stretches[-1][3]
    other = "/".join(f"{one[:3]}{int(one[3:]) + 1:02}" for one in last.split("/"))
    late = [*stretches[:-2], (*stretches[-2][:4], other), (*stretches[-1][:3], other, "")]
    if stretches[-2][4] != last:
        first, late = list(stretches[:-1]), [*stretches[:-1], late[-1]]
    found = [unknown(stretches)]
    for told in (first, late, stretches):
        found.append(imported(found[-1], told))
    return found


@pytest.mark.parametrize("read_then", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_it_is_booked_alike_however_it_was_told(tmp_path, case, read_then):
    whole, sent = whole_of(case, read_then=read_then), []
    sent += said(CASES[case], read_then=read_then)
    now = whole.now_us
    versions = imports(CASES[case])
    assert versions[-1].installations == whole.registry.installations
    pieces = parts(sent, len(versions), 1)
    ways = {
        "in batches": live(whole.registry, [Batch(now, some) for some in parts(sent, 5, 0)]),
        "told after": live(
            versions[0], [Batch(now, sent), Batch(now, [], registered=versions[-1])]
        ),
        "by imports, then read": live(
            versions[0],
            [*(Batch(now, [], registered=one) for one in versions[1:]), Batch(now, sent)],
        ),
        "read, then by imports": live(
            versions[0],
            [Batch(now, sent), *(Batch(now, [], registered=one) for one in versions[1:])],
        ),
        "both by and by": live(
            versions[0],
            [Batch(now, some, registered=one) for one, some in zip(versions, pieces, strict=True)],
        ),
    }
    for booked in ways.values():
        assert_same(whole, booked)
        before = book_hash(booked.books)
        booked.restart()
        booked.ledger.rebuild()
        assert book_hash(booked.books) == before
    own = recomputed(tmp_path, journal(whole.registry, whole.sent, FIRST, FIRST + DAYS * ONE, now))
    assert differing_days(whole.books, own) + differing_events(whole.books, own) == []


def slots(booked: Booked, code: str) -> tuple[np.ndarray, np.ndarray]:
    """(Wh, shares) of the quarter hours of DAY."""
    rows = [row for (key, day), row in booked.rows().items() if (key.code, day) == (code, DAY)]
    if not rows:
        return np.zeros(96), np.tile([0, 0, 0, WHOLE], (96, 1))
    return rows[0].finest.slots / 1000, rows[0].finest.shares


@pytest.mark.parametrize("case", CASES)
def test_each_stretch_counts_for_its_own_meter_at_its_own_ratio(case):
    """Slots that lie in a stretch as a whole are measured and exact; no other meter has them."""
    booked = whole_of(case)
    seen = set()
    for _, meter, _, begin, end in CASES[case]:
        low = clock(begin.split("/")[-1]) - 1440 if begin else 0
        high = clock(end.split("/")[0]) - 1440 if end else 1440
        own = np.arange(-(-low // 15), high // 15)
        wh, shares = slots(booked, meter)
        true = np.diff(PASSED[1440:2881:15])
        assert wh[own] == pytest.approx(true[own], abs=0.01)
        assert (shares[own, MEASURED] == WHOLE).all()
        seen |= {(meter, n) for n in own.tolist()}
    changed = {n for *_, a, b in CASES[case] for t in (a, b) if t for n in _touched(t)}
    for meter in ("m", "n"):
        wh, shares = slots(booked, meter)
        idle = [n for n in range(96) if (meter, n) not in seen and n not in changed]
        assert (shares[idle, MISSING] == WHOLE).all()


def _touched(text: str) -> range:
    ends = [clock(one) - 1440 for one in text.split("/")]
    return range(ends[0] // 15, -(-ends[-1] // 15))


@pytest.mark.parametrize("case", ["two ratios", "away and back at another ratio"])
def test_a_change_between_two_readings_is_split_by_time(case):
    booked = whole_of(case)
    _, _, one, _, end = CASES[case][-2]
    meter, other = CASES[case][-2][1], CASES[case][-1][2]
    at = clock(end)
    start, stop = at // 15 * 15, -(-at // 15) * 15
    counted = (PASSED[at] - PASSED[start]) / one + (PASSED[stop] - PASSED[at]) / other
    before = counted * one * (at - start) / 15
    after = counted * other * (stop - at) / 15
    wh, shares = slots(booked, meter)
    slot = start // 15 - 96
    wanted = before + after if CASES[case][-1][1] == meter else before
    assert wh[slot] == pytest.approx(wanted, abs=0.01)
    assert shares[slot, APPORTIONED] > 0
    assert shares[slot, MEASURED] == 0


@pytest.mark.parametrize("case", [one for one in CASES if "window" not in one])
def test_read_at_its_changes_a_day_loses_nothing(case):
    booked = whole_of(case, read_then=True)
    found = {code: slots(booked, code)[0] for code in ("m", "n")}
    for code, wh in found.items():
        spans = [(a, b) for _, meter, _, a, b in CASES[case] if meter == code]
        true = sum(
            PASSED[clock(b) if b else 2880] - PASSED[clock(a) if a else 1440] for a, b in spans
        )
        assert np.maximum(wh, 0).sum() == pytest.approx(true, abs=0.01)


@pytest.mark.parametrize("case", CASES)
def test_the_exported_registry_books_the_same(case):
    whole = whole_of(case)
    again = merged(Registry(), read_registry_texts(write_registry(whole.registry)))
    assert again.installations == whole.registry.installations
    other = at_once(world(again, [Batch(0, list(said(CASES[case], read_then=False)))]))
    assert_same(whole, other)


def test_what_passed_over_two_changes_without_a_reading_between_is_missing():
    for case, codes in (("two ratios unread", "m"), ("away and back unread", "mn")):
        booked = whole_of(case)
        for code in codes:
            assert slots(booked, code)[1][40, MISSING] == WHOLE
