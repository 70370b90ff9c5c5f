"""Laws of an AccessStore."""

from __future__ import annotations

import pytest

from metering.access import AuditEntry, Role
from metering.errors import Conflict, InvalidInput, NotFound, TooManyTries
from metering.registry import Node, NodeType, Registry, SpaceEdge
from metering.tries import FailedTries
from storage import Stores


def create(stores: Stores, name: str = "grafana", node: str = "", role: str = "read") -> str:
    return stores.access.create_key(name, node, role, actor="admin", now_us=5)


def test_a_secret_finds_its_key(stores: Stores) -> None:
    secrets = [create(stores, f"key {n}", role=str(role)) for n, role in enumerate(Role)]
    assert len(set(secrets)) == len(Role)
    for _ in range(2):
        for n, (secret, role) in enumerate(zip(secrets, Role, strict=True)):
            key = stores.access.key(secret)
            assert key is not None
            assert (key.name, key.node, key.role, key.created_us) == (f"key {n}", "", role, 5)
    assert len(stores.access.keys()) == len(Role)


def test_other_secrets_find_none(stores: Stores) -> None:
    first, second = create(stores), create(stores)
    swapped = first.rsplit("_", 1)[0] + "_" + second.rsplit("_", 1)[1]
    for wrong in ("", "go_", first[:-1], first + "x", swapped, "go_000000000000_" + "x" * 32):
        assert stores.access.key(wrong) is None


def test_wrong_secrets_are_counted_by_key_and_unknown_ones_together(stores: Stores) -> None:
    mine, other = create(stores, "mine"), create(stores, "other")
    tries = FailedTries(lambda: 0.0, allowed=2).at("address")
    assert stores.access.key(mine, tries) is not None
    guesses = [mine[:16] + f"{n:032d}" for n in range(3)]
    for wrong in (guesses, [f"go_{n:012x}_" + "x" * 32 for n in range(3)]):
        assert [stores.access.key(secret, tries) for secret in wrong[:2]] == [None, None]
        with pytest.raises(TooManyTries):
            stores.access.key(wrong[2], tries)
    for secret in (mine, other):
        assert stores.access.key(secret, tries) is not None


def test_the_last_administrator_of_the_whole_platform_stays(stores: Stores) -> None:
    """Others do not count: an institution's administrator, a reader of everything, an ended one."""
    ids = []
    for node, role in (("", "admin"), ("", "admin"), ("office", "admin"), ("", "read")):
        key = stores.access.key(create(stores, f"{node} {role}", node=node, role=role))
        assert key is not None
        ids.append(key.id)
    stores.access.revoke(ids[0], actor="admin", now_us=8)
    with pytest.raises(Conflict) as refused:
        stores.access.revoke(ids[1], actor="admin", now_us=8)
    assert (refused.value.field, refused.value.value) == ("id", ids[1])
    assert [ended(stores, id) for id in ids] == [8, 0, 0, 0]
    for id in (ids[0], ids[2], ids[3]):
        stores.access.revoke(id, actor="admin", now_us=9)
    assert [ended(stores, id) for id in ids] == [8, 0, 9, 9]


def ended(stores: Stores, id: str) -> int:
    known = stores.access.keys()
    return next(key.revoked_us for key in known if key.id == id)


def test_a_key_keeps_its_purpose_its_end_and_its_last_use(stores: Stores) -> None:
    secret = stores.access.create_key(
        "k", "t", "read", actor="admin", now_us=5, purpose=" audit of 2026 ", expires_us=50
    )
    key = stores.access.key(secret)
    assert key is not None
    assert (key.purpose, key.expires_us, key.used_us) == ("audit of 2026", 50, 0)
    assert [key.expired(at) for at in (49, 50, 51)] == [False, True, True]
    stores.access.used(key.id, 7)
    stores.access.used("none", 7)
    (known,) = stores.access.keys()
    assert (known.used_us, stores.access.key(secret)) == (7, known)
    (entry,) = stores.access.entries(None)
    assert entry.detail["purpose"] == "audit of 2026"
    assert entry.detail["expires"] == "1970-01-01T00:00:00.000050Z"
    with pytest.raises(InvalidInput, match="longer"):
        stores.access.create_key("k", "t", "read", actor="a", now_us=5, purpose="x" * 501)


def test_an_administrator_that_has_expired_is_none(stores: Stores) -> None:
    """It neither keeps the last one from staying, nor has to stay itself."""

    def made(expires_us: int) -> str:
        return stores.access.create_key(
            "k", "", "admin", actor="a", now_us=5, expires_us=expires_us
        ).split("_")[1]

    ending, standing = made(50), made(0)
    with pytest.raises(Conflict):
        stores.access.revoke(standing, actor="admin", now_us=60)
    stores.access.revoke(ending, actor="admin", now_us=60)
    assert ended(stores, ending) == 60


