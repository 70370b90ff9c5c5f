"""The collector's copy of the gateways' passwords tells of whom something else lets in."""

from __future__ import annotations

from pathlib import Path
from queue import Queue

import pytest

from greenoffice import gateway_passwords
from greenoffice.gateway_passwords import KeptPasswords
from metering.registry import Gateway, Node, NodeType, Registry
from storage.memory.registry import MemoryRegistry

SITE = Registry(
    nodes={"s": Node("s", NodeType.SITE)},
    gateways={f"s/{code}": Gateway("s", code) for code in ("a", "b")},
)


def test_each_change_is_told_once_and_the_end_of_an_old_password_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_passwords, "EVERY_S", 0.001)
    now_us, told = 10, Queue[frozenset[str]]()
    store = MemoryRegistry()
    old = store.apply(SITE, actor="engineer", now_us=1)["s/a"].encode()
    kept = KeptPasswords(tmp_path / "gateways.json", lambda: store, now_us=lambda: now_us)
    kept.start(told.put)
    try:
        assert told.get(timeout=30) == {"s/a", "s/b"}
        new = store.renew("s/a", actor="engineer", now_us=now_us, keep_old_us=5).encode()
        assert told.get(timeout=30) == {"s/a"}
        assert [kept.verify("s/a", one, now_us) for one in (old, new)] == [True, True]
        now_us = 15
        assert told.get(timeout=30) == {"s/a"}
        assert [kept.verify("s/a", one, now_us) for one in (old, new)] == [False, True]
        store.revoke("s/b", actor="engineer", now_us=now_us)
        assert told.get(timeout=30) == {"s/b"}
        assert (kept.revoked("s/a"), kept.revoked("s/b")) == (False, True)
        assert (kept.knows("s/a"), kept.knows("s/b")) == (True, False)
        assert told.empty()
    finally:
        kept.close()
    text = (tmp_path / "gateways.json").read_text()
    assert old.decode() not in text
    assert new.decode() not in text
