"""Filters that nothing is published to: told of each gateway, of so many."""

from __future__ import annotations

from collector.subscribed import LONGEST, MOST, MOST_OF_ONE, SubscribedFilters


def test_its_own_topics_are_none_of_them() -> None:
    subscribed = SubscribedFilters()
    own = [f"greenoffice/v1/s/g/{channel}" for channel in ("commands", "errors")]
    subscribed.note("s/g", [*own, "#", "a/+", "greenoffice/v1/s/h/commands"])
    assert subscribed.told() == {"s/g": ("#", "a/+", "greenoffice/v1/s/h/commands")}
    subscribed.note("s/g", own)
    assert not subscribed.told()


def test_what_a_gateway_says_takes_bounded_room() -> None:
    subscribed = SubscribedFilters()
    for number in range(MOST + 3):
        subscribed.note(f"s/{number}", [f"{one}{'x' * LONGEST}" for one in range(50)])
    told = subscribed.told()
    assert len(told) == MOST
    assert "s/2" not in told
    assert all(len(own) == MOST_OF_ONE and len(own[0]) == LONGEST for own in told.values())