def test_a_revoked_key_is_none_at_once(stores: Stores) -> None:
    secret = create(stores)
    key = stores.access.key(secret)
    assert key is not None
    stores.access.revoke(key.id, actor="admin", now_us=8)
    stores.access.revoke(key.id, actor="other", now_us=9)
    assert stores.access.key(secret) is None
    (known,) = stores.access.keys()
    assert known.revoked_us == 8
    with pytest.raises(NotFound):
        stores.access.revoke("none", actor="admin", now_us=8)


def test_a_key_ends_at_a_date_and_its_end_can_be_taken_back(stores: Stores) -> None:
    create(stores, role="admin")
    key = stores.access.key(create(stores, node="t"))
    assert key is not None
    for at in (50, 0, 60):
        stores.access.end(key.id, at, actor="admin", now_us=7, reason="no more on the board")
        known = stores.access.keys()
        assert next(one for one in known if one.id == key.id).expires_us == at
    entry = stores.access.entries(None)[0]
    assert (entry.action, entry.reason) == ("key.end", "no more on the board")
    assert entry.detail["expires"] == "1970-01-01T00:00:00.000060Z"
    with pytest.raises(Conflict):
        stores.access.end(key.id, 90, actor="admin", now_us=60)
    stores.access.revoke(key.id, actor="admin", now_us=8, reason="left")
    assert stores.access.entries(None)[0].reason == "left"
    for id, error in ((key.id, Conflict), ("none", NotFound)):
        with pytest.raises(error):
            stores.access.end(id, 90, actor="admin", now_us=9)


def test_the_last_administrator_of_the_whole_platform_has_no_end(stores: Stores) -> None:
    key = stores.access.key(create(stores, role="admin"))
    assert key is not None
    with pytest.raises(Conflict):
        stores.access.end(key.id, 90, actor="admin", now_us=6)
    stores.access.end(key.id, 0, actor="admin", now_us=6)
    stores.access.create_key("k", "", "admin", actor="a", now_us=5, expires_us=50)
    with pytest.raises(Conflict):
        stores.access.end(key.id, 90, actor="admin", now_us=6)
    create(stores, role="admin")
    stores.access.end(key.id, 90, actor="admin", now_us=6)


def test_bad_keys_are_refused(stores: Stores) -> None:
    with pytest.raises(InvalidInput, match="role"):
        create(stores, role="owner")
    with pytest.raises(InvalidInput, match="name"):
        create(stores, name=" ")
    assert stores.access.keys() == []


def test_keys_leave_a_trace_without_their_secret(stores: Stores) -> None:
    nodes = {"office": Node("office", NodeType.INSTITUTION), "t": Node("t", NodeType.BUILDING)}
    registry = Registry(nodes=nodes, space=(SpaceEdge("office", "t"),))
    stores.registry.apply(registry, actor="importer", now_us=1)
    secret = create(stores, node="t")
    key = stores.access.key(secret)
    assert key is not None
    stores.access.revoke(key.id, actor="admin", now_us=8)
    revoked, created, _ = stores.access.entries(frozenset({"office"}))
    assert (revoked.action, created.action) == ("key.revoke", "key.create")
    assert revoked.subject == created.subject == key.id
    assert created.detail == {"name": "grafana", "node": "t", "role": "read"}
    assert secret.rsplit("_", 1)[1] not in repr(stores.access.entries(None))


def test_the_log_is_listed_in_scope_and_in_pages(stores: Stores) -> None:
    for n in range(5):
        institution = "office" if n % 2 else ""
        entry = AuditEntry(n, "a", "act", f"s{n}", institution, {"n": str(n)}, "因为")
        stores.access.audit(entry)
    every = stores.access.entries(None)
    assert [entry.subject for entry in every] == ["s4", "s3", "s2", "s1", "s0"]
    assert [e.subject for e in stores.access.entries(frozenset({"office"}))] == ["s3", "s1"]
    assert stores.access.entries(frozenset()) == []
    page = stores.access.entries(None, before_id=every[1].id, limit=2)
    assert [entry.subject for entry in page] == ["s2", "s1"]
    assert (every[0].detail, every[0].reason) == ({"n": "4"}, "因为")


def test_the_log_only_grows(stores: Stores) -> None:
    """There is no way to change an entry: the same one again is another one."""
    entry = AuditEntry(1, "a", "act", "s", id=1)
    stores.access.audit(entry)
    before = stores.access.entries(None)
    stores.access.audit(entry)
    assert stores.access.entries(None)[1:] == before
    assert len({known.id for known in stores.access.entries(None)}) == 2
