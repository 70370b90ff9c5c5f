"""Registers and ratios that change at an instant or in a window: every kWh is counted, nothing is
measured that no reading bounds, and the books do not depend on when the change was told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.bookhash import book_hash
from metering.localtime import MINUTE_US, day_bounds, iso
from metering.quality import APPORTIONED, MEASURED, MISSING, WHOLE
from metering.registry import Installation, Validity
from metering.registry.rows import Problems, Row

DAYS = 4
MINUTES = DAYS * 1440
OLD, NEW = 1, 2
ZONES = {"Asia/Shanghai": date(2026, 3, 2), "Europe/Berlin": date(2026, 3, 27)}
"""With the first day; Berlin's third one has 23 hours."""


@dataclass(frozen=True)
class Story:
    """What happened to a meter, in minutes since the first midnight, and how it was told."""

    at: int
    """When the change really was."""
    window: tuple[int, int] | None = None
    """What was told: the instant where None."""
    ratio: bool = False
    """A transformer was changed, the register goes on."""
    same_point: bool = False
    """The new register is sent under the old name."""
    values: str = ""
    """Which of `final` and `first` was written down."""
    every: int = 15
    """Minutes between two readings."""
    offset: int = 0
    read_at_change: bool = False
    limit: str | None = "60"
    zone: str = "Asia/Shanghai"

    @property
    def told(self) -> tuple[int, int]:
        return self.window or (self.at, self.at)


LOAD = np.where(np.arange(MINUTES) % 1440 < 420, 20, 95) + np.arange(MINUTES) % 7
"""Wh in each minute."""
TRUE = np.concatenate(([0], np.cumsum(LOAD))).astype(np.int64)
"""Wh up to each minute."""
RATIOS = (20, 30)


def register(story: Story, minute: int, which: int) -> float:
    """What a register says at a minute [kWh, secondary where the ratio changes]."""
    at = story.at
    if story.ratio:
        before, after = TRUE[min(minute, at)], max(TRUE[minute] - TRUE[at], 0)
        return round(float(100 + before / 1000 / RATIOS[0] + after / 1000 / RATIOS[1]), 9)
    if which == OLD:
        return float(5000_000 + TRUE[min(minute, at)]) / 1000
    return float(12_000 + max(TRUE[minute] - TRUE[at], 0)) / 1000


def readings(story: Story) -> list[tuple[int, int, float]]:
    """(point, minute, value): the old register is read for two hours after it was taken down, the
    new one on the bench for six hours before."""
    minutes = list(range(story.offset, MINUTES + 1, story.every))
    minutes = sorted({*minutes, *([story.at] if story.read_at_change else [])})
    if story.ratio:
        return [(OLD, m, register(story, m, OLD)) for m in minutes]
    if story.same_point:
        kept = [m for m in minutes if m != story.at]
        return [(OLD, m, register(story, m, OLD if m < story.at else NEW)) for m in kept]
    old = [(OLD, m, register(story, m, OLD)) for m in minutes if m <= story.at + 120]
    return old + [(NEW, m, register(story, m, NEW)) for m in minutes if m >= story.at - 360]


def microseconds(story: Story, minute: int) -> int:
    return day_bounds(ZONES[story.zone], story.zone)[0] + minute * MINUTE_US


def moment(story: Story) -> str:
    texts = [iso(microseconds(story, minute), story.zone) for minute in story.told]
    return texts[0] if texts[0] == texts[1] else "/".join(texts)


def installed(story: Story) -> tuple[Installation, ...]:
    """Two rows whose dates meet, as a file would give them."""
    text = moment(story)
    ended = Row("", 1, {"valid_to": text}, Problems()).moments()
    began = Row("", 1, {"valid_from": text}, Problems()).moments()
    old = Installation("m", OLD, valid=ended[0], ends=ended[2])
    point = OLD if story.ratio or story.same_point else NEW
    new = Installation("m", point, valid=began[0], starts=began[1])
    if story.ratio:
        old, new = replace(old, ratio=Decimal(RATIOS[0])), replace(new, ratio=Decimal(RATIOS[1]))
    if "final" in story.values:
        old = replace(old, final=Decimal(repr(register(story, story.at, OLD))))
    if "first" in story.values:
        new = replace(new, first=Decimal(repr(register(story, story.at, NEW))))
    return old, new


