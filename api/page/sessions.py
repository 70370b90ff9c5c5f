"""Signed-in visitors: a random cookie that stands for a key, kept on this side only."""

from __future__ import annotations

import hmac
import secrets
import threading
from dataclasses import dataclass

COOKIE = "greenoffice_session"
LIFETIME_US = 12 * 3600 * 1_000_000
MOST = 10_000


@dataclass(frozen=True)
class Session:
    """One sign-in. `csrf` stands in every form and comes back with it."""

    key_id: str
    csrf: str
    began_us: int

    def accepts(self, token: str) -> bool:
        """Whether a form came from a page of this session."""
        return hmac.compare_digest(self.csrf.encode(), token.encode())


class Sessions:
    """Sessions by their cookie; they end after twelve hours, at sign-out, or with the process."""

    def __init__(self) -> None:
        self._by_token: dict[str, Session] = {}
        self._lock = threading.Lock()

    def begin(self, key_id: str, now_us: int) -> str:
        """A new session's cookie value."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            if len(self._by_token) >= MOST:
                self._by_token.pop(next(iter(self._by_token)))
            self._by_token[token] = Session(key_id, secrets.token_urlsafe(32), now_us)
        return token

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
