"""The proof of closed periods over one world each, and that it notices what is broken."""

from __future__ import annotations

import json
from typing import Any

import pytest

import reports.closings
import reports.revalued
from api import moments
from figures import AsOf
from metering.closing import Closing
from proofs.closing.check import ClosingOutcome, prove_closing, run_closing
from proofs.servers.postgres import OwnPostgres, found
from reports.revalued import edits_since
from storage import book_rules
from storage.sql import book_commit


def proved(*only: str, seed: int = 2, server: OwnPostgres | None = None) -> ClosingOutcome:
    outcome = ClosingOutcome()
    prove_closing(seed, outcome, only, server)
    return outcome


@pytest.mark.timeout(600)
@pytest.mark.skipif(found() is None, reason="PostgreSQL is not installed")
@pytest.mark.long
def test_it_stands_over_postgresql_and_after_a_restore_there() -> None:
    server = OwnPostgres(sync=False)
    try:
        outcome = proved("late", "price", "restore", server=server)
    finally:
        server.stop()
    assert (outcome.changed, outcome.unnamed, outcome.unexplained) == ([], [], [])
    assert outcome.on_postgres == 1
    assert outcome.passed


def test_a_server_that_cannot_be_started_is_said_as_not_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("proofs.servers.postgres.found", lambda: None)
    with pytest.raises(SystemExit):
        run_closing(0, 1)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["not_tried"] == [
        "postgres: no PostgreSQL server to start"
    ]


def test_a_closed_month_stands_whatever_comes_later() -> None:
    outcome = proved("late", "price", "restore")
    assert (outcome.changed, outcome.unnamed, outcome.idle) == ([], [], 0)
    assert outcome.restatements > 5
    assert outcome.revalued > 5
    assert outcome.unexplained == []
    assert outcome.passed
    assert outcome.line()["changed"] == 0


@pytest.mark.long
def test_a_closing_that_pins_no_registry_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def unpinned(closing: Closing) -> AsOf:
        return AsOf(closing.institution, closing.revision, None, (closing.first, closing.last))

    monkeypatch.setattr(moments, "moment_of", unpinned)
    assert any("price" in one for one in proved("price").changed)


@pytest.mark.long
def test_windows_that_are_not_kept_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_commit, "leaves_a_trace", lambda *_: False)
    assert proved("price").changed


@pytest.mark.long
def test_changes_that_are_not_listed_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports.closings, "is_news", lambda *_: False)
    assert book_rules.is_news is not reports.closings.is_news
    assert proved("late").unnamed


@pytest.mark.long
def test_figures_that_are_worth_otherwise_and_not_listed_are_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reports.revalued, "_meets", lambda *_: False)
    assert any("listed or not" in one for one in proved("price").unexplained)


@pytest.mark.long
def test_edits_that_are_not_named_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_factors(*given: Any) -> Any:
        return [one for one in edits_since(*given) if one.kind != "factor"]

    monkeypatch.setattr(reports.closings, "edits_since", without_factors)
    found = proved("price", "factor").unexplained
    assert any("no edit of a factor" in one for one in found)
    assert not any("no edit of a tariff" in one for one in found)