def registries(helpers, story: Story):
    """(before the change is told, after)."""
    told = installed(story)
    fastest = None if story.limit is None else Decimal(story.limit)
    meters = [helpers.meter("m", max_per_hour=fastest)]
    before = (replace(told[0], valid=Validity(), ends="", final=None),)
    bare = helpers.campus(meters, installations=told, zone=story.zone)
    return replace(bare, installations=before), replace(bare, installations=told, version=2)


def world(helpers, story: Story, registry):
    return helpers.World(registry, microseconds(story, MINUTES + 3 * 1440))


def push(one, story: Story, rows) -> None:
    for point in sorted({row[0] for row in rows}):
        own = [row for row in rows if row[0] == point]
        times = np.array([microseconds(story, minute) for _, minute, _ in own])
        one.push(point, times, [value for *_, value in own])


def settle(one) -> None:
    while one.marks.waiting():
        one.ledger.step()


def told_before(helpers, story: Story):
    one = world(helpers, story, registries(helpers, story)[1])
    push(one, story, readings(story))
    settle(one)
    return one


def slots(one) -> tuple[np.ndarray, np.ndarray]:
    """(Wh, shares) of the quarter hours of the meter's days."""
    rows = one.rows("meter", "m")[:DAYS]
    parts = [row.finest for row in rows]
    found = np.concatenate([part.slots for part in parts])
    return found / 1000, np.concatenate([part.shares for part in parts])


def either_side(story: Story) -> tuple[int, int]:
    """Minutes of the last reading of the old register that counts and the first of the new."""
    low, high = story.told
    gone_on = story.ratio or not story.same_point
    minutes = [(p, m) for p, m, _ in readings(story)]
    last = max(m for p, m in minutes if p == OLD and (m <= low if gone_on else m < low))
    new = OLD if story.ratio or story.same_point else NEW
    return last, min(m for p, m in minutes if p == new and m >= high)


def truth(story: Story, count: int) -> np.ndarray:
    edges = np.minimum(np.arange(count + 1) * 15, MINUTES)
    return np.diff(TRUE[edges])


def check(story: Story, one) -> None:
    """What an auditor asks: the truth, measured, outside of the change; over it what is known."""
    wh, shares = slots(one)
    start, end = either_side(story)
    known = truth(story, len(wh))
    outside = np.arange(len(wh))
    before = (outside + 1) * 15 <= start
    later = outside * 15 >= end
    sure = (
        (before | later) & (outside * 15 >= story.offset) & ((outside + 1) * 15 <= last_read(story))
    )
    if story.every <= 15 and 15 % story.every == 0 and story.offset == 0:
        assert np.abs(wh[sure] - known[sure]).max() <= 1, story
        assert (shares[sure, MEASURED] == WHOLE).all()
    if start < end and not complete(story):
        inside = (outside * 15 >= start) & ((outside + 1) * 15 <= end)
        assert (shares[inside, MEASURED] < WHOLE).all(), story


def complete(story: Story) -> bool:
    """Whether what passed over the change is known."""
    start, end = either_side(story)
    both = {"final", "first"} <= set(story.values.split())
    return both or start == end or (story.ratio and bool(story.values))


def last_read(story: Story) -> int:
    return max(m for _, m, _ in readings(story))


def total(one) -> float:
    return sum(row.total or 0 for row in one.rows("meter", "m")) / 1000


