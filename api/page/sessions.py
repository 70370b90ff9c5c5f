"""Signed-in visitors: a random cookie that stands for a key, kept on this side only."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from metering.errors import Conflict

COOKIE = "greenoffice_session"
LIFETIME_US = 12 * 3600 * 1_000_000
MOST = 10_000


@dataclass(frozen=True)
class Session:
    """One sign-in. `csrf` stands in every form and comes back with it."""

    key_id: str
    csrf: str
    began_us: int
    sent: set[str] = field(default_factory=set, compare=False)
    """Marks of the forms that were sent and may not be sent again."""

    @contextmanager
    def once(self, mark: str) -> Iterator[None]:
        """Around what a form may do only once. Conflict where the form with this mark did it, or
        does it now; a form that fails may be sent again. A form without a mark is not watched."""
        if mark in self.sent:
            raise Conflict(
                "this was done already, and what was shown is not shown again",
                field="once",
                fix="go on from the list; what nobody wrote down is made anew",
            )
        if mark:
            self.sent.add(mark)
        try:
            yield
        except BaseException:
            self.sent.discard(mark)
            raise

    def accepts(self, token: str) -> bool:
        """Whether a form came from a page of this session."""
        return hmac.compare_digest(self.csrf.encode(), token.encode())


class Sessions:
    """Sessions by their cookie; they end after twelve hours, at sign-out, or with the process.

    Beyond `MOST` the key that has most of them gives its oldest, so that nobody who signs in again
    and again signs others out.
    """

    def __init__(self) -> None:
        self._by_token: dict[str, Session] = {}
        self._lock = threading.Lock()

    def begin(self, key_id: str, now_us: int) -> str:
        """A new session's cookie value."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            if len(self._by_token) >= MOST:
                self._forget_one()
            self._by_token[token] = Session(key_id, secrets.token_urlsafe(32), now_us)
        return token

    def _forget_one(self) -> None:
        held = Counter(one.key_id for one in self._by_token.values())
        most = held.most_common(1)[0][0]
        del self._by_token[next(t for t, one in self._by_token.items() if one.key_id == most)]

    def get(self, token: str | None, now_us: int) -> Session | None:
        """The session of a cookie; None when there is none or it has run out."""
        with self._lock:
            found = self._by_token.get(token or "")
            if found is not None and found.began_us + LIFETIME_US <= now_us:
                del self._by_token[token or ""]
                return None
            return found

    def end(self, token: str | None) -> None:
        """Forget a session."""
        with self._lock:
            self._by_token.pop(token or "", None)
