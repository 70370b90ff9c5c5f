"""Figures as columns are those of each series by itself: the slow way is the oracle."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from figures import (
    FIELDS,
    FigureSheet,
    View,
    energy,
    plain_sheets,
    sheets,
    stretches,
    worth_of_each,
)
from metering.factor import Factor
from metering.quality import MEASURED, WHOLE
from metering.quantity import ABSENT
from metering.validity import Validity
from tests.figures.test_figures_oracle import DAYS, ZONES, cases, world_of

STEPS = ("native", "15min", "hour", "day", "month")
ELSEWHERE = {"Asia/Shanghai": "UTC", "Europe/Berlin": "Asia/Shanghai"}
# Not shrunk: each example books a world, and its first failure names series, step and period.
slow = settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def exact(value: int, digits: int) -> Decimal:
    with localcontext() as context:
        context.prec = 80
        return Decimal(value).scaleb(-digits)


def told(sheet: FigureSheet, n: int) -> list[tuple[object, ...]]:
    """Each period of a series, whatever it is held in."""
    found = []
    money = sheet.money
    assert money is not None
    assert sheet.provisional is not None
    for t in range(len(sheet.start_us)):
        shares = [WHOLE if k == MEASURED else 0 for k in range(4)]
        amount = int(sheet.quantity[n, t])
        known = bool(money.known[n, t])
        amounts = (money.cost, money.low, money.high)
        found.append(
            (
                int(sheet.start_us[t]),
                int(sheet.end_us[t]),
                None if amount == ABSENT else amount,
                shares if sheet.shares is None else sheet.shares[n, t].tolist(),
                bool(sheet.provisional[n, t]),
                [exact(int(one[n, t]), money.digits) for one in amounts] if known else None,
                *(
                    exact(int(one.amount[n, t]), one.digits) if one.known[n, t] else None
                    for one in (sheet.emitted["carbon"], sheet.emitted["coal"])
                ),
            )
        )
    return found


def wanted(view, found) -> list[tuple[object, ...]]:
    """The same, one series at a time."""
    return [
        (
            int(found.start_us[t]),
            int(found.end_us[t]),
            found.values()[t],
            found.shares[t].tolist(),
            bool(found.provisional[t]),
            None if (sole := one.cost.sole) is None else [sole.amount, sole.low, sole.high],
            one.kgco2.whole,
            one.kgce.whole,
        )
        for t, one in enumerate(worth_of_each(view, found))
    ]


def check(view, keys, first: date, last: date, step: str) -> None:
    """Every series is told as by itself, its remainder too."""
    got: dict[object, list[tuple[object, ...]]] = {}
    currencies = {}
    for sheet in sheets(view, keys, first, last, step):
        for n, key in enumerate(sheet.keys):
            name = (key, sheet.step_min if sheet.remainder else None)
            assert name not in got
            got[name] = told(sheet, n)
            currencies[name] = sheet.money.currencies[n]
    slow = {}
    for key in keys:
        own = energy(view, key, first, last, step)
        slow[key, None] = wanted(view, own)
        slow |= {(key, one.step_min): wanted(view, one) for one in own.remainder}
        names = {m.currency for one in worth_of_each(view, own) for m in one.cost.money}
        if any(one[5] for one in slow[key, None]):
            assert names == set(currencies[key, None])
    assert got.keys() == slow.keys()
    differing = [
        (name, step, mine, one)
        for name, own in slow.items()
        for mine, one in zip(got[name], own, strict=True)
        if mine != one
    ]
    assert not differing, differing[0]


def factors(first: date) -> tuple[Factor, ...]:
    """Carbon that changes with the days, and coal that begins with the second."""
    second = first + timedelta(days=1)
    return (
        Factor("01000", "kgco2", Decimal("0.5703"), valid=Validity(None, second)),
        Factor("01000", "kgco2", Decimal("0.53"), valid=Validity(second, None)),
        Factor("01000", "kgce", Decimal("0.1229"), valid=Validity(second, None)),
    )


def changed(world, rows, **changes):
    """The world under other prices, booked as it is."""
    registry = replace(
        world.registry, version=world.registry.version + 1, tariff=tuple(rows), **changes
    )
    return SimpleNamespace(books=world.books, registry=registry, now_us=world.now_us)


def keys_of(view, world) -> list:
    meters = [view.key_of(code) for code in world.registry.meters]
    return [*meters, view.key_of("b", "01000"), view.key_of("o", "01000")]


TURNED = ("as booked", "half silent", "another currency", "otherwise", "dear digits")


@pytest.mark.parametrize("turned", TURNED)
@slow
@given(cases(), st.integers(0, 2**32 - 1))
def test_columns_say_what_each_series_says(helpers, fig, turned, case, seed):
    world = world_of(helpers, fig, case, seed)
    first = ZONES[case.zone]
    last = first + timedelta(days=DAYS - 1)
    rows = list(world.registry.tariff)
    if turned == "half silent":
        rows = rows[::2]
    elif turned == "another currency":
        rows = [replace(rows[0], currency="EUR"), *rows[1:]]
    elif turned == "otherwise":
        rows = [fig.price("a", 0, 607, "0.41"), fig.price("z", 607, 1440, "1.5")]
    elif turned == "dear digits":
        rows = [replace(row, price=row.price + Decimal("1e-17")) for row in rows]
    told_of = changed(world, rows, factors=factors(first))
    with fig.view_of(told_of) as view:
        for step in STEPS:
            check(view, keys_of(view, world), first - timedelta(days=1), last, step)


@slow
@given(cases(), st.integers(0, 2**32 - 1), st.sampled_from(STEPS))
def test_shares_asked_alone_are_those_beside_amounts(helpers, fig, case, seed, step):
    world = world_of(helpers, fig, case, seed)
    first = ZONES[case.zone] - timedelta(days=1)
    with fig.view_of(world) as view:
        both = [
            {
                (key, sheet.remainder, sheet.step_min): [
                    [WHOLE, 0, 0, 0] if sheet.shares is None else sheet.shares[n, t].tolist()
                    for t in range(len(sheet.start_us))
                ]
                for sheet in sheets(view, keys_of(view, world), first, latest(first), step, fields)
                for n, key in enumerate(sheet.keys)
            }
            for fields in (("shares",), ("quantity", "shares"))
        ]
    assert both[0] == both[1]


def latest(first):
    return first + timedelta(days=DAYS)


@slow
@given(cases(), st.integers(0, 2**32 - 1))
def test_stretches_in_one_sheet_are_those_of_each_series(helpers, fig, case, seed):
    world = world_of(helpers, fig, case, seed)
    first = ZONES[case.zone] - timedelta(days=1)
    spans = [(first, first + timedelta(days=1)), (first + timedelta(days=2), latest(first))]
    with fig.view_of(world) as view:
        keys = [key for key in keys_of(view, world) if view.is_plain(key)]
        found, left = plain_sheets(view, keys, spans, "", ("quantity", "shares"))
        told = {key: (sheet, n) for sheet in found for n, key in enumerate(sheet.keys)}
        assert told.keys() | set(left) == set(keys)
        for key, (sheet, n) in told.items():
            wanted = stretches(view, key, spans)
            assert sheet.quantity[n].tolist() == wanted.quantity.tolist()
            assert sheet.end_us.tolist() == wanted.end_us.tolist()
            assert sheet.shares is not None
            assert sheet.shares[n].tolist() == wanted.shares.tolist()


def test_fields_that_are_not_asked_for_are_not_told(helpers, fig):
    world = helpers.World(helpers.campus([helpers.meter("m0")]), 0)
    with fig.view_of(world) as view:
        day = date(2026, 3, 2)
        (sheet,) = sheets(view, [view.key_of("m0")], day, day, "hour", ["quantity"])
    assert (sheet.shares, sheet.provisional, sheet.money, sheet.emitted) == (None, None, None, {})
    assert "quantity" in FIELDS
    assert sheet.quantity.tolist() == [[ABSENT] * 24]


def test_days_under_other_prices_than_booked_are_read_at_once_and_let_go(helpers, fig, monkeypatch):
    rows = [fig.price("a", 0, 480, "0.3"), fig.price("z", 480, 1440, "1.1")]
    registry = replace(helpers.campus([helpers.meter("m0")]), tariff=tuple(rows))
    world = helpers.World(registry, helpers.later(9))
    world.push(1, helpers.quarters(9 * 96), np.arange(9.0 * 96))
    world.ledger.step()
    otherwise = [fig.price("a", 0, 607, "0.41"), fig.price("z", 607, 1440, "1.5")]
    first, last = helpers.DAY, helpers.DAY + timedelta(days=8)
    spans, read = [], View._rows_of

    def recorded(view, keys, span):
        spans.append(span)
        return read(view, keys, span)

    monkeypatch.setattr(View, "_rows_of", recorded)
    with fig.view_of(changed(world, otherwise)) as view:
        key = view.key_of("m0")
        (sheet,) = sheets(view, [key], first, last, "day", ["money"])
        assert sheet.money is not None
        assert sheet.money.known.all()
        assert spans == [(first, last)]
        assert key not in view._rows