SHORT = 14 * 60 + 37 + 1440
"""14:37 on the second day."""
STORIES = {
    "both read": Story(SHORT, read_at_change=True),
    "values": Story(SHORT, values="final first"),
    "values, hourly": Story(SHORT, values="final first", every=60),
    "values, no limit": Story(SHORT, values="final first", limit=None),
    "window": Story(SHORT, (SHORT - 37, SHORT + 83), values="final first"),
    "window, at its end": Story(SHORT + 80, (SHORT - 37, SHORT + 83), values="final first"),
    "window over midnight": Story(
        2 * 1440 - 9, (2 * 1440 - 60, 2 * 1440 + 60), values="final first"
    ),
    "window of two days": Story(2 * 1440 - 9, (1440, 3 * 1440), values="final first"),
    "window, day's readings": Story(SHORT, (1440, 2 * 1440), values="final first", every=720),
    "at midnight": Story(2 * 1440, read_at_change=True),
    "at midnight, values": Story(2 * 1440, values="final first", offset=7),
    "ratio read": Story(SHORT, ratio=True, read_at_change=True),
    "ratio with value": Story(SHORT, ratio=True, values="final"),
    "ratio with value told of the new": Story(SHORT, ratio=True, values="first"),
    "ratio in a window with value": Story(
        SHORT, (SHORT - 20, SHORT + 30), ratio=True, values="final"
    ),
    "same point, values": Story(SHORT, same_point=True, values="final first"),
    "same point, window": Story(
        SHORT, (SHORT - 40, SHORT + 40), same_point=True, values="final first"
    ),
    "clock-change day": Story(2 * 1440 + 130, values="final first", zone="Europe/Berlin"),
    "clock-change window": Story(
        2 * 1440 + 130, (2 * 1440 + 60, 2 * 1440 + 240), values="final first", zone="Europe/Berlin"
    ),
}
UNKNOWN = {
    "nothing": Story(SHORT),
    "final alone": Story(SHORT, values="final"),
    "first alone": Story(SHORT, values="first"),
    "window, nothing": Story(SHORT, (SHORT - 37, SHORT + 83)),
    "window, final alone": Story(SHORT, (SHORT - 37, SHORT + 83), values="final"),
    "same point": Story(SHORT, same_point=True),
    "same point, no limit": Story(SHORT, same_point=True, limit=None),
    "same point, window": Story(SHORT, (SHORT - 40, SHORT + 40), same_point=True),
}


@pytest.mark.parametrize("name", STORIES)
def test_every_kwh_is_counted(helpers, name):
    story = STORIES[name]
    one = told_before(helpers, story)
    check(story, one)
    first = min(m for _, m, _ in readings(story))
    assert total(one) == pytest.approx(TRUE[last_read(story)] - TRUE[first], abs=0.1)


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_nobody_knows_is_missing(helpers, name):
    story = UNKNOWN[name]
    one = told_before(helpers, story)
    check(story, one)
    start, end = either_side(story)
    least = TRUE[-1] - (TRUE[end] - TRUE[start])
    known = total(one)
    if not story.window and story.values == "final":
        assert known == pytest.approx(least + TRUE[story.at] - TRUE[start], abs=0.1)
    elif not story.window and story.values == "first":
        assert known == pytest.approx(least + TRUE[end] - TRUE[story.at], abs=0.1)
    else:
        assert known == pytest.approx(least, abs=0.1)
        wh, shares = slots(one)
        inside = np.arange(len(wh))
        inside = (inside * 15 >= start) & ((inside + 1) * 15 <= end)
        assert (shares[inside, MISSING] == WHOLE).all()


@pytest.mark.parametrize("offset", [0, 3])
def test_a_ratio_splits_what_the_register_counted(helpers, offset):
    """Nobody read it at the change: the slot that holds the instant is apportioned by time."""
    story = Story(SHORT, ratio=True, offset=offset)
    one = told_before(helpers, story)
    wh, shares = slots(one)
    place = story.at // 15
    assert shares[place, MEASURED] < WHOLE
    assert shares[place, APPORTIONED] > 0
    assert shares[place, MISSING] == 0
    counted = register(story, (place + 1) * 15, OLD) - register(story, place * 15, OLD)
    assert RATIOS[0] * counted < wh[place] / 1000 < RATIOS[1] * counted
    assert total(one) == pytest.approx(TRUE[last_read(story)] - TRUE[offset], abs=150)


