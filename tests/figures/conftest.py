"""Figures over real books: the ledger's small world, and views of it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest

from figures import Figures
from metering.tariff import TariffRow
from tests.ledger.conftest import helpers as ledger_helpers

helpers = ledger_helpers
ALL_YEAR = frozenset(range(1, 13))


def price(period: str, start: int, end: int, amount: str, days: str = "all", **more) -> TariffRow:
    """A row of the tariff `t` on electricity, minutes of the day."""
    months = more.pop("months", ALL_YEAR)
    item = more.pop("item", "01000")
    tariff = more.pop("tariff", "t")
    return TariffRow(tariff, item, months, days, start, end, period, Decimal(amount), **more)


@contextmanager
def view_of(world):
    """One view of a world's books."""
    figures = Figures(world.books, lambda: world.registry, lambda: world.now_us)
    with figures.view() as view:
        yield view


def with_tariff(registry, *rows, **changes):
    """The registry with these prices, one version on."""
    return replace(registry, version=registry.version + 1, tariff=tuple(rows), **changes)


@pytest.fixture
def fig():
    """The functions above."""
    return SimpleNamespace(price=price, view_of=view_of, with_tariff=with_tariff)
