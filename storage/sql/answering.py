"""Whether a database server is asked at all.

A server that hangs still holds its connections: the system takes what is sent, and no time-out of
TCP ends the waiting. So each wait looks at a `Door`, and ends where it is shut or where nothing
was heard for too long.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from metering.errors import Unavailable


class Door:
    """Open to a database's callers, or shut: then each is told why at once, also who waits.

    silent_s: how long each may hear nothing before it gives up [s]; None: until the door is shut.
    why: the error that callers are told from the beginning; None: open.
    ended: whoever waits gives up once it is set.
    """

    IMPATIENT_S = 1.0
    """Who hears nothing for so long has somebody look whether the server answers at all [s]."""

    def __init__(
        self,
        silent_s: float | None = None,
        why: Unavailable | None = None,
        ended: threading.Event | None = None,
    ) -> None:
        self.silent_s = silent_s
        self._why = why
        self._ended = ended
        self._lock = threading.Lock()
        self.look: Callable[[], None] = lambda: None
        """Called, again and again, while somebody hears nothing."""

    @property
    def why(self) -> Unavailable | None:
        """Why it is shut, an error of its own for each who asks; None: it is open."""
        with self._lock:
            why = self._why
        if why is None:
            return None
        return type(why)(why.message, field=why.field, value=why.value, fix=why.fix)

    def open(self) -> None:
        """Let callers in."""
        with self._lock:
            self._why = None

    def shut(self, why: Unavailable) -> None:
        """Tell callers this, until it is open again."""
        with self._lock:
            self._why = why

    def check(self) -> None:
        """Raises why it is shut."""
        if why := self.why:
            raise why

    def is_given_up(self, silent_s: float) -> bool:
        """Whether who heard nothing for so long waits no longer."""
        if silent_s >= self.IMPATIENT_S:
            self.look()
        if self._why is not None or (self._ended is not None and self._ended.is_set()):
            return True
        return self.silent_s is not None and silent_s > self.silent_s
