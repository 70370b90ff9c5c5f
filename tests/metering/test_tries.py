"""Failed tries: refused after so many within the window, of that address and name alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.errors import TooManyTries
from metering.tries import FailedTries


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def refused(tries: FailedTries, address: str, name: str) -> bool:
    try:
        tries.at(address).check(name)
    except TooManyTries:
        return True
    return False


@given(st.lists(st.floats(0, 500), max_size=20), st.floats(0, 600))
def test_refused_as_a_plain_count_says(times: list[float], now_s: float) -> None:
    clock = Clock()
    tries = FailedTries(clock, allowed=3, window_s=60)
    for clock.now_s in sorted(times):
        tries.at("1.2.3.4").failed("s/g")
    clock.now_s = now_s
    latest = sorted(times)[-3:]
    expected = len([at for at in latest if at > now_s - 60]) >= 3
    assert refused(tries, "1.2.3.4", "s/g") == expected


def test_others_of_the_address_and_the_name_elsewhere_go_on() -> None:
    tries = FailedTries(Clock(), allowed=2)
    for name in ["one"] * 2 + [f"user{n}" for n in range(500)]:
        tries.at("a").failed(name)
    assert refused(tries, "a", "one")
    assert not refused(tries, "a", "two")
    assert not refused(tries, "b", "one")


def test_an_error_names_address_and_fix() -> None:
    tries = FailedTries(Clock(), allowed=1)
    tries.at("a").failed("x")
    with pytest.raises(TooManyTries) as caught:
        tries.at("a").check("x")
    assert (caught.value.field, caught.value.value) == ("address", "a")
    assert caught.value.fix


def test_what_is_remembered_is_bounded_and_the_latest_stays() -> None:
    tries = FailedTries(Clock(), allowed=2)
    for number in range(25_000):
        tries.at("kept").failed("u")
        tries.at(f"address{number}").failed("u")
    assert len(tries._failures) <= 10_000
    assert refused(tries, "kept", "u")