def test_a_ratio_in_a_window_is_split_halfway_and_never_measured(helpers):
    story = Story(SHORT, (SHORT - 37, SHORT + 83), ratio=True)
    one = told_before(helpers, story)
    wh, shares = slots(one)
    start, end = (minute // 15 for minute in story.told)
    assert (shares[start:end, APPORTIONED] == WHOLE).all()
    counted = register(story, story.told[1], OLD) - register(story, story.told[0], OLD)
    assert wh[start:end].sum() == pytest.approx(1000 * counted * sum(RATIOS) / 2, rel=0.001)
    assert ("gap", 1000 * round(wh[start:end].sum())) == (
        one.books.events("o", 0, 2**62)[0].kind,
        round(one.books.events("o", 0, 2**62)[0].energy, -3),
    )


@pytest.mark.parametrize("limit", ["60", None])
def test_a_register_that_did_not_go_on_is_a_break(helpers, limit):
    """Another ratio, and a register that stands elsewhere: it was replaced too, and nobody said."""
    story = Story(SHORT, ratio=True, limit=limit)
    for shift, kind in ((50_000.0, "jump"), (-50.0, "reset")):
        one = world(helpers, story, registries(helpers, story)[1])
        rows = [(p, m, v + (shift if m > story.at else 0)) for p, m, v in readings(story)]
        push(one, story, rows)
        settle(one)
        start, end = either_side(story)
        _, shares = slots(one)
        assert shares[story.at // 15, MISSING] == WHOLE
        assert total(one) == pytest.approx(TRUE[-1] - TRUE[end] + TRUE[start], abs=0.1)
        assert one.kinds() == [kind]


def test_a_ratio_changes_over_the_last_digit(helpers):
    story = Story(SHORT, ratio=True)
    base = register(story, story.at, OLD) // 1
    told = registries(helpers, story)[1]
    digits = tuple(replace(one, digits=3) for one in told.installations)
    one = world(helpers, story, replace(told, installations=digits))
    turned = [(p, m, (v - base - 0.01 + 1000) % 1000) for p, m, v in readings(story)]
    push(one, story, turned)
    settle(one)
    assert total(one) == pytest.approx(TRUE[-1], abs=150)


def test_a_value_that_contradicts_the_readings_is_no_energy(helpers):
    """A final value below the last reading, a first one above the next: a misprint."""
    story = STORIES["values"]
    told = registries(helpers, story)[1]
    old, new = told.installations
    wrong = (replace(old, final=Decimal("4999")), replace(new, first=Decimal("99999")))
    one = world(helpers, story, replace(told, installations=wrong))
    push(one, story, readings(story))
    settle(one)
    start, end = either_side(story)
    assert total(one) == pytest.approx(TRUE[-1] - TRUE[end] + TRUE[start], abs=0.1)


def same(one, other) -> None:
    """One hash, and the same told of the readings."""
    assert told_of(one) == told_of(other)
    assert differing(one, other) == []
    assert book_hash(one.books) == book_hash(other.books)


def told_of(one) -> list[object]:
    return list(one.books.events("o", 0, 2**62))


def differing(one, other) -> list[object]:
    """Rows that know something and are not the same in both."""
    rows = [
        {place: row for place, row in each.all_rows().items() if row.total is not None}
        for each in (one, other)
    ]
    places = sorted(rows[0].keys() | rows[1].keys())
    pairs = [(place, rows[0].get(place), rows[1].get(place)) for place in places]
    return [
        (place[0].code, place[1], a and a.total, b and b.total)
        for place, a, b in pairs
        if a is None or b is None or not a.same_content(b)
    ]


def rebuilt(helpers, story: Story, one):
    again = world(helpers, story, one.registry)
    push(again, story, readings(story))
    again.ledger.rebuild()
    settle(again)
    return again


stories = st.builds(
    Story,
    at=st.integers(500, MINUTES - 500),
    window=st.none(),
    ratio=st.booleans(),
    same_point=st.booleans(),
    values=st.sampled_from(["", "final", "first", "final first"]),
    every=st.sampled_from([15, 60, 720]),
    offset=st.sampled_from([0, 7]),
    read_at_change=st.booleans(),
    limit=st.sampled_from([None, "60"]),
    zone=st.sampled_from(sorted(ZONES)),
)


def in_window(story: Story, width: tuple[int, int] | None) -> Story:
    if width is None:
        return story
    return replace(story, window=(story.at - width[0], story.at + width[1]))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    story=stories,
    width=st.one_of(st.none(), st.tuples(st.integers(0, 400), st.integers(1, 400))),
    seed=st.integers(0, 2**32),
    late=st.booleans(),
)
def test_the_books_do_not_depend_on_when_it_was_told(helpers, story, width, seed, late):
    story = in_window(story, width)
    before, after = registries(helpers, story)
    wanted = told_before(helpers, story)
    rng, rows = np.random.default_rng(seed), readings(story)
    one = world(helpers, story, before)
    order = rng.permutation(len(rows)) if seed % 2 else np.arange(len(rows))
    parts = np.array_split(order, 6)
    turn = 6 if late else int(rng.integers(0, 6))
    for place, part in enumerate(parts):
        if place == turn:
            one.change(after)
        push(one, story, [rows[n] for n in part])
        one.ledger.step()
        if rng.random() < 0.3:
            one.restart()
    if turn == 6:
        settle(one)
        one.change(after)
    settle(one)
    same(one, wanted)
    same(rebuilt(helpers, story, wanted), wanted)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=stories, other=st.integers(500, MINUTES - 500), width=st.integers(0, 300))
