"""How often the platform's processes look for circles of objects."""

from __future__ import annotations

import gc

import pytest

from greenoffice.entry import main
from greenoffice.garbage import THRESHOLDS


@pytest.fixture(autouse=True)
def thresholds():
    """As they were, whatever a test sets."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_every_command_looks_seldom(monkeypatch, capsys):
    gc.set_threshold(700, 10, 10)
    monkeypatch.setattr("sys.argv", ["greenoffice", "journal", "--help"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out
    assert gc.get_threshold() == THRESHOLDS
