"""What a gateway may send, and what is told of one that sends more."""

from __future__ import annotations

from collector.holding import CALM_S, Budgets, Holding
from metering.intake import HeldGateway


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def s(self) -> float:
        return self.now

    def us(self) -> int:
        return round(self.now * 1e6)


def test_a_burst_is_free_and_then_the_rate_holds() -> None:
    clock = Clock()
    budgets = Budgets(10, 100, clock.s)
    assert budgets.spend("a", 100) == 0
    assert budgets.spend("a", 20) == 2
    assert budgets.spend("b", 100) == 0
    clock.now = 1
    assert budgets.spend("a", 0) == 1
    clock.now = 2
    assert budgets.spend("a", 0) == 0


def test_rest_saves_up_no_more_than_the_burst() -> None:
    clock = Clock()
    budgets = Budgets(10, 100, clock.s)
    budgets.spend("a", 50)
    clock.now = 1e6
    assert budgets.spend("a", 110) == 1


def test_a_debt_is_never_more_than_a_burst() -> None:
    budgets = Budgets(10, 100, Clock().s)
    assert budgets.spend("a", 1e9) == 10
    assert budgets.spend("a", 0, reserve=0.5) == 15


def test_holds_by_two_reasons_end_with_both() -> None:
    holding = Holding(lambda: 5, lambda: 0.0)
    holding.hold("a", "rate")
    holding.hold("a", "share")
    holding.release("a", "rate")
    assert holding.reasons("a") == {"share"}
    assert holding.gateways == {"a"}
    holding.release("a", "share")
    assert not holding.gateways
    holding.release("b", "rate")
    assert holding.told() == {"a": HeldGateway(5, "share")}


def test_since_when_is_told_over_short_breaks_alone() -> None:
    clock = Clock()
    holding = Holding(clock.us, clock.s)
    for start in (1, 8, 15):
        clock.now = start
        holding.hold("a", "rate")
        assert holding.told() == {"a": HeldGateway(1_000_000, "rate")}
        clock.now += 1
        holding.release("a", "rate")
    clock.now += CALM_S
    assert holding.told() == {"a": HeldGateway(1_000_000, "rate")}
    clock.now += 0.1
    assert holding.told() == {}
    holding.hold("a", "share")
    assert holding.told() == {"a": HeldGateway(clock.us(), "share")}
    clock.now += 10 * CALM_S
    assert holding.told() == {"a": HeldGateway(26_100_000, "share")}