def test_a_change_told_otherwise_books_as_if_it_always_was(helpers, story, other, width):
    """First told a day, then at another instant, then in a window, then taken back."""
    before, after = registries(helpers, story)
    elsewhere = registries(helpers, replace(story, at=other))[1]
    window = registries(helpers, in_window(story, (width, width + 1)))[1]
    one = world(helpers, story, before)
    push(one, story, readings(story))
    settle(one)
    for version, registry in enumerate((elsewhere, window, after, before), start=3):
        one.change(replace(registry, version=version))
        settle(one)
        fresh = world(helpers, story, one.registry)
        push(fresh, story, readings(story))
        settle(fresh)
        same(one, fresh)


@pytest.mark.parametrize("name", ["ratio", "ratio in a window", "window", "one value"])
def test_a_reading_that_comes_late_reaches_over_the_change(helpers, name):
    """Read twice a day: the reading after the change books days before it, and the other way."""
    told = {"window": (SHORT - 37, SHORT + 83), "ratio in a window": (SHORT - 37, SHORT + 83)}
    values = {"window": "final first", "one value": "first"}
    story = Story(
        SHORT, told.get(name), name.startswith("ratio"), values=values.get(name, ""), every=720
    )
    rows, wanted = readings(story), told_before(helpers, story)
    start, end = either_side(story)
    near = [row for row in rows if row[1] in (start, end)]
    for late in ([near[0]], [near[-1]], near):
        one = world(helpers, story, registries(helpers, story)[1])
        push(one, story, [row for row in rows if row not in late])
        settle(one)
        for row in late:
            one.restart()
            push(one, story, [row])
            settle(one)
        same(one, wanted)


@pytest.mark.parametrize("every", [15, 720])
@pytest.mark.parametrize("window", [None, (SHORT - 37, SHORT + 83)])
def test_values_told_later_book_as_if_they_were_known(helpers, every, window):
    story = Story(SHORT, window, values="final first", every=every)
    wanted = told_before(helpers, story)
    one = told_before(helpers, replace(story, values=""))
    before = len(one.rows("meter", "m"))
    assert total(one) < total(wanted)
    one.change(replace(registries(helpers, story)[1], version=3))
    settle(one)
    same(one, wanted)
    assert len(one.rows("meter", "m")) == before


def test_a_limit_that_is_learned_later_judges_the_change_again(helpers):
    """Until three days are there nothing speaks against a jump; then the same stretch is none."""
    story = Story(1440 - 63, ratio=True, limit=None)
    rows = [(p, m, v + (50_000.0 if m > story.at else 0)) for p, m, v in readings(story)]
    one = world(helpers, story, registries(helpers, story)[1])
    whole = world(helpers, story, registries(helpers, story)[1])
    push(whole, story, rows)
    settle(whole)
    for day in range(DAYS + 1):
        push(one, story, [row for row in rows if row[1] // 1440 == day])
        settle(one)
        if day == 0:
            assert total(one) > 1_000_000
    assert total(whole) < 1_000_000
    same(one, whole)
