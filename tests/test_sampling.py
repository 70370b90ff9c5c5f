"""Which cases of a test stay in the short run."""

from __future__ import annotations

import pytest

from tests.conftest import rest


@pytest.mark.parametrize(
    ("cases", "wanted", "left"),
    [
        ("abcd", 2, "bc"),
        ("abcd", 1, "bcd"),
        ("abcde", 3, "bd"),
        ("abc", 3, ""),
        ("ab", 5, ""),
        ("a", 1, ""),
    ],
)
def test_those_that_stay_are_evenly_spread(cases: str, wanted: int, left: str) -> None:
    assert "".join(rest(cases, wanted)) == left
