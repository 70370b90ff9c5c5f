"""API keys and the audit log on SQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, insert, or_, select, true, update

from metering.access import ApiKey, AuditEntry, Role
from metering.key_life import ended_before
from metering.ports import AccessStore
from metering.tries import UNCOUNTED, Tries, unknown
from storage.keys import audited, check_not_last, id_of, new_key, new_key_secret, no_such_key
from storage.passwords import Verifier, hashed
from storage.sql.engine import reading, writing
from storage.sql.schema import API_KEY, AUDIT_ENTRY


class SqlAccess(AccessStore):
    """An AccessStore; `institution_of` names the institution of a key's node for the audit."""

    def __init__(self, engine: Engine, institution_of: Callable[[str], str]) -> None:
        self._engine = engine
        self._institution_of = institution_of
        self._verifier = Verifier()

    def create_key(
        self,
        name: str,
        node: str,
        role: str,
        *,
        actor: str,
        now_us: int,
        purpose: str = "",
        expires_us: int = 0,
        reason: str = "",
    ) -> str:
        id, secret = new_key_secret()
        key = new_key(id, name, node, role, now_us, purpose, expires_us)
        row = {**vars(key), "role": str(key.role), "hash": hashed(secret.encode())}
        entry = self._entry(key, "key.create", actor, now_us, reason)
        with writing(self._engine) as con:
            con.execute(insert(API_KEY), [row])
            add_entry(con, entry)
        return secret

    def key(self, secret: str, tries: Tries = UNCOUNTED) -> ApiKey | None:
        id, row = id_of(secret), None
        if id is not None:
            with reading(self._engine) as con:
                row = con.execute(select(API_KEY).where(API_KEY.c.id == id)).first()
        if row is None or row.revoked_us:
            unknown(tries)
            return None
        right = self._verifier.verify(row.id, secret.encode(), row.hash, tries)
        return _key(row) if right else None

    def keys(self) -> list[ApiKey]:
        statement = select(API_KEY).order_by(API_KEY.c.created_us, API_KEY.c.id)
        with reading(self._engine) as con:
            return [_key(row) for row in con.execute(statement)]

    def revoke(self, id: str, *, actor: str, now_us: int, reason: str = "") -> None:
        key = self._known(id)
        entry = self._entry(key, "key.revoke", actor, now_us, reason)
        with writing(self._engine) as con:
            _check_not_last(con, key, now_us)
            ended = update(API_KEY).where(API_KEY.c.id == id, API_KEY.c.revoked_us == 0)
            if con.execute(ended.values(revoked_us=now_us)).rowcount:
                add_entry(con, entry)

    def end(self, id: str, expires_us: int, *, actor: str, now_us: int, reason: str = "") -> None:
        key = self._known(id)
        told = replace(key, expires_us=expires_us)
        entry = self._entry(told, "key.end", actor, now_us, reason)
        table = API_KEY.c
        standing = or_(table.expires_us == 0, table.expires_us > now_us)
        with writing(self._engine) as con:
            if expires_us:
                _check_not_last(con, key, now_us, lasting=True)
            ended = update(API_KEY).where(table.id == id, table.revoked_us == 0, standing)
            if not con.execute(ended.values(expires_us=expires_us)).rowcount:
                raise ended_before(id)
            add_entry(con, entry)

    def _known(self, id: str) -> ApiKey:
        with reading(self._engine) as con:
            row = con.execute(select(API_KEY).where(API_KEY.c.id == id)).first()
        if row is None:
            raise no_such_key(id)
        return _key(row)

    def used(self, id: str, now_us: int) -> None:
        with writing(self._engine) as con:
            con.execute(update(API_KEY).where(API_KEY.c.id == id).values(used_us=now_us))

    def audit(self, entry: AuditEntry) -> None:
        with writing(self._engine) as con:
            add_entry(con, entry)

    def entries(
        self, institutions: frozenset[str] | None, *, before_id: int | None = None, limit: int = 100
    ) -> list[AuditEntry]:
        table = AUDIT_ENTRY.c
        allowed: Any = (
            true() if institutions is None else table.institution.in_(sorted(institutions))
        )
        statement = (
            select(AUDIT_ENTRY)
            .where(allowed, true() if before_id is None else table.id < before_id)
            .order_by(table.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as con:
            return [AuditEntry(**row._mapping) for row in con.execute(statement)]

    def _entry(self, key: ApiKey, action: str, actor: str, now_us: int, reason: str) -> AuditEntry:
        body = self._institution_of(key.node)
        return AuditEntry(now_us, actor, action, key.id, body, audited(key), reason)


def _check_not_last(con: Connection, key: ApiKey, now_us: int, *, lasting: bool = False) -> None:
    """Conflict for the last administrator's key of the whole platform, or the last such without an
    end; the others stay as they are until the transaction ends."""
    standing = select(API_KEY).where(API_KEY.c.revoked_us == 0, API_KEY.c.role == Role.ADMIN)
    admins = [_key(one) for one in con.execute(standing.with_for_update())]
    own = next((one for one in admins if one.id == key.id), key)
    check_not_last(own, admins, now_us, lasting=lasting)


def add_entry(con: Connection, entry: AuditEntry) -> None:
    """Append to the audit log inside the caller's transaction."""
    row = vars(entry).copy()
    del row["id"]
    con.execute(insert(AUDIT_ENTRY), [row])


def _key(row: Any) -> ApiKey:
    return ApiKey(
        row.id,
        row.name,
        row.node,
        Role(row.role),
        row.created_us,
        row.revoked_us,
        row.purpose,
        row.expires_us,
        row.used_us,
    )
