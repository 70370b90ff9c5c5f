"""The gateways' passwords as the collector knows them, also while the database is away.

The hashes lie in a file of the collector, refreshed while the database answers. What is asked of
the database is asked of it first, so that a password that was just renewed holds at once; where
it does not answer, the file's hashes stand, until it is heard of again. Of whom something else lets
in than before, that is told: a connection may have to end.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from greenoffice.folder import DataFolder
from greenoffice.stores import open_credentials
from metering.errors import Damaged, GreenOfficeError, Unavailable
from metering.ports import Credentials, CredentialSource
from metering.tries import UNCOUNTED, Tries
from storage.passwords import REVOKED, Verifier, holding

EVERY_S = 2.0
"""Between two questions whether a password has changed. What was renewed or taken away less long
than this before the database went may still come in while it is away."""

_log = structlog.get_logger()


class KeptPasswords(Credentials):
    """Credentials of a database, and of a file while that does not answer.

    open_source: opens the database's; Unavailable while its server is away.
    there: what the database is now, by which one that was replaced is told from the one before.
    now_us: the clock [us since the epoch], for passwords that hold for a while beside new ones.

    Raises what `open_source` raises where something has to be changed first, and where a file of
    the database is damaged and no password is kept.
    """

    def __init__(
        self,
        file: Path,
        open_source: Callable[[], CredentialSource],
        there: Callable[[], object] = lambda: None,
        *,
        now_us: Callable[[], int],
    ) -> None:
        self._file = file
        self._now_us = now_us
        self._open_source = open_source
        self._there = there
        self._opened: object = None
        self._source: CredentialSource | None = None
        self._state: tuple[int, ...] | None = None
        self._away: GreenOfficeError | None = None
        self._verifier = Verifier()
        self._kept = self._written = _read(file)
        self._told: dict[str, str | None] = {}
        """What let in when it was last told of."""
        self._tell: Callable[[frozenset[str]], None] = lambda _: None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="passwords", daemon=True)
        try:
            self._refresh()
        except Damaged as damage:
            if self._kept is None:
                raise
            self._lost(damage)
        except Unavailable as away:
            self._lost(away)

    def start(self, changed: Callable[[frozenset[str]], None]) -> None:
        """Refresh again and again, in a thread of its own; `changed` is called there with those of
        whom something else lets in than before, at first with all."""
        self._tell = changed
        self._thread.start()

    def close(self) -> None:
        """Refresh no more."""
        self._stop.set()

    @property
    def can_admit(self) -> bool:
        """Whether any gateway could be let in now."""
        return self._away is None or self._kept is not None

    @property
    def trouble(self) -> str:
        """Why the database is not asked now; '' while it is."""
        return "" if self._away is None else str(self._away)

    def verify(self, user: str, password: bytes, now_us: int, tries: Tries = UNCOUNTED) -> bool:
        return self._verifier.admits(user, password, holding(self._stored(user), now_us), tries)

    def revoked(self, user: str) -> bool:
        """As of the last refresh."""
        return (self._kept or {}).get(user) == REVOKED

    def knows(self, user: str) -> bool:
        return self._stored(user) not in (None, REVOKED)

    def refresh(self) -> None:
        """Ask the database once whether anything has changed; whatever keeps it from answering is
        noted, and it is asked anew."""
        try:
            self._refresh()
        except GreenOfficeError as away:
            self._lost(away)

    def _stored(self, user: str) -> str | None:
        source = self._source
        if source is not None and self._away is None:
            try:
                return source.stored(user)
            except Unavailable as lost:
                self._lost(lost)
        away = self._away
        if self._kept is None and away is not None:
            raise Unavailable(
                f"no password of a gateway is kept: {away.message}",
                field=away.field,
                value=away.value,
                fix=away.fix,
            )
        return (self._kept or {}).get(user)

    def _run(self) -> None:
        self._tell_changed()
        while not self._stop.wait(EVERY_S):
            self.refresh()
            self._tell_changed()

    def _tell_changed(self) -> None:
        """Also of a password whose time beside a new one is over, though nothing else changed."""
        now_us = self._now_us()
        lets_in = {user: holding(stored, now_us) for user, stored in (self._kept or {}).items()}
        changed = [
            user
            for user in lets_in.keys() | self._told.keys()
            if user not in self._told or lets_in.get(user) != self._told[user]
        ]
        self._told = lets_in
        if changed:
            self._tell(frozenset(changed))

    def _refresh(self) -> None:
        there = self._there()
        if self._source is None or there != self._opened:
            self._source, self._state = self._open_source(), None
            self._opened = there
        state = self._source.state()
        if state != self._state or self._kept is None:
            kept = self._source.all_stored()
            if kept != self._written and _write(self._file, kept):
                self._written = kept
            self._kept = kept
            self._state = state if kept == self._written else None  # the file is tried again
        if self._away is not None:
            _log.info("the database answers again")
        self._away = None

    def _lost(self, why: GreenOfficeError) -> None:
        if self._away is None:
            kept = len(self._kept or ())
            _log.warning("the passwords that are kept stand", kept=kept, error=str(why))
        self._away = why


def passwords_of(folder: DataFolder) -> KeptPasswords:
    """The passwords of a data folder's gateways; ConfigurationError as `open_credentials`."""
    return KeptPasswords(
        folder.gateway_passwords,
        lambda: open_credentials(folder),
        lambda: database_there(folder),
        now_us=folder.clock().now_us,
    )


def database_there(folder: DataFolder) -> object:
    """Which file the database is: a restore puts another one into its place. None where a server
    has it, or there is none."""
    if folder.settings().database.url:
        return None
    try:
        found = folder.database.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _read(file: Path) -> dict[str, str] | None:
    """The hashes by user; None where none are kept, or what is there is no such file."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))["gateways"]
        return {str(user): str(stored) for user, stored in told.items()}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as refused:
        _log.warning("the kept passwords cannot be read", file=str(file), error=str(refused))
        return None


def _write(file: Path, kept: dict[str, str]) -> bool:
    """Put the hashes in place of those before, on disk when it returns; False where the disk does
    not take them. Two collectors of one folder do not meet: each writes a file of its own name
    first, mode 0600 from its beginning."""
    partial = ""
    try:
        descriptor, partial = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            json.dump({"gateways": kept}, target, ensure_ascii=False, sort_keys=True)
            target.flush()
            os.fsync(target.fileno())
        Path(partial).replace(file)
    except OSError as refused:
        _log.warning("the passwords cannot be kept", file=str(file), error=str(refused))
        with contextlib.suppress(OSError):
            Path(partial).unlink()
        return False
    return True
