"""A fresh database per test, of each engine unless the test says of which."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from storage import open_engine


@pytest.fixture
def url(database_url: str) -> str:
    """Of a database that has no schema yet."""
    return database_url


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, migrated_url: Callable[[str], str]) -> Iterator[Engine]:
    opened = open_engine(migrated_url(request.param))
    yield opened
    opened.dispose()


@pytest.fixture
def sqlite_engine(migrated_url: Callable[[str], str]) -> Iterator[Engine]:
    opened = open_engine(migrated_url("sqlite"))
    yield opened
    opened.dispose()
