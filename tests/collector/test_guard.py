"""Failed sign-ins: blocked after so many within the window, and only then."""

from hypothesis import given
from hypothesis import strategies as st

from collector.guard import FailedTries


@given(st.lists(st.floats(0, 500), max_size=20), st.floats(0, 600))
def test_blocked_as_a_plain_count_says(times: list[float], now_s: float) -> None:
    tries = FailedTries(allowed=3, window_s=60)
    for at in sorted(times):
        tries.failed("1.2.3.4", "s/g", at)
    latest = sorted(times)[-3:]
    expected = len([at for at in latest if at > now_s - 60]) >= 3
    assert tries.blocked("1.2.3.4", "s/g", now_s) == expected


def test_a_right_password_clears_its_user_only() -> None:
    tries = FailedTries(allowed=1, window_s=60)
    tries.failed("a", "one", 0)
    tries.failed("a", "two", 0)
    tries.succeeded("a", "one")
    assert not tries.blocked("a", "one", 1)
    assert tries.blocked("a", "two", 1)
    assert not tries.blocked("b", "two", 1)


def test_an_address_that_tries_many_users_is_blocked_as_a_whole() -> None:
    tries = FailedTries(allowed=2, window_s=60)
    for number in range(20):
        tries.failed("a", f"user{number}", 0)
    assert tries.blocked("a", "new", 1)
    assert not tries.blocked("b", "new", 1)


def test_what_is_remembered_is_bounded() -> None:
    tries = FailedTries()
    for number in range(25_000):
        tries.failed(f"address{number}", "u", 0)
    assert len(tries._failures) <= 10_000
