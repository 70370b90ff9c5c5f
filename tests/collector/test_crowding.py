"""No room is told for a minute, and logged once in it however often a handle is asked for."""

from __future__ import annotations

import errno

import pytest
from structlog.testing import capture_logs

from collector.crowding import Crowding

NO_HANDLE = OSError(errno.EMFILE, "Too many open files")


def test_that_no_handle_is_left_is_told_and_logged_once() -> None:
    crowding = Crowding(7)
    assert crowding.problem() is None
    with capture_logs() as logs:
        for _ in range(3):
            crowding.exhausted(NO_HANDLE)
    assert [one["event"] for one in logs] == ["no connection can be taken now"]
    told = crowding.problem()
    assert told is not None
    assert (told.field, told.value) == ("connections", 7)


def test_it_is_told_no_longer_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    crowding = Crowding(7)
    crowding.found_none()
    monkeypatch.setattr("collector.crowding.TOLD_S", 0.0)
    assert crowding.problem() is None
