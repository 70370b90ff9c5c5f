"""Who does the work: advisory locks that one session of PostgreSQL holds, and a fence before its
writes.

    (CLASS, n)         held by the session that owns duty n, until it ends
    (CLASS, n + 100)   the fence: shared by each transaction in which an owner writes
    (CLASS, 1000 + b)  of a ledger that is shared, held by the session that owns bucket b

The server gives the locks back when the session ends: at once where its process dies, after
`SILENCE_S` where nothing is heard of it. Who was owner may not know that yet. So a transaction of
an owner first takes the fence, then looks whether its session still holds the duty; and who
becomes owner waits for the fence once, until transactions that looked before have ended. No write
of a former owner comes after the first look of the next one.

The server itself ends a transaction that is idle, but waits for ever for one that stopped while a
statement was being sent; the next owner ends that.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from metering.errors import Unavailable
from metering.shard import read_name
from storage.sql.answering import Door
from storage.sql.engine import lone_session
from storage.sql.faults import translated

CLASS = 0x67726F66
"""Any number that no other program locks on the same database."""
DUTIES = {"intake": 1, "ledger": 2}
FENCE = 100
SHARED, SHARE_FENCE = 1000, 1100
"""The ledger may be shared: then each owner holds duty 2 together with the others, and alone the
buckets of its share, (CLASS, 1000 + b); their fences are (CLASS, 1100 + b)."""
SILENCE_S = 15
"""A session of which nothing is heard for so long is ended by the server; the owner's is heard of
every three seconds [s]."""
MIDWAY_S = 30
"""A transaction of an owner that stops in the middle for so long is ended, by the server or by the
next owner [s]."""
_PATIENCE_S = 10
"""How long a statement of the session may take, and what was sent may go unanswered [s]."""
_NAME_BYTES = 63
Guard = Callable[[Connection], None]
"""Called at the beginning of a transaction that writes; raises Unavailable where it must not."""

_SETTINGS = (
    f"SET statement_timeout = '{_PATIENCE_S}s'",
    f"SET tcp_keepalives_idle = {SILENCE_S // 3}",
    f"SET tcp_keepalives_interval = {SILENCE_S // 3}",
    "SET tcp_keepalives_count = 2",
    f"SELECT set_config('idle_session_timeout', '{SILENCE_S}s', false)"
    " WHERE current_setting('server_version_num')::int >= 140000",
)
_PARAMETERS = {
    "connect_timeout": str(_PATIENCE_S),
    "keepalives_idle": str(SILENCE_S // 3),
    "keepalives_interval": str(SILENCE_S // 3),
    "keepalives_count": "2",
    "tcp_user_timeout": str(_PATIENCE_S * 1000),
}
_TAKE = text("SELECT pg_try_advisory_lock(:class, :key)")
_GIVE = text("SELECT pg_advisory_unlock(:class, :key)")
_TAKE_SHARED = text("SELECT pg_try_advisory_lock_shared(:class, :key)")
_GIVE_SHARED = text("SELECT pg_advisory_unlock_shared(:class, :key)")
_WAIT = text("SELECT pg_advisory_lock(:class, :key)")
_SHARE = text(
    f"SELECT set_config('idle_in_transaction_session_timeout', '{MIDWAY_S}s', true),"  # noqa: S608
    " count(pg_advisory_xact_lock_shared(CAST(:class AS int), CAST(key AS int)))"
    " FROM unnest(CAST(:keys AS bigint[])) AS key"
)
_HELD = """
SELECT a.application_name FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.mode = 'ExclusiveLock' AND l.objsubid = 2
AND l.database = a.datid AND a.datname = current_database()
AND l.classid::bigint = :class AND l.objid::bigint = ANY(CAST(:keys AS bigint[]))
"""
_HOLDER = text(f"{_HELD} ORDER BY l.objid LIMIT 1")
_OWN = text(f"SELECT count(*) FROM ({_HELD} AND a.application_name = :name) AS own")  # noqa: S608


_END = text("""
SELECT pg_terminate_backend(a.pid) FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.mode = 'ShareLock' AND l.objsubid = 2
AND l.database = a.datid AND a.datname = current_database()
AND l.classid::bigint = :class AND l.objid::bigint = :key
AND a.xact_start < clock_timestamp() - make_interval(secs => :midway)
""")
"""Ends what began to write so long ago; asked by who owns the duty, so none of it is an owner's."""


@dataclass(frozen=True)
class LentDuties:
    """Duties that a session owns, for who works for it elsewhere: it writes for as long as that
    session owns them."""

    session: str
    keys: tuple[int, ...]
    fences: tuple[int, ...]

    def guard(self, con: Connection) -> None:
        """The fence of a transaction, to be called at its beginning; Unavailable where the session
        is no owner any more."""
        con.execute(_SHARE, {"class": CLASS, "keys": list(self.fences)})
        self.look(con)

    def look(self, con: Connection) -> None:
        """Unavailable where the session does not own its duties any more."""
        own = {"class": CLASS, "keys": list(self.keys), "name": self.session}
        if con.scalar(_OWN, own) != len(self.keys):
            raise not_owner()


