"""Asking the shared world in InfluxQL, and books that the ledger made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from fastapi.testclient import TestClient

from api import create_app
from figures import Figures
from metering.tariff import TariffRow
from tests.ledger.conftest import World as Books
from tests.ledger.conftest import campus, later, midnight

DAY, DAYS, ZONE = date(2026, 3, 2), 4, "Asia/Shanghai"
LAST = DAY + timedelta(days=DAYS - 1)
WEEK = f"time >= '{DAY}' AND time < '{LAST + timedelta(days=1)}'"
TZ = f"tz('{ZONE}')"
MONEY = ("cost", "cost_low", "cost_high")
SHARES = ("cost_measured", "cost_apportioned", "cost_estimated")
ENERGY = f"FROM energy WHERE node = 'o' AND item = '01000' AND {WEEK}"


@pytest.fixture
def ask(shared_world):
    """Series of one statement's answer, as [(tags, columns, rows)]; times in milliseconds."""

    def asked(query, key="bureau"):
        response = post(shared_world, query, key)
        assert response.status_code == 200, response.text
        found = response.json()["results"][0].get("series", [])
        return [(one.get("tags", {}), one["columns"], one["values"]) for one in found]

    return asked


@pytest.fixture
def refuse(shared_world):
    """The problem document of a statement that is refused."""

    def refused(query, key="bureau", status=400):
        response = post(shared_world, query, key)
        assert response.status_code == status, response.text
        return response.json()

    return refused


def post(world, query, key="bureau"):
    """As Grafana sends it."""
    return world.client.post(
        "/influx/query",
        params={"db": "greenoffice", "epoch": "ms"},
        data={"q": query},
        headers={"Authorization": f"Token {world.keys[key]}"},
    )


@pytest.fixture(scope="session")
def posted():
    return post


def price(period, start, end, amount, **more):
    months = frozenset(range(1, 13))
    return TariffRow("t", "01000", months, "all", start, end, period, Decimal(amount), **more)


def half_past(**more):
    """Prices that turn at half past eight."""
    return [price("valley", 0, 510, "0.31", **more), price("peak", 510, 1440, "1.07", **more)]


@dataclass
class Asked:
    """Books that the ledger made, asked in InfluxQL and by `figures`."""

    books: Books
    client: TestClient
    key: str

    def post(self, query):
        headers = {"Authorization": f"Token {self.key}"}
        return self.client.post("/influx/query?epoch=ms", data={"q": query}, headers=headers)

    def rows(self, query):
        """{tags: rows} of one statement."""
        answer = self.post(query)
        assert answer.status_code == 200, answer.text
        series = answer.json()["results"][0].get("series", [])
        return {tuple(one.get("tags", {}).values()): one["values"] for one in series}

    def one(self, query):
        """The rows of the only series."""
        (found,) = self.rows(query).values()
        return found

    def view(self):
        world = self.books
        return Figures(world.books, lambda: world.registry, lambda: world.now_us).view()


@pytest.fixture
def asked(shared_world):
    def make(meters, prices, readings, *, days=DAYS, nodes=(), factors=(), **more):
        registry = campus(meters, **more)
        registry = replace(
            registry,
            tariff=tuple(prices),
            factors=tuple(factors),
            nodes=registry.nodes | {node.code: node for node in nodes},
        )
        books = Books(registry, later(days))
        for point, (times, values) in readings.items():
            books.push(point, times, values)
        books.ledger.step()
        platform = replace(
            shared_world.platform,
            books=books.books,
            figures=Figures(books.books, lambda: books.registry, lambda: books.now_us),
            registry=lambda: books.registry,
            now_us=lambda: books.now_us,
        )
        return Asked(books, TestClient(create_app(platform)), shared_world.keys["whole"])

    return make


def curve(step_min, seed, days=DAYS, gap=None):
    """Readings of a register that rises unevenly; those in `gap` are left out."""
    count = days * 1440 // step_min + 1
    times = midnight() + np.arange(count) * step_min * 60_000_000
    values = np.cumsum(np.random.default_rng(seed).integers(0, 9_000, count)) / 1000
    kept = np.ones(count, dtype=bool)
    if gap:
        kept[slice(*gap)] = False
    return times[kept], values[kept]


def wanted(cost):
    """Cost, bounds and shares as doubles."""
    sole = cost.sole
    amounts = [float(one) for one in (sole.amount, sole.low, sole.high)]
    return [*amounts, *(share / 10_000 for share in sole.shares[:3])]


COLUMNS = ", ".join(
    [*(f'sum("{name}")' for name in MONEY), *(f'mean("{name}")' for name in SHARES)]
)
