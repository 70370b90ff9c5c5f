"""The registry on SQL, and the gateways' passwords."""

from __future__ import annotations

import threading
from dataclasses import replace

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    bindparam,
    func,
    insert,
    select,
    update,
)

from metering.access import AuditEntry
from metering.ports import CredentialStore, RegistryStore
from metering.registry import Registry
from metering.registry.changes import marks_of_change
from metering.registry.merge import merged
from metering.tries import UNCOUNTED, Tries
from storage.passwords import REVOKED, Verifier, hashed, holding, new_secret, with_old
from storage.registry_rules import (
    audit_of_import,
    check_expected,
    check_kept,
    no_such_gateway,
    renewed,
)
from storage.sql.access import add_entry
from storage.sql.engine import insert_missing, reading, upsert, writing
from storage.sql.intake import add_marks
from storage.sql.news import REGISTRY, tell
from storage.sql.registry_codec import Rows, registry_of, rows_of
from storage.sql.schema import CREDENTIAL, GATEWAY, REGISTRY_STATE, VERSIONED, natural_key

_REMAINDER = 1_000_000_007


class SqlRegistry(RegistryStore):
    """A RegistryStore. The snapshot is kept until the version in the database moves on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._snapshot: Registry | None = None
        self._lock = threading.Lock()

    def load(self, version: int | None = None) -> Registry:
        return self._present() if version is None else self._at(version)

    def _at(self, version: int) -> Registry:
        with reading(self._engine) as con:
            check_kept(version, _oldest(con), _version(con))
            return registry_of(con, version)

    def _present(self) -> Registry:
        with self._lock, reading(self._engine) as con:
            version = _version(con)
            if self._snapshot is None or self._snapshot.version != version:
                self._snapshot = registry_of(con, version)
            return self._snapshot

    def version(self) -> int:
        with reading(self._engine) as con:
            return _version(con)

    def apply(
        self,
        wanted: Registry,
        *,
        actor: str,
        now_us: int,
        reason: str = "",
        expected_version: int | None = None,
    ) -> dict[str, str]:
        prepared = self._prepared(wanted)
        with writing(self._engine) as con:
            before = registry_of(con, _held_version(con))
            check_expected(before.version, expected_version)
            after = merged(before, wanted)
            if after.version != before.version:
                _write(con, rows_of(before), rows_of(after), after.version)
                con.execute(update(REGISTRY_STATE).values(version=after.version))
                add_entry(con, audit_of_import(before, after, actor, now_us, reason))
                add_marks(con, marks_of_change(before, after), writer_no=0, ready=True)
                tell(con, REGISTRY)
            return _new_passwords(con, after, prepared, now_us)

    def _prepared(self, wanted: Registry) -> dict[str, tuple[str, str]]:
        """(password, hash) for gateways without one, made before the database is locked."""
        with reading(self._engine) as con:
            known = _with_password(con)
        users = {gateway.user for gateway in wanted.gateways.values()} - known
        secrets = {user: new_secret() for user in users}
        return {user: (secret, hashed(secret.encode())) for user, secret in secrets.items()}


class SqlCredentials(CredentialStore):
    """Gateway passwords; any process may check them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._verifier = Verifier()

    def verify(self, user: str, password: bytes, now_us: int, tries: Tries = UNCOUNTED) -> bool:
        return self._verifier.admits(user, password, holding(self.stored(user), now_us), tries)

    def revoked(self, user: str) -> bool:
        return self.stored(user) == REVOKED

    def stored(self, user: str) -> str | None:
        with reading(self._engine) as con:
            return con.scalar(select(CREDENTIAL.c.hash).where(CREDENTIAL.c.user == user))

    def all_stored(self) -> dict[str, str]:
        with reading(self._engine) as con:
            found = con.execute(select(CREDENTIAL.c.user, CREDENTIAL.c.hash)).all()
        return {row.user: row.hash for row in found}

    def state(self) -> tuple[int, ...]:
        """How many there are, and the instants at which they were set: the last one, and all in
        sum, since the clock of who renews one may be behind. The sum is of remainders, which fit
        where the instants themselves would not."""
        set_us = CREDENTIAL.c.set_us
        with reading(self._engine) as con:
            asked = select(func.count(), func.max(set_us), func.sum(set_us % _REMAINDER))
            count, last, total = con.execute(asked).one()
            return int(count), int(last or 0), int(total or 0)

    def renew(
        self, user: str, *, actor: str, now_us: int, keep_old_us: int = 0, reason: str = ""
    ) -> str:
        secret = new_secret()
        stored = fresh = hashed(secret.encode())
        with writing(self._engine) as con:
            site = _standing_site(con, user)
            if keep_old_us:
                old = select(CREDENTIAL.c.hash).where(CREDENTIAL.c.user == user)
                stored = with_old(fresh, con.scalar(old.with_for_update()), now_us + keep_old_us)
            _set(con, user, stored, now_us)
            _note(con, renewed(user, actor, now_us, keep_old_us, reason), site)
        return secret

    def revoked_users(self) -> frozenset[str]:
        with reading(self._engine) as con:
            found = con.scalars(select(CREDENTIAL.c.user).where(CREDENTIAL.c.hash == REVOKED))
            return frozenset(found)

    def revoke(self, user: str, *, actor: str, now_us: int, reason: str = "") -> None:
        with writing(self._engine) as con:
            site = _standing_site(con, user)
            _set(con, user, REVOKED, now_us)
            _note(con, AuditEntry(now_us, actor, "gateway.revoke", user, reason=reason), site)