class SessionLock:
    """Duties that a session of its own holds. who: `COMMAND HOST:PID`, as others are shown it.
    stop: set when the process is asked to end; then no answer is waited for any more.

    Unavailable where the server does not answer; ConfigurationError where it refuses.
    """

    def __init__(self, url: str, who: str, stop: threading.Event | None = None) -> None:
        plain = who.encode("ascii", "replace").decode()
        self._name = f"{plain[: _NAME_BYTES - 9]} {secrets.token_hex(4)}"
        self._keys: list[int] = []
        self._fences: list[int] = []
        self._turn = threading.Lock()
        self._url = make_url(url)
        self._con = lone_session(
            url, {**_PARAMETERS, "application_name": self._name}, Door(ended=stop)
        )
        try:
            with self._asked() as con:
                for statement in _SETTINGS:
                    con.exec_driver_sql(statement)
        except Unavailable:
            self.close()
            raise

    def take(self, duties: Sequence[str]) -> bool:
        """Own all of the duties, or none of them where another session has one. What others
        began to write as owners has ended when this returns True; Unavailable where it has not,
        to be asked again: what began `MIDWAY_S` ago is ended then."""
        keys = [key for duty in duties for key in _keys(duty)]
        with self._asked() as con:
            if not _taken(con, sorted({_whole(d) for d in duties if _is_share(d)}), keys):
                return False
            for fence in (fence for duty in duties for fence in _former_fences(duty)):
                con.execute(_END, {**_of(fence), "midway": MIDWAY_S})
                con.execute(_WAIT, _of(fence))
                con.scalar(_GIVE, _of(fence))
        self._keys = keys
        self._fences = [fence for duty in duties for fence in _fences(duty)]
        return True

    def holder(self, duties: Sequence[str]) -> str:
        """Who owns the first of the duties that is owned, `COMMAND HOST:PID`; '' where nobody
        does."""
        with self._asked() as con:
            keys = [key for duty in duties for key in _rivals(duty)]
            found = con.scalar(_HOLDER, {"class": CLASS, "keys": keys})
        return str(found or "").rpartition(" ")[0]

    def check(self) -> None:
        """Unavailable where the session does not own what it took any more."""
        with self._asked() as con:
            self.lent().look(con)

    def guard(self, con: Connection) -> None:
        """The fence of a transaction, to be called at its beginning; Unavailable where this is
        no owner any more."""
        self.lent().guard(con)

    def lent(self) -> LentDuties:
        """What it owns, to be named to who works for it in other processes."""
        return LentDuties(self._name, tuple(self._keys), tuple(self._fences))

    def close(self) -> None:
        """End the session, and with it what it holds."""
        with suppress(Exception):  # it may have ended already, in any way
            self._con.close()
        self._con.engine.dispose()

    @contextmanager
    def _asked(self) -> Iterator[Connection]:
        with self._turn:
            try:
                yield self._con
            except DBAPIError as error:
                raise translated(error, self._url) from error
            except InvalidRequestError as over:  # it ended while another thread asked it
                raise not_owner() from over


def not_owner() -> Unavailable:
    """The error of who does not own the work any more."""
    return Unavailable(
        "this process does not own the work any more; nothing of this was written",
        field="owner",
        fix="look at the database: the work goes on by itself, here or in another process",
    )


def _taken(con: Connection, together: Sequence[int], alone: Sequence[int]) -> bool:
    """Whether all locks were had, those held together with others and those held alone; else
    none of them is held."""
    wanted = [(_TAKE_SHARED, _GIVE_SHARED, key) for key in together]
    wanted += [(_TAKE, _GIVE, key) for key in alone]
    for place, (take, _, key) in enumerate(wanted):
        if not con.scalar(take, _of(key)):
            for _, give, held in wanted[:place]:
                con.scalar(give, _of(held))
            return False
    return True


def _whole(duty: str) -> int:
    return DUTIES[read_name(duty)[0]]


def _is_share(duty: str) -> bool:
    return not read_name(duty)[1].whole


def _buckets(duty: str, first: int) -> list[int]:
    """Of a share, or of all shares that a whole duty may be of."""
    return [first + bucket for bucket in read_name(duty)[1].buckets]


def _keys(duty: str) -> list[int]:
    """What the owner of a duty holds alone."""
    return _buckets(duty, SHARED) if _is_share(duty) else [_whole(duty)]


def _fences(duty: str) -> list[int]:
    """What its transactions share with each other."""
    return _buckets(duty, SHARE_FENCE) if _is_share(duty) else [_whole(duty) + FENCE]


def _former_fences(duty: str) -> list[int]:
    """Those of all who may have owned it before: the whole, or a share of any number."""
    whole = [_whole(duty) + FENCE]
    return [*whole, *_buckets(duty, SHARE_FENCE)] if _is_shared(duty) else whole


def _rivals(duty: str) -> list[int]:
    """What keeps others from owning it."""
    return [_whole(duty), *_buckets(duty, SHARED)] if _is_shared(duty) else [_whole(duty)]


def _is_shared(duty: str) -> bool:
    """Whether it is one that is ever shared."""
    return read_name(duty)[0] == "ledger"


def _of(key: int) -> dict[str, int]:
    return {"class": CLASS, "key": key}
