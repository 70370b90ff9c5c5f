"""Views: one state for one answer, and not too many at once."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from figures import Figures, cost, view
from metering.errors import Unavailable

DAY = date(2026, 3, 2)


@pytest.fixture
def world(helpers, fig):
    registry = fig.with_tariff(helpers.campus([helpers.meter("m")]), fig.price("f", 0, 1440, "0.5"))
    world = helpers.World(registry, helpers.later(1))
    world.push(1, helpers.quarters(97), np.arange(97) * 1.0)
    world.ledger.step()
    return world


def test_what_is_read_once_is_not_read_again(world, fig, monkeypatch):
    asked = []
    real = type(world.books).rows

    def rows(self, keys, first, last):
        asked.append((len(keys), first, last))
        return real(self, keys, first, last)

    monkeypatch.setattr(type(world.books), "rows", rows)
    with fig.view_of(world) as books:
        key = books.key_of("o", "01000")
        books.load([key, books.key_of("m")], DAY, DAY + timedelta(days=3))
        for _ in range(3):
            assert cost(books, key, DAY, DAY).sole.amount == 48
        assert len(asked) == 1
        assert DAY in books.rows(key, DAY - timedelta(days=2), DAY)
        assert asked[1] == (1, DAY - timedelta(days=2), DAY + timedelta(days=3))


def test_columns_of_a_day_that_was_just_read_are_not_read_again(world, fig, monkeypatch):
    asked = []
    for name in ("columns", "mixed_columns"):
        real = getattr(type(world.books), name)

        def noted(self, keys, first, last, *more, real=real, **named):
            asked.append((first, last))
            return real(self, keys, first, last, *more, **named)

        monkeypatch.setattr(type(world.books), name, noted)
    with fig.view_of(world) as books:
        keys, next_day = [books.key_of("m"), books.key_of("o", "01000")], DAY + timedelta(days=1)
        for _ in range(2):
            found = books.columns(keys, DAY, DAY, priced=False)
            assert found.days.total.tolist() == [96_000_000] * 2
        for priced, some in ((True, keys), (True, keys[:1]), (False, keys)):
            found = books.columns(some, DAY, DAY, priced=priced)
            assert len(found.days) == len(some)
            assert (found.parts[0].pricing is not None) == priced
        for _ in range(2):
            assert len(books.mixed_columns(keys, DAY, DAY, 15).day) == 2
        assert asked == [(DAY, DAY)] * 5
        for _ in range(2):
            books.mixed_columns(keys, DAY, next_day, 15)
        assert asked[5:] == [(DAY, next_day)] * 2


def test_one_view_too_many_waits_and_then_says_so(world, monkeypatch):
    monkeypatch.setattr(view, "PATIENCE_S", 0.01)
    figures = Figures(world.books, lambda: world.registry, lambda: world.now_us)
    held = [figures.view() for _ in range(view.VIEWS_AT_ONCE)]
    for one in held:
        one.__enter__()
    with pytest.raises(Unavailable, match="too many answers"), figures.view():
        pass
    held[0].__exit__(None, None, None)
    with figures.view() as books:
        assert books.now_us == world.now_us
    for one in held[1:]:
        one.__exit__(None, None, None)


def test_a_view_that_fails_gives_its_turn_back(world):
    figures = Figures(world.books, lambda: world.registry, lambda: world.now_us)

    def fail() -> None:
        with figures.view():
            raise ValueError

    for _ in range(view.VIEWS_AT_ONCE + 1):
        with pytest.raises(ValueError):  # noqa: PT011
            fail()
