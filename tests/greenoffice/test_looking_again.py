"""A site is looked at again where something that a look sees has changed, and only there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from analytics import SiteState, site_state
from figures import Figures
from greenoffice import looking
from greenoffice.looking import AnalyticsWork
from greenoffice.settings import AnalyticsSettings
from ledger import Ledger
from metering.book import DirtyMark, RegisterEvent
from metering.finding import CaseState
from metering.localtime import HOUR_US, MINUTE_US, day_bounds
from metering.registry import Node, NodeType, SpaceEdge
from metering.validity import Validity
from storage import memory_stores
from tests.analytics.test_analytics_feeding import DAYS, FIRST, OUTDOOR, ZONE, World, office
from tests.analytics.test_analytics_feeding import registry as office_registry


class Looks:
    """A site with a meter that runs in one night, its ledger, and how often it was looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = World(office_registry())
        books, marks = self.world.books, self.world.marks
        self.world.stores = replace(memory_stores(), books=books, marks=marks)  # type: ignore[attr-defined]
        self.world.use("hourly", office(1, s3=5.0, s4=5.0))
        self.times = day_bounds(FIRST, ZONE)[0] + np.arange(DAYS * 24) * HOUR_US
        self.world.push(OUTDOOR, self.times, np.full(len(self.times), 20.0))
        world, self.count, self.judged = self.world, 0, 0
        self.ledger = Ledger(
            world.readings, world.books, world.marks, lambda: world.registry, lambda: world.now_us
        )
        parts = SimpleNamespace(
            settings=SimpleNamespace(analytics=AnalyticsSettings(interval_s=5, history_days=30)),
            stores=world.stores,  # type: ignore[attr-defined]
            readings=world.readings,
            registry=lambda: world.registry,
            figures=Figures(world.books, lambda: world.registry, lambda: world.now_us),
            now_us=lambda: world.now_us,
        )
        self.work = AnalyticsWork(parts, SimpleNamespace(idle_us=2**62))  # type: ignore[arg-type]
        look = looking.look

        def counted(*given):
            self.count += 1
            seen = look(*given)
            self.judged += seen.anew
            return seen

        monkeypatch.setattr(looking, "look", counted)
        self.again()
        self.again()
        assert self.count == 1

    def again(self, minutes: int = 5) -> None:
        """Time passes, what came is booked, and it is looked for waste."""
        self.world.now_us += minutes * MINUTE_US
        self.ledger.step()
        assert self.work() is False

    def state(self) -> SiteState | None:
        """What a look would see now."""
        world = self.world
        figures = Figures(world.books, lambda: world.registry, lambda: world.now_us)
        with figures.view() as view:
            return site_state(view, world.readings, "s", (), history_days=30)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    return Looks(monkeypatch)


def corrected(looks: Looks) -> None:
    """No more than a row changes by it."""
    at = looks.times[[205]]
    before = looks.world.readings.scan([2], int(at[0]) - HOUR_US, int(at[0]) + 1).value
    assert before[1] > before[0]
    looks.world.push(2, at, before[1:] - (before[1] - before[0]) / 10)


def told_otherwise(looks: Looks) -> None:
    books, at = looks.world.books, int(looks.times[200])
    gap = RegisterEvent("o", "hourly", "gap", at, at + HOUR_US)
    revision = books.revision("o")
    books.commit("o", [], expected_revision=revision, events=[gap], now_us=looks.world.now_us)


def running_day(looks: Looks) -> None:
    looks.world.push(2, np.array([looks.world.now_us]), np.array([1000.0]))


def warmer(looks: Looks) -> None:
    looks.world.push(OUTDOOR, looks.times[[5]], np.array([30.0]))


def warmer_now(looks: Looks) -> None:
    looks.world.push(OUTDOOR, np.array([looks.world.now_us]), np.array([30.0]))


def another_registry(looks: Looks) -> None:
    looks.world.registry = replace(looks.world.registry, version=2)


def settled_by_a_person(looks: Looks) -> None:
    findings = looks.world.stores.findings  # type: ignore[attr-defined]
    case = findings.list(None)[0]
    findings.set_state(case.id, CaseState.EXPECTED, by="k", note="n", now_us=looks.world.now_us)


def next_day(looks: Looks) -> None:
    looks.again(24 * 60)


def nothing(looks: Looks) -> None:
    del looks


@pytest.mark.parametrize(
    ("change", "looked"),
    [
        (nothing, 0),
        (running_day, 0),
        (warmer_now, 0),
        (corrected, 1),
        (told_otherwise, 1),
        (warmer, 1),
        (another_registry, 1),
        (settled_by_a_person, 1),
        (next_day, 1),
    ],
)
def test_only_what_a_look_sees_makes_one(
    looks: Looks, change: Callable[[Looks], None], looked: int
) -> None:
    found = looks.work.findings
    assert found > 0
    change(looks)
    looks.again()
    looks.again()
    assert looks.count == 1 + looked
    if not looked:
        assert looks.work.findings == found


def test_a_look_judges_the_meters_of_which_something_changed(looks: Looks) -> None:
    """A process that begins judges all."""
    first = looks.judged
    assert first > 0
    another_registry(looks)
    looks.again()
    assert (looks.count, looks.judged) == (2, first)
    corrected(looks)
    looks.again()
    assert (looks.count, looks.judged) == (3, first + 1)


def test_a_site_with_a_past_is_always_looked_at(looks: Looks) -> None:
    """Its figures rest on the books of others too, whose revisions are their own."""
    known = looks.world.registry
    end = FIRST - timedelta(days=400)
    looks.world.registry = replace(
        known,
        version=2,
        nodes=known.nodes | {"p": Node("p", NodeType.INSTITUTION, zone=ZONE)},
        space=(
            SpaceEdge("p", "s", valid=Validity(None, end)),
            SpaceEdge("o", "s", valid=Validity(end, None)),
        ),
    )
    looks.again()
    looks.again()
    assert looks.count == 3


def test_a_new_day_is_news_though_nothing_came(looks: Looks) -> None:
    """What was waste yesterday may be none after a day more."""
    before = looks.state()
    looks.world.now_us += 24 * 60 * MINUTE_US
    after = looks.state()
    assert before is not None
    assert after is not None
    assert not before.is_like(after)
    assert before.is_like(replace(after, today=before.today))


def test_prices_that_are_half_booked_are_looked_at_again(looks: Looks) -> None:
    """A row that gets other prices keeps its revision, so nothing else would tell of it."""
    looks.world.registry = replace(looks.world.registry, version=2)
    looks.world.marks.mark([DirtyMark(1, 0, 1, "registry 2")], writer_no=1, ready=True)
    looks.world.now_us += 5 * MINUTE_US
    looks.work()
    assert looks.count == 2
    looks.again()
    looks.again()
    assert looks.count == 3


def test_a_site_that_shares_a_place_is_always_looked_at(looks: Looks) -> None:
    known = looks.world.registry
    looks.world.registry = replace(
        known,
        version=2,
        nodes=known.nodes
        | {
            "p": Node("p", NodeType.INSTITUTION, zone=ZONE),
            "b": Node("b", NodeType.BUILDING),
        },
        space=(*known.space, *(SpaceEdge(one, "b", share="0.5") for one in ("s", "p"))),
    )
    assert "b" in looks.world.registry.shared
    assert looks.state() is None
