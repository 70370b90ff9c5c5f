"""Secrets are random, kept hashed, and checked without hashing each time."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor

import pytest

from metering.errors import TooManyTries, Unavailable
from metering.tries import FailedTries
from storage import passwords
from storage.passwords import REVOKED, Verifier, hashed, holding, matches, new_secret, with_old


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The secrets that were really hashed, in order."""
    done: list[bytes] = []
    real = passwords.matches

    def counted(secret: bytes, stored: str) -> bool:
        done.append(secret)
        return real(secret, stored)

    monkeypatch.setattr(passwords, "matches", counted)
    return done


def test_secrets_are_long_and_differ() -> None:
    secrets = {new_secret() for _ in range(200)}
    assert len(secrets) == 200
    assert all(len(secret) == 32 and secret.isalnum() for secret in secrets)


def test_a_hash_is_salted_and_does_not_show_the_secret() -> None:
    first, second = hashed(b"secret"), hashed(b"secret")
    assert first != second
    assert "secret" not in first
    assert matches(b"secret", first)
    assert matches(b"secret", second)
    assert not matches(b"Secret", first)


SLOW = "scrypt$10$8$1$l6wcSEktdjQQ1c3xCLsksA==$RqESmm8jDuTKR3HRtu5ijTBpDnhgyT8TkLTRM665Xxo="
"""Of b"before", as earlier versions stored it."""


def test_what_was_stored_before_goes_on_letting_in() -> None:
    assert matches(b"before", SLOW)
    assert not matches(b"after", SLOW)
    both = holding(with_old(hashed(b"after"), SLOW, until_us=100), 99)
    assert both is not None
    assert [matches(one, both) for one in (b"before", b"after", b"other")] == [True, True, False]


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "plain",
        "md5$12$8$1$AAAA$AAAA",
        "scrypt$x$8$1$AA==$AA==",
        "scrypt$AA==$AA==",
        "hmac-sha256$AA==",
        "hmac-sha256$10$AA==$AA==",
    ],
)
def test_an_unreadable_hash_is_an_error_and_not_a_no(stored: str) -> None:
    with pytest.raises(Unavailable, match="unreadable"):
        matches(b"secret", stored)


def test_an_old_secret_lets_in_beside_a_new_one_until_its_time_is_over() -> None:
    stored = with_old(hashed(b"new"), hashed(b"old"), until_us=100)
    for now_us, old_holds in ((99, True), (100, False)):
        found = holding(stored, now_us)
        assert found is not None
        assert matches(b"new", found)
        assert matches(b"old", found) is old_holds
        assert not matches(b"other", found)


def test_of_two_old_secrets_the_older_one_goes() -> None:
    twice = with_old(hashed(b"3"), with_old(hashed(b"2"), hashed(b"1"), 200), 100)
    found = holding(twice, 50)
    assert found is not None
    assert [matches(secret, found) for secret in (b"1", b"2", b"3")] == [False, True, True]


def test_nothing_lets_in_what_was_revoked() -> None:
    assert holding(REVOKED, 0) is None
    assert holding(None, 0) is None
    fresh = hashed(b"new")
    assert with_old(fresh, REVOKED, 100) == with_old(fresh, None, 100) == fresh


def test_the_hash_is_the_one_that_others_compute() -> None:
    _, salt, digest = hashed(b"secret").split("$")
    theirs = hmac.new(b64decode(salt), b"secret", hashlib.sha256)
    assert b64decode(digest) == theirs.digest()


def test_the_same_answer_is_given_from_memory(work: list[bytes]) -> None:
    verifier, stored = Verifier(), hashed(b"right")
    assert [verifier.verify("a", b"right", stored) for _ in range(5)] == [True] * 5
    assert [verifier.verify("b", b"wrong", stored) for _ in range(5)] == [False] * 5
    assert work == [b"right", b"wrong"]


def test_a_wrong_guess_does_not_push_out_the_right_password(work: list[bytes]) -> None:
    verifier, stored = Verifier(), hashed(b"right")
    for secret in (b"right", b"wrong", b"right"):
        assert verifier.verify("a", secret, stored) is (secret == b"right")
    assert work == [b"right", b"wrong"]


def test_a_new_hash_ends_the_memory() -> None:
    verifier, old, new = Verifier(), hashed(b"old"), hashed(b"new")
    assert verifier.verify("a", b"old", old)
    assert not verifier.verify("a", b"old", new)
    assert verifier.verify("a", b"new", new)
    assert not verifier.verify("a", b"new", old)


def test_the_memory_is_bounded(work: list[bytes]) -> None:
    verifier, stored = Verifier(size=2), hashed(b"x")
    for name in ("a", "b", "c", "a"):
        assert verifier.verify(name, b"x", stored)
    assert len(work) == 4
    assert verifier.verify("c", b"x", stored)
    assert len(work) == 4


def test_a_hundred_guesses_at_once_are_a_hundred_tries(work: list[bytes]) -> None:
    """And who is right among them, or was right before, is not refused with them."""
    verifier, stored = Verifier(), hashed(b"right")
    tries = FailedTries(lambda: 0.0, allowed=5)
    assert verifier.verify("known", b"right", stored)

    def guess(n: int) -> bool | None:
        try:
            return verifier.verify("a", b"guess%d" % n, stored, tries.at("address"))
        except TooManyTries:
            return None

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(guess, range(100)))
    assert answers.count(False) == 5
    assert answers.count(None) == 95
    assert len(work) == 6
    assert verifier.verify("known", b"right", stored, tries.at("address"))
    assert verifier.verify("b", b"right", stored, tries.at("address"))


def test_many_with_one_right_password_need_one_try(
    work: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them wait while the first one is looked at."""
    counted = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda *a: (time.sleep(0.2), counted(*a))[1])
    verifier, stored = Verifier(), hashed(b"right")
    tries = FailedTries(lambda: 0.0, allowed=1)
    with ThreadPoolExecutor(16) as pool:
        one = [
            pool.submit(verifier.verify, "a", b"right", stored, tries.at("x")) for _ in range(40)
        ]
    assert all(answer.result() for answer in one)
    assert work == [b"right"]