def _standing_site(con: Connection, user: str) -> str:
    site: str | None = con.scalar(select(GATEWAY.c.site).where(_stands(user)))
    if site is None:
        raise no_such_gateway(user)
    return site


def _set(con: Connection, user: str, stored: str, now_us: int) -> None:
    upsert(con, CREDENTIAL, [{"user": user, "hash": stored, "set_us": now_us}], ["user"])


def _note(con: Connection, entry: AuditEntry, site: str) -> None:
    institution = registry_of(con, _version(con)).institution(site)
    add_entry(con, replace(entry, institution=institution))


def _stands(user: str) -> ColumnElement[bool]:
    return and_(GATEWAY.c.user == user, GATEWAY.c.gone_version.is_(None))


def _version(con: Connection) -> int:
    return con.scalar(select(REGISTRY_STATE.c.version)) or 0


def _held_version(con: Connection) -> int:
    """The version, held until the end of the transaction."""
    insert_missing(con, REGISTRY_STATE, [{"id": 1, "version": 0}], ["id"])
    return con.scalar(select(REGISTRY_STATE.c.version).with_for_update()) or 0


def _write(con: Connection, before: dict[str, Rows], after: dict[str, Rows], version: int) -> None:
    """Write the difference: a changed or gone row stays, and says since when it is that."""
    for table in VERSIONED:
        old, new = before[table.name], after[table.name]
        keys = natural_key(table)
        left = [
            {f"key_{k}": part for k, part in zip(keys, key, strict=True)}
            for key, row in old.items()
            if new.get(key) != row
        ]
        if left:
            same = and_(*(table.c[key] == bindparam(f"key_{key}") for key in keys))
            standing = update(table).where(same, table.c.gone_version.is_(None))
            con.execute(standing.values(gone_version=version), left)
        more = [row for key, row in new.items() if old.get(key) != row]
        if more:
            con.execute(insert(table), [{**row, "recorded_version": version} for row in more])


def _oldest(con: Connection) -> int | None:
    """The first version whose rows are kept; None where nothing was ever registered."""
    firsts = (con.scalar(select(func.min(t.c.recorded_version))) for t in VERSIONED)
    return min((first for first in firsts if first is not None), default=None)


def _with_password(con: Connection) -> set[str]:
    return set(con.scalars(select(CREDENTIAL.c.user)))


def _new_passwords(
    con: Connection, registry: Registry, prepared: dict[str, tuple[str, str]], now_us: int
) -> dict[str, str]:
    """Store the prepared passwords of registered gateways that still have none."""
    wanting = sorted(prepared.keys() & registry.gateways.keys() - _with_password(con))
    rows = [{"user": user, "hash": prepared[user][1], "set_us": now_us} for user in wanting]
    if rows:
        con.execute(insert(CREDENTIAL), rows)
    return {user: prepared[user][0] for user in wanting}
