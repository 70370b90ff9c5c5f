"""Column types that keep values exact on every engine."""

# ruff: noqa: ARG002 - the signatures are SQLAlchemy's

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import Date, Dialect, Text
from sqlalchemy.types import TypeDecorator

_NUL, _SHOWN = "\0", "\u2400"


class Words(TypeDecorator[str]):
    """A text in which the sign for it stands for each NUL character: a message may well bring
    one, and PostgreSQL cannot hold it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value.replace(_NUL, _SHOWN) if value and _NUL in value else value


WORDS = Words().with_variant(Words(collation="C"), "postgresql")
"""Ordered by code points on every engine; PostgreSQL would order by the database's locale."""


class Exact(TypeDecorator[Decimal]):
    """A Decimal as text: SQLite would make a float of it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Since(TypeDecorator[date]):
    """A first day, where None (always) is kept as the earliest day: a key may not be null."""

    impl = Date
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> date:
        return date.min if value is None else value

    def process_result_value(self, value: date | None, dialect: Dialect) -> date | None:
        return None if value is None or value == date.min else value
