"""Laws of a ClosingStore."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from metering.closing import Closing, ClosingState, Signed
from metering.errors import Conflict, NotAllowed, NotFound
from metering.settlement import SettledItem, SettlementRun
from storage import Stores

ONE, TWO = Signed(2**52, "甲 (k-1)", "k-1", "请重开"), Signed(2**52 + 1, "second (k-2)", "k-2")


def closing(**more: object) -> Closing:
    made = Closing(
        institution="bureau",
        period="2026-10",
        first=date(2026, 10, 1),
        last=date(2026, 10, 31),
        revision=2**60,
        registry_version=7,
        rules_version=4,
        factor_set="80" * 8,
        tariff_version="",
        closed=Signed(2**52, "someone", "k-9", "仪表故障"),
        lacking=("02000",),
        issues={"2026-10": 2},
        others={"school": 2**60},
    )
    return replace(made, **more)  # type: ignore[arg-type]


def test_a_closing_comes_back_whole_under_the_next_number(stores: Stores) -> None:
    wanted = [closing(), closing(institution="school"), closing(period="2026")]
    kept = [stores.closings.add(one) for one in wanted]
    assert kept == [replace(one, number=n + 1) for n, one in enumerate(wanted)]
    assert [stores.closings.closing(n) for n in (1, 2, 3, 4)] == [*kept, None]
    assert stores.closings.closings("bureau") == [kept[0], kept[2]]
    assert stores.closings.closings("nobody") == []
    assert (kept[0].name, kept[0].state) == ("c1", ClosingState.CLOSED)


def test_a_period_is_closed_once_until_two_persons_reopen_it(stores: Stores) -> None:
    store = stores.closings
    first = store.add(closing())
    with pytest.raises(Conflict, match="closed already, as c1"):
        store.add(closing(revision=9))
    with pytest.raises(Conflict, match="nobody waits"):
        store.reopen(1, TWO)
    assert store.ask(1, ONE) == replace(first, asked=ONE)
    with pytest.raises(Conflict, match="asked already"):
        store.ask(1, TWO)
    with pytest.raises(NotAllowed, match="cannot confirm"):
        store.reopen(1, replace(TWO, key=ONE.key))
    with pytest.raises(NotAllowed, match="cannot confirm"):
        store.reopen(1, replace(ONE, by="甲 (k-9)", key="k-9"))
    with pytest.raises(Conflict, match="closed already"):
        store.add(closing())
    reopened = store.reopen(1, TWO)
    assert reopened == store.closing(1) == replace(first, asked=ONE, reopened=TWO)
    for act in (store.ask, store.reopen):
        with pytest.raises(Conflict):
            act(1, replace(ONE, key="k-3"))
    assert store.add(closing(revision=9)).number == 2
    assert [one.state for one in store.closings("bureau")] == ["reopened", "closed"]


def test_what_was_never_closed_cannot_be_reopened(stores: Stores) -> None:
    for act in (stores.closings.ask, stores.closings.reopen):
        with pytest.raises(NotFound, match="no such closing"):
            act(1, ONE)


def test_settlement_runs_are_numbered_by_period_and_come_back_whole(stores: Stores) -> None:
    item = SettledItem("01000", 2**60, 7, -3, (9_000, 500, 100, 400), -5, 11)
    money = (("CNY", "8463.2"), ("EUR", "0.1"))
    item = replace(item, money=money, kgco2="6.5", money_change=(), edits=("电价 tou",))
    days = (date(2026, 10, 1), date(2026, 10, 30))
    first = SettlementRun("bureau", "2026-10", *days, 2**60, 7, 2**52, "甲 (k-1)", (item,))
    others = [replace(first, period="2026"), replace(first, institution="school", items=())]
    second = replace(first, number=2, run_us=2**52 + 1)
    for one in (first, *others, second):
        assert stores.closings.add_run(one) == one
    for number in (1, 2, 4):
        with pytest.raises(Conflict, match="made meanwhile"):
            stores.closings.add_run(replace(first, number=number))
    assert stores.closings.runs("bureau", "2026-10") == [first, second]
    assert stores.closings.runs("bureau") == [first, others[0], second]
    assert stores.closings.runs("nobody") == []
