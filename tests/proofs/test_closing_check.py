"""The proof of closed periods over one world each, and that it notices what is broken."""

from __future__ import annotations

import pytest

import reports.closings
from api import moments
from figures import AsOf
from metering.closing import Closing
from proofs.closing.check import ClosingOutcome, prove_closing
from storage import book_rules
from storage.sql import book_commit


def proved(*only: str, seed: int = 2) -> ClosingOutcome:
    outcome = ClosingOutcome()
    prove_closing(seed, outcome, only)
    return outcome


def test_a_closed_month_stands_whatever_comes_later() -> None:
    outcome = proved("late", "price", "restore")
    assert (outcome.changed, outcome.unnamed, outcome.idle) == ([], [], 0)
    assert outcome.restatements > 5
    assert outcome.passed
    assert outcome.line()["changed"] == 0


def test_a_closing_that_pins_no_registry_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def unpinned(closing: Closing) -> AsOf:
        return AsOf(closing.institution, closing.revision, None, (closing.first, closing.last))

    monkeypatch.setattr(moments, "moment_of", unpinned)
    assert any("price" in one for one in proved("price").changed)


def test_windows_that_are_not_kept_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_commit, "leaves_a_trace", lambda *_: False)
    assert proved("price").changed


def test_changes_that_are_not_listed_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports.closings, "is_news", lambda *_: False)
    assert book_rules.is_news is not reports.closings.is_news
    assert proved("late").unnamed
